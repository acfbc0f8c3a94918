package nginx

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// worker is the process that serves the connections, with one configuration.
type worker struct {
	m         *master
	p         *userland.Process
	conf      *config
	variables map[string]func(*request) string
	conns     []*connection
	upstreams int // connections to upstreams
	quitting  bool
	changed   sim.Cond
}

// employ starts a worker with the configuration of now.
func (m *master) employ() {
	w := &worker{m: m, conf: m.conf, variables: variables()}
	m.worker = w
	w.p = m.p.Machine.Start(userland.ProcSpec{
		Program: w.run, Args: []string{"nginx: worker process"}, Env: m.p.Environ(), Dir: "/", Parent: m.p, NS: m.p.NS(),
		Stdout: m.p.Stdout, Stderr: m.p.Stderr, User: m.conf.user, OnExit: func(status int) { w.ended(status) },
	})
	w.p.SetName("nginx")
	m.tell("start worker process " + strconv.Itoa(w.p.PID))
}

// run waits until the worker has nothing more to do.
func (w *worker) run(p *userland.Process) int {
	p.Ignore(userland.SIGINT) // a terminal's, which the master obeys
	p.Catch(userland.SIGTERM)
	told := false
	for !w.quitting || len(w.conns) > 0 {
		w.changed.Wait(p.Loop())
		if p.Pending() == userland.SIGTERM {
			break
		}
		if w.quitting && !told {
			told = true
			w.tell("gracefully shutting down")
		}
	}
	w.tell("exiting")
	w.tell("exit")
	return 0
}

func (w *worker) tell(text string) { errorLog(w.p, &w.conf.main, "notice", text) }

// ended replaces a worker that somebody has killed.
func (w *worker) ended(status int) {
	m, last := w.m, w.m.worker == w
	if last {
		m.worker = nil
	}
	if m.p.Done() {
		return
	}
	m.tell(fmt.Sprintf("signal 17 (SIGCHLD) received from %d", w.p.PID))
	if w.p.KilledBy() == 0 {
		m.tell(fmt.Sprintf("worker process %d exited with code %d", w.p.PID, status))
	}
	if !last {
		return
	}
	if !m.ending {
		errorLog(m.p, &m.conf.main, "alert", fmt.Sprintf("worker process %d exited on signal %d", w.p.PID, int(w.p.KilledBy())))
		m.employ()
	}
	m.changed.Broadcast()
}

// take begins to serve a connection.
func (w *worker) take(tcp *stack.TCPConn) {
	if w == nil || w.p.Done() {
		tcp.Close()
		return
	}
	if w.full() {
		errorLog(w.p, &w.conf.main, "alert", fmt.Sprintf("%d worker_connections are not enough", w.conf.limit))
		tcp.Close()
		return
	}
	w.p.Adopt(tcp)
	w.m.connections++
	c := &connection{w: w, tcp: tcp, number: w.m.connections, idle: true}
	w.conns = append(w.conns, c)
	w.p.Go(func() {
		defer w.forget(c)
		c.serve()
	})
}

// full reports whether the worker has all the connections that it may have
// (ngx_get_connection). It is what ends a proxy that passes to itself.
func (w *worker) full() bool { return len(w.conns)+w.upstreams >= w.conf.limit }

func (w *worker) forget(c *connection) {
	c.tcp.Close()
	if i := slices.Index(w.conns, c); i >= 0 {
		w.conns = slices.Delete(w.conns, i, i+1)
	}
	w.changed.Broadcast()
}

// quit lets the worker finish its requests; connections without one are closed.
func (w *worker) quit() {
	w.quitting = true
	for _, c := range slices.Clone(w.conns) {
		if c.idle {
			c.tcp.Close()
			if i := slices.Index(w.conns, c); i >= 0 {
				w.conns = slices.Delete(w.conns, i, i+1)
			}
		}
	}
	w.changed.Broadcast()
}

// find is the server that a request is for: by the address that it came to, then
// by its Host header.
func (w *worker) find(local netip.AddrPort, host string) *server {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	local = netip.AddrPortFrom(local.Addr().Unmap(), local.Port())
	here, first := w.at(local), (*server)(nil)
	for _, s := range here {
		if s.first {
			first = s.server
		}
	}
	if first == nil {
		first = here[0].server
	}
	for _, fits := range []func(name string) bool{
		func(name string) bool {
			return strings.EqualFold(name, host) || strings.HasPrefix(name, ".") && strings.EqualFold(name[1:], host)
		},
		func(name string) bool {
			return strings.HasPrefix(name, "*.") && strings.HasSuffix(host, name[1:]) || strings.HasPrefix(name, ".") && strings.HasSuffix(host, name)
		},
		func(name string) bool {
			return strings.HasSuffix(name, ".*") && strings.HasPrefix(host, name[:len(name)-1])
		},
	} {
		for _, s := range here {
			if host != "" && slices.ContainsFunc(s.names, fits) {
				return s.server
			}
		}
	}
	for _, s := range here {
		for _, re := range s.regexps {
			if re.MatchString(host) {
				return s.server
			}
		}
	}
	return first
}

type candidate struct {
	*server
	first bool // it is the address's default
}

// at are the servers of an address: those that name it, or else those of every
// address.
func (w *worker) at(local netip.AddrPort) []candidate {
	all := netip.AddrPortFrom(userland.Unspecified(local.Addr()), local.Port())
	for _, at := range []netip.AddrPort{local, all} {
		var found []candidate
		for _, s := range w.conf.servers {
			for _, l := range s.listen {
				if l.at == at {
					found = append(found, candidate{s, l.main})
				}
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return []candidate{{server: w.conf.servers[0]}}
}
