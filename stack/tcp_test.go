package stack

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/sim"
	"dnetsim/stack/socket"
)

// transfer sends n bytes over TCP from one namespace to another and returns how
// long it took in virtual time.
func (l *lab) transfer(t testing.TB, from, to *Namespace, dst netip.AddrPort, n int) time.Duration {
	t.Helper()
	var took time.Duration
	ln, err := to.ListenTCP(netip.AddrPortFrom(netip.IPv6Unspecified(), dst.Port()))
	must0(t, err)
	got, done := 0, false
	l.loop.Go("server", func(*sim.Proc) {
		defer func() { done = true }()
		c, err := ln.Accept()
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer c.Close()
		b := make([]byte, 256<<10)
		for {
			k, err := c.Read(b)
			got += k
			if err != nil {
				if err != io.EOF {
					t.Errorf("read: %v", err)
				}
				return
			}
		}
	})
	l.loop.Go("client", func(*sim.Proc) {
		start := l.loop.Now()
		c, err := from.DialTCP(netip.AddrPort{}, dst, 0)
		if err != nil {
			t.Errorf("dial: %v", err)
			done = true
			return
		}
		b := make([]byte, 256<<10)
		for i := range b {
			b[i] = byte(i)
		}
		for left := n; left > 0; left -= len(b) {
			if _, err := c.Write(b[:min(left, len(b))]); err != nil {
				t.Errorf("write: %v", err)
				break
			}
		}
		c.Close()
		took = l.loop.Now() - start
	})
	if err := l.loop.Run(func() bool { return done }, l.loop.Now()+time.Hour); err != nil {
		t.Fatalf("transfer: %v after %d bytes", err, got)
	}
	ln.Close()
	if got != n {
		t.Fatalf("%d bytes of %d arrived", got, n)
	}
	return took
}

func TestTCPBetweenContainersCarriesLargeSegments(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	largest := 0
	l.boxes[1].Interface("eth0").Observe(func(d link.Direction, f *link.Frame) { largest = max(largest, f.Len()) })
	l.transfer(t, l.boxes[0], l.boxes[1], ap("172.17.0.3:80"), 8<<20)
	if largest < 30000 {
		t.Fatalf("largest frame is %d bytes", largest)
	}
}

func TestTCPToTheOtherHostIsCutToTheMTU(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	l.b.Interface("eth0").SetFeature("generic-receive-offload", false)
	largest := 0
	l.b.Interface("eth0").Observe(func(d link.Direction, f *link.Frame) { largest = max(largest, f.Len()) })
	l.transfer(t, l.a, l.b, ap("10.0.0.12:80"), 1<<20)
	if largest > 1514 || largest < 1400 {
		t.Fatalf("largest frame on the cable is %d bytes", largest)
	}
	if !l.a.transport.InUse() || l.boxes[0].transport.InUse() {
		t.Fatal("a namespace without sockets has a netstack")
	}
}

// Send-Q is what the peer has not acknowledged: nothing while it answers, all of
// it when it is gone.
func TestSendQueueIsWhatIsNotAcknowledged(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	ln, err := l.boxes[1].ListenTCP(ap("0.0.0.0:80"))
	must0(t, err)
	defer ln.Close()
	l.loop.Go("server", func(*sim.Proc) {
		c, err := ln.Accept()
		for b := make([]byte, 4096); err == nil; _, err = c.Read(b) {
		}
	})
	queued := func() int {
		for _, s := range l.boxes[0].Sockets() {
			if s.State == socket.Established {
				return s.SendQ
			}
		}
		return -1
	}
	var c *TCPConn
	l.loop.Go("client", func(*sim.Proc) {
		c, err = l.boxes[0].DialTCP(netip.AddrPort{}, ap("172.17.0.3:80"), 0)
		must0(t, err)
		c.Write(make([]byte, 1000))
	})
	l.loop.RunFor(time.Second)
	if got := queued(); got != 0 {
		t.Errorf("with a peer that answers: %d", got)
	}
	must0(t, l.boxes[1].Interface("eth0").SetUp(false))
	l.loop.Go("client", func(*sim.Proc) { c.Write(make([]byte, 3000)) })
	l.loop.RunFor(time.Second)
	if got := queued(); got != 3000 {
		t.Errorf("with a peer that is gone: %d", got)
	}
}

