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
	at   netip.AddrPort // without an address: the host's own on its LAN
	real netip.AddrPort // port 0: any
}

const publishUsage = "write HOST:PORT=127.0.0.1:PORT (port 0: any), or all"

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
	if lanOf(s, host) == nil {
		return p, fmt.Errorf("there is no host %q on a lan in %s", host, s.File)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 {
		p.at = netip.AddrPortFrom(netip.Addr{}, uint16(n))
	} else if p.at, err = netip.ParseAddrPort(port); err != nil || p.at.Port() == 0 {
		return p, fmt.Errorf("%q is no TCP port: %s", port, publishUsage)
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

// doors are the real ports of a lab that is up.
type doors struct {
	t    *terminal
	lab  *scenarios.Lab
	gate *gate.Gate

	mu   sync.Mutex
	open map[net.Listener]bool
	over bool
}

func newDoors(t *terminal, lab *scenarios.Lab) *doors {
	return &doors{t: t, lab: lab, gate: gate.New(lab.Loop), open: map[net.Listener]bool{}}
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
// would; to an address of the host's loopback, from the host itself. It is called
// on the loop, or before it runs.
func (d *doors) way(p publication) (stack.Opener, netip.AddrPort, error) {
	if p.at.Addr().IsLoopback() {
		m, _ := d.lab.Machine(p.host)
		return m.NS().For(nil), p.at, nil
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
func (d *doors) publish(p publication) (net.Listener, error) {
	from, to, err := d.way(p)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", p.real.String())
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
	go d.serve(ln, from, to)
	return ln, nil
}

// unpublish closes a real port; the connections that came through it live on.
func (d *doors) unpublish(ln net.Listener) {
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
	var told sync.Map // what was said of failures
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
				if why := (*net.OpError)(nil); errors.As(err, &why) {
					err = why.Err
				}
				if _, again := told.LoadOrStore(err.Error(), true); !again && !errors.Is(err, net.ErrClosed) {
					d.t.say("%s leads to %s: %v", ln.Addr(), to, err)
				}
				return
			}
			join(c, in)
		}()
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

// everyPort keeps a real port open for each TCP port that a host's containers have
// published now.
type everyPort struct {
	d    *doors
	host string
	open map[netip.AddrPort]net.Listener
	say  func(string)
}

// publishAll opens the real ports of what is published, and follows what becomes
// of it. say tells of those that are there from the start, too.
func (d *doors) publishAll(host string, say func(string)) {
	h, ok := d.lab.Host(host)
	if !ok || lanOf(d.lab.Scenario, host) == nil {
		return
	}
	e := &everyPort{d: d, host: host, open: map[netip.AddrPort]net.Listener{}, say: say}
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
}

// sync opens what is new and closes what is gone.
func (e *everyPort) sync(daemon *modes.Daemon) {
	list, err := daemon.Containers.List(modes.ListOptions{})
	if err != nil {
		return
	}
	now := map[netip.AddrPort]bool{}
	for _, c := range list {
		for _, p := range nat.Sorted(c.NetworkSettings.Ports) {
			for _, b := range c.NetworkSettings.Ports[p] {
				if at, ok := published(p, b); ok {
					now[at] = true
					e.add(at, c.Name)
				}
			}
		}
	}
	for at, ln := range e.open {
		if !now[at] {
			e.d.unpublish(ln)
			delete(e.open, at)
			e.say(fmt.Sprintf("%s is closed: %s:%d is published no more", ln.Addr(), e.host, at.Port()))
		}
	}
}

// published is the address of the host at which a TCP port is published.
func published(p nat.Port, b nat.PortBinding) (netip.AddrPort, bool) {
	port, err := strconv.ParseUint(b.HostPort, 10, 16)
	at := netip.IPv4Unspecified()
	if b.HostIP != "" && err == nil {
		at, err = netip.ParseAddr(b.HostIP)
	}
	return netip.AddrPortFrom(at, uint16(port)), err == nil && p.Proto == "tcp" && at.Is4()
}

// add opens the real port of the same number, or another one.
func (e *everyPort) add(at netip.AddrPort, container string) {
	if e.open[at] != nil {
		return
	}
	p := publication{host: e.host, at: at, real: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())}
	ln, err := e.d.publish(p)
	if err != nil {
		p.real = netip.AddrPortFrom(p.real.Addr(), 0)
		ln, err = e.d.publish(p)
	}
	if err != nil {
		e.say(fmt.Sprintf("%s:%d has no real port: %v", e.host, at.Port(), err))
		return
	}
	e.open[at] = ln
	e.say(opened(ln, e.host, at, container))
}

// opened says where a simulated port is for programs of this machine.
func opened(ln net.Listener, host string, at netip.AddrPort, container string) string {
	port := strconv.Itoa(int(at.Port()))
	if at.Addr().IsValid() && !at.Addr().IsUnspecified() {
		port = at.String()
	}
	if container != "" {
		port += ", container " + container
	}
	return fmt.Sprintf("REAL PORT http://%s is %s:%s", ln.Addr(), host, port)
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
