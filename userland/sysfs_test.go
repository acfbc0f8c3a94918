package userland_test

import (
	"testing"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

func TestSysClassNetIsTheNamespacesInterfaces(t *testing.T) {
	l := sim.NewLoop(1)
	ns := stack.New(l, "bdc01", stack.Options{Host: true})
	d, err := ns.AddDummy("d0", link.MAC{2, 0, 0, 0, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	m := userland.NewMachine(l, "bdc01", ns)
	m.Install(programs.Host())
	for _, c := range []struct{ command, want string }{
		{"ls /sys/class/net", "d0\nlo\n"},
		{"cat /sys/class/net/d0/address /sys/class/net/lo/address", "02:00:00:00:00:01\n00:00:00:00:00:00\n"},
		{"cat /sys/class/net/d0/operstate /sys/class/net/d0/carrier", "down\n"},
		{"cat /sys/class/net/lo/type /sys/class/net/lo/flags /sys/class/net/lo/mtu", "772\n0x9\n65536\n"},
		{"cat /sys/class/net/*/statistics/tx_packets", "0\n0\n"},
		{"[ -d /sys/class/net/eth9 ] || echo none", "none\n"},
	} {
		if out := say(t, m, shell.Bash, c.command, 0); out != c.want {
			t.Errorf("%s\ngot  %q\nwant %q", c.command, out, c.want)
		}
	}
	d.SetUp(true)
	if out := say(t, m, shell.Bash, "cat /sys/class/net/d0/carrier", 0); out != "1\n" {
		t.Errorf("carrier %q", out)
	}
}
