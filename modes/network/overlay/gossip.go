package overlay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/serf"
	"dnetsim/stack"
)

// The gossip of the overlay driver, as libnetwork configures serf.
const (
	gossipCoalesce  = time.Second
	gossipQuiescent = 50 * time.Millisecond
	lookupTimeout   = time.Second
	// gossipStart is how long it takes to start it: long enough for another
	// node, which hears of us at the same time, to come too early.
	gossipStart = time.Millisecond
)

// Discovered is called with the addresses of nodes that have come, ourselves
// too. It joins the cluster through the first other node, once; only a failure
// leaves room for another try, with the next change of the set.
func (o *Driver) Discovered(nodes []netip.Addr) {
	for _, a := range nodes {
		if o.closed {
			return
		}
		o.nodeJoin(a, a == o.cfg.Self)
	}
}

func (o *Driver) nodeJoin(a netip.Addr, self bool) {
	if self && !o.alive() {
		o.address = a
		o.peers.moveLocal(a)
		if !isLocal(o.host.NS(), a) {
			o.host.Log("warning", fmt.Sprintf("Multi-Host overlay networking requires cluster-advertise(%s) to be configured with a local ip-address that is reachable within the cluster", a))
		}
		if err := o.startGossip(); err != nil {
			o.host.Log("error", fmt.Sprintf("initializing serf instance failed: %v", err))
			o.address = netip.Addr{}
			return
		}
	}
	if !self {
		o.neighbor = a
	}
	if o.agent == nil || !o.neighbor.IsValid() || o.joined {
		return
	}
	o.joined = true
	if _, err := o.agent.Join([]string{o.neighbor.String()}, true); err != nil {
		o.host.Log("error", fmt.Sprintf("joining serf neighbor %s failed: Failed to join the cluster at neigh IP %s: %v", a, o.neighbor, err))
		o.joined = false
		return
	}
	o.announceAll()
}

func (o *Driver) startGossip() error {
	host := o.host
	o.host.Spend(gossipStart)
	agent, err := serf.New(o.host.Loop(), o.host.Opener(o.host.NS()), serf.Config{
		NodeName: host.Hostname(), BindAddr: o.address,
		Stream:       host.Name + "/serf",
		Log:          o.gossipLine,
		Events:       o.gossipEvent,
		UserCoalesce: gossipCoalesce, UserQuiescent: gossipQuiescent,
	})
	if err != nil {
		return fmt.Errorf("failed to create cluster node: %w", err)
	}
	o.agent = agent
	return nil
}

// gossipLine writes a line of serf's log into the daemon's, date and all.
func (o *Driver) gossipLine(level, line string) {
	to := map[string]string{"WARN": "warning", "INFO": "info", "ERR": "error"}[level]
	if to != "" && !o.closed {
		o.host.Log(to, o.host.Wall().Format("2006/01/02 15:04:05 ")+line+"\n")
	}
}

// alive reports whether the gossip runs.
func (o *Driver) alive() bool { return o.agent != nil && !o.agent.Down() }

// gossipEvent takes user events and queries; it must not block.
func (o *Driver) gossipEvent(e serf.Event) {
	switch {
	case o.closed:
	case e.Type == serf.EventUser:
		o.peerEvent(e.Name, string(e.Payload))
	case e.Type == serf.EventQuery:
		o.peerQuery(e.Query)
	}
}

// announce tells the other hosts that an endpoint has joined or left.
func (o *Driver) announce(action string, ep *driver.Endpoint) {
	if !o.alive() {
		return
	}
	name := fmt.Sprintf("jl %s %s %s", o.agent.Addr().Addr(), ep.Network, ep.ID)
	payload := fmt.Sprintf("%s %s %s %s", action, ep.Addr.Addr(), dottedMask(ep.Addr.Bits()), ep.MAC)
	if err := o.agent.UserEvent(name, []byte(payload), true); err != nil {
		o.host.Log("error", fmt.Sprintf("Sending user event failed: %v\n", err))
	}
}