func TestSocketErrors(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	box := l.boxes[0]
	l.do(t, func() {
		dial := func(ns *Namespace, to string, limit time.Duration, want error) {
			t.Helper()
			if c, err := ns.DialTCP(netip.AddrPort{}, ap(to), limit); err != want {
				t.Fatalf("dial %s: %v, %v, want %v", to, c, err, want)
			}
		}
		dial(box, "172.17.0.1:81", 0, ErrConnRefused)
		dial(box, "127.0.0.1:81", 0, ErrConnRefused)
		dial(box, "172.17.0.2:81", 0, ErrConnRefused)
		dial(box, "172.17.0.77:81", 0, ErrHostUnreachable)
		dial(box, "10.0.0.12:81", 5*time.Second, ErrConnTimedOut) // nobody forwards
		dial(l.b, "172.17.0.2:81", 0, ErrNetUnreachable)
		ln, err := box.ListenTCP(ap("0.0.0.0:80"))
		must0(t, err)
		for _, a := range []string{"0.0.0.0:80", "[::]:80", "127.0.0.1:80"} {
			if _, err := box.ListenTCP(ap(a)); err != ErrAddrInUse {
				t.Fatalf("listen %s a second time: %v", a, err)
			}
		}
		if _, err := box.ListenTCP(ap("10.9.9.9:80")); err != ErrAddrNotAvail {
			t.Fatalf("listen on a foreign address: %v", err)
		}
		ln.Close()
		ln, err = box.ListenTCP(ap("[::]:80"))
		must0(t, err)
		c, err := l.a.DialTCP(netip.AddrPort{}, ap("172.17.0.2:80"), 0)
		must0(t, err)
		s, err := ln.Accept()
		must0(t, err)
		if s.RemoteAddr() != c.LocalAddr() || c.LocalAddr().Addr() != ip("172.17.0.1") {
			t.Fatalf("addresses %v %v", s.RemoteAddr(), c.LocalAddr())
		}
		if got := fmt.Sprint(len(box.Sockets()), box.Sockets()[1].State.String(), box.Sockets()[0].State.String()); got != "2ESTABLISTEN" {
			t.Fatal(got)
		}
		c.Write([]byte("hello"))
		c.CloseWrite()
		b, err := io.ReadAll(s)
		if string(b) != "hello" || err != nil {
			t.Fatalf("%q %v", b, err)
		}
		s.Abort()
		if _, err := c.Read(make([]byte, 1)); err != ErrConnReset {
			t.Fatalf("after a reset: %v", err)
		}
		c.Close()
		ln.Close()
	})
}

func TestUDPAndPortUnreachable(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	l.do(t, func() {
		s, err := l.boxes[0].ListenUDP(ap("0.0.0.0:53"))
		must0(t, err)
		if _, err := l.boxes[0].ListenUDP(ap("0.0.0.0:53")); err != ErrAddrInUse {
			t.Fatalf("second: %v", err)
		}
		c, err := l.boxes[1].ListenUDP(ap("0.0.0.0:0"))
		must0(t, err)
		must0(t, c.WriteTo(make([]byte, 5000), ap("172.17.0.2:53")))
		b := make([]byte, 9000)
		n, from, err := s.ReadFrom(b, time.Second)
		if n != 5000 || from.Addr() != ip("172.17.0.3") || err != nil {
			t.Fatalf("%d %v %v", n, from, err)
		}
		must0(t, s.WriteTo([]byte("answer"), from))
		n, from, err = c.ReadFrom(b, time.Second)
		if string(b[:n]) != "answer" || from != ap("172.17.0.2:53") || err != nil {
			t.Fatalf("%q %v %v", b[:n], from, err)
		}
		if _, _, err := c.ReadFrom(b, time.Second); err != ErrTimeout {
			t.Fatalf("nothing there: %v", err)
		}
		must0(t, c.Connect(ap("172.17.0.2:99")))
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.ReadFrom(b, time.Second); err != ErrConnRefused {
			t.Fatalf("closed port: %v", err)
		}
		lo, err := l.boxes[1].ListenUDP(ap("127.0.0.1:0"))
		must0(t, err)
		must0(t, lo.WriteTo([]byte("me"), lo.LocalAddr()))
		if n, from, err := lo.ReadFrom(b, time.Second); n != 2 || from != lo.LocalAddr() || err != nil {
			t.Fatalf("to itself: %d %v %v", n, from, err)
		}
	})
}

