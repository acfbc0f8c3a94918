package stack

import (
	"net/netip"
	"testing"
	"time"

	"dnetsim/sim"
)

// A process that is killed while it connects leaves no socket behind.
func TestKilledConnectLeavesNoSocket(t *testing.T) {
	l := newOnLAN(t, 2)
	a := l.hosts[0]
	p := l.loop.Go("client", func(*sim.Proc) {
		a.DialTCP(netip.AddrPort{}, ap("10.0.0.77:80"), 0)
	})
	l.loop.RunFor(time.Second)
	if n := len(a.Sockets()); n != 1 {
		t.Fatalf("%d sockets while it connects", n)
	}
	p.Kill()
	l.loop.RunFor(time.Second)
	if all := a.Sockets(); len(all) != 0 {
		t.Errorf("left are %+v", all)
	}
}
