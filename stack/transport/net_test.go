package transport

import (
	"net/netip"
	"testing"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
	"dnetsim/stack/socket"
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// pair is two hosts whose network layer is a cable and nothing else.
type pair struct {
	loop  *sim.Loop
	hosts [2]*host
}

// host has one address. It implements Network.
type host struct {
	*Layer
	loop    *sim.Loop
	addr    netip.Addr
	peer    *host
	dropped int
}

func newPair() *pair {
	p := &pair{loop: sim.NewLoop(1)}
	for k, a := range [...]string{"10.0.0.1", "10.0.0.2"} {
		h := &host{loop: p.loop, addr: netip.MustParseAddr(a)}
		h.Layer = New(p.loop, a, h, &socket.Table{}, true)
		p.hosts[k] = h
	}
	p.hosts[0].peer, p.hosts[1].peer = p.hosts[1], p.hosts[0]
	return p
}

func (p *pair) close() {
	for _, h := range p.hosts {
		h.sockets.Abandon()
		h.Close()
	}
}

// do runs fn as a process to its end.
func (p *pair) do(t testing.TB, fn func()) {
	t.Helper()
	proc := p.loop.Go("test", func(*sim.Proc) { fn() })
	if err := p.loop.Run(proc.Done, p.loop.Now()+time.Hour); err != nil {
		t.Fatal(err)
	}
}

func (h *host) NewPacket(n int, v6 bool) Packet { return &datagram{h, make([]byte, n)} }
func (h *host) Route(src, dst netip.Addr) (netip.Addr, error) {
	return h.addr, nil
}
func (h *host) RouteConnect(src, dst netip.Addr) (netip.Addr, error) { return h.addr, nil }
func (h *host) IsLocal(a netip.Addr) bool                            { return a == h.addr }
func (h *host) MayBind(a netip.Addr) bool                            { return a == h.addr }
func (h *host) Addrs() []netip.Prefix                                { return []netip.Prefix{netip.PrefixFrom(h.addr, 24)} }
func (h *host) Settings() Settings                                   { return Settings{TTL: 64, HopLimit: 64, Backlog: 4096} }

// datagram is a Packet that takes a millisecond to the other end.
type datagram struct {
	h *host
	b []byte
}

func (d *datagram) Bytes() []byte { return d.b }
func (d *datagram) Send(Offload) error {
	to := d.h.peer
	d.h.loop.After(time.Millisecond, func() { to.Deliver(&datagram{to, d.b}) })
	return nil
}
func (d *datagram) Arrived()          {}
func (d *datagram) Drop(trail.Reason) { d.h.dropped++ }
