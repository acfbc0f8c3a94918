package transport

import (
	"io"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// BenchmarkGoodput is the anchor of package stack's: two netstacks on netstack's
// own pipe, on as many processors as there are; with an MTU of 64 kB too, which is
// as close as a pipe comes to the segments of a veth.
func BenchmarkGoodput(b *testing.B) {
	for _, mtu := range []uint32{1500, 65535} {
		name := "pipe"
		if mtu != 1500 {
			name = "pipe64k"
		}
		b.Run(name, func(b *testing.B) {
			const size = 64 << 20
			for range b.N {
				newPipe(mtu, 0, 0).transfer(b, size)
			}
			b.ReportMetric(float64(b.N)*size*8/b.Elapsed().Seconds()/1e9, "Gbit/s")
		})
	}
}

// BenchmarkLossy is the anchor of package stack's: two netstacks on a pipe that
// takes 10 ms each way and loses 1 % of what the sender sends, on the real clock.
// Sixteen such pairs, each with dice of its own, are on the way at once: what one of
// them gets is chance.
func BenchmarkLossy(b *testing.B) {
	const size, pairs = 4 << 20, 16
	var took [pairs]time.Duration
	for range b.N {
		var all sync.WaitGroup
		for i := range pairs {
			p := newPipe(1500, 10*time.Millisecond, 0.01)
			p.ends[0].rand = rand.New(rand.NewPCG(1, uint64(i)))
			all.Go(func() {
				began := time.Now()
				p.transfer(b, size)
				took[i] += time.Since(began)
			})
		}
		all.Wait()
	}
	sum := time.Duration(0)
	for _, d := range took {
		sum += d
	}
	b.ReportMetric(float64(b.N)*pairs*size*8/sum.Seconds()/1e6, "Mbit/s")
}

// BenchmarkPing is the anchor of package stack's: one echo between two netstacks on
// a pipe.
func BenchmarkPing(b *testing.B) {
	p := newPipe(1500, 0, 0)
	defer p.close()
	var wq waiter.Queue
	c, err := p.a.NewEndpoint(icmp.ProtocolNumber4, ipv4.ProtocolNumber, &wq)
	must(err)
	must(c.Connect(p.addr(0)))
	readable := make(chan struct{}, 1)
	e := waiter.NewFunctionEntry(waiter.ReadableEvents, func(waiter.EventMask) { readable <- struct{}{} })
	wq.EventRegister(&e)
	m := make([]byte, 64)
	m[0] = byte(header.ICMPv4Echo)
	b.ReportAllocs()
	for b.Loop() {
		w := sliceReader{m}
		_, err := c.Write(&w, tcpip.WriteOptions{})
		must(err)
		<-readable
		_, err = c.Read(io.Discard, tcpip.ReadOptions{})
		must(err)
	}
	c.Close()
}

// piped is two netstacks on netstack's pipe.
type piped struct {
	a, b *gstack.Stack
	ends [2]*lossy
}

// newPipe makes them; delay is each way, loss from a to b.
func newPipe(mtu uint32, delay time.Duration, loss float64) *piped {
	const macA, macB = tcpip.LinkAddress("\x02\x00\x00\x00\x00\x01"), tcpip.LinkAddress("\x02\x00\x00\x00\x00\x02")
	ea, eb := pipe.New(macA, macB, mtu)
	p := &piped{}
	mk := func(ep gstack.LinkEndpoint, ip string) *gstack.Stack {
		s := gstack.New(gstack.Options{
			NetworkProtocols:   []gstack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
			TransportProtocols: []gstack.TransportProtocolFactory{tcp.NewProtocolCUBIC, icmp.NewProtocol4},
		})
		must(s.CreateNIC(1, ethernet.New(ep)))
		must(s.AddProtocolAddress(1, protocolAddress(netip.MustParsePrefix(ip)), gstack.AddressProperties{}))
		s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}})
		return s
	}
	if delay == 0 {
		p.a, p.b = mk(ea, "10.0.0.1/24"), mk(eb, "10.0.0.2/24")
		return p
	}
	p.ends = [2]*lossy{newLossy(ea, delay, loss), newLossy(eb, delay, 0)}
	p.a, p.b = mk(p.ends[0], "10.0.0.1/24"), mk(p.ends[1], "10.0.0.2/24")
	return p
}

// addr is a port of b.
func (p *piped) addr(port uint16) tcpip.FullAddress {
	return tcpip.FullAddress{Addr: address(netip.MustParseAddr("10.0.0.2")), Port: port}
}

func (p *piped) close() {
	p.a.Destroy()
	p.b.Destroy()
	for _, e := range p.ends {
		if e != nil {
			close(e.done)
		}
	}
}

// lossy is an end of a pipe whose packets take their time, or get lost.
type lossy struct {
	gstack.LinkEndpoint
	loss  float64
	delay time.Duration
	mu    sync.Mutex
	rand  *rand.Rand
	queue chan late
	done  chan struct{}
}

type late struct {
	at time.Time
	pb *gstack.PacketBuffer
}

func newLossy(ep gstack.LinkEndpoint, delay time.Duration, loss float64) *lossy {
	l := &lossy{LinkEndpoint: ep, delay: delay, loss: loss, rand: rand.New(rand.NewPCG(1, 2)), queue: make(chan late, 1<<14), done: make(chan struct{})}
	go l.run()
	return l
}

func (l *lossy) run() {
	for {
		select {
		case <-l.done:
			return
		case x := <-l.queue:
			time.Sleep(time.Until(x.at))
			var list gstack.PacketBufferList
			list.PushBack(x.pb)
			l.LinkEndpoint.WritePackets(list)
			x.pb.DecRef()
		}
	}
}

// WritePackets implements gstack.LinkEndpoint.
func (l *lossy) WritePackets(list gstack.PacketBufferList) (int, tcpip.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, pb := range list.AsSlice() {
		if l.loss > 0 && l.rand.Float64() < l.loss {
			continue
		}
		select {
		case l.queue <- late{time.Now().Add(l.delay), pb.IncRef()}:
		case <-l.done:
			pb.DecRef()
		}
	}
	return list.Len(), nil
}

// transfer sends size bytes from a to b, on the wall clock, and closes both.
func (p *piped) transfer(b *testing.B, size int) {
	var lq waiter.Queue
	ln, err := p.b.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &lq)
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
	c, err := p.a.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &cq)
	must(err)
	ce, cch := waiter.NewChannelEntry(waiter.WritableEvents)
	cq.EventRegister(&ce)
	c.Connect(p.addr(80))
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
	p.close()
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
