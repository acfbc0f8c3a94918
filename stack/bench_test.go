package stack

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"dnetsim/link"
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

// BenchmarkGoodput is TCP from container to container across docker0, with
// Docker's rules. Its anchor, two netstacks on netstack's own pipe, is in package
// transport.
func BenchmarkGoodput(b *testing.B) {
	for _, noOffload := range []bool{true, false} {
		name := "offload"
		if noOffload {
			name = "MTU1500"
		}
		b.Run(name, func(b *testing.B) {
			const size = 64 << 20
			b.ReportAllocs()
			for range b.N {
				l := newLab(b, 2, Options{NoOffload: noOffload})
				docker(b, l)
				l.transfer(b, l.boxes[0], l.boxes[1], ap("172.17.0.3:80"), size)
				l.close()
			}
			b.ReportMetric(float64(b.N)*size*8/b.Elapsed().Seconds()/1e9, "Gbit/s")
		})
	}
}

// BenchmarkLossy is TCP between two hosts whose cable takes 10 ms each way and
// loses 1 % of what the sender sends: what it gets in virtual time, which is a
// claim about the network, and the time that it takes here. Its anchor is in
// package transport.
func BenchmarkLossy(b *testing.B) {
	const size, pairs = 4 << 20, 16
	var virtual time.Duration
	for range b.N {
		for i := range pairs {
			l := newSeededLab(b, uint64(i+1), 0, Options{})
			l.wire.A().Impair(link.Impairment{Delay: 10 * time.Millisecond, Loss: 0.01})
			l.wire.B().Impair(link.Impairment{Delay: 10 * time.Millisecond})
			virtual += l.transfer(b, l.a, l.b, ap("10.0.0.12:80"), size)
			l.close()
		}
	}
	b.ReportMetric(float64(b.N)*pairs*size*8/virtual.Seconds()/1e6, "virtual-Mbit/s")
}

// BenchmarkPing is one echo on an open socket between two containers across
// docker0, with Docker's rules. Its anchor is in package transport.
func BenchmarkPing(b *testing.B) {
	l := newLab(b, 2, Options{})
	defer l.close()
	docker(b, l)
	m, dst := echoRequest(), ip("172.17.0.3")
	b.ReportAllocs()
	l.do(b, func() {
		c, err := l.boxes[0].OpenICMP(false)
		must0(b, err)
		defer c.Close()
		for range b.N {
			if err := c.Send(dst, m); err != nil {
				b.Fatal(err)
			}
			if p, err := c.Recv(time.Second); err != nil || p.Data[0] != icmpEchoReply {
				b.Fatal(p, err)
			}
		}
	})
}

// echoRequest is an echo request with 56 bytes of data, as ping sends it.
func echoRequest() []byte {
	m := make([]byte, 64)
	m[0], m[4], m[5], m[7] = icmpEcho, 0x12, 0x34, 1
	s := ^sum(0, m)
	m[2], m[3] = byte(s>>8), byte(s)
	return m
}
