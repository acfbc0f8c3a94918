package transport

import (
	"io"
	"net/netip"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// BenchmarkGoodput is the anchor of package stack's: two netstacks on netstack's
// own pipe.
func BenchmarkGoodput(b *testing.B) {
	const size = 64 << 20
	b.Run("pipe", func(b *testing.B) {
		start := time.Now()
		for range b.N {
			pipeTransfer(b, size)
		}
		b.ReportMetric(float64(b.N)*size*8/time.Since(start).Seconds()/1e9, "Gbit/s")
	})
}

// pipeTransfer is the anchor: netstack by itself, on the wall clock.
func pipeTransfer(b *testing.B, size int) {
	const macA, macB = tcpip.LinkAddress("\x02\x00\x00\x00\x00\x01"), tcpip.LinkAddress("\x02\x00\x00\x00\x00\x02")
	ea, eb := pipe.New(macA, macB, 1500)
	mk := func(ep gstack.LinkEndpoint, ip string) *gstack.Stack {
		s := gstack.New(gstack.Options{
			NetworkProtocols:   []gstack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
			TransportProtocols: []gstack.TransportProtocolFactory{tcp.NewProtocolCUBIC},
		})
		must(s.CreateNIC(1, ethernet.New(ep)))
		must(s.AddProtocolAddress(1, protocolAddress(netip.MustParsePrefix(ip)), gstack.AddressProperties{}))
		s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}})
		return s
	}
	sa, sb := mk(ea, "10.0.0.1/24"), mk(eb, "10.0.0.2/24")
	var lq waiter.Queue
	ln, err := sb.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &lq)
	must(err)
	must(ln.Bind(tcpip.FullAddress{Port: 80}))
	must(ln.Listen(10))
	le, lch := waiter.NewChannelEntry(waiter.ReadableEvents)
	lq.EventRegister(&le)
	done := make(chan int)
	go func() {
		<-lch
		ep, wq, err := ln.Accept(nil)
		must(err)
		e, ch := waiter.NewChannelEntry(waiter.ReadableEvents | waiter.EventHUp)
		wq.EventRegister(&e)
		got := 0
		for {
			r, err := ep.Read(io.Discard, tcpip.ReadOptions{})
			got += r.Count
			if err == nil {
				ep.ModerateRecvBuf(r.Count)
				continue
			}
			if _, ok := err.(*tcpip.ErrWouldBlock); ok {
				<-ch
				continue
			}
			break
		}
		ep.Close()
		done <- got
	}()
	var cq waiter.Queue
	c, err := sa.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &cq)
	must(err)
	ce, cch := waiter.NewChannelEntry(waiter.WritableEvents)
	cq.EventRegister(&ce)
	c.Connect(tcpip.FullAddress{Addr: address(netip.MustParseAddr("10.0.0.2")), Port: 80})
	<-cch
	buf := make([]byte, 256<<10)
	for left := size; left > 0; {
		w := sliceReader{buf[:min(left, len(buf))]}
		n, err := c.Write(&w, tcpip.WriteOptions{})
		left -= int(n)
		if _, ok := err.(*tcpip.ErrWouldBlock); ok {
			<-cch
		}
	}
	c.Close()
	if got := <-done; got != size {
		b.Fatalf("%d bytes", got)
	}
	ln.Close()
	sa.Destroy()
	sb.Destroy()
}

type sliceReader struct{ b []byte }

// Len implements tcpip.Payloader.
func (s *sliceReader) Len() int { return len(s.b) }

// Read implements io.Reader.
func (s *sliceReader) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.b)
	s.b = s.b[n:]
	return n, nil
}