// digest runs a lossy transfer and hashes every frame with its time.
func digest(t testing.TB) string {
	l := newLab(t, 2, Options{})
	defer l.close()
	l.wire.A().Impair(link.Impairment{Delay: 5 * time.Millisecond, Loss: 0.02})
	l.wire.B().Impair(link.Impairment{Delay: 5 * time.Millisecond, Loss: 0.02})
	h := sha256.New()
	see := func(name string) link.Observer {
		return func(d link.Direction, f *link.Frame) {
			fmt.Fprint(h, name, d, l.loop.Now(), f.Bytes())
		}
	}
	l.b.Interface("eth0").Observe(see("b"))
	l.boxes[0].Interface("eth0").Observe(see("box"))
	l.transfer(t, l.a, l.b, ap("10.0.0.12:80"), 1<<20)
	l.transfer(t, l.boxes[0], l.boxes[1], ap("172.17.0.3:80"), 1<<20)
	l.transfer(t, l.boxes[0], l.boxes[0], ap("172.17.0.2:80"), 1<<20)
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestLossyTransferRepeatsAtAnyGOMAXPROCS(t *testing.T) {
	first := digest(t)
	for _, n := range []int{1, 2, 8, 1, 8} {
		old := runtime.GOMAXPROCS(n)
		got := digest(t)
		runtime.GOMAXPROCS(old)
		if got != first {
			t.Fatalf("GOMAXPROCS %d: %s, before %s", n, got, first)
		}
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	l := newLab(t, 2, Options{})
	l.transfer(t, l.boxes[0], l.boxes[1], ap("172.17.0.3:80"), 1<<16)
	_, err := l.boxes[0].ListenTCP(ap("0.0.0.0:99"))
	must0(t, err)
	l.close()
	l.loop.RunFor(time.Hour)
	l.loop.Close()
	for range 60_000 { // one that has ended may still be on its way out
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// crowd opens many connections at once, over a lossy cable, NAT, the bridge and
// the loopback, and hashes every frame of two namespaces with its time.
func crowd(t testing.TB) string {
	l := newLab(t, 3, Options{})
	defer l.close()
	docker(t, l)
	l.wire.A().Impair(link.Impairment{Delay: time.Millisecond, Loss: 0.03, Jitter: time.Millisecond})
	h := sha256.New()
	for _, ns := range []*Namespace{l.b, l.boxes[0]} {
		for _, i := range ns.Interfaces() {
			i.Observe(func(d link.Direction, f *link.Frame) {
				fmt.Fprint(h, i.Name(), d, l.loop.Now(), f.Bytes())
			})
		}
	}
	left := 0
	serve := func(ns *Namespace) {
		ln, err := ns.ListenTCP(ap("[::]:80"))
		must0(t, err)
		l.loop.Go("server", func(*sim.Proc) {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				l.loop.Go("echo", func(*sim.Proc) {
					n, _ := io.Copy(c, c)
					fmt.Fprint(h, "echoed", n, l.loop.Now())
					c.Close()
				})
			}
		})
	}
	serve(l.b)
	serve(l.boxes[0])
	dial := func(from *Namespace, to string) {
		left++
		l.loop.Go("client", func(*sim.Proc) {
			defer func() { left-- }()
			c, err := from.DialTCP(netip.AddrPort{}, ap(to), 0)
			if err != nil {
				t.Errorf("%s: %v", to, err)
				return
			}
			l.loop.Go("writer", func(*sim.Proc) {
				c.Write(make([]byte, 50000))
				c.CloseWrite()
			})
			n, err := io.Copy(io.Discard, c)
			if n != 50000 || err != nil {
				t.Errorf("%s: %d bytes, %v", to, n, err)
			}
			c.Close()
		})
	}
	for range 8 {
		dial(l.boxes[0], "10.0.0.12:80")
		dial(l.boxes[1], "10.0.0.12:80")
		dial(l.boxes[1], "172.17.0.2:80")
		dial(l.boxes[2], "172.17.0.2:80")
		dial(l.boxes[0], "127.0.0.1:80")
		dial(l.a, "172.17.0.2:80")
	}
	if err := l.loop.Run(func() bool { return left == 0 }, time.Hour); err != nil {
		t.Fatalf("%v with %d connections open", err, left)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestManyConnectionsRepeatAtAnyGOMAXPROCS(t *testing.T) {
	first := crowd(t)
	for _, n := range []int{1, 2, 8, 8} {
		old := runtime.GOMAXPROCS(n)
		got := crowd(t)
		runtime.GOMAXPROCS(old)
		if got != first {
			t.Fatalf("GOMAXPROCS %d: %s, before %s", n, got, first)
		}
	}
}

// Segments are as full as Linux makes them: 1448 bytes beside the timestamps,
// less only in those that carry SACK blocks, and none is too large for its way.
func TestSegmentsAreFull(t *testing.T) {
	for _, loss := range []float64{0, 0.03} {
		l := newOnLAN(t, 2)
		l.lan.Ports()[1].SetMTU(1500)
		sizes, tooBig := map[int]int{}, 0
		l.lan.Ports()[0].Observe(func(_ link.Direction, f *link.Frame) {
			if b := f.Payload(); f.EtherType() == link.TypeIPv4 && b[9] == protoTCP {
				left := len(b) - 20 - int(b[32]>>4)*4
				for ; f.GSO > 0 && left > f.GSO; left -= f.GSO {
					sizes[f.GSO]++
				}
				sizes[left]++
				if f.WireLen() > link.HeaderLen+1500 {
					tooBig++
				}
			}
		})
		for _, h := range l.hosts {
			h.Interface("eth0").End().Impair(link.Impairment{Delay: time.Millisecond, Loss: loss})
		}
		const n = 300_000
		got := [2]int{}
		talk := func(k int, c *TCPConn) { // both ways at once
			l.loop.Go("writer", func(*sim.Proc) { c.Write(make([]byte, n)); c.CloseWrite() })
			k64, _ := io.Copy(io.Discard, c)
			got[k] = int(k64)
		}
		l.loop.Go("server", func(*sim.Proc) {
			if s, err := l.hosts[1].ListenTCP(ap("0.0.0.0:80")); err == nil {
				if c, err := s.Accept(); err == nil {
					talk(1, c)
				}
			}
		})
		l.loop.Go("client", func(*sim.Proc) {
			if c, err := l.hosts[0].DialTCP(netip.AddrPort{}, ap("10.0.0.12:80"), time.Minute); err == nil {
				talk(0, c)
			}
		})
		must0(t, l.loop.Run(func() bool { return got[0] > 0 && got[1] > 0 }, 5*time.Minute))
		if got != [2]int{n, n} || sizes[1448] < 2*n/1448/2 || tooBig > 0 {
			t.Errorf("loss %v: got %v, %d packets above 1500, payloads %v", loss, got, tooBig, sizes)
		}
		if over := slices.Max(slices.Collect(maps.Keys(sizes))); over != 1448 {
			t.Errorf("loss %v: the largest payload has %d bytes", loss, over)
		}
	}
}

// A card under load merges what one interrupt brings, and hands each frame on at once
// without. The same bytes take the same time either way.
func TestACardUnderLoadMergesSegments(t *testing.T) {
	transfer := func(merge bool) (took time.Duration, frames int) {
		l := newLab(t, 1, Options{})
		defer l.close()
		for _, h := range []*Namespace{l.a, l.b} {
			h.Interface("eth0").SetFeature("generic-receive-offload", merge)
			h.Interface("eth0").End().Impair(link.Impairment{Rate: 1_000_000_000})
		}
		l.b.Interface("eth0").Observe(func(d link.Direction, _ *link.Frame) {
			if d == link.In {
				frames++
			}
		})
		return l.transfer(t, l.a, l.b, ap("10.0.0.12:80"), 32<<20), frames
	}
	slow, many := transfer(false)
	fast, few := transfer(true)
	if many < 32<<20/1448 || few > many/8 {
		t.Errorf("%d frames without merging, %d with", many, few)
	}
	if d := (fast - slow).Abs(); d > slow/50 {
		t.Errorf("%v without merging, %v with", slow, fast)
	}
}

// What a card has held back when it is taken out is lost there, with a reason, and
// nothing arrives at it any more.
func TestACardThatIsTakenOutLosesWhatItHolds(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	card := l.b.Interface("eth0").driver.(*physicalDevice)
	card.bulk, card.since = true, l.loop.Now()
	lost := 0
	trail.Of(l.loop).Listen(func(e *trail.Event) {
		if e.Verb == trail.Drop && e.Reason == trail.NamespaceClosed {
			lost++
		}
	})
	frame := func() *link.Frame { return link.NewFrame(make([]byte, 60)) }
	card.Receive(frame())
	card.Receive(frame())
	if len(card.held) != 2 {
		t.Fatalf("%d frames are held", len(card.held))
	}
	card.i.delete()
	card.Receive(frame())
	l.loop.RunFor(time.Millisecond)
	if lost != 3 || len(card.held) != 0 {
		t.Errorf("%d frames are lost, %d still held", lost, len(card.held))
	}
}
