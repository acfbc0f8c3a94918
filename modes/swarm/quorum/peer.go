package quorum

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// How long a message of the log may take, and how many wait for one that does not
// answer.
const (
	sendTime = 2 * time.Second
	mostSent = 64
)

var errNoCertificate = errors.New("tls: the node has no certificate")

func lower(err error) string { return strings.ToLower(err.Error()) }

func managersOnly(method string) bool {
	return method == message.RaftJoin || method == message.RaftLeave || method == message.SubscribeLogs || strings.HasPrefix(method, control.Prefix)
}

// peer is another manager as messages of the log go to it, one after the other.
type peer struct {
	m     *Manager
	to    raft.Member
	at    string // where it calls from, "" if that is its address of the log
	conn  *rpc.Conn
	queue []*raft.Message
	busy  bool

	moving bool // another address is tried
}

// send queues a message of the log.
func (m *Manager) send(to raft.Member, msg *raft.Message) {
	p := m.peers[to.ID]
	if p == nil {
		p = &peer{m: m}
		m.peers[to.ID] = p
	}
	if to.Addr != "" {
		if p.to.Addr != to.Addr {
			p.at = ""
		}
		p.to = to
	}
	if p.to.Addr == "" || len(p.queue) >= mostSent {
		return
	}
	p.queue = append(p.queue, msg)
	if !p.busy {
		p.busy = true
		m.Loop.Go("swarm raft to "+p.to.Addr, func(*sim.Proc) {
			defer func() { p.busy = false }()
			p.work()
		})
	}
}

// work sends what is queued; who does not take a message misses those behind it too.
func (p *peer) work() {
	for len(p.queue) > 0 && !p.m.stopped {
		msg := p.queue[0]
		p.queue = p.queue[1:]
		err := p.connect()
		if err == nil {
			err = p.conn.Call(message.RaftMessage, msg, nil, rpc.In(p.m.Loop, sendTime))
		}
		if err != nil {
			p.close()
			p.queue = nil
			p.m.raft.SetReachable(p.to.ID, false)
		}
	}
}

func (p *peer) connect() (err error) {
	if p.conn != nil && p.conn.Alive() && p.conn.RemoteAddr().String() == p.addr() {
		return nil
	}
	p.close()
	p.conn, err = p.m.dial(p.addr())
	return err
}

func (p *peer) addr() string {
	if p.at != "" {
		return p.at
	}
	return p.to.Addr
}

// moved notes that a member calls from another host than it is known at: when that answers,
// messages go there, and the leader has the log say so (swarmkit's reportNewAddress). The
// log cannot tell a member that has moved from two that share one certificate.
func (m *Manager) moved(id uint64, from netip.Addr) {
	p := m.peers[id]
	if p == nil {
		return
	}
	known, err := netip.ParseAddrPort(p.addr())
	if err != nil || known.Addr() == from.Unmap() || p.moving {
		return
	}
	to := p.to
	to.Addr, p.moving = netip.AddrPortFrom(from.Unmap(), known.Port()).String(), true
	m.Loop.Go("swarm raft peer at "+to.Addr, func(*sim.Proc) {
		defer func() { p.moving = false }()
		c, err := m.dial(to.Addr)
		if err != nil || m.stopped {
			return
		}
		p.close()
		p.conn, p.at = c, to.Addr
		if m.raft.IsLeader() {
			m.raft.AddMember(to, proposeTime)
		}
	})
}

func (p *peer) close() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}

// dial connects to another manager as this one.
func (m *Manager) dial(addr string) (*rpc.Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, rpc.Errorf(rpc.Unavailable, "%v", err)
	}
	return rpc.Dial(to, rpc.Options{Loop: m.Loop, Net: m.Net, Rand: m.Stream("tls"), Cert: m.Cert(), Verify: m.verify}, rpc.In(m.Loop, sendTime))
}

// receive takes a message of the log from another manager.
func (m *Manager) receive(r *rpc.Request) (any, error) {
	if r.Peer == nil || r.Peer.Role != object.RoleManager {
		return nil, rpc.Errorf(rpc.PermissionDenied, "Permission denied: unauthorized peer role")
	}
	var msg raft.Message
	if err := r.Decode(&msg); err != nil {
		return nil, err
	}
	for _, id := range m.removedIDs {
		if id == msg.From {
			return nil, rpc.Errorf(rpc.NotFound, "%x: %s", id, errRemoved)
		}
	}
	m.moved(msg.From, r.From.Addr())
	m.raft.Step(&msg)
	return nil, nil
}

const errRemoved = "raft: member was removed from the cluster"

// leaders has a handler's calls answered by the leader.
func (m *Manager) leaders(h rpc.Handler) rpc.Handler {
	return func(r *rpc.Request) (any, error) {
		lead, ok := m.raft.Leader()
		switch {
		case ok && lead.ID == m.Disk.ID:
			if err := m.Led(proposeTime); err != nil {
				return nil, noLeader()
			}
			return h(r)
		case !ok || r.Forwarded:
			return nil, noLeader()
		}
		c, err := m.leader(lead)
		if err != nil {
			return nil, err
		}
		return c.Forward(r)
	}
}

// noLeader is what a manager answers that knows none.
func noLeader() error {
	return rpc.Errorf(rpc.Unknown, "The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online.")
}

// leader is a connection to the leader.
func (m *Manager) leader(lead raft.Member) (*rpc.Conn, error) {
	if m.proxy != nil && m.proxy.Alive() && m.proxy.RemoteAddr().String() == lead.Addr {
		return m.proxy, nil
	}
	if m.proxy != nil {
		m.proxy.Close()
	}
	c, err := m.dial(lead.Addr)
	if err != nil {
		return nil, err
	}
	m.proxy = c
	return c, nil
}
