package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"dnetsim/engine/gate"
	"dnetsim/modes"
	"dnetsim/modes/nat"
	"dnetsim/scenarios"
	"dnetsim/sim"
	"dnetsim/stack"

	"github.com/spf13/cobra"
)

// publication is a port of a simulated host that is to be a port of this machine.
type publication struct {
	host string
	udp  bool
	at   netip.AddrPort // without an address: the host's own on its LAN
	real netip.AddrPort // port 0: any
}

const publishUsage = "write HOST:PORT=127.0.0.1:PORT (port 0: any; HOST:PORT/udp=… for UDP), or all"

// readPublications reads --publish-real.
func readPublications(s *scenarios.Scenario, texts []string) (list []publication, all bool, err error) {
	for _, text := range texts {
		if text == "all" {
			all = true
			continue
		}
		p, err := readPublication(s, text)
		if err != nil {
			return nil, false, fmt.Errorf("--publish-real %s: %w", text, err)
		}
		list = append(list, p)
	}
	return list, all, nil
}

func readPublication(s *scenarios.Scenario, text string) (p publication, err error) {
	from, to, ok := strings.Cut(text, "=")
	host, port, both := strings.Cut(from, ":")
	if !ok || !both {
		return p, errors.New(publishUsage)
	}
	p.host = host
	port, p.udp = strings.CutSuffix(port, "/udp")
	port = strings.TrimSuffix(port, "/tcp")
	if lanOf(s, host) == nil {
		return p, fmt.Errorf("there is no host %q on a lan in %s", host, s.File)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 {
		p.at = netip.AddrPortFrom(netip.Addr{}, uint16(n))
	} else if p.at, err = netip.ParseAddrPort(port); err != nil || p.at.Port() == 0 {
		return p, fmt.Errorf("%q is no port: %s", port, publishUsage)
	}
	if n, err := strconv.ParseUint(to, 10, 16); err == nil {
		p.real = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(n))
	} else if p.real, err = netip.ParseAddrPort(to); err != nil {
		return p, errors.New(publishUsage)
	}
	if !p.real.Addr().IsLoopback() {
		return p, fmt.Errorf("%s is not of this machine alone: anybody on your network could come in; %s", p.real.Addr(), publishUsage)
	}
	return p, nil
}

// lanOf is where a host meets its first LAN, or nil.
func lanOf(s *scenarios.Scenario, host string) *scenarios.Port {
	for i := range s.Hosts {
		if s.Hosts[i].Name == host && len(s.Hosts[i].Ports) > 0 {
			return &s.Hosts[i].Ports[0]
		}
	}
	return nil
}

// realPort is an open port of this machine.
type realPort interface {
	Addr() net.Addr
	Close() error
}

// doors are the real ports of a lab that is up.
type doors struct {
	t    *terminal
	lab  *scenarios.Lab
	gate *gate.Gate

	mu   sync.Mutex
	open map[realPort]bool
	over bool
}

func newDoors(t *terminal, lab *scenarios.Lab) *doors {
	return &doors{t: t, lab: lab, gate: gate.New(lab.Loop), open: map[realPort]bool{}}
}

// close ends the listeners and the connections through them.
func (d *doors) close() {
	d.mu.Lock()
	d.over = true
	for ln := range d.open {
		ln.Close()
	}
	d.mu.Unlock()
	d.gate.Close()
}

// way is how a publication's connections come in: from the LAN, as any machine's
// would; to an address of the host's loopback or of IPv6, from the host itself. It is called
// on the loop, or before it runs.
func (d *doors) way(p publication) (stack.Opener, netip.AddrPort, error) {
	if p.at.Addr().IsLoopback() || p.at.Addr().Is6() { // LANs are of IPv4
		m, _ := d.lab.Machine(p.host)
		to := p.at
		if to.Addr().IsUnspecified() {
			to = netip.AddrPortFrom(netip.IPv6Loopback(), to.Port())
		}
		return m.NS().For(nil), to, nil
	}
	port := lanOf(d.lab.Scenario, p.host)
	ns, err := d.lab.Outside(port.LAN)
	if err != nil {
		return stack.Opener{}, netip.AddrPort{}, err
	}
	to := p.at
	if !to.Addr().IsValid() || to.Addr().IsUnspecified() {
		to = netip.AddrPortFrom(port.Address.Addr(), to.Port())
	}
	return ns.For(nil), to, nil
}

// publish opens a real port, and returns it.
func (d *doors) publish(p publication) (ln realPort, err error) {
	from, to, err := d.way(p)
	if err != nil {
		return nil, err
	}
	serve := func() {}
	if p.udp {
		var c *net.UDPConn
		if c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(p.real)); err == nil {
			u := &udpPort{UDPConn: c, d: d, from: from, to: to, flows: map[netip.AddrPort]chan []byte{}}
			ln, serve = u, u.serve
		}
	} else {
		var l net.Listener
		if l, err = net.Listen("tcp", p.real.String()); err == nil {
			ln, serve = l, func() { d.serve(l, from, to) }
		}
	}
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		ln.Close()
		return nil, net.ErrClosed
	}
	d.open[ln] = true
	go serve()
	return ln, nil
}

