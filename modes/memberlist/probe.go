package memberlist

import (
	"net/netip"
	"time"

	"dnetsim/sim"
)

// asker is who waits for the answer to a ping.
type asker interface {
	acked(payload []byte)
	nacked()  // who was asked to ping had no answer
	expired() // nobody has answered in time
}

// waiting is an asker's wait.
type waiting struct {
	l     *List
	seq   uint32
	who   asker
	timer sim.Timer
}

// await registers for the answer to a ping.
func (l *List) await(seq uint32, limit time.Duration, w *waiting, who asker) {
	w.l, w.seq, w.who = l, seq, who
	l.waiting[seq] = w
	w.timer.Init(l.loop, w.over)
	w.timer.Reset(limit)
}

// over ends it without an answer.
func (w *waiting) over() {
	delete(w.l.waiting, w.seq)
	if !w.l.down {
		w.who.expired()
	}
}

func (l *List) acked(m *ackMsg) {
	w := l.waiting[m.seq]
	if w == nil {
		return
	}
	delete(l.waiting, m.seq)
	w.timer.Stop()
	w.who.acked(m.payload)
}

func (l *List) newPing(to string) pingMsg {
	l.seq++
	return pingMsg{seq: l.seq, node: to, sourceAddr: l.selfAddr, sourcePort: l.self.Port(), sourceNode: l.cfg.Name}
}

// source is where the answer to a ping goes.
func (m *pingMsg) source(from netip.AddrPort) netip.AddrPort {
	if len(m.sourceAddr) > 0 && m.sourcePort > 0 {
		return addrOf(m.sourceAddr, m.sourcePort)
	}
	return from
}

// pinged answers a ping.
func (l *List) pinged(m *pingMsg, from netip.AddrPort) {
	if m.node != "" && m.node != l.cfg.Name {
		l.logf("WARN", "Got ping for unexpected node '%s' from=%v", m.node, from)
		return
	}
	ack := ackMsg{seq: m.seq}
	if l.cfg.Ping != nil {
		ack.payload = l.cfg.Ping.AckPayload()
	}
	l.msg = ack.append(l.msg[:0])
	if err := l.sendWith(m.source(from), l.msg); err != nil {
		l.logf("ERR", "Failed to send ack: %s from=%v", err, from)
	}
}

// pingFor pings a node because another one asks for it.
func (l *List) pingFor(m *pingMsg, from netip.AddrPort) {
	p, r := l.newPing(m.node), &relay{from: from, to: m.source(from), seq: m.seq, nack: m.nack}
	l.await(p.seq, probeTimeout, &r.waiting, r)
	if err := l.sendWith(addrOf(m.target, m.port), p.encode(typePing)); err != nil {
		l.logf("ERR", "Failed to send ping: %s from=%v", err, from)
	}
}

// relay is a ping for somebody else.
type relay struct {
	waiting
	from, to netip.AddrPort // who asked, and where the answer goes
	seq      uint32         // of the one who asked
	nack     bool           // it wants to know that there is none
}

func (r *relay) acked([]byte) {
	ack := ackMsg{seq: r.seq}
	if err := r.l.sendWith(r.to, ack.encode()); err != nil {
		r.l.logf("ERR", "Failed to forward ack: %s from=%v", err, r.from)
	}
}

func (r *relay) nacked() {}

func (r *relay) expired() {
	if !r.nack {
		return
	}
	if err := r.l.sendWith(r.to, encodeNack(r.seq)); err != nil {
		r.l.logf("ERR", "Failed to send nack: %s from=%v", err, r.from)
	}
}

// probe is one round of failure detection on one node.
type probe struct {
	waiting
	node     node // as it was when the round began
	ping     pingMsg
	sent     time.Duration
	deadline time.Duration
	patience sim.Timer // before others are asked
	asked    int       // indirect pings whose nacks are expected
	nacks    int
	direct   bool // still waiting for the direct answer only
	late     bool // the round's time is over
	fallback int  // 0 not begun, 1 under way, 2 no contact, 3 contact
	done     bool
}

// startProbes runs a round each interval. A tick during a round that takes
// longer is made up for, once, as a ticker with room for one does.
func (l *List) startProbes() {
	l.Every(probeInterval, func() {
		if l.probing != nil {
			l.probeDue = true
			return
		}
		l.probe()
	})
}

// probe picks the next node of the round robin and probes it.
func (l *List) probe() {
	for checked := 0; checked < len(l.nodes); {
		if l.probeIndex >= len(l.nodes) {
			l.resetNodes()
			l.probeIndex = 0
			checked++
			continue
		}
		n := l.nodes[l.probeIndex]
		l.probeIndex++
		if n.name != l.cfg.Name && !n.gone() {
			l.probeNode(n)
			return
		}
		checked++
	}
}

