package stack

import (
	"fmt"
	"io"
	"net/netip"
	"runtime"
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

	"dnetsim/sim"
)

// BenchmarkNamespace creates and starts containers: a namespace, a veth pair, a
// port of docker0, an address and a default route. It reports the heap that
// each keeps.
func BenchmarkNamespace(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { startContainers(b, n, false) })
		b.Run(fmt.Sprint(n, "-listening"), func(b *testing.B) { startContainers(b, n, true) })
	}
}

func startContainers(b *testing.B, n int, listen bool) {
	var bytes uint64
	for range b.N {
		l := newLab(b, 0, Options{})
		br := l.a.Interface("docker0")
		var m0, m1 runtime.MemStats
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&m0)
		b.StartTimer()
		for i := range n {
			box := addBox(b, l.a, br, i, Options{})
			l.boxes = append(l.boxes, box)
			if listen {
				_, err := box.ListenTCP(ap("[::]:80"))
				must0(b, err)
			}
		}
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&m1)
		bytes += m1.HeapAlloc - m0.HeapAlloc
		l.close()
		b.StartTimer()
	}
	per := float64(b.N * n)
	b.ReportMetric(float64(bytes)/per/1000, "kB/container")
	b.ReportMetric(b.Elapsed().Seconds()*1e3/per, "ms/container")
}

// BenchmarkGoodput is TCP from container to container across docker0, beside
// two netstacks on netstack's own pipe.
func BenchmarkGoodput(b *testing.B) {
	const size = 64 << 20
	rate := func(b *testing.B, start time.Time) {
		b.ReportMetric(float64(b.N)*size*8/time.Since(start).Seconds()/1e9, "Gbit/s")
	}
	for _, noOffload := range []bool{true, false} {
		name := "offload"
		if noOffload {
			name = "MTU1500"
		}
		b.Run(name, func(b *testing.B) {
			start := time.Now()
			for range b.N {
				l := newLab(b, 2, Options{NoOffload: noOffload})
				l.transfer(b, l.boxes[0], l.boxes[1], ap("172.17.0.3:80"), size)
				l.close()
			}
			rate(b, start)
		})
	}
	b.Run("pipe", func(b *testing.B) {
		start := time.Now()
		for range b.N {
			pipeTransfer(b, size)
		}
		rate(b, start)
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
	c.Connect(tcpip.FullAddress{Addr: address(ip("10.0.0.2")), Port: 80})
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

// BenchmarkPing is one echo between two containers across docker0.
func BenchmarkPing(b *testing.B) {
	l := newLab(b, 2, Options{})
	defer l.close()
	b.ReportAllocs()
	done := false
	l.loop.Go("ping", func(*sim.Proc) {
		for range b.N {
			if _, err := ping(l.boxes[0], ip("172.17.0.3"), time.Second); err != nil {
				b.Error(err)
			}
		}
		done = true
	})
	l.loop.Run(func() bool { return done }, 0)
}
