package gate_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"dnetsim/engine/gate"
	"dnetsim/sim"
	"dnetsim/stack"
)

// hurry is a pacer under which time jumps to the next event.
type hurry struct{ now time.Duration }

func (h *hurry) Elapsed() time.Duration { return h.now }
func (h *hurry) Wait(at time.Duration, wake <-chan struct{}) {
	if at < 0 {
		<-wake
		return
	}
	h.now = at
}

// world is two namespaces with a cable between them, whose loop runs on a
// goroutine of its own.
type world struct {
	g    *gate.Gate
	a, b stack.Opener
	at   netip.Addr // b's
	far  netip.AddrPort
}

func newWorld(t *testing.T) *world {
	loop := sim.NewLoop(1)
	a, b := stack.New(loop, "a", stack.Options{}), stack.New(loop, "b", stack.Options{})
	x, y, err := stack.NewVeth(a, "eth0", stack.MAC{2, 0, 0, 0, 0, 1}, b, "eth0", stack.MAC{2, 0, 0, 0, 0, 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []*stack.Interface{x, y} {
		n.SetUp(true)
		n.AddAddr(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)}), 24), stack.AddrOptions{})
	}
	w := &world{g: gate.New(loop), a: a.For(nil), b: b.For(nil), at: netip.MustParseAddr("10.0.0.2")}
	w.far = netip.AddrPortFrom(w.at, 80)
	done, over := false, make(chan struct{})
	go func() {
		defer close(over)
		loop.Live(&hurry{}, func() bool { return done })
	}()
	t.Cleanup(func() {
		w.g.Close()
		loop.Inject(func() { done = true })
		<-over
		loop.Close()
		if n := loop.Procs(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
	})
	return w
}

// pair is a connection's two ends.
func (w *world) pair(t *testing.T) (client, server *gate.Conn) {
	t.Helper()
	ln, err := w.g.Listen(w.b, w.far)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err = w.g.Dial(context.Background(), w.a, netip.AddrPort{}, w.far, 0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, c.(*gate.Conn)
}

func TestBytesPassBothWays(t *testing.T) {
	client, server := newWorld(t).pair(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // a megabyte: more than all queues
	go func() {
		client.Write(sent)
		client.CloseWrite()
	}()
	got, err := io.ReadAll(server)
	if err != nil || sha256.Sum256(got) != sha256.Sum256(sent) {
		t.Fatalf("%d bytes, want %d; %v", len(got), len(sent), err)
	}
	// The other way is still open.
	go func() {
		server.Write([]byte("thanks"))
		server.Close()
	}()
	if got, err := io.ReadAll(client); string(got) != "thanks" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	client.Close()
}

func TestWhoDoesNotReadStopsTheWriter(t *testing.T) {
	client, server := newWorld(t).pair(t)
	client.SetWriteDeadline(time.Now().Add(time.Minute)) // of virtual time
	n, err := client.Write(make([]byte, 64<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n > 32<<20 {
		t.Errorf("%d bytes went, %v", n, err)
	}
	client.SetWriteDeadline(time.Time{})
	client.Close()
	if got, err := io.Copy(io.Discard, server); got != int64(n) || err != nil {
		t.Errorf("%d bytes arrived of %d, %v", got, n, err)
	}
}

func TestAResetReachesTheOtherSide(t *testing.T) {
	client, server := newWorld(t).pair(t)
	server.Abort()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reading says %v", err)
	}
	client.SetWriteDeadline(time.Now().Add(time.Hour))
	if _, err := client.Write(make([]byte, 64<<20)); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing says %v", err)
	}
	client.Close()
}

func TestNobodyListens(t *testing.T) {
	w := newWorld(t)
	if _, err := w.g.Dial(context.Background(), w.a, netip.AddrPort{}, w.far, 0); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v", err)
	}
	nowhere := netip.MustParseAddrPort("10.0.0.9:80")
	if _, err := w.g.Dial(context.Background(), w.a, netip.AddrPort{}, nowhere, 0); !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.g.Dial(ctx, w.a, netip.AddrPort{}, w.far, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAClosedGateEndsAllCalls(t *testing.T) {
	w := newWorld(t)
	client, server := w.pair(t)
	ln, err := w.g.Listen(w.b, netip.AddrPortFrom(w.at, 81))
	if err != nil {
		t.Fatal(err)
	}
	ends := make(chan error, 3)
	go func() { _, err := ln.Accept(); ends <- err }()
	go func() { _, err := server.Read(make([]byte, 1)); ends <- err }()
	go func() { _, err := client.Write(make([]byte, 64<<20)); ends <- err }()
	w.g.Close()
	for range 3 {
		if err := <-ends; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
	if _, err := w.g.Dial(context.Background(), w.a, netip.AddrPort{}, w.far, 0); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestDeadlinesAreOfVirtualTime(t *testing.T) {
	client, _ := newWorld(t).pair(t)
	began := time.Now()
	client.SetReadDeadline(time.Now().Add(time.Hour))
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > time.Hour/2 {
		t.Errorf("an hour of virtual time took %v", took)
	}
	client.SetReadDeadline(time.Now().Add(-time.Second))
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// Datagrams go both ways one by one, a closed port is told and does no harm, and what
// nobody reads is lost.
func TestDatagramsOfAGoroutine(t *testing.T) {
	w := newWorld(t)
	d, err := w.g.DialUDP(context.Background(), w.a, w.far)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	d.Write([]byte("too early"))
	if _, err := d.Read(b); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a closed port: %v", err)
	}
	var echo *stack.UDPConn
	if err := w.g.Do(context.Background(), "listen", func() { echo, _ = w.b.ListenUDP(w.far) }); err != nil || echo == nil {
		t.Fatal("cannot listen: ", err)
	}
	for _, want := range []string{"one", "", "three"} {
		d.Write([]byte(want))
		w.g.Do(context.Background(), "echo", func() {
			n, from, _ := echo.ReadFrom(b, 0)
			echo.WriteTo(b[:n], from)
		})
		if n, err := d.Read(b); err != nil || string(b[:n]) != want {
			t.Errorf("%q comes back as %q, %v", want, b[:n], err)
		}
	}
	for range 2000 {
		if n, err := d.Write([]byte("x")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	d.Close()
	if _, err := d.Read(b); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading what is closed: %v", err)
	}
	if _, err := d.Write(b); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing to what is closed: %v", err)
	}
	left, _ := w.g.DialUDP(context.Background(), w.a, w.far)
	w.g.Close()
	if _, err := left.Read(b); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading when the gate is closed: %v", err)
	}
}
