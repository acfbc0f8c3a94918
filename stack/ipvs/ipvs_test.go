package ipvs

import (
	"net/netip"
	"testing"
)

func TestConnectionsGoRound(t *testing.T) {
	at := func(n byte) netip.AddrPort { return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, n}), 0) }
	table := &Table{}
	table.ByMark(256).Dests = []Dest{{at(1), 1}, {at(2), 0}, {at(3), 1}}
	var got []byte
	for range 4 {
		to, known := table.Choose(256, 6, netip.AddrPort{})
		if !known {
			t.Fatal("the service is not known")
		}
		got = append(got, to.Addr().As4()[3])
	}
	if string(got) != "\x01\x03\x01\x03" {
		t.Errorf("went to %v: one of no weight takes no new connections", got)
	}
	if _, known := table.Choose(257, 6, netip.AddrPort{}); known {
		t.Error("another mark is a service")
	}
	table.ByMark(256).Dests = nil
	if to, known := table.Choose(256, 6, netip.AddrPort{}); !known || to.IsValid() {
		t.Errorf("without servers: %v, %v", to, known)
	}
	if table.Remove(256); len(table.Services()) != 0 {
		t.Error("it is still there")
	}
}
