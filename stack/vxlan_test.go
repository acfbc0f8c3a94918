package stack

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/print"
	"dnetsim/link/trail"
	"dnetsim/sim"
	"dnetsim/stack/ipsec"
	"dnetsim/stack/socket"
)

// overlay is a network's namespace on one host, as Docker's driver makes it.
type overlay struct {
	ns    *Namespace
	vxlan *Interface
	box   *Namespace
}

// overlayLab is two hosts on a LAN with one container each on an overlay.
type overlayLab struct {
	*onLAN
	side  [2]overlay
	drops map[string]int
	wire  []string // what passes the switch's first port, as tcpdump -e prints it
}

func newOverlayLab(t testing.TB) *overlayLab {
	l := &overlayLab{onLAN: newOnLAN(t, 2), drops: make(map[string]int)}
	trail.Of(l.loop).Listen(func(e *trail.Event) {
		if e.Verb == trail.Drop {
			l.drops[e.Why()]++
		}
	})
	pr := print.New(print.Options{Ethernet: true, Verbose: 1})
	l.lan.Ports()[0].Observe(func(_ link.Direction, f *link.Frame) {
		l.wire = append(l.wire, pr.Print(l.loop.Wall(), f.Bytes()))
	})
	for h := range l.side {
		l.side[h] = l.overlay(t, h, 256)
	}
	for h := range l.side {
		l.know(h, 1-h)
	}
	return l
}

func overlayAddr(h int) netip.Addr { return netip.AddrFrom4([4]byte{172, 16, 0, byte(h + 1)}) }
func overlayMAC(h int) MAC         { return MAC{2, 0x42, 172, 16, 0, byte(h + 1)} }
func hostAddr(h int) netip.Addr    { return netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + h)}) }

func (l *overlayLab) overlay(t testing.TB, h int, vni uint32) overlay {
	host := l.hosts[h]
	o := overlay{ns: New(l.loop, fmt.Sprintf("%s/1-net%d", host.Name(), vni), Options{})}
	br, err := o.ns.AddBridge("br0", MAC{})
	must0(t, err)
	must0(t, br.SetMTU(1450))
	must0(t, br.AddAddr(pfx("172.16.0.254/24"), AddrOptions{AutoBroadcast: true}))
	must0(t, br.SetUp(true))
	o.vxlan, err = host.AddVXLAN(fmt.Sprintf("vx%d", vni), MAC{}, VXLANOptions{VNI: vni, Learning: true, Proxy: true, L2Miss: true, L3Miss: true})
	must0(t, err)
	must0(t, o.vxlan.MoveTo(o.ns, "vxlan0"))
	must0(t, o.vxlan.SetMTU(1450))
	must0(t, o.vxlan.SetMaster(br))
	must0(t, o.vxlan.SetUp(true))
	o.box = New(l.loop, fmt.Sprintf("%s/box%d", host.Name(), vni), Options{})
	v, e, err := NewVeth(o.ns, "veth0", MAC{}, o.box, "eth0", overlayMAC(h))
	must0(t, err)
	for _, i := range []*Interface{v, e} {
		must0(t, i.SetMTU(1450))
	}
	must0(t, v.SetMaster(br))
	must0(t, v.SetUp(true))
	must0(t, e.AddAddr(netip.PrefixFrom(overlayAddr(h), 24), AddrOptions{AutoBroadcast: true}))
	must0(t, e.SetUp(true))
	l.boxes = append(l.boxes, o.box, o.ns)
	return o
}

// know tells the overlay of host h where the container of the other is.
func (l *overlayLab) know(h, other int) {
	o := l.side[h]
	o.ns.AddNeighbour("vxlan0", overlayAddr(other), overlayMAC(other))
	o.vxlan.VXLAN().AddFDB(overlayMAC(other), link.VXLANRemote{Addr: hostAddr(other)}, true)
}

func (l *overlayLab) sawOnWire(part string) bool {
	return slices.ContainsFunc(l.wire, func(s string) bool { return strings.Contains(s, part) })
}

