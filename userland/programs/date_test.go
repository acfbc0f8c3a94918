package programs_test

import (
	"bytes"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// at runs a line at the time at which the real programs were asked.
func at(t *testing.T, now string, set map[string]userland.Program, style shell.Style, text string) string {
	t.Helper()
	m := userland.NewMachine(sim.NewLoop(1), "m", nil)
	m.Install(set)
	wall, _ := time.Parse("2006-01-02 15:04:05", now)
	if err := m.SetWall(wall); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	p := m.Start(userland.ProcSpec{Program: shell.Sh(style), Args: []string{"sh", "-c", text}, Stdout: &b, Stderr: &b})
	if err := m.Loop().Run(p.Done, time.Hour); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const tryHelp = "Try 'date --help' for more information.\n"

// TestDateReadsWhatGNUReads holds -d with what coreutils 9.1 printed on Sunday
// 1 February 2026 at 12:00:30.
func TestDateReadsWhatGNUReads(t *testing.T) {
	for text, want := range map[string]string{
		"next week":                       "Sun Feb  8 12:00:30 UTC 2026",
		"last monday":                     "Mon Jan 26 00:00:00 UTC 2026",
		"monday":                          "Mon Feb  2 00:00:00 UTC 2026",
		"sunday 12:00":                    "Sun Feb  1 12:00:00 UTC 2026",
		"2 days ago 12:00":                "Fri Jan 30 12:00:00 UTC 2026",
		"Nov 28 12:00:00 2026":            "Sat Nov 28 12:00:00 UTC 2026",
		"28 nov 2026 12:00":               "Sat Nov 28 12:00:00 UTC 2026",
		"11/28/2026":                      "Sat Nov 28 00:00:00 UTC 2026",
		"12:34pm":                         "Sun Feb  1 12:34:00 UTC 2026",
		"20261128 12:00":                  "Sat Nov 28 12:00:00 UTC 2026",
		"2026-11-28T12:00:00":             "Sat Nov 28 12:00:00 UTC 2026",
		"2026-11-28T12:00:00+02:00":       "Sat Nov 28 10:00:00 UTC 2026",
		"tomorrow 9am":                    "Mon Feb  2 09:00:00 UTC 2026",
		"@123.5":                          "Thu Jan  1 00:02:03 UTC 1970",
		"12":                              "Sun Feb  1 12:00:00 UTC 2026",
		"1200":                            "Sun Feb  1 12:00:00 UTC 2026",
		"now + 1 day":                     "Mon Feb  2 12:00:30 UTC 2026",
		"1 hour 5 minutes ago":            "Sun Feb  1 12:55:30 UTC 2026",
		"Sat Nov 28 12:00:00 UTC 2026":    "Sat Nov 28 12:00:00 UTC 2026",
		"Sat, 28 Nov 2026 12:00:00 +0000": "Sat Nov 28 12:00:00 UTC 2026",
		"12:00 -3 hours":                  "Sun Feb  1 16:00:00 UTC 2026", // zone -3, and an hour
		"12:00 -3":                        "Sun Feb  1 15:00:00 UTC 2026",
		"10:00 UTC":                       "Sun Feb  1 10:00:00 UTC 2026",
		"2026-11-28 12:00 -1 day":         "Sun Nov 29 13:00:00 UTC 2026",
		"4 hours":                         "Sun Feb  1 16:00:30 UTC 2026",
		"hour ago":                        "Sun Feb  1 11:00:30 UTC 2026",
		"fortnight":                       "Sun Feb 15 12:00:30 UTC 2026",
		"third day":                       "Wed Feb  4 12:00:30 UTC 2026",
		"next hour":                       "Sun Feb  1 13:00:30 UTC 2026",
		"+1 month":                        "Sun Mar  1 12:00:30 UTC 2026",
		"0:00":                            "Sun Feb  1 00:00:00 UTC 2026",
		"26-11-28":                        "Sat Nov 28 00:00:00 UTC 2026",
		"+ 1 hour":                        "Sun Feb  1 13:00:30 UTC 2026",
		"this week":                       "Sun Feb  1 12:00:30 UTC 2026",
		"":                                "Sun Feb  1 00:00:00 UTC 2026",
		"-1 hour":                         "Sun Feb  1 11:00:30 UTC 2026",
		"+5000000 seconds":                "Tue Mar 31 08:53:50 UTC 2026",
		"12:34 yesterday":                 "Sat Jan 31 12:34:00 UTC 2026",
	} {
		got := at(t, "2026-02-01 12:00:30", programs.Host(), shell.Bash, "date -d '"+text+"'")
		if got != want+"\n" {
			t.Errorf("date -d %q\ngot  %swant %s", text, got, want)
		}
	}
	for _, text := range []string{"foo", "noon", "+4h", "1.5 hours", "24:00", "2026-11-28 24:00", "25:00", "10:00:60", "2026-02-30", "12:00 13:00", "ago", "2026-11-281"} {
		got := at(t, "2026-02-01 12:00:30", programs.Host(), shell.Bash, "date -d '"+text+"'; echo $?")
		if want := "date: invalid date '" + text + "'\n1\n"; got != want {
			t.Errorf("date -d %q\ngot  %swant %s", text, got, want)
		}
	}
}

// TestDateReadsWhatBusyboxReads holds -d with what busybox 1.35 printed on
// 28 November 2026.
func TestDateReadsWhatBusyboxReads(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-28 12:00:00":  "Sat Nov 28 12:00:00 UTC 2026",
		"2026-11-28  12":       "Sat Nov 28 12:00:00 UTC 2026",
		"202611281200.30":      "Sat Nov 28 12:00:30 UTC 2026",
		"2611281200":           "Sat Nov 28 12:00:00 UTC 2026",
		"11281200":             "Sat Nov 28 12:00:00 UTC 2026",
		"281200":               "Sat Nov 28 12:00:00 UTC 2026",
		"1200":                 "Sat Nov 28 12:00:00 UTC 2026",
		"11.28-12:00":          "Sat Nov 28 12:00:00 UTC 2026",
		"2026.11.28-12:00":     "Sat Nov 28 12:00:00 UTC 2026",
		"Nov 28 12:00:00 2026": "Sat Nov 28 12:00:00 UTC 2026",
		"2026-02-30":           "Mon Mar  2 00:00:00 UTC 2026",
		"12:00:60":             "Sat Nov 28 12:01:00 UTC 2026",
		"0:00":                 "Sat Nov 28 00:00:00 UTC 2026",
		"@1234567890":          "Fri Feb 13 23:31:30 UTC 2009",
	} {
		got := at(t, "2026-11-28 11:24:44", programs.Busybox(), shell.Ash, "date -d '"+text+"'")
		if got != want+"\n" {
			t.Errorf("date -d %q\ngot  %swant %s", text, got, want)
		}
	}
	for _, text := range []string{"", "yesterday", "+10 minutes", "25:61", "24:00", "2026-13-01", "2026-0-1", "2026-02-32", "@12x", "@123.5", "1",
		"2026-11-28T12:00:00", "2026-11-28 12:00:00.5", "2026-11-28 12:00 UTC", "12:00:00:00"} {
		got := at(t, "2026-11-28 11:24:44", programs.Busybox(), shell.Ash, "date -d '"+text+"'; echo $?")
		if want := "date: invalid date '" + text + "'\n1\n"; got != want {
			t.Errorf("date -d %q\ngot  %swant %s", text, got, want)
		}
	}
}

// TestDateSetsTheClockInEveryFormThatPeopleType shows the clock after it as
// well: what is printed is what was set.
func TestDateSetsTheClockInEveryFormThatPeopleType(t *testing.T) {
	const now = "2026-02-01 12:00:30"
	for _, c := range []struct{ line, want string }{
		{"date -s '2026-11-28 12:00:00'", "Sat Nov 28 12:00:00 UTC 2026\n2026-11-28 12:00:00\n"},
		{"date --set='+10 minutes'", "Sun Feb  1 12:10:30 UTC 2026\n2026-02-01 12:10:30\n"},
		{"date --set '5 minutes ago'", "Sun Feb  1 11:55:30 UTC 2026\n2026-02-01 11:55:30\n"},
		{"date -s yesterday", "Sat Jan 31 12:00:30 UTC 2026\n2026-01-31 12:00:30\n"},
		{"date -s 12:34", "Sun Feb  1 12:34:00 UTC 2026\n2026-02-01 12:34:00\n"},
		{"date -u -s @1234567890", "Fri Feb 13 23:31:30 UTC 2009\n2009-02-13 23:31:30\n"},
		{"date -s '2026-02-01 13:00' +%F", "2026-02-01\n2026-02-01 13:00:00\n"},
		{"date 020112002026.30", "Sun Feb  1 12:00:30 UTC 2026\n2026-02-01 12:00:30\n"},
		{"date 1128120070", "Sat Nov 28 12:00:00 UTC 1970\n1970-11-28 12:00:00\n"},
		{"date 1128120005", "Mon Nov 28 12:00:00 UTC 2005\n2005-11-28 12:00:00\n"},
		{"date 11281200", "Sat Nov 28 12:00:00 UTC 2026\n2026-11-28 12:00:00\n"},
		{"date 13321200", "date: invalid date '13321200'\n2026-02-01 12:00:30\n"},
		{"date 010112007", "date: invalid date '010112007'\n2026-02-01 12:00:30\n"},
		{"date -s soon", "date: invalid date 'soon'\n2026-02-01 12:00:30\n"},
		{"date -s 10:00 -d 11:00", "date: the options to print and set the time may not be used together\n" + tryHelp + "2026-02-01 12:00:30\n"},
		{"date a b", "date: extra operand 'b'\n" + tryHelp + "2026-02-01 12:00:30\n"},
		{"date -s 10:00 11:00", "date: the argument '11:00' lacks a leading '+';\nwhen using an option to specify date(s), any non-option\n" +
			"argument must be a format string beginning with '+'\n" + tryHelp + "2026-02-01 12:00:30\n"},
	} {
		if got := at(t, now, programs.Host(), shell.Bash, c.line+"; date '+%F %T'"); got != c.want {
			t.Errorf("%s\ngot  %q\nwant %q", c.line, got, c.want)
		}
	}
	for _, c := range []struct{ line, want string }{
		{"date -s '2026-11-28 12:00:00'", "Sat Nov 28 12:00:00 UTC 2026\n2026-11-28 12:00:00\n"},
		{"date -s 202611281200.30", "Sat Nov 28 12:00:30 UTC 2026\n2026-11-28 12:00:30\n"},
		{"date 112812002026.30", "Sat Nov 28 12:00:30 UTC 2026\n2026-11-28 12:00:30\n"},
		{"date +%F 11281200", "2026-11-28\n2026-11-28 12:00:00\n"},
		{"date -s '+10 minutes'", "date: invalid date '+10 minutes'\n2026-02-01 12:00:30\n"},
	} {
		if got := at(t, now, programs.Busybox(), shell.Ash, c.line+"; date '+%F %T'"); got != c.want {
			t.Errorf("busybox %s\ngot  %q\nwant %q", c.line, got, c.want)
		}
	}
}