// unpublish closes a real port; the connections that came through it live on.
func (d *doors) unpublish(ln realPort) {
	d.mu.Lock()
	delete(d.open, ln)
	d.mu.Unlock()
	ln.Close()
}

// maxThrough is how many connections go through a real port at a time. More of
// them wait in the real kernel.
const maxThrough = 1024

// dialPatience is how long, in virtual time, somebody outside tries to connect.
const dialPatience = 30 * time.Second

func (d *doors) serve(ln net.Listener, from stack.Opener, to netip.AddrPort) {
	slots := make(chan struct{}, maxThrough)
	var told told
	for {
		slots <- struct{}{}
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { <-slots }()
			in, err := d.gate.Dial(context.Background(), from, netip.AddrPort{}, to, dialPatience)
			if err != nil {
				reset(c)
				told.say(d.t, ln, to, err)
				return
			}
			join(c, in)
		}()
	}
}

// told is what was said of a real port's failures: each is said once.
type told struct{ said sync.Map }

func (x *told) say(t *terminal, ln realPort, to netip.AddrPort, err error) {
	if why := (*net.OpError)(nil); errors.As(err, &why) {
		err = why.Err
	}
	if _, again := x.said.LoadOrStore(err.Error(), true); !again && !errors.Is(err, net.ErrClosed) {
		t.say("%s leads to %s: %v", ln.Addr(), to, err)
	}
}

// udpPort is a real UDP port. Each real client has a socket of its own inside, as
// with docker-proxy, until nothing has passed for a while.
type udpPort struct {
	*net.UDPConn
	d    *doors
	from stack.Opener
	to   netip.AddrPort
	told told

	mu    sync.Mutex
	flows map[netip.AddrPort]chan []byte // what real clients have sent
}

// udpIdle is how long, by the clock, a client that says and hears nothing keeps its
// socket (docker-proxy's UDPConnTrackTimeout).
const udpIdle = 90 * time.Second

// Addr implements realPort.
func (u *udpPort) Addr() net.Addr { return u.LocalAddr() }

// serve takes datagrams until the port is closed. What does not fit into a client's
// queue is lost, and so are more clients than there may be.
func (u *udpPort) serve() {
	buf := make([]byte, 1<<16)
	for {
		n, client, err := u.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil { // of an answer that nobody took
			continue
		}
		u.mu.Lock()
		flow := u.flows[client]
		if flow == nil && len(u.flows) < maxThrough {
			flow = make(chan []byte, 64)
			u.flows[client] = flow
			go u.carry(client, flow)
		}
		select {
		case flow <- append([]byte(nil), buf[:n]...):
		default:
		}
		u.mu.Unlock()
	}
}

// carry brings a client's datagrams in and the answers back.
func (u *udpPort) carry(client netip.AddrPort, flow chan []byte) {
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.flows, client)
	}()
	in, err := u.d.gate.DialUDP(context.Background(), u.from, u.to)
	if err != nil {
		u.told.say(u.d.t, u, u.to, err)
		return
	}
	defer in.Close()
	heard := make(chan bool, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		buf := make([]byte, 1<<16)
		for {
			n, err := in.Read(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			} else if err != nil {
				u.told.say(u.d.t, u, u.to, err)
				continue
			}
			if _, err := u.WriteToUDPAddrPort(buf[:n], client); errors.Is(err, net.ErrClosed) {
				return
			}
			select {
			case heard <- true:
			default:
			}
		}
	}()
	idle := time.NewTimer(udpIdle)
	defer idle.Stop()
	for {
		select {
		case b := <-flow:
			in.Write(b)
		case <-heard:
		case <-idle.C:
			return
		case <-over:
			return
		}
		idle.Reset(udpIdle)
	}
}

// stream is an end of what join joins.
type stream interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// join brings what arrives at each of two connections to the other, the end of
// each direction by itself, and a reset as a reset.
func join(real net.Conn, in *gate.Conn) {
	var both sync.WaitGroup
	var once sync.Once
	broken := func() {
		once.Do(func() {
			in.Abort()
			reset(real)
		})
	}
	pump := func(to, from stream) {
		if _, err := io.Copy(to, from); err != nil {
			broken()
		}
		to.CloseWrite() // it may be closed already
	}
	both.Go(func() { pump(in, real.(stream)) })
	both.Go(func() { pump(real.(stream), in) })
	both.Wait()
	in.Close()
	real.Close()
}

// reset ends a real connection with a reset.
func reset(c net.Conn) {
	if c, ok := c.(interface{ SetLinger(int) error }); ok {
		c.SetLinger(0)
	}
	c.Close()
}