// resetNodes forgets who has been dead long enough and shuffles the rest.
func (l *List) resetNodes() {
	keep := l.nodes[:0]
	for _, n := range l.nodes {
		if n.gone() && l.loop.Now()-n.changed > gossipToTheDead {
			delete(l.byName, n.name)
			continue
		}
		keep = append(keep, n)
	}
	clear(l.nodes[len(keep):])
	l.nodes = keep
	l.rng.Shuffle(len(keep), func(i, j int) { keep[i], keep[j] = keep[j], keep[i] })
}

func (l *List) probeNode(n *node) {
	interval := time.Duration(l.health+1) * probeInterval
	p := &probe{node: *n, ping: l.newPing(n.name), sent: l.loop.Now(), direct: true}
	p.deadline = p.sent + interval
	p.patience.Init(l.loop, p.indirect)
	l.probing = p
	l.await(p.ping.seq, interval, &p.waiting, p)
	l.msg = p.ping.append(l.msg[:0], typePing)
	var err error
	what := "ping"
	if n.state == stateAlive {
		err = l.sendWith(n.addr, l.msg)
	} else { // let it know, so that it can refute
		what = "compound ping and suspect message to " + n.addr.String()
		s := accusation{incarnation: n.incarnation, node: n.name, from: l.cfg.Name}
		err = l.send(n.addr, compound([][]byte{l.msg, s.encode(typeSuspect)}), n.vsn[1] >= 5)
	}
	if err != nil {
		l.logf("ERR", "Failed to send %s: %s", what, err)
		p.end(0)
		return
	}
	p.patience.Reset(probeTimeout)
}

func (p *probe) stop() {
	p.done = true
	p.patience.Stop()
}

// acked is the direct answer, or one that an indirect ping brought.
func (p *probe) acked(payload []byte) {
	if p.done {
		return
	}
	if p.direct && p.l.cfg.Ping != nil {
		p.l.cfg.Ping.NotifyPing(p.node.name, p.l.loop.Now()-p.sent, payload)
	}
	p.end(-1)
}

func (p *probe) nacked() { p.nacks++ }

func (p *probe) expired() {
	p.late = true
	p.decide()
}

// indirect asks others to ping, and tries TCP itself.
func (p *probe) indirect() {
	l := p.l
	if p.done || l.down {
		return
	}
	l.logf("DEBUG", "Failed ping: %s (timeout reached)", p.node.name)
	p.direct = false
	ind := p.ping
	ind.target, ind.port = p.node.addr.Addr().AsSlice(), p.node.addr.Port()
	for _, n := range l.some(indirectChecks, func(n *node) bool {
		return n.name != l.cfg.Name && n.name != p.node.name && n.state == stateAlive
	}) {
		if ind.nack = n.vsn[1] >= 4; ind.nack {
			p.asked++
		}
		if err := l.sendWith(n.addr, ind.encode(typeIndirectPing)); err != nil {
			l.logf("ERR", "Failed to send indirect ping: %s", err)
		}
	}
	p.fallback = 1
	l.loop.Go("serf fallback "+l.cfg.Name, func(*sim.Proc) {
		ok, err := l.pingStream(p.node.addr, p.ping, p.deadline)
		if err != nil {
			l.logf("ERR", "Failed fallback %sping: %s", l.later("TCP ", ""), err)
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
	if p.done || !p.late || p.fallback == 1 || p.l.down {
		return
	}
	if p.fallback == 3 {
		p.l.logf("WARN", "Was able to connect to %s %s failed, network may be misconfigured", p.node.name,
			p.l.later("over TCP but UDP probes", "but other probes"))
		p.end(-1)
		return
	}
	delta := 1
	if p.asked > 0 {
		delta = p.asked - min(p.nacks, p.asked)
	}
	p.l.logf("INFO", "Suspect %s has failed, no acks received", p.node.name)
	p.l.suspect(&accusation{incarnation: p.node.incarnation, node: p.node.name, from: p.l.cfg.Name})
	p.end(delta)
}

func (p *probe) end(delta int) {
	if p.done {
		return
	}
	p.stop()
	l := p.l
	l.feel(delta)
	l.probing = nil
	if l.probeDue {
		l.probeDue = false
		l.loop.After(0, func() {
			if !l.down && l.probing == nil {
				l.probe()
			}
		})
	}
}
