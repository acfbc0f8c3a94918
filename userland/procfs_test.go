package userland_test

import (
	"testing"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

func TestProcSysNetIsTheNamespacesSysctl(t *testing.T) {
	l := sim.NewLoop(1)
	ns := stack.New(l, "bdc01", stack.Options{Host: true})
	m := userland.NewMachine(l, "bdc01", ns)
	m.Install(programs.Host())
	out := say(t, m, shell.Bash, "cd /proc/sys/net/ipv4; echo 0 > ip_forward; cat ip_forward; echo 1 > /proc/sys/net/ipv4/ip_forward; cat ip_forward; ls -d /proc/sys/net/ipv4/ip_forward", 0)
	if want := "0\n1\n/proc/sys/net/ipv4/ip_forward\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if v, _ := ns.Sysctl("net.ipv4.ip_forward"); v != "1" {
		t.Errorf("the namespace has %q", v)
	}
}

func TestProcessesAndDescriptorsAreFiles(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"cat /proc/self/comm", "cat\n"},
		{"cat <(echo sub) <(echo two)", "sub\ntwo\n"},
		{"echo a | cat /dev/stdin", "a\n"},
		{"echo b > /dev/stdout", "b\n"},
		{"[ -d /proc/$$ ] && echo here; [ -d /proc/4711 ] || echo not", "here\nnot\n"},
		{"cat /proc/sys/kernel/hostname; echo h2 > /proc/sys/kernel/hostname; hostname", "bdc01\nh2\n"},
		{"ps -eo comm | grep -c '^ps'", "1\n"},
		{"cd /var/run; pwd; ls -ld /var/run | cut -c1", "/var/run\nl\n"},
	} {
		m := userland.NewMachine(sim.NewLoop(1), "bdc01", nil)
		m.Install(programs.Host())
		if out := say(t, m, shell.Bash, c.text, 0); out != c.want {
			t.Errorf("%s\ngot  %q\nwant %q", c.text, out, c.want)
		}
	}
}
