package netfilter

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// capture is what a real host printed, without the two lines that say how.
func capture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfterN(string(b), "\n", 3)
	return lines[2]
}

// dated makes rules whose clock stands at the time in the capture.
func dated(t testing.TB, text string) *Rules {
	t.Helper()
	_, rest, _ := strings.Cut(text, " on ")
	date, _, _ := strings.Cut(rest, "\n")
	now, err := time.Parse("Mon Jan _2 15:04:05 2006", date)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{V6: strings.Contains(text, "ip6tables"), Now: func() time.Time { return now }})
}

func must(t testing.TB, r *Rules, line string) string {
	t.Helper()
	out, err := r.Run(strings.Fields(line))
	if err != nil {
		t.Fatalf("iptables %s: %v", line, err)
	}
	return out
}

func TestCapturesRoundTrip(t *testing.T) {
	for _, name := range []string{"publish.txt", "user-defined.txt", "embedded-dns.txt", "overlay.txt", "overlay-raw.txt",
		"icc-false.txt", "bridge.txt", "internal.txt", "ip6tables.txt"} {
		want := capture(t, name)
		r := dated(t, want)
		// Tables are printed newest first, so they were loaded from the last up.
		var tables []string
		for _, line := range strings.Split(want, "\n") {
			if strings.HasPrefix(line, "*") {
				tables = append(tables, line[1:])
			}
		}
		slices.Reverse(tables)
		for _, table := range tables {
			must(t, r, "-t "+table+" -S")
		}
		if err := r.Restore(want, RestoreOptions{Counters: true}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := r.Save(SaveOptions{}); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestFreshNamespaceSavesNothing(t *testing.T) {
	r := New(Options{})
	if got := r.Save(SaveOptions{}); got != "" {
		t.Errorf("got %q", got)
	}
	must(t, r, "-L -n")
	must(t, r, "-t nat -S")
	if got := strings.Join(r.Tables(), " "); got != "nat filter" {
		t.Errorf("tables %q, want the newest first", got)
	}
}

func TestListPrintsAsTheCaptures(t *testing.T) {
	r := New(Options{})
	text := `*filter
:INPUT ACCEPT [2:168]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [5:288]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
[42:3368] -A FORWARD -j DOCKER-USER
[42:3368] -A FORWARD -j DOCKER-ISOLATION-STAGE-1
[0:0] -A FORWARD -o br-057c0f9be82f -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[0:0] -A FORWARD -o br-057c0f9be82f -j DOCKER
[0:0] -A FORWARD -i br-057c0f9be82f ! -o br-057c0f9be82f -j ACCEPT
[0:0] -A FORWARD -i br-057c0f9be82f -o br-057c0f9be82f -j ACCEPT
[23:1901] -A FORWARD -o br-a5e058b14c97 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[5:420] -A FORWARD -o br-a5e058b14c97 -j DOCKER
[8:543] -A FORWARD -i br-a5e058b14c97 ! -o br-a5e058b14c97 -j ACCEPT
[5:420] -A FORWARD -i br-a5e058b14c97 -o br-a5e058b14c97 -j ACCEPT
[0:0] -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[0:0] -A FORWARD -o docker0 -j DOCKER
[0:0] -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
[0:0] -A FORWARD -i docker0 -o docker0 -j ACCEPT
[0:0] -A DOCKER-ISOLATION-STAGE-1 -i br-057c0f9be82f ! -o br-057c0f9be82f -j DOCKER-ISOLATION-STAGE-2
[14:1047] -A DOCKER-ISOLATION-STAGE-1 -i br-a5e058b14c97 ! -o br-a5e058b14c97 -j DOCKER-ISOLATION-STAGE-2
[0:0] -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
[36:2864] -A DOCKER-ISOLATION-STAGE-1 -j RETURN
[3:252] -A DOCKER-ISOLATION-STAGE-2 -o br-057c0f9be82f -j DROP
[0:0] -A DOCKER-ISOLATION-STAGE-2 -o br-a5e058b14c97 -j DROP
[3:252] -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
[8:543] -A DOCKER-ISOLATION-STAGE-2 -j RETURN
[42:3368] -A DOCKER-USER -j RETURN
COMMIT
*raw
:PREROUTING ACCEPT [1580:576000]
:OUTPUT ACCEPT [0:0]
[0:0] -A PREROUTING -p udp -m udp --dport 7946 -j DROP
[7:420] -A PREROUTING -p tcp -m tcp --dport 7946 -j DROP
COMMIT
`
	if err := r.Restore(text, RestoreOptions{Counters: true}); err != nil {
		t.Fatal(err)
	}
	for line, file := range map[string]string{"-L -v -n": "list-counters.txt", "-t raw -L PREROUTING -v -n": "list-raw.txt"} {
		if got, want := must(t, r, line), capture(t, file); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", line, got, want)
		}
	}
	if got, want := must(t, r, "-nvL"), capture(t, "list-counters.txt"); got != want {
		t.Errorf("clustered options: got\n%s", got)
	}
}

func TestCanonicalForm(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"-p tcp --dport 80 -j ACCEPT", "-p tcp -m tcp --dport 80 -j ACCEPT"},
		{"-j DROP -d 10.1.2.3/24 -s 1.2.3.4 -p udp", "-s 1.2.3.4/32 -d 10.1.2.0/24 -p udp -j DROP"},
		{"! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER", "! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER"},
		{"-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"},
		{"-m state --state ESTABLISHED,NEW", "-m state --state NEW,ESTABLISHED"},
		{"-p icmp --icmp-type echo-request -j DROP", "-p icmp -m icmp --icmp-type 8 -j DROP"},
		{"-p icmp -m icmp --icmp-type 3/4", "-p icmp -m icmp --icmp-type 3/4"},
		{"-j REJECT", "-j REJECT --reject-with icmp-port-unreachable"},
		{"-p tcp -j REJECT --reject-with tcp-reset", "-p tcp -j REJECT --reject-with tcp-reset"},
		{"-p tcp --syn -j DROP", "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP"},
		{"-p tcp -m multiport --dports 80,443,8000:8080 -j ACCEPT", "-p tcp -m multiport --dports 80,443,8000:8080 -j ACCEPT"},
		{"-i eth+ ! -o docker0 -j RETURN", "-i eth+ ! -o docker0 -j RETURN"},
		{"-m comment --comment hello", "-m comment --comment hello"},
		{"-m mark --mark 16 -j MARK --set-mark 1", "-m mark --mark 0x10 -j MARK --set-xmark 0x1/0xffffffff"},
		{"-j LOG --log-prefix x: --log-level debug", "-j LOG --log-prefix \"x:\" --log-level 7"},
		{"-m limit --limit 5/minute --limit-burst 7 -j LOG", "-m limit --limit 5/min --limit-burst 7 -j LOG"},
		{"-m limit --limit 3/h", "-m limit --limit 3/hour"},
		{"-m statistic --mode random --probability 0.5", "-m statistic --mode random --probability 0.50000000000"},
		{"-m statistic --mode nth --every 3", "-m statistic --mode nth --every 3 --packet 0"},
		{"-p tcp -j DNAT --to-destination 10.0.0.2:80", "-p tcp -j DNAT --to-destination 10.0.0.2:80"},
		{"-p tcp -j SNAT --to-source :53", "-p tcp -j SNAT --to-source :53"},
		{"-p udp --sport 1024: -j RETURN", "-p udp -m udp --sport 1024:65535 -j RETURN"},
		{"-p 47", "-p gre"},
		{"-p all -s 0.0.0.0/0 -j ACCEPT", "-j ACCEPT"},
		{"--proto tcp --destination-port 22 --jump ACCEPT", "-p tcp -m tcp --dport 22 -j ACCEPT"},
		{"-m mac --mac-source 02:42:AC:11:00:02", "-m mac --mac-source 02:42:ac:11:00:02"},
		{"-m physdev --physdev-is-bridged -j ACCEPT", "-m physdev --physdev-is-bridged -j ACCEPT"},
		{"-g DOCKER", "-g DOCKER"},
		{"-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu", "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"},
	} {
		rule, err := parseRule(New(Options{}), strings.Fields(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := rule.String(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.in, got, c.want)
		}
	}
	rule, err := parseRule(New(Options{}), []string{"-m", "comment", "--comment", `it's "so"`})
	if err != nil || rule.String() != `-m comment --comment "it\'s \"so\""` {
		t.Errorf("comment: %v %v", rule, err)
	}
}

func TestErrorsAreIptablesWords(t *testing.T) {
	const hint = "Try `iptables -h' or 'iptables --help' for more information.\n"
	r := New(Options{})
	must(t, r, "-N A")
	must(t, r, "-A A -j DROP")
	must(t, r, "-N B")
	must(t, r, "-A INPUT -j B")
	for _, c := range []struct {
		line, text string
		code       int
	}{
		{"-A NOPE -j DROP", "iptables: No chain/target/match by that name.\n", 1},
		{"-L NOPE", "iptables: No chain/target/match by that name.\n", 1},
		{"-D INPUT -j DROP", "iptables: Bad rule (does a matching rule exist in that chain?).\n", 1},
		{"-C INPUT -j DROP", "iptables: Bad rule (does a matching rule exist in that chain?).\n", 1},
		{"-N A", "iptables: Chain already exists.\n", 1},
		{"-X A", "iptables: Directory not empty.\n", 1},
		{"-X B", "iptables: Too many links.\n", 1},
		{"-I INPUT 9 -j DROP", "iptables: Index of insertion too big.\n", 1},
		{"-D INPUT 9", "iptables: Index of deletion too big.\n", 1},
		{"-P A DROP", "iptables: Bad built-in chain name.\n", 1},
		{"-A A -j A", "", 0},
		{"-A B -j B", "iptables: Too many levels of symbolic links.\n", 1},
		{"-A INPUT -j MASQUERADE", "iptables: Invalid argument. Run `dmesg' for more information.\n", 1},
		{"-A INPUT -j NOPE", "iptables v1.8.9 (legacy): Couldn't load target `NOPE':No such file or directory\n\n" + hint, 2},
		{"-A INPUT -m nope", "iptables v1.8.9 (legacy): Couldn't load match `nope':No such file or directory\n\n" + hint, 2},
		{"-A INPUT -o eth0 -j DROP", "iptables v1.8.9 (legacy): Can't use -o with INPUT\n\n" + hint, 2},
		{"-A INPUT --dport 80", "iptables v1.8.9 (legacy): unknown option \"--dport\"\n" + hint, 2},
		{"-A INPUT -s nowhere -j DROP", "iptables v1.8.9 (legacy): host/network `nowhere' not found\n" + hint, 2},
		{"-n", "iptables v1.8.9 (legacy): no command specified\n" + hint, 2},
		{"-t foo -L", "iptables v1.8.9 (legacy): can't initialize iptables table `foo': Table does not exist (do you need to insmod?)\n" +
			"Perhaps iptables or your kernel needs to be upgraded.\n", 3},
	} {
		_, err := r.Run(strings.Fields(c.line))
		if c.code == 0 {
			continue
		}
		if err == nil || err.Text != c.text || err.Code != c.code {
			t.Errorf("iptables %s: got %+v, want %d %q", c.line, err, c.code, c.text)
		}
	}
}

func TestRestoreReportsLines(t *testing.T) {
	for _, c := range []struct {
		text, want string
		code       int
	}{
		{"*filter\n:INPUT ACCEPT [0:0]\n-A NOPE -j DROP\nCOMMIT\n", "iptables-restore: line 3 failed\n", 1},
		{"*filter\n-A INPUT -j DROP\n", "iptables-restore: COMMIT expected at line 3\n", 1},
		{"*filter\n-A INPUT --bogus\nCOMMIT\n", "iptables-restore v1.8.9 (legacy): unknown option \"--bogus\"\nError occurred at line: 2\n" +
			"Try `iptables-restore -h' or 'iptables-restore --help' for more information.\n", 2},
	} {
		err := New(Options{}).Restore(c.text, RestoreOptions{})
		if err == nil || err.Text != c.want || err.Code != c.code {
			t.Errorf("%q: got %+v, want %d %q", c.text, err, c.code, c.want)
		}
	}
}

func TestRestoreNoFlushAndTest(t *testing.T) {
	r := New(Options{})
	must(t, r, "-A INPUT -j ACCEPT")
	text := "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j DROP\nCOMMIT\n"
	if err := r.Restore(text, RestoreOptions{NoFlush: true, Test: true}); err != nil {
		t.Fatal(err)
	}
	if got := must(t, r, "-S INPUT"); got != "-P INPUT ACCEPT\n-A INPUT -j ACCEPT\n" {
		t.Errorf("after --test: %s", got)
	}
	if err := r.Restore(text, RestoreOptions{NoFlush: true}); err != nil {
		t.Fatal(err)
	}
	if got := must(t, r, "-S INPUT"); got != "-P INPUT ACCEPT\n-A INPUT -j ACCEPT\n-A INPUT -p tcp -j DROP\n" {
		t.Errorf("after --noflush: %s", got)
	}
}

func FuzzRestore(f *testing.F) {
	f.Add("*filter\n:INPUT ACCEPT [0:0]\n:X - [0:0]\n-A INPUT -p tcp -m tcp --dport 80 -j X\nCOMMIT\n")
	f.Add("*nat\n-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n-A OUTPUT -p tcp -j DNAT --to-destination 1.2.3.4-1.2.3.9:1-9\nCOMMIT\n")
	f.Add("*mangle\n[1:2] -A FORWARD -m limit --limit 7/min -m statistic --mode nth --every 3 -m comment --comment \"a \\\"b\" -j MARK --or-mark 3\nCOMMIT\n")
	f.Add("*raw\n-I PREROUTING 1 -m mac --mac-source 00:00:00:00:00:01 ! -f -m length --length 1:2 -m pkttype --pkt-type unicast\nCOMMIT\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := New(Options{})
		_ = r.Restore(text, RestoreOptions{Counters: true})
		once := r.Save(SaveOptions{Counters: true})
		again := New(Options{})
		for i := len(r.Tables()) - 1; i >= 0; i-- {
			again.table(r.Tables()[i])
		}
		if err := again.Restore(once, RestoreOptions{Counters: true}); err != nil {
			t.Fatalf("%v in\n%s", err, once)
		}
		if twice := again.Save(SaveOptions{Counters: true}); twice != once {
			t.Fatalf("got\n%s\nwant\n%s", twice, once)
		}
	})
}

func FuzzParseRule(f *testing.F) {
	f.Add("-p tcp ! --syn -m state --state NEW -j DROP")
	f.Add("-p udp -m multiport ! --ports 1,2:3 -j SNAT --to-source [::1]:5")
	f.Fuzz(func(t *testing.T, line string) {
		for _, v6 := range []bool{false, true} {
			rule, err := parseRule(New(Options{V6: v6}), strings.Fields(line))
			if err != nil {
				continue
			}
			args, _, err := splitLine(rule.String())
			if err != nil {
				t.Fatalf("%q: %v", rule, err)
			}
			same, err := parseRule(New(Options{V6: v6}), args)
			if err != nil || same.String() != rule.String() {
				t.Fatalf("%q reads as %v, %v", rule, same, err)
			}
		}
	})
}
