package modes

import (
	"fmt"
	"io"
	"net/netip"
	goruntime "runtime"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/sim"
)

// BenchmarkContainerAt creates and starts one container where n run on the same
// bridge already, and removes it again off the clock.
func BenchmarkContainerAt(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b, `{"default-address-pools": [{"base": "10.128.0.0/10", "size": 16}], "bip": "10.127.0.1/16"}`)
			defer w.close()
			for i := range n {
				w.run(w.a, named(fmt.Sprintf("old%d", i), container.HostConfig{}))
			}
			goruntime.GC()
			b.Run("one", func(b *testing.B) {
				for b.Loop() {
					c := w.run(w.a, named("new", container.HostConfig{}))
					b.StopTimer()
					w.do(func() {
						if err := w.a.Daemon.Containers.Remove(c.ID, RemoveOptions{Force: true}); err != nil {
							b.Error(err)
						}
					})
					b.StartTimer()
				}
			})
		})
	}
}

// BenchmarkNetworkAt creates a bridge network where n exist already, and removes
// it again off the clock.
func BenchmarkNetworkAt(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b, "")
			defer w.close()
			create := func(i int) (made *network.Network) {
				w.do(func() {
					var err error
					made, _, err = w.a.Daemon.Networks.Create(network.Create{
						Name: fmt.Sprintf("net%d", i), Driver: "bridge", CheckDuplicate: true,
						IPAM: &network.IPAM{Options: map[string]string{}, Config: []network.IPAMConfig{{Subnet: fmt.Sprintf("11.%d.%d.0/24", i>>8, i&255)}}},
					})
					if err != nil {
						b.Fatal(err)
					}
				})
				return made
			}
			for i := range n {
				create(i)
			}
			goruntime.GC()
			b.Run("one", func(b *testing.B) {
				for b.Loop() {
					made := create(n)
					b.StopTimer()
					w.do(func() {
						if err := w.a.Daemon.Networks.Remove(made.ID); err != nil {
							b.Error(err)
						}
					})
					b.StartTimer()
				}
			})
		})
	}
}

// BenchmarkTCP is TCP between containers as the engine plugs them: over an overlay
// of two hosts, and beside it over docker0 of one.
func BenchmarkTCP(b *testing.B) {
	const size = 32 << 20
	b.Run("bridge", func(b *testing.B) {
		w := newWorld(b, "")
		defer w.close()
		c1, c2 := w.run(w.a, named("c1", container.HostConfig{})), w.run(w.a, named("c2", container.HostConfig{}))
		for range b.N {
			w.transfer([]flow{{c1, c2, "172.17.0.3"}}, size)
		}
		b.ReportMetric(float64(b.N)*size*8/b.Elapsed().Seconds()/1e9, "Gbit/s")
	})
	b.Run("overlay", func(b *testing.B) {
		w, _ := newCluster(b, 2)
		defer w.close()
		c1, c2 := w.pair()
		b.ResetTimer()
		for range b.N {
			w.transfer([]flow{{c1, c2, "172.16.0.2"}}, size)
		}
		b.ReportMetric(float64(b.N)*size*8/b.Elapsed().Seconds()/1e9, "Gbit/s")
	})
}

// BenchmarkTwoHosts is TCP between two containers of one host while two of another
// do the same: on one processor, and on two.
func BenchmarkTwoHosts(b *testing.B) {
	const size = 32 << 20
	w := newWorld(b, "")
	defer w.close()
	var flows []flow
	for _, h := range []*Host{w.a, w.b} {
		flows = append(flows, flow{w.run(h, named("c1", container.HostConfig{})), w.run(h, named("c2", container.HostConfig{})), "172.17.0.3"})
	}
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprintf("processors=%d", n), func(b *testing.B) {
			defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(n))
			for range b.N {
				w.transfer(flows, size)
			}
		})
	}
}

// flow is TCP from one container to another, which has that address.
type flow struct {
	from, to *Container
	addr     string
}

// transfer sends size bytes along each flow at once.
func (w *world) transfer(flows []flow, size int) {
	w.t.Helper()
	open := len(flows)
	for _, f := range flows {
		at := netip.AddrPortFrom(netip.MustParseAddr(f.addr), 5001)
		ln, err := f.to.Space().ListenTCP(at)
		if err != nil {
			w.t.Fatal(err)
		}
		w.loop.Go("server", func(*sim.Proc) {
			defer func() { open-- }()
			c, err := ln.Accept()
			if err != nil {
				w.t.Error(err)
				return
			}
			got, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, make([]byte, 256<<10))
			if err != nil || got != int64(size) {
				w.t.Errorf("%d bytes: %v", got, err)
			}
			c.Close()
			ln.Close()
		})
		w.loop.Go("client", func(*sim.Proc) {
			c, err := f.from.Space().DialTCP(netip.AddrPort{}, at, 0)
			if err != nil {
				w.t.Error(err)
				return
			}
			b := make([]byte, 256<<10)
			for left := size; left > 0; left -= len(b) {
				if _, err := c.Write(b[:min(left, len(b))]); err != nil {
					w.t.Error(err)
					return
				}
			}
			c.Close()
		})
	}
	if err := w.loop.Run(func() bool { return open == 0 }, w.loop.Now()+time.Hour); err != nil {
		w.t.Fatal(err)
	}
}
