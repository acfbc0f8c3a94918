package netfilter

import (
	"cmp"
	"net/netip"
	"slices"

	"dnetsim/link/trail"
)

// Base is a base chain of nftables. It stands at its hook among the tables of
// iptables, in the order of the priorities. Of what has one priority, that comes first
// which was registered last (nf_hook_entries_grow in net/netfilter/core.c, Linux 4.14 and
// later): a chain with its making, a table with its first use.
type Base struct {
	Hook     Hook
	Priority int    // as "type … hook … priority N"
	Order    uint64 // by [Register]
	NAT      bool   // it is asked once for each new connection, where nat is
	// Visit judges a packet. What it does not say lets the packet go on.
	Visit func(*Sight)
}

// SetBases puts other base chains in place of those before; tracks says that
// their rules ask for connections.
func (r *Rules) SetBases(list []Base, tracks bool) {
	r.bases, r.basesTrack, r.prog = list, tracks, nil
}

// Register counts what is registered at the hooks of this address family, from 1.
func Register(r *Rules) uint64 {
	r.registered++
	return r.registered
}

// step is one thing that happens to a packet at a hook.
type step struct {
	priority int
	order    uint64 // of its registration; the kernel's own are there first
	does     deed
	code     *code // a built-in chain of iptables, or nil
	base     *Base
}

type deed uint8

const (
	asksChain deed = iota
	tracks
	translates
	balances
	confirms
)

// The priorities of netfilter's own (linux/netfilter_ipv4.h, ip_vs_core.c).
const (
	priorityTrack   = -200
	priorityDst     = -100
	priorityBalance = 98
	prioritySrc     = 100
	priorityConfirm = 1<<31 - 1
)

var tablePriorities = [4]int{rawTable: -300, mangleTable: -150, natTable: priorityDst, filterTable: 0}

// order puts what happens at each hook into the order of the priorities.
func (prog *program) order(tables *[4][numHooks]*code, loaded *[4]uint64, bases []Base) {
	for h := range numHooks {
		list := make([]step, 0, 8)
		for i := range bases {
			b := &bases[i]
			switch s := (step{priority: b.Priority, order: b.Order, base: b}); {
			case int(b.Hook) != h:
			case b.NAT:
				prog.nat[h] = append(prog.nat[h], s)
			default:
				list = append(list, s)
			}
		}
		for id := range tables {
			switch k := tables[id][h]; {
			case k == nil:
			case id == natTable:
				prog.nat[h] = append(prog.nat[h], step{priority: natPriority(h), order: loaded[id], code: k})
			default:
				list = append(list, step{priority: tablePriorities[id], order: loaded[id], code: k})
			}
		}
		if prog.tracks {
			if h == hookPrerouting || h == hookOutput {
				list = append(list, step{priority: priorityTrack, does: tracks})
			}
			if h != hookForward {
				list = append(list, step{priority: natPriority(h), does: translates})
			}
			if h == hookInput || h == hookPostrouting {
				list = append(list, step{priority: priorityConfirm, does: confirms})
			}
		}
		if h == hookInput {
			list = append(list, step{priority: priorityBalance, does: balances})
		}
		byPriority := func(a, b step) int { return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(b.order, a.order)) }
		slices.SortStableFunc(list, byPriority)
		slices.SortStableFunc(prog.nat[h], byPriority)
		prog.steps[h] = list
	}
}

func natPriority(hook int) int {
	if hook == hookPrerouting || hook == hookOutput {
		return priorityDst
	}
	return prioritySrc
}

// ask has a chain judge the packet, and reports whether it goes on.
func (r *Rules) ask(s *step, p *packet) bool {
	if s.base == nil {
		return r.chain(s.code, p)
	}
	r.sight.p, r.sight.stopped = p, false
	s.base.Visit(&r.sight)
	return !r.sight.stopped
}

// Sight is a packet at a hook as a base chain of nftables sees it, and where the
// chain says what becomes of it. It is good until Visit returns.
type Sight struct {
	p       *packet
	stopped bool
}

// Packet is the packet itself.
func (s *Sight) Packet() *Packet { return s.p.nf }

// Header is the IP header, extension headers included.
func (s *Sight) Header() []byte { return s.p.ip }

// Transport is what follows the IP header. It has nothing for a later fragment.
func (s *Sight) Transport() []byte {
	if s.p.fragOff != 0 {
		return nil
	}
	return s.p.transport
}

// Protocol is the number of the protocol behind the IP header.
func (s *Sight) Protocol() uint8 { return s.p.proto }

// State is the state of the packet's connection as the bits of nftables'
// "ct state": invalid 1, established 2, related 4, new 8, untracked 64.
func (s *Sight) State() uint32 {
	switch s.p.nf.state {
	case ctNew:
		return 8
	case ctRelated:
		return 4
	case ctEstablished:
		return 2
	case ctUntracked:
		return 64
	}
	return 1
}

// Status is its "ct status": expected 1, seen-reply 2, assured 4, confirmed 8,
// snat 16, dnat 32; false without a connection.
func (s *Sight) Status() (uint32, bool) {
	c := s.p.nf.conn
	if c == nil {
		return 0, false
	}
	status := uint32(c.status())
	if c.snat() {
		status |= 16
	}
	if c.dnat() {
		status |= 32
	}
	return status, true
}

// Reply reports whether the packet travels against its connection's first one;
// ok is false without a connection.
func (s *Sight) Reply() (reply, ok bool) { return s.p.nf.reply, s.p.nf.conn != nil }

// Step counts a rule that the packet is held against. It drops a packet that has
// met too many and returns false.
func (s *Sight) Step(rule func() *trail.Rule) bool {
	if s.p.steps++; s.p.steps <= maxSteps {
		return true
	}
	r := rule()
	r.Text = tooMany
	s.Stop(Drop, RejectNone, r)
	return false
}

// Stop drops the packet, or has it rejected, by a rule.
func (s *Sight) Stop(a Action, with RejectKind, rule *trail.Rule) {
	s.stopped = true
	s.p.verdict = Verdict{Action: a, Rule: rule, RejectWith: with}
}

// Log writes a line to the kernel's log, as the target LOG does; level is
// syslog's.
func (s *Sight) Log(prefix string, level int) {
	s.p.steps += logSteps
	if r := s.p.rules; r.opts.OnLog != nil {
		r.opts.OnLog(LogEntry{Prefix: prefix, Level: level, Line: (&logTarget{prefix: prefix, level: level}).line(s.p)})
	}
}

// Translation is what a connection is bound to by a NAT rule.
type Translation struct{ target natTarget }

// NewTranslation makes one of the kind DNAT, SNAT, MASQUERADE or REDIRECT. An
// invalid first address keeps the address, a first port of 0 the port; the two
// ends of a range may be the same. random draws the port.
func NewTranslation(kind string, lo, hi netip.Addr, portLo, portHi uint16, random bool) *Translation {
	return &Translation{natTarget{kind: kind, lo: lo, hi: hi, portLo: portLo, portHi: portHi, hasPort: portLo != 0, random: random}}
}

// Bind binds the connection.
func (s *Sight) Bind(t *Translation, rule *trail.Rule) {
	s.p.nat, s.p.natBy = &t.target, natRule{nft: rule}
}
