package serf

import (
	"net/netip"
	"time"

	"dnetsim/sim"
)

// waiting is somebody who waits for the answer to a ping.
type waiting struct {
	ack   func(payload []byte)
	nack  func()
	timer *sim.Timer
}

// await registers for the answer to a ping; late is called if it does not come.
func (a *Agent) await(seq uint32, limit time.Duration, w *waiting, late func()) {
	a.waiting[seq] = w
	w.timer = a.loop.NewTimer(func() {
		delete(a.waiting, seq)
		if late != nil && !a.down {
			late()
		}
	})
	w.timer.Reset(limit)
}

func (a *Agent) acked(m *ackMsg) {
	w := a.waiting[m.seq]
	if w == nil {
		return
	}
	delete(a.waiting, m.seq)
	w.timer.Stop()
	w.ack(m.payload)
}

func (a *Agent) newPing(to string) pingMsg {
	a.seq++
	return pingMsg{seq: a.seq, node: to, sourceAddr: a.self.Addr().AsSlice(), sourcePort: a.self.Port(), sourceNode: a.cfg.NodeName}
}

// source is where the answer to a ping goes.
func (m *pingMsg) source(from netip.AddrPort) netip.AddrPort {
	if len(m.sourceAddr) > 0 && m.sourcePort > 0 {
		return addrOf(m.sourceAddr, m.sourcePort)
	}
	return from
}

// pinged answers a ping.
func (a *Agent) pinged(m *pingMsg, from netip.AddrPort) {
	if m.node != "" && m.node != a.cfg.NodeName {
		a.logf("WARN", "memberlist: Got ping for unexpected node '%s' from=%v", m.node, from)
		return
	}
	ack := ackMsg{m.seq, a.coord.payload()}
	if err := a.sendWith(m.source(from), ack.encode()); err != nil {
		a.logf("ERR", "memberlist: Failed to send ack: %s from=%v", err, from)
	}
}

// pingFor pings a node because another one asks for it.
func (a *Agent) pingFor(m *pingMsg, from netip.AddrPort) {
	p, to, answered := a.newPing(m.node), m.source(from), false
	a.await(p.seq, probeTimeout, &waiting{ack: func([]byte) {
		answered = true
		ack := ackMsg{seq: m.seq}
		if err := a.sendWith(to, ack.encode()); err != nil {
			a.logf("ERR", "memberlist: Failed to forward ack: %s from=%v", err, from)
		}
	}}, func() {
		if answered || !m.nack {
			return
		}
		if err := a.sendWith(to, encodeNack(m.seq)); err != nil {
			a.logf("ERR", "memberlist: Failed to send nack: %s from=%v", err, from)
		}
	})
	if err := a.sendWith(addrOf(m.target, m.port), p.encode(typePing)); err != nil {
		a.logf("ERR", "memberlist: Failed to send ping: %s from=%v", err, from)
	}
}

// probe is one round of failure detection on one node.
type probe struct {
	a        *Agent
	node     node // as it was when the round began
	ping     pingMsg
	sent     time.Duration
	deadline time.Duration
	timer    *sim.Timer
	asked    int // indirect pings whose nacks are expected
	nacks    int
	direct   bool // still waiting for the direct answer only
	late     bool // the round's time is over
	fallback int  // 0 not begun, 1 under way, 2 no contact, 3 contact
	over     bool
}

// startProbes runs a round each interval. A tick during a round that takes
// longer is made up for, once, as a ticker with room for one does.
func (a *Agent) startProbes() {
	a.every(probeInterval, func() {
		if a.probing != nil {
			a.probeDue = true
			return
		}
		a.probe()
	})
}

// probe picks the next node of the round robin and probes it.
func (a *Agent) probe() {
	for checked := 0; checked < len(a.nodes); {
		if a.probeIndex >= len(a.nodes) {
			a.resetNodes()
			a.probeIndex = 0
			checked++
			continue
		}
		n := a.nodes[a.probeIndex]
		a.probeIndex++
		if n.name != a.cfg.NodeName && !n.gone() {
			a.probeNode(n)
			return
		}
		checked++
	}
}

