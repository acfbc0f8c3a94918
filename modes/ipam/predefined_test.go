package ipam

import (
	"net/netip"
	"testing"
)

// The arithmetic of predefined pools against a list of them all.
func TestPredefinedPoolsAreThoseOfAList(t *testing.T) {
	m, err := NewLocal([]AddressPool{{"10.0.0.0/14", 17}, {"fd00::/46", 49}, {"192.168.0.0/20", 20}}, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	var list []netip.Prefix
	for _, base := range []string{"10.0.0.0", "10.0.128.0", "10.1.0.0", "10.1.128.0", "10.2.0.0", "10.2.128.0", "10.3.0.0", "10.3.128.0"} {
		list = append(list, netip.PrefixFrom(netip.MustParseAddr(base), 17))
	}
	list = append(list, netip.MustParsePrefix("192.168.0.0/20"))
	holds := []netip.Prefix{netip.MustParsePrefix("10.1.3.0/24"), netip.MustParsePrefix("10.2.0.0/15"), netip.MustParsePrefix("10.0.0.1/32")}
	held := func(p netip.Prefix) (netip.Prefix, bool) {
		for _, q := range holds {
			if q.Overlaps(p) {
				return q, true
			}
		}
		return netip.Prefix{}, false
	}
	for round := range 3 {
		at := 0
		for _, want := range list {
			if _, ok := held(want); ok {
				continue
			}
			key, p, err := m.RequestPool("", "", false, held)
			if err != nil || p.Prefix != want {
				t.Fatalf("round %d: got %s, %v, want %s", round, key, err, want)
			}
			at++
		}
		if key, _, err := m.RequestPool("", "", false, held); err == nil {
			t.Fatalf("round %d: one more pool %s", round, key)
		}
		for _, k := range append([]string(nil), m.order...) {
			m.ReleasePool(k)
		}
	}
	for _, want := range []string{"fd00::/49", "fd00:0:0:8000::/49", "fd00:0:1::/49"} {
		if key, _, err := m.RequestPool("", "", true, nil); err != nil || key != want {
			t.Errorf("got %s, %v, want %s", key, err, want)
		}
	}
}

// A pool is found behind whatever is in the way, however many it covers.
func TestASearchStepsOverWhatIsInTheWay(t *testing.T) {
	m, err := NewLocal([]AddressPool{{"fd00::/8", 64}, {"::/0", 128}}, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	wall := []netip.Prefix{netip.MustParsePrefix("fd00::/9"), netip.MustParsePrefix("fd80::/10"), netip.MustParsePrefix("fdc0::/64")}
	held := func(p netip.Prefix) (netip.Prefix, bool) {
		for _, q := range wall {
			if q.Overlaps(p) {
				return q, true
			}
		}
		return netip.Prefix{}, false
	}
	key, _, err := m.RequestPool("", "", true, held)
	if err != nil || key != "fdc0:0:0:1::/64" {
		t.Errorf("got %s, %v", key, err)
	}
	wall = []netip.Prefix{netip.MustParsePrefix("::/0")}
	if key, _, err := m.RequestPool("", "", true, held); err == nil {
		t.Errorf("got %s where nothing is free", key)
	}
}