func TestVXLANCarriesPingsAndAnswersARPItself(t *testing.T) {
	l := newOverlayLab(t)
	expectPing(t, l.side[0].box, "172.16.0.2", true)
	if !l.sawOnWire("10.0.0.12.4789: VXLAN, flags [I] (0x08), vni 256\n02:42:ac:10:00:01 > 02:42:ac:10:00:02, ethertype IPv4 (0x0800), length 98:") {
		t.Errorf("no encapsulated request on the wire:\n%s", strings.Join(l.wire, "\n"))
	}
	for _, line := range l.wire {
		if strings.Contains(line, "VXLAN") && (strings.Contains(line, "ARP") || !strings.Contains(line, "flags [none], proto UDP (17), length 134")) {
			t.Errorf("on the wire: %s", line)
		}
	}
	for h, o := range l.side {
		c, v := o.vxlan.Counters(), o.vxlan.VXLAN()
		if c.TxPackets != 1 || c.TxBytes != 84 || c.RxPackets != 1 || c.RxBytes != 84 {
			t.Errorf("vxlan0 of bdc0%d: %+v, want one packet of 84 bytes each way", h+1, c)
		}
		if v.Stats().ARPAnswered == 0 {
			t.Errorf("bdc0%d did not answer ARP", h+1)
		}
	}
	if got := l.side[0].box.Neighbours()[0].MAC; got != overlayMAC(1) {
		t.Errorf("neighbour of the container is %s, want %s", got, overlayMAC(1))
	}
	if o := l.side[0].vxlan; o.PeerIndex() != o.Index() || o.PeerNamespace() != l.hosts[0] || o.OperState() != "UNKNOWN" {
		t.Errorf("vxlan0@if%d %s, want its own index, tied to the host, UNKNOWN", o.PeerIndex(), o.OperState())
	}
	shown := false
	for _, s := range l.hosts[0].Sockets() {
		shown = shown || s.Proto == "udp" && s.Local == ap("0.0.0.0:4789") && s.State == socket.Unconnected
	}
	if !shown {
		t.Error("ss does not show 0.0.0.0:4789")
	}
}

func TestVXLANMissesAreToldAndNothingLeaves(t *testing.T) {
	l := newOverlayLab(t)
	var l2 []MAC
	var l3 []netip.Addr
	o := l.side[0]
	o.vxlan.VXLAN().OnL2Miss(func(m MAC) { l2 = append(l2, m) })
	o.vxlan.VXLAN().OnL3Miss(func(a netip.Addr) { l3 = append(l3, a) })
	must0(t, o.ns.DelNeighbour("vxlan0", overlayAddr(1)))
	l.wire = nil
	expectPing(t, o.box, "172.16.0.2", false)
	if len(l3) != 3 || l3[0] != overlayAddr(1) || l.drops["l3-miss"] != 3 {
		t.Errorf("L3 misses %v, dropped %v, want three for 172.16.0.2", l3, l.drops)
	}
	if l.sawOnWire("VXLAN") {
		t.Error("something left for the other host")
	}
	l.know(0, 1)
	o.vxlan.VXLAN().DelFDB(overlayMAC(1), netip.Addr{})
	dropped := o.vxlan.Counters().TxDropped
	expectPing(t, o.box, "172.16.0.2", false)
	if len(l2) != 1 || l2[0] != overlayMAC(1) || o.vxlan.Counters().TxDropped != dropped+1 {
		t.Errorf("L2 misses %v, TX dropped %d, want one for %s", l2, o.vxlan.Counters().TxDropped-dropped, overlayMAC(1))
	}
	if l.sawOnWire("VXLAN") {
		t.Error("something left for the other host")
	}
	o.vxlan.VXLAN().AddFDB(MAC{}, link.VXLANRemote{Addr: hostAddr(1)}, true) // flooding is what the zero entry asks for
	expectPing(t, o.box, "172.16.0.2", true)
}

func TestVXLANWaysToDieOnArrival(t *testing.T) {
	for _, tc := range []struct {
		reason string
		spoil  func(t *testing.T, l *overlayLab)
	}{
		{"unknown-vni", func(t *testing.T, l *overlayLab) {
			l.side[0].vxlan.VXLAN().AddFDB(overlayMAC(1), link.VXLANRemote{Addr: hostAddr(1), VNI: 257}, true)
		}},
		{"entry-exists", func(t *testing.T, l *overlayLab) {
			l.side[1].vxlan.VXLAN().AddFDB(overlayMAC(0), link.VXLANRemote{Addr: ip("10.0.0.99")}, true)
		}},
		{"own-address", func(t *testing.T, l *overlayLab) { must0(t, l.side[1].vxlan.SetMAC(overlayMAC(0))) }},
		{"hairpin-off", func(t *testing.T, l *overlayLab) { // the far end is this host itself
			l.side[0].vxlan.VXLAN().AddFDB(overlayMAC(1), link.VXLANRemote{Addr: hostAddr(0)}, true)
		}},
		{"proxy-no-answer", func(t *testing.T, l *overlayLab) {
			l.side[0].vxlan.VXLAN().AddFDB(overlayMAC(1), link.VXLANRemote{Addr: netip.IPv4Unspecified()}, true)
		}},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			l := newOverlayLab(t)
			tc.spoil(t, l)
			expectPing(t, l.side[0].box, "172.16.0.2", false)
			if l.drops[tc.reason] == 0 {
				t.Errorf("dropped %v, want %s", l.drops, tc.reason)
			}
		})
	}
}