// resetNodes forgets who has been dead long enough and shuffles the rest.
func (a *Agent) resetNodes() {
	keep := a.nodes[:0]
	for _, n := range a.nodes {
		if n.gone() && a.loop.Now()-n.changed > gossipToTheDead {
			delete(a.byName, n.name)
			continue
		}
		keep = append(keep, n)
	}
	clear(a.nodes[len(keep):])
	a.nodes = keep
	a.rng.Shuffle(len(keep), func(i, j int) { keep[i], keep[j] = keep[j], keep[i] })
}

func (a *Agent) probeNode(n *node) {
	interval := time.Duration(a.health+1) * probeInterval
	p := &probe{a: a, node: *n, ping: a.newPing(n.name), sent: a.loop.Now(), direct: true}
	p.deadline = p.sent + interval
	a.probing = p
	a.await(p.ping.seq, interval, &waiting{ack: p.acked, nack: func() { p.nacks++ }}, func() {
		p.late = true
		p.decide()
	})
	msg := p.ping.encode(typePing)
	var err error
	what := "ping"
	if n.state == stateAlive {
		err = a.sendWith(n.addr, msg)
	} else { // let it know, so that it can refute
		what = "compound ping and suspect message to " + n.addr.String()
		s := accusation{incarnation: n.incarnation, node: n.name, from: a.cfg.NodeName}
		err = a.send(n.addr, compound([][]byte{msg, s.encode(typeSuspect)}), n.vsn[1] >= 5)
	}
	if err != nil {
		a.logf("ERR", "memberlist: Failed to send %s: %s", what, err)
		p.end(0)
		return
	}
	p.timer = a.loop.NewTimer(p.indirect)
	p.timer.Reset(probeTimeout)
}

func (p *probe) stop() {
	p.over = true
	if p.timer != nil {
		p.timer.Stop()
	}
}

// acked is the direct answer, or one that an indirect ping brought.
func (p *probe) acked(payload []byte) {
	if p.over {
		return
	}
	if p.direct {
		p.a.coord.update(p.node.name, payload, p.a.loop.Now()-p.sent)
	}
	p.end(-1)
}

// indirect asks others to ping, and tries TCP itself.
func (p *probe) indirect() {
	a := p.a
	if p.over || a.down {
		return
	}
	a.logf("DEBUG", "memberlist: Failed ping: %s (timeout reached)", p.node.name)
	p.direct = false
	ind := p.ping
	ind.target, ind.port = p.node.addr.Addr().AsSlice(), p.node.addr.Port()
	for _, n := range a.some(indirectChecks, func(n *node) bool {
		return n.name != a.cfg.NodeName && n.name != p.node.name && n.state == stateAlive
	}) {
		if ind.nack = n.vsn[1] >= 4; ind.nack {
			p.asked++
		}
		if err := a.sendWith(n.addr, ind.encode(typeIndirectPing)); err != nil {
			a.logf("ERR", "memberlist: Failed to send indirect ping: %s", err)
		}
	}
	p.fallback = 1
	a.loop.Go("serf fallback "+a.cfg.NodeName, func(*sim.Proc) {
		ok, err := a.pingStream(p.node.addr, p.ping, p.deadline)
		if err != nil {
			a.logf("ERR", "memberlist: Failed fallback ping: %s", err)
		}
		p.fallback = 2
		if ok {
			p.fallback = 3
		}
		p.decide()
	})
}

// decide ends the round once its time is over and the fallback has an answer.
func (p *probe) decide() {
	if p.over || !p.late || p.fallback == 1 || p.a.down {
		return
	}
	if p.fallback == 3 {
		p.a.logf("WARN", "memberlist: Was able to connect to %s but other probes failed, network may be misconfigured", p.node.name)
		p.end(-1)
		return
	}
	delta := 1
	if p.asked > 0 {
		delta = p.asked - min(p.nacks, p.asked)
	}
	p.a.logf("INFO", "memberlist: Suspect %s has failed, no acks received", p.node.name)
	p.a.suspect(&accusation{incarnation: p.node.incarnation, node: p.node.name, from: p.a.cfg.NodeName})
	p.end(delta)
}

func (p *probe) end(delta int) {
	if p.over {
		return
	}
	p.stop()
	a := p.a
	a.feel(delta)
	a.probing = nil
	if a.probeDue {
		a.probeDue = false
		a.loop.After(0, func() {
			if !a.down && a.probing == nil {
				a.probe()
			}
		})
	}
}