// announceAll tells a cluster just joined of every endpoint here.
func (o *Driver) announceAll() {
	for _, id := range sortedKeys(o.networks) {
		n := o.networks[id]
		o.peers.walk(id, func(k peerKey, e peerEntry) bool {
			if ep := n.endpoints[e.endpoint]; e.local && ep != nil {
				o.announce("join", ep.Endpoint)
			}
			return false
		})
	}
}

// peerEvent is another host's announcement. One that carries our own address
// is an echo.
func (o *Driver) peerEvent(name, payload string) {
	f, g := strings.Fields(name), strings.Fields(payload)
	if len(f) < 4 || len(g) < 4 || f[1] == o.agent.Addr().Addr().String() {
		return
	}
	op := peerOp{network: f[2], endpoint: f[3], caller: "processEvent"}
	op.vtep, _ = netip.ParseAddr(f[1])
	op.ip, _ = netip.ParseAddr(g[1])
	op.bits = maskBits(g[2])
	op.mac, _ = link.ParseMAC(g[3])
	switch g[0] {
	case "join":
		op.kind = peerAdd
	case "leave":
		op.kind = peerDelete
	default:
		return
	}
	o.push(op)
}

// peerQuery answers another host's question for an address that we know.
func (o *Driver) peerQuery(q *serf.Query) {
	f := strings.Fields(string(q.Payload))
	if q.Name != "peerlookup" || len(f) < 2 {
		return
	}
	ip, err := netip.ParseAddr(f[1])
	if err != nil {
		return
	}
	k, e, ok := o.peers.search(f[0], ip)
	if !ok {
		return
	}
	q.Respond([]byte(fmt.Sprintf("%s %s %s", k.mac, dottedMask(e.bits), vtepText(e.vtep))))
}

// vtepText is how Go prints an address that may be missing.
func vtepText(a netip.Addr) string {
	if !a.IsValid() {
		return "<nil>"
	}
	return a.String()
}

var errLookup = errors.New("timed out resolving peer by querying the cluster")

// resolvePeer asks the cluster whose an address is; the first answer counts.
func (o *Driver) resolvePeer(network string, ip netip.Addr) (mac link.MAC, bits int, vtep netip.Addr, err error) {
	r, err := o.agent.Query("peerlookup", []byte(network+" "+ip.String()), 0)
	if err != nil {
		return mac, 0, vtep, fmt.Errorf("resolving peer by querying the cluster failed: %v", err)
	}
	a, err := r.Next(lookupTimeout)
	if err != nil {
		return mac, 0, vtep, errLookup
	}
	f := strings.Fields(string(a.Payload))
	if len(f) < 3 {
		return mac, 0, vtep, fmt.Errorf("bad response %q for the resolve query: unexpected EOF", a.Payload)
	}
	if mac, err = link.ParseMAC(f[0]); err != nil {
		return mac, 0, vtep, fmt.Errorf("failed to parse mac: %v", err)
	}
	vtep, _ = netip.ParseAddr(f[2])
	return mac, maskBits(f[1]), vtep, nil
}

func dottedMask(bits int) string { return net.IP(net.CIDRMask(bits, 32)).String() }

func maskBits(dotted string) int {
	ip := net.ParseIP(dotted).To4()
	if ip == nil {
		return 0
	}
	n, _ := net.IPMask(ip).Size()
	return n
}

// isLocal reports whether an address is one of the host's.
func isLocal(ns *stack.Namespace, a netip.Addr) bool {
	for _, i := range ns.Interfaces() {
		for _, x := range i.Addrs() {
			if x.Prefix.Addr() == a {
				return true
			}
		}
	}
	return false
}

// NumAlive is how many members the gossip believes alive, 0 if it does not run.
func (o *Driver) NumAlive() int {
	if o.agent == nil {
		return 0
	}
	return o.agent.NumAlive()
}
