package programs_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// hostLine runs a line on a machine with GNU's programs.
func hostLine(t *testing.T, line string) string {
	t.Helper()
	l := sim.NewLoop(1)
	m := userland.NewMachine(l, "h1", nil)
	m.Install(programs.Host())
	var out bytes.Buffer
	p := m.Start(userland.ProcSpec{Program: shell.Sh(shell.HostSh), Args: []string{"sh", "-c", line}, Dir: "/tmp", Stdout: &out, Stderr: &out})
	if err := l.Run(p.Done, time.Hour); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	m.KillAll()
	l.Settle()
	return out.String()
}

// Walks follow links only when told to, and never in a circle.
func TestWalksOverLinksEnd(t *testing.T) {
	made := "mkdir -p d/e; echo x > d/f; ln -s . d/self; ln -s ../d d/e/up; ln -s nowhere d/gone; "
	for line, want := range map[string]string{
		"find d | sort":          "d\nd/e\nd/e/up\nd/f\nd/gone\nd/self\n",
		"find -L d -name f":      "d/f\nfind: File system loop detected; ‘d/self’ is part of the same file system loop as ‘d’.\n",
		"find -H d/self -name f": "d/self/f\n",
		"cp -rL d g; ls g":       "cp: cannot copy cyclic symbolic link 'd/self'\nf\n",
		"du -sL d > /dev/null":   "",
		"ls -b \"$(printf 'a\\tb')\"; touch \"$(printf 'a b\\tc\\\\')\"; ls -b a*": "a\\ b\\tc\\\\\n",
		"head -c 10G d/f; head -n 1K d/f":                                          "x\nx\n",
		"truncate -s 100G d/f; truncate -s +1K d/f; wc -c < d/f":                   "truncate: failed to truncate 'd/f' at 107374182400 bytes: No space left on device\n1026\n",
		"head -c 40M /dev/zero | wc -c; head -c 40M /dev/zero | tail -c 3 | wc -c": "41943040\n3\n",
	} {
		got := hostLine(t, made+line)
		for _, l := range strings.Split(strings.TrimSpace(want), "\n") {
			if !strings.Contains(got, l) {
				t.Errorf("%s\ngot  %q\nwant %q", line, got, want)
				break
			}
		}
	}
}