func iptables(t testing.TB, ns *Namespace, args string) {
	t.Helper()
	if _, err := ns.Netfilter(false).Run(strings.Fields(args)); err != nil {
		t.Fatal(err)
	}
}

func TestVXLANObeysTheHostsFirewall(t *testing.T) {
	l := newOverlayLab(t)
	iptables(t, l.hosts[1], "-A INPUT -p udp --dport 4789 -j DROP")
	expectPing(t, l.side[0].box, "172.16.0.2", false)
	if l.side[1].vxlan.Counters().RxPackets != 0 || l.side[0].vxlan.Counters().TxPackets != 1 {
		t.Error("INPUT let the datagram pass")
	}
	iptables(t, l.hosts[1], "-F INPUT")
	expectPing(t, l.side[0].box, "172.16.0.2", true)
	iptables(t, l.hosts[0], "-A OUTPUT -p udp --dport 4789 -j DROP")
	before := l.side[0].vxlan.Counters()
	expectPing(t, l.side[0].box, "172.16.0.2", false)
	if c := l.side[0].vxlan.Counters(); c.TxDropped != before.TxDropped+1 || c.TxPackets != before.TxPackets {
		t.Errorf("refused by OUTPUT: %+v after %+v, want one TX drop more", c, before)
	}
}

// bigPing sends an echo request of n bytes of IP. It returns the answer.
func bigPing(t testing.TB, ns *Namespace, dst netip.Addr, n int, how PMTU) (p ICMPPacket, err error) {
	t.Helper()
	done := false
	ns.Loop().Go("ping", func(*sim.Proc) {
		defer func() { done = true }()
		var c *ICMPConn
		if c, err = ns.OpenICMP(false); err != nil {
			return
		}
		defer c.Close()
		c.SetPMTU(how)
		m := make([]byte, n-20)
		m[0], m[5], m[7] = icmpEcho, 7, 1
		s := ^sum(0, m)
		m[2], m[3] = byte(s>>8), byte(s)
		if err = c.Send(dst, m); err == nil {
			p, err = c.Recv(time.Second)
		}
	})
	must0(t, ns.Loop().Run(func() bool { return done }, ns.Loop().Now()+time.Minute))
	return p, err
}

func TestSmallUnderlayMTUHealsItself(t *testing.T) {
	l := newOverlayLab(t)
	for _, h := range l.hosts {
		must0(t, h.Interface("eth0").SetMTU(1450))
	}
	box, far := l.side[0].box, overlayAddr(1)
	expectPing(t, box, "172.16.0.2", true)
	if p, err := bigPing(t, box, far, 1400, PMTUDo); err != nil || p.Data[0] != icmpEchoReply {
		t.Errorf("1400 bytes with DF: %v %v", p, err)
	}
	p, err := bigPing(t, box, far, 1401, PMTUDo)
	if err != nil || p.From != far || p.Data[0] != icmpUnreachable || p.Data[1] != 4 || p.Data[6] != 0x05 || p.Data[7] != 0x78 {
		t.Errorf("1401 bytes with DF: %+v %v, want frag needed, mtu 1400, from 172.16.0.2", p, err)
	}
	// An ordinary socket cuts what does not fit, now that it knows.
	if p, err := bigPing(t, box, far, 1401, PMTUWant); err != nil || p.Data[0] != icmpEchoReply {
		t.Errorf("then 1401 bytes: %+v %v", p, err)
	}
	if _, err := bigPing(t, box, far, 1450, PMTUDo); err != ErrMsgSize {
		t.Errorf("then 1450 bytes with DF: %v, want %v", err, ErrMsgSize)
	}
	if p, err := bigPing(t, box, far, 1478, PMTUDont); err != nil || p.Data[0] != icmpEchoReply {
		t.Errorf("1478 bytes without DF: %v %v", p, err)
	}
}

