package ipam

import (
	"net/netip"
	"testing"
)

func TestAddressesAreTheLowestFreeOne(t *testing.T) {
	m, _ := NewLocal(DefaultPools, Rules{})
	k, _, err := m.RequestPool("", "", false, nil)
	if err != nil || k != "172.17.0.0/16" {
		t.Fatalf("first pool %s, %v", k, err)
	}
	take := func() string {
		a, err := m.RequestAddress(k, netip.Addr{})
		if err != nil {
			return err.Error()
		}
		return a.String()
	}
	for _, want := range []string{"172.17.0.1/16", "172.17.0.2/16", "172.17.0.3/16"} {
		if got := take(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	m.ReleaseAddress(k, netip.MustParseAddr("172.17.0.2"))
	if got := take(); got != "172.17.0.2/16" {
		t.Fatalf("after release got %s", got)
	}
	if _, err := m.RequestAddress(k, netip.MustParseAddr("172.17.255.255")); err != errAddressInUse {
		t.Fatalf("broadcast: %v", err)
	}
}

func TestPoolsGoOnAfterTheLastOneGiven(t *testing.T) {
	m, _ := NewLocal(DefaultPools, Rules{})
	var first string
	for i := range 31 {
		k, _, err := m.RequestPool("", "", false, nil)
		if err != nil {
			t.Fatalf("pool %d: %v", i, err)
		}
		if i == 1 {
			first = k
		}
	}
	if _, _, err := m.RequestPool("", "", false, nil); err == nil {
		t.Fatal("pool 32 exists")
	}
	m.ReleasePool(first)
	k, _, _ := m.RequestPool("", "", false, nil)
	if k != "172.18.0.0/16" {
		t.Fatalf("got %s", k)
	}
}

func TestRangeIsDrawnFromButNotALimitForChosenAddresses(t *testing.T) {
	m, _ := NewLocal(DefaultPools, Rules{})
	k, _, err := m.RequestPool("172.30.0.0/16", "172.30.5.0/24", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := m.RequestAddress(k, netip.Addr{})
	b, _ := m.RequestAddress(k, netip.MustParseAddr("172.30.9.9"))
	if a.String() != "172.30.5.0/16" || b.String() != "172.30.9.9/16" {
		t.Fatalf("got %v and %v", a, b)
	}
}
