package stack

import "testing"

// A bridge has the lowest MTU of its ports until somebody gives it one
// (br_mtu_auto_adjust).
func TestBridgeHasTheLowestMTUOfItsPorts(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	br := l.a.Interface("docker0")
	check := func(what string, want int) {
		t.Helper()
		if br.MTU() != want {
			t.Errorf("%s: MTU %d, want %d", what, br.MTU(), want)
		}
	}
	check("two ports of 1500", 1500)
	must0(t, l.a.Interface("vbox1").SetMTU(1400))
	check("one of 1400", 1400)
	must0(t, l.a.Interface("vbox1").SetMaster(nil))
	check("without it", 1500)
	must0(t, br.SetMTU(1300))
	must0(t, l.a.Interface("vbox1").SetMaster(br))
	check("given 1300", 1300)
}
