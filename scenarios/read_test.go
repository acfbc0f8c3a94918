package scenarios

import (
	"strings"
	"testing"
)

const twoHosts = `name: two hosts
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2, delay: 200us}
internet:
  www.baidu.com: {address: 220.181.38.150, delay: 3ms, ttl: 128}
hosts:
  bdc01: {address: 10.0.0.11}
  bdc02: {address: 10.0.0.12, daemon: {mtu: 1400, hosts: ["unix:///var/run/docker.sock"]}}
steps:
  - bdc01$ docker network ls
  - wait: 3s
  - run: bdc01/c1$ ping -c 1 172.17.0.3
    expect: {exit: 1, stdout: "..."}
`

func TestReadFillsInWhatTheFileLeavesOut(t *testing.T) {
	s, err := Read("two.yaml", []byte(twoHosts))
	if err != nil {
		t.Fatal(err)
	}
	h := s.Hosts[1]
	if h.Name != "bdc02" || h.Hostname != "bdc02" || h.Engine != "20.10" || h.Ports[0].Address.String() != "10.0.0.12/24" || h.Ports[0].LAN != "lan" {
		t.Errorf("host is %+v", h)
	}
	if rate := s.LANs[0].Cable.Rate; rate != 1_000_000_000 {
		t.Errorf("a cable carries %d bit/s, want gigabit Ethernet's", rate)
	}
	if got, want := string(h.Daemon), "{\n  \"mtu\": 1400,\n  \"hosts\": [\"unix:///var/run/docker.sock\"]\n}\n"; got != want {
		t.Errorf("daemon.json is\n%swant\n%s", got, want)
	}
	if got := s.Steps[2]; got.Host != "bdc01" || got.Container != "c1" || got.Line != "ping -c 1 172.17.0.3" || got.Expect.Exit != 1 {
		t.Errorf("step is %+v", got)
	}
}

