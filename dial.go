package dnetsim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// Dial connects by TCP from a host ("bdc01") or a container ("bdc01/web") to an
// address such as "172.17.0.2:80" or "web:80"; the name is looked up where the
// connection comes from. The connection has CloseWrite beside the methods of
// net.Conn. Errors are those of package net: errors.Is(err, syscall.ECONNREFUSED).
func (w *World) Dial(from, address string) (net.Conn, error) {
	return w.DialContext(context.Background(), from, address)
}

// DialContext is Dial until ctx ends.
func (w *World) DialContext(ctx context.Context, from, address string) (net.Conn, error) {
	var at stack.Opener
	var to netip.AddrPort
	err := w.do(ctx, "dial "+address, func() error {
		m, ns, err := w.find(from)
		if err != nil {
			return err
		}
		at = ns.For(nil)
		to, err = w.resolve(m, address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("dial from %s: %w", from, err)
	}
	c, err := w.gate.Dial(ctx, at, netip.AddrPort{}, to, 0)
	if err != nil {
		if broke := w.broke(); broke != nil {
			return nil, broke
		}
		return nil, err
	}
	return c, nil
}

// Client is an HTTP client whose connections begin at a host or in a container.
func (w *World) Client(from string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return w.DialContext(ctx, from, address)
		},
	}}
}

// Listen listens by TCP on a host or in a container, at an address such as ":8080" or
// "127.0.0.1:80"; port 0 takes any. Programs of the simulation reach it, by published
// ports too, as they reach any other server there.
func (w *World) Listen(at, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == "" {
		host = "::"
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", at, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %q is no port", at, port)
	}
	var in stack.Opener
	err = w.do(context.Background(), "listen", func() error {
		_, ns, err := w.find(at)
		if err == nil {
			in = ns.For(nil)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l, err := w.gate.Listen(in, netip.AddrPortFrom(a, uint16(number)))
	if err != nil {
		return nil, err
	}
	return l, nil
}

// find is a host or a container that runs.
func (w *World) find(place string) (*userland.Machine, *stack.Namespace, error) {
	host, container, inside := strings.Cut(place, "/")
	m, ok := w.lab.Machine(host)
	if !ok {
		return nil, nil, fmt.Errorf("there is no host %q: there are %s", host, strings.Join(w.Hosts(), ", "))
	}
	if !inside {
		return m, m.NS(), nil
	}
	h, ok := w.lab.Host(host)
	if !ok {
		return nil, nil, fmt.Errorf("%s has no engine, so there is no %s", host, place)
	}
	c, err := h.Daemon.Containers.Get(container)
	if err != nil {
		return nil, nil, err
	}
	if !c.State.Running() {
		return nil, nil, fmt.Errorf("%s does not run", place)
	}
	return c.Machine(), c.Space(), nil
}

// resolve looks an address up on a machine, on the running process.
func (w *World) resolve(m *userland.Machine, address string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s: %q is no port", address, port)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(a, uint16(number)), nil
	}
	var found []netip.Addr
	m.Start(userland.ProcSpec{
		Program: func(p *userland.Process) int {
			found, _, err = names.Resolve(p, host, names.ResolveOptions{})
			return 0
		},
		Args: []string{"getent"}, NewGroup: true,
	}).Wait()
	switch {
	case err != nil:
		return netip.AddrPort{}, fmt.Errorf("%s: %w", host, err)
	case len(found) == 0:
		return netip.AddrPort{}, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return netip.AddrPortFrom(found[0], uint16(number)), nil
}
