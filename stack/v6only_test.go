package stack

import (
	"net/netip"
	"testing"

	"dnetsim/link"
	"dnetsim/sim"
)

// docker-proxy has a socket for 0.0.0.0 and one for :: with the same port.
func TestASocketForIPv6AloneLeavesIPv4ItsPort(t *testing.T) {
	loop := sim.NewLoop(1)
	ns := New(loop, "host", Options{Host: true})
	defer ns.Close()
	four, six := netip.MustParseAddrPort("0.0.0.0:80"), netip.MustParseAddrPort("[::]:80")
	if _, err := ns.ListenTCP(four); err != nil {
		t.Fatal(err)
	}
	if _, err := ns.ListenTCPv6Only(six); err != nil {
		t.Errorf("beside IPv4's: %v", err)
	}
	if _, err := ns.ListenTCPv6Only(six); err != ErrAddrInUse {
		t.Errorf("twice: %v", err)
	}
	if _, err := ns.ListenUDP(four); err != nil {
		t.Fatal(err)
	}
	if _, err := ns.ListenUDPv6Only(six); err != nil {
		t.Errorf("UDP beside IPv4's: %v", err)
	}
}

func TestSendFrameIsCountedAndNeedsAnInterfaceThatIsUp(t *testing.T) {
	loop := sim.NewLoop(1)
	ns := New(loop, "host", Options{Host: true})
	defer ns.Close()
	w := link.NewWire(loop, "lan")
	i, err := ns.AddPhysical("eth0", MAC{2, 0, 0, 0, 0, 1}, w.A())
	if err != nil {
		t.Fatal(err)
	}
	if err := i.SendFrame(link.NewFrame(make([]byte, 60))); err != ErrNetDown {
		t.Errorf("while down: %v", err)
	}
	i.SetUp(true)
	before := i.Counters().TxPackets
	if err := i.SendFrame(link.NewFrame(make([]byte, 60))); err != nil || i.Counters().TxPackets != before+1 {
		t.Errorf("%v, %d packets, want %d", err, i.Counters().TxPackets, before+1)
	}
}
