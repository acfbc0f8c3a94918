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
	k, ok := o.plane.(*shared)
	for _, a := range nodes {
		if !ok || o.closed {
			return
		}
		k.nodeJoin(a, a == k.self)
	}
}

func (k *shared) nodeJoin(a netip.Addr, self bool) {
	o := k.o
	if self && !k.watches() {
		o.address = a
		o.peers.moveLocal(a)
		if !isLocal(o.host.NS(), a) {
			o.host.Log("warning", fmt.Sprintf("Multi-Host overlay networking requires cluster-advertise(%s) to be configured with a local ip-address that is reachable within the cluster", a))
		}
		if err := k.startGossip(); err != nil {
			o.host.Log("error", fmt.Sprintf("initializing serf instance failed: %v", err))
			o.address = netip.Addr{}
			return
		}
	}
	if !self {
		k.neighbor = a
	}
	if k.agent == nil || !k.neighbor.IsValid() || k.joined {
		return
	}
	k.joined = true
	if _, err := k.agent.Join([]string{k.neighbor.String()}, true); err != nil {
		o.host.Log("error", fmt.Sprintf("joining serf neighbor %s failed: Failed to join the cluster at neigh IP %s: %v", a, k.neighbor, err))
		k.joined = false
		return
	}
	k.announceAll()
}

func (k *shared) startGossip() error {
	o, host := k.o, k.o.host
	host.Spend(gossipStart)
	agent, err := serf.New(host.Loop(), host.Opener(host.NS()), serf.Config{
		NodeName: host.Hostname(), BindAddr: o.address,
		Stream:       host.Name + "/serf",
		Log:          k.gossipLine,
		Events:       k.gossipEvent,
		UserCoalesce: gossipCoalesce, UserQuiescent: gossipQuiescent,
	})
	if err != nil {
		return fmt.Errorf("failed to create cluster node: %w", err)
	}
	k.agent = agent
	return nil
}

// gossipLine writes a line of serf's log into the daemon's, date and all.
func (k *shared) gossipLine(level, line string) {
	o := k.o
	to := map[string]string{"WARN": "warning", "INFO": "info", "ERR": "error"}[level]
	if to != "" && !o.closed {
		o.host.Log(to, o.host.Wall().Format("2006/01/02 15:04:05 ")+line+"\n")
	}
}

// watches reports whether the gossip runs, which is asked what the kernel misses.
func (k *shared) watches() bool { return k.agent != nil && !k.agent.Down() }

// gossipEvent takes user events and queries; it must not block.
func (k *shared) gossipEvent(e serf.Event) {
	switch {
	case k.o.closed:
	case e.Type == serf.EventUser:
		k.peerEvent(e.Name, string(e.Payload))
	case e.Type == serf.EventQuery:
		k.peerQuery(e.Query)
	}
}

// announce tells the other hosts that an endpoint has joined or left.
func (k *shared) announce(joined bool, ep *driver.Endpoint) {
	if !k.watches() {
		return
	}
	action := "leave"
	if joined {
		action = "join"
	}
	name := fmt.Sprintf("jl %s %s %s", k.agent.Addr().Addr(), ep.Network, ep.ID)
	payload := fmt.Sprintf("%s %s %s %s", action, ep.Addr.Addr(), dottedMask(ep.Addr.Bits()), ep.MAC)
	if err := k.agent.UserEvent(name, []byte(payload), true); err != nil {
		k.o.host.Log("error", fmt.Sprintf("Sending user event failed: %v\n", err))
	}
}

// announceAll tells a cluster just joined of every endpoint here.
func (k *shared) announceAll() {
	o := k.o
	for _, id := range sortedKeys(o.networks) {
		n := o.networks[id]
		o.peers.walk(id, func(_ peerKey, e peerEntry) bool {
			if ep := n.endpoints[e.endpoint]; e.local && ep != nil {
				k.announce(true, ep.Endpoint)
			}
			return false
		})
	}
}

// peerEvent is another host's announcement. One that carries our own address
// is an echo.
func (k *shared) peerEvent(name, payload string) {
	f, g := strings.Fields(name), strings.Fields(payload)
	if len(f) < 4 || len(g) < 4 || f[1] == k.agent.Addr().Addr().String() {
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
	k.o.push(op)
}

// peerQuery answers another host's question for an address that we know.
func (k *shared) peerQuery(q *serf.Query) {
	f := strings.Fields(string(q.Payload))
	if q.Name != "peerlookup" || len(f) < 2 {
		return
	}
	ip, err := netip.ParseAddr(f[1])
	if err != nil {
		return
	}
	key, e, ok := k.o.peers.search(f[0], ip)
	if !ok {
		return
	}
	q.Respond([]byte(fmt.Sprintf("%s %s %s", key.mac, dottedMask(e.bits), vtepText(e.vtep))))
}

// vtepText is how Go prints an address that may be missing.
func vtepText(a netip.Addr) string {
	if !a.IsValid() {
		return "<nil>"
	}
	return a.String()
}

var errLookup = errors.New("timed out resolving peer by querying the cluster")

// resolve asks the cluster whose an address is; the first answer counts.
func (k *shared) resolve(network string, ip netip.Addr) (mac link.MAC, bits int, vtep netip.Addr, err error) {
	r, err := k.agent.Query("peerlookup", []byte(network+" "+ip.String()), 0)
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
	if a := o.Agent(); a != nil {
		return a.NumAlive()
	}
	return 0
}