func TestReadNamesEveryMistakeWithItsLineAndTheRemedy(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"not YAML", "hosts: [", "x.yaml:1:1: not YAML: "},
		{"empty", "", "x.yaml:1:1: the file is empty: "},
		{"unknown key", strings.Replace(twoHosts, "internet:", "internat:", 1), `x.yaml:3:1: unknown key "internat" in the scenario: did you mean "internet"?`},
		{"unknown key deep", strings.Replace(twoHosts, "exit: 1", "exti: 1", 1), `x.yaml:12:14: unknown key "exti" in expect: did you mean "exit"?`},
		{"bad CIDR", strings.Replace(twoHosts, "10.0.0.0/24", "10.0.0.0/33", 1), `x.yaml:2:15: subnet is no CIDR: "10.0.0.0/33": write a CIDR such as 10.0.0.0/24`},
		{"host bits", strings.Replace(twoHosts, "10.0.0.0/24", "10.0.0.7/24", 1), "x.yaml:2:15: subnet has host bits set: 10.0.0.7/24: write 10.0.0.0/24"},
		{"host twice", strings.Replace(twoHosts, "bdc02: {", "bdc01: {", 1), `x.yaml:7:3: hosts has "bdc01" twice: keep one of them`},
		{"address twice", strings.Replace(twoHosts, "10.0.0.12", "10.0.0.11", 1), "x.yaml:7:20: bdc01 and bdc02 both have address 10.0.0.11: choose a free address"},
		{"address outside", strings.Replace(twoHosts, "10.0.0.12", "10.0.1.12", 1), "x.yaml:7:20: address 10.0.1.12 of bdc02 is outside the subnet 10.0.0.0/24: choose one in 10.0.0.0/24"},
		{"gateway outside", strings.Replace(twoHosts, "gateway: 10.0.0.2", "gateway: 10.9.0.2", 1), "gateway 10.9.0.2 is outside the subnet 10.0.0.0/24"},
		{"no such host", strings.Replace(twoHosts, "- bdc01$", "- bdc03$", 1), `x.yaml:9:5: there is no host "bdc03": did you mean "bdc01"?`},
		{"no prompt", strings.Replace(twoHosts, "- bdc01$ docker", "- docker", 1), "x.yaml:9:5: no prompt in \"docker network ls\": write `HOST$ COMMAND`"},
		{"bad expectation", strings.Replace(twoHosts, `"..."`, `"~ ("`, 1), "x.yaml:12:31: stdout: line 1: error parsing regexp"},
		{"bad wait", strings.Replace(twoHosts, "wait: 3s", "wait: soon", 1), `x.yaml:10:11: wait cannot be "soon": write a time such as 200us, 3ms or 30s`},
		{"bad clock", strings.Replace(twoHosts, "bdc01: {", "bdc01: {clock: late, ", 1), `x.yaml:6:18: clock cannot be "late": write how far the clock is ahead, such as 3h, or behind, such as -10m`},
		{"a clock of no time", strings.Replace(twoHosts, "bdc01: {", "bdc01: {clock: -999999h, ", 1), `x.yaml:6:18: clock cannot be "-999999h"`},
		{"two things", strings.Replace(twoHosts, "  - wait: 3s", "  - {wait: 3s, run: 'bdc01$ true'}", 1), "a step does one thing"},
		{"a rate that is no number", strings.Replace(twoHosts, "delay: 200us", "rate: nan", 1), `x.yaml:2:53: rate cannot be "nan": write a rate such as 100mbit or 1gbit, from 1bit to 10000gbit`},
		{"a rate without end", strings.Replace(twoHosts, "delay: 200us", "rate: infgbit", 1), `x.yaml:2:53: rate cannot be "infgbit"`},
		{"a rate of less than a bit", strings.Replace(twoHosts, "delay: 200us", "rate: 0.0001bit", 1), `x.yaml:2:53: rate cannot be "0.0001bit"`},
		{"a rate beyond counting", strings.Replace(twoHosts, "delay: 200us", "rate: 1e300gbit", 1), `x.yaml:2:53: rate cannot be "1e300gbit"`},
		{"a negative rate", strings.Replace(twoHosts, "delay: 200us", "rate: -1mbit", 1), `rate cannot be "-1mbit"`},
		{"a share that is no number", strings.Replace(twoHosts, "delay: 200us", "loss: nan", 1), `x.yaml:2:53: loss cannot be "nan": write a share such as 0.02 or 2%`},
		{"a share of no number", strings.Replace(twoHosts, "delay: 200us", "reorder: nan%", 1), `x.yaml:2:56: reorder cannot be "nan%"`},
		{"a share without end", strings.Replace(twoHosts, "delay: 200us", "corrupt: inf", 1), `corrupt cannot be "inf"`},
		{"a share that never happens", strings.Replace(twoHosts, "delay: 200us", "duplicate: 5e-324", 1), `duplicate cannot be "5e-324"`},
		{"a fault's share", strings.Replace(twoHosts, "- wait: 3s", "- fault: {cable: bdc01, loss: NaN}", 1), `x.yaml:10:33: loss cannot be "NaN"`},
		{"a time beyond time", strings.Replace(twoHosts, "delay: 200us", "delay: 2562047h", 1), `x.yaml:2:54: delay cannot be "2562047h": at most 87600h0m0s`},
		{"a wait beyond time", strings.Replace(twoHosts, "wait: 3s", "wait: 2562047h", 1), `x.yaml:10:11: wait cannot be "2562047h"`},
		{"a group's address", strings.Replace(twoHosts, "10.0.0.12", "224.0.0.5", 1), "x.yaml:7:20: address 224.0.0.5 is a group's address: write an address such as"},
		{"a loopback address", strings.Replace(twoHosts, "10.0.0.12", "127.0.0.5", 1), "x.yaml:7:20: address 127.0.0.5 is a loopback address"},
		{"nobody's address", strings.Replace(twoHosts, "10.0.0.12", "0.0.0.0", 1), "x.yaml:7:20: address 0.0.0.0 is the address of nobody"},
		{"everybody's address", strings.Replace(twoHosts, "10.0.0.12", "255.255.255.255", 1), "x.yaml:7:20: address 255.255.255.255 is the broadcast address"},
		{"a reserved address", strings.Replace(twoHosts, "10.0.0.12", "240.0.0.1", 1), "is a reserved address"},
		{"IPv6's group", strings.Replace(twoHosts, "10.0.0.12", `"ff02::1"`, 1), "address ff02::1 is a group's address"},
		{"a zone", strings.Replace(twoHosts, "10.0.0.12", `"fe80::1%eth0"`, 1), "is an address with a zone"},
		{"IPv4 within IPv6", strings.Replace(twoHosts, "10.0.0.12", `"::ffff:10.0.0.12"`, 1), "is an IPv4 address in IPv6's form"},
		{"the network's address", strings.Replace(twoHosts, "10.0.0.12", "10.0.0.0", 1), "x.yaml:7:20: address 10.0.0.0 of bdc02 is the network address of 10.0.0.0/24: choose another one in 10.0.0.0/24"},
		{"the LAN's broadcast", strings.Replace(twoHosts, "10.0.0.12", "10.0.0.255", 1), "x.yaml:7:20: address 10.0.0.255 of bdc02 is the broadcast address of 10.0.0.0/24"},
		{"the own prefix's broadcast", strings.Replace(twoHosts, "10.0.0.12", "10.0.0.15/28", 1), "x.yaml:7:20: address 10.0.0.15 of bdc02 is the broadcast address of 10.0.0.0/28"},
		{"a gateway that is none", strings.Replace(twoHosts, "gateway: 10.0.0.2", "gateway: 10.0.0.255", 1), "gateway 10.0.0.255 is the broadcast address of the subnet 10.0.0.0/24"},
		{"a LAN of groups", strings.Replace(twoHosts, "10.0.0.0/24", "224.0.0.0/24", 1), "subnet 224.0.0.0/24 is a group's address"},
		{"a site of loopback", strings.Replace(twoHosts, "220.181.38.150", "127.0.0.1", 1), "address 127.0.0.1 is a loopback address"},
		{"a group's MAC", strings.Replace(twoHosts, "bdc01: {", "bdc01: {mac: 01:00:5e:00:00:01, ", 1), "x.yaml:6:16: mac 01:00:5e:00:00:01 is no interface's"},
		{"a file that is a directory", strings.Replace(twoHosts, "bdc01: {", "bdc01: {files: {/etc: x}, ", 1), `x.yaml:6:19: file "/etc" of bdc01 cannot be written: is a directory: write the path of a file in a directory`},
		{"a file that is the root", strings.Replace(twoHosts, "bdc01: {", "bdc01: {files: {/: x}, ", 1), `x.yaml:6:19: file "/" of bdc01 cannot be written`},
		{"a file below a file", strings.Replace(twoHosts, "bdc01: {", "bdc01: {files: {/a: x, /a/b: y}, ", 1), `x.yaml:6:26: file "/a/b" of bdc01 cannot be written: not a directory`},
		{"a file of the kernel's", strings.Replace(twoHosts, "bdc01: {", "bdc01: {files: {/proc/1/x: x}, ", 1), `x.yaml:6:19: file "/proc/1/x" of bdc01 cannot be written`},
		{"a negative seed", "seed: -5\n" + twoHosts, `x.yaml:1:7: seed cannot be "-5": write a whole number from 0 to 18446744073709551615`},
		{"bad engine", "engine: 99\n" + twoHosts, `x.yaml:1:9: no engine profile "99": write "20.10"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read("x.yaml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestReadReportsAllMistakesAtOnce(t *testing.T) {
	text := strings.NewReplacer("10.0.0.0/24", "10.0.0.0/99", "wait: 3s", "wiat: 3s", "ttl: 128", "ttl: 0").Replace(twoHosts)
	_, err := Read("x.yaml", []byte(text))
	if got := strings.Count(err.Error(), "\n") + 1; got < 3 {
		t.Errorf("%d problems, want at least 3:\n%v", got, err)
	}
}

func TestReadRefusesAliasBombsAndDepth(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+p+",", 9) + "*" + p + "]\n"
	}
	if _, err := Read("x.yaml", []byte(bomb)); err == nil || !strings.Contains(err.Error(), "aliases") {
		t.Errorf("bomb: %v", err)
	}
	deep := "name: " + strings.Repeat("[", 100) + strings.Repeat("]", 100)
	if _, err := Read("x.yaml", []byte(deep)); err == nil || !strings.Contains(err.Error(), "too deeply") {
		t.Errorf("deep: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(twoHosts))
	f.Add([]byte("hosts: {a: {address: 1}}\nsteps: [a$ b, {run: 'a$ b', expect: {stdout: '~('}}]"))
	f.Add([]byte("a: &a {b: *a}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := Read("f.yaml", text); (s == nil) == (err == nil) {
			t.Fatalf("scenario %v and error %v", s, err)
		}
	})
}