func TestSmallMTUInTheFabricLosesLargeFramesOnly(t *testing.T) {
	l := newOverlayLab(t)
	l.lan.Ports()[1].SetMTU(1450)
	box, far := l.side[0].box, overlayAddr(1)
	expectPing(t, box, "172.16.0.2", true)
	if p, err := bigPing(t, box, far, 1400, PMTUDo); err != nil || p.Data[0] != icmpEchoReply {
		t.Errorf("1400 bytes: %v %v", p, err)
	}
	if p, err := bigPing(t, box, far, 1450, PMTUDo); err != ErrTimeout {
		t.Errorf("1450 bytes: %v %v, want silence", p, err)
	}
}

// fetch sends n bytes from one container to the other by TCP and returns how
// many arrived within ten seconds.
func (l *overlayLab) fetch(t testing.TB, n int) (got int, err error) {
	done := false
	l.loop.Go("server", func(*sim.Proc) {
		s, err := l.side[1].box.ListenTCP(ap("0.0.0.0:80"))
		if err != nil {
			return
		}
		defer s.Close()
		if c, err := s.Accept(); err == nil {
			c.Write(make([]byte, n))
			c.Close()
		}
	})
	l.loop.Go("client", func(*sim.Proc) {
		defer func() { done = true }()
		var c *TCPConn
		if c, err = l.side[0].box.DialTCP(netip.AddrPort{}, ap("172.16.0.2:80"), 10*time.Second); err != nil {
			return
		}
		defer c.Close()
		var k int64
		k, err = io.Copy(io.Discard, c)
		got = int(k)
	})
	must0(t, l.loop.Run(func() bool { return done }, l.loop.Now()+time.Minute))
	return got, err
}

func TestVXLANCutsTCPToWhatFits(t *testing.T) {
	l := newOverlayLab(t)
	longest := 0
	l.lan.Ports()[0].Observe(func(_ link.Direction, f *link.Frame) { longest = max(longest, f.Len()) })
	const n = 1 << 20
	if got, err := l.fetch(t, n); got != n || err != nil {
		t.Errorf("got %d bytes of %d: %v; dropped %v", got, n, err, l.drops)
	}
	if longest > 1514 || longest < 1450 {
		t.Errorf("longest frame on the wire has %d bytes, want a full one", longest)
	}
}

func TestTunnelChecksumFaultKillsTCPAndNotPing(t *testing.T) {
	l := newOverlayLab(t)
	for _, h := range l.hosts {
		h.Interface("eth0").SetTunnelChecksumFault(true)
	}
	expectPing(t, l.side[0].box, "172.16.0.2", true)
	if got, err := l.fetch(t, 1000); err == nil {
		t.Errorf("got %d bytes over a card that gets checksums wrong", got)
	}
	if l.drops["checksum"] == 0 {
		t.Errorf("dropped %v, want checksum", l.drops)
	}
	for _, h := range l.hosts {
		h.Interface("eth0").SetFeature("tx-checksum-ip-generic", false)
	}
	if got, err := l.fetch(t, 1000); got != 1000 || err != nil {
		t.Errorf("the card makes no checksums any more: got %d bytes of 1000: %v", got, err)
	}
}

func TestVXLANLearnsFromWhatArrives(t *testing.T) {
	l := newOverlayLab(t)
	v := l.side[1].vxlan.VXLAN()
	v.DelFDB(overlayMAC(0), netip.Addr{})
	expectPing(t, l.side[0].box, "172.16.0.2", true)
	fdb := v.FDB()
	if len(fdb) != 1 || fdb[0].Permanent || fdb[0].Remote.Addr != hostAddr(0) {
		t.Errorf("learned %+v, want %s behind 10.0.0.11", fdb, overlayMAC(0))
	}
	l.loop.RunFor(link.DefaultAgeing)
	if fdb := v.FDB(); len(fdb) != 0 {
		t.Errorf("after 300 s: %+v", fdb)
	}
}

