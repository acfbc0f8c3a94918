package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"dnetsim/modes"
	"dnetsim/modes/nat"
	"dnetsim/sim"
)

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