// everyPort keeps a real port open for each port that a host's containers have
// published now.
type everyPort struct {
	d    *doors
	host string
	open map[publication]realPort
	say  func(string)
}

// publishAll opens the real ports of what is published, and follows what becomes
// of it. say tells of those that are there from the start, too.
func (d *doors) publishAll(host string, say func(string)) {
	h, ok := d.lab.Host(host)
	if !ok || lanOf(d.lab.Scenario, host) == nil {
		return
	}
	e := &everyPort{d: d, host: host, open: map[publication]realPort{}, say: say}
	e.sync(h.Daemon)
	e.say = func(text string) { d.t.say("%s", text) }
	stream := h.Daemon.Events.Open(modes.EventOptions{Filters: modes.Filters{"type": {"container", "network"}}})
	d.lab.Loop.Go("publish "+host, func(*sim.Proc) {
		for {
			if _, err := stream.Next(); err != nil {
				return
			}
			e.sync(h.Daemon)
		}
	})
	d.lab.Loop.Go("publish mesh "+host, func(*sim.Proc) {
		for h.Daemon.Swarm.AwaitMesh() == nil {
			e.sync(h.Daemon)
		}
	})
}

// sync opens what is new and closes what is gone.
func (e *everyPort) sync(daemon *modes.Daemon) {
	list, err := daemon.Containers.List(modes.ListOptions{})
	if err != nil {
		return
	}
	now := map[publication]bool{}
	for _, c := range list {
		for _, p := range nat.Sorted(c.NetworkSettings.Ports) {
			for _, b := range c.NetworkSettings.Ports[p] {
				if at, ok := published(p, b); ok && !alsoV4(c.NetworkSettings.Ports[p], b) {
					what := publication{host: e.host, udp: p.Proto == "udp", at: at}
					now[what] = true
					e.add(what, c.Name)
				}
			}
		}
	}
	e.mesh(daemon, now)
	for p, ln := range e.open {
		if !now[p] {
			e.d.unpublish(ln)
			delete(e.open, p)
			e.say(fmt.Sprintf("%s is closed: %s:%d is published no more", ln.Addr(), e.host, p.at.Port()))
		}
	}
}

// published is the address of the host at which a TCP or UDP port is published.
func published(p nat.Port, b nat.PortBinding) (netip.AddrPort, bool) {
	port, err := strconv.ParseUint(b.HostPort, 10, 16)
	at := netip.IPv4Unspecified()
	if b.HostIP != "" && err == nil {
		at, err = netip.ParseAddr(b.HostIP)
	}
	return netip.AddrPortFrom(at, uint16(port)), err == nil && p.Proto != "sctp"
}

// add opens the real port of the same number, or another one.
func (e *everyPort) add(what publication, container string) {
	if e.open[what] != nil {
		return
	}
	p := what
	p.real = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), p.at.Port())
	ln, err := e.d.publish(p)
	if err != nil {
		p.real = netip.AddrPortFrom(p.real.Addr(), 0)
		ln, err = e.d.publish(p)
	}
	if err != nil {
		e.say(fmt.Sprintf("%s:%d has no real port: %v", e.host, p.at.Port(), err))
		return
	}
	e.open[what] = ln
	e.say(opened(ln, p, container))
}

// opened says where a simulated port is for programs of this machine.
func opened(ln realPort, p publication, container string) string {
	port, scheme := strconv.Itoa(int(p.at.Port())), "http"
	if p.at.Addr().IsValid() && !p.at.Addr().IsUnspecified() {
		port = p.at.String()
	}
	if p.udp {
		port, scheme = port+"/udp", "udp"
	}
	if container != "" {
		port += ", container " + container
	}
	return fmt.Sprintf("REAL PORT %s://%s is %s:%s", scheme, ln.Addr(), p.host, port)
}

// onlyUp are the flags of up that let the real world in, and what each would do.
var onlyUp = []struct{ name, does string }{
	{"publish-real", "opens ports of your machine"},
	{"tap", "lets your machine into the simulation"},
}

// refuseOutside gives a command whose runs repeat a sentence for the flags that
// only up has.
func refuseOutside(c *cobra.Command) {
	for _, f := range onlyUp {
		h := notHere{c.Name(), f.name, f.does}
		c.Flags().Var(h, f.name, "")
		c.Flags().MarkHidden(f.name)
	}
}

// notHere is a flag that is refused. It implements pflag.Value.
type notHere struct{ command, flag, does string }

func (notHere) String() string { return "" }

// Type implements pflag.Value.
func (notHere) Type() string { return "string" }

// Set implements pflag.Value.
func (f notHere) Set(string) error {
	return fmt.Errorf("--%s %s, and what comes in from there is not the same twice: %s repeats its runs; use `dnetsim up SCENARIO --%s …`",
		f.flag, f.does, f.command, f.flag)
}