func TestVXLANLimits(t *testing.T) {
	l := newOverlayLab(t)
	h := l.hosts[0]
	if _, err := h.AddVXLAN("again", MAC{}, VXLANOptions{VNI: 256}); err != ErrExist {
		t.Errorf("a second tunnel with VNI 256: %v, want %v", err, ErrExist)
	}
	if _, err := h.AddVXLAN("big", MAC{}, VXLANOptions{VNI: 1 << 24}); err != ErrRange {
		t.Errorf("VNI 2^24: %v, want %v", err, ErrRange)
	}
	if _, err := h.ListenUDP(ap("0.0.0.0:4789")); err != ErrAddrInUse {
		t.Errorf("a program on 4789: %v, want %v", err, ErrAddrInUse)
	}
	must0(t, l.side[0].vxlan.Delete())
	if c, err := h.ListenUDP(ap("0.0.0.0:4789")); err != nil {
		t.Errorf("4789 after the tunnel is gone: %v", err)
	} else {
		x, err := h.AddVXLAN("x", MAC{}, VXLANOptions{VNI: 7})
		must0(t, err)
		if err := x.SetUp(true); err != ErrAddrInUse || x.Up() {
			t.Errorf("up while a program has 4789: %v", err)
		}
		c.Close()
	}
	l.hosts[1].Close()
	if l.side[1].ns.Interface("vxlan0") != nil {
		t.Error("the tunnel outlives the namespace of its underlay")
	}
}

func TestOverlayRunsRepeat(t *testing.T) {
	run := func() string {
		l := newOverlayLab(t)
		expectPing(t, l.side[0].box, "172.16.0.2", true)
		expectPing(t, l.side[1].box, "172.16.0.1", true)
		l.fetch(t, 200_000)
		return strings.Join(l.wire, "\n")
	}
	a, b := strings.Split(run(), "\n"), strings.Split(run(), "\n")
	for k := range min(len(a), len(b)) {
		if a[k] != b[k] {
			t.Fatalf("line %d differs:\n%s\n%s", k+1, a[k], b[k])
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d and %d lines", len(a), len(b))
	}
}

// secure encrypts the tunnels between the two hosts, as Docker's driver does it.
func (l *overlayLab) secure(t testing.TB, h int, key string) {
	t.Helper()
	const mark = "0xd0c4e3"
	iptables(t, l.hosts[h], "-t mangle -A OUTPUT -p udp --dport 4789 -m u32 --u32 0>>22&0x3C@12&0xFFFFFF00=65536 -j MARK --set-mark "+mark)
	iptables(t, l.hosts[h], "-A INPUT -m policy --dir in --pol ipsec -p udp --dport 4789 -j ACCEPT")
	iptables(t, l.hosts[h], "-A INPUT -p udp --dport 4789 -j DROP")
	x := l.hosts[h].XFRM()
	x.SetPolicy(ipsec.Policy{Src: hostAddr(h), Dst: hostAddr(1 - h), Protocol: 17, DstPort: 4789, Mark: 0xd0c4e3, SPI: uint32(7 + h), ReqID: 1})
	for from := range l.hosts[:2] {
		must0(t, x.AddState(ipsec.State{Src: hostAddr(from), Dst: hostAddr(1 - from), SPI: uint32(7 + from), ReqID: 1, Key: []byte(key)}))
	}
}

func TestATunnelInESP(t *testing.T) {
	const key = "0123456789abcdefsalt"
	l := newOverlayLab(t)
	l.secure(t, 0, key)
	expectPing(t, l.side[0].box, "172.16.0.2", false) // nobody there can read it
	if l.drops["no-state"] != 1 {
		t.Errorf("drops %v", l.drops)
	}
	l.secure(t, 1, key)
	l.wire = nil
	expectPing(t, l.side[0].box, "172.16.0.2", true)
	// 8 of VXLAN and UDP each and 98 of the frame in 8 + 8 of ESP, padded to 116, and 8.
	if !l.sawOnWire("proto ESP (50), length 160)\n    10.0.0.11 > 10.0.0.12: ESP(spi=0x00000007,seq=0x2), length 140") || l.sawOnWire("VXLAN") {
		t.Errorf("on the wire:\n%s", strings.Join(l.wire, "\n"))
	}
	iptables(t, l.hosts[1], "-I INPUT -p esp -j DROP")
	expectPing(t, l.side[0].box, "172.16.0.2", false)
	iptables(t, l.hosts[1], "-D INPUT -p esp -j DROP")
	expectPing(t, l.side[0].box, "172.16.0.2", true)
	must0(t, l.hosts[1].XFRM().DelState(hostAddr(0), 8))
	must0(t, l.hosts[1].XFRM().AddState(ipsec.State{Src: hostAddr(1), Dst: hostAddr(0), SPI: 8, Key: []byte("another key of AES..")}))
	expectPing(t, l.side[0].box, "172.16.0.2", false)
}
