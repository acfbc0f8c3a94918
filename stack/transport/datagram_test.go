package transport

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"

	"dnetsim/stack/socket"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// tape is a network layer that keeps what is sent.
type tape struct {
	*host
	sent []sentPacket
}

type sentPacket struct {
	b []byte
	o Offload
}

type taped struct {
	*datagram
	t *tape
}

func (t *tape) NewPacket(n int, v6 bool) Packet {
	return &taped{t.host.NewPacket(n, v6).(*datagram), t}
}

func (p *taped) Send(o Offload) error {
	p.t.sent = append(p.t.sent, sentPacket{bytes.Clone(p.b), o})
	return nil
}

// A plain datagram is the packet that netstack makes of it, to the last bit: with and
// without checksum offload, from sockets of both families, bound and unbound, with a TTL
// of its own, of any length.
func TestDatagramIsNetstacks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, offload := range []bool{true, false} {
		p := newPair()
		k := &tape{host: p.hosts[0]}
		k.Layer = New(p.loop, "tape", k, &socket.Table{}, offload)
		for _, local := range []string{"0.0.0.0:0", "10.0.0.1:53", "[::]:54", "0.0.0.0:55"} {
			c, err := k.ListenUDP(nil, ap(local))
			if err != nil {
				t.Fatal(local, err)
			}
			if local == "0.0.0.0:55" {
				c.SetTTL(7)
			}
			for n := range 200 {
				b := make([]byte, n*n%1473)
				for i := range b {
					b[i] = byte(rng.Uint32())
				}
				to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(rng.Uint32()), byte(1 + rng.IntN(200))}), uint16(1+rng.IntN(65535)))
				k.sent = nil
				if !c.plain(k.addr, to) {
					t.Fatalf("a datagram to %v is not plain", to)
				}
				if err := c.WriteTo(b, to); err != nil {
					t.Fatal(err)
				}
				c.preferSource(k.addr)
				c.to = c.full(to)
				k.unbound = local != "10.0.0.1:53"
				if err := c.write(b, tcpip.WriteOptions{To: &c.to}); err != nil {
					t.Fatal(err)
				}
				k.unbound = false
				if len(k.sent) != 2 || !bytes.Equal(k.sent[0].b, k.sent[1].b) || k.sent[0].o != k.sent[1].o {
					t.Fatalf("offload %v, socket %s, %d bytes to %v: %v, netstack's %v", offload, local, len(b), to, k.sent[0], k.sent[1:])
				}
			}
			for _, to := range []string{"10.0.0.255:9", "255.255.255.255:9", "224.0.0.1:9", "0.0.0.0:9", "10.0.0.2:0", "[fe80::1]:9"} {
				if c.plain(k.addr, ap(to)) {
					t.Errorf("a datagram to %s is taken for plain", to)
				}
			}
			c.Close()
			if c.plain(k.addr, ap("10.0.0.2:9")) {
				t.Error("a datagram from a closed socket is taken for plain")
			}
		}
		k.Close()
		p.close()
	}
}
