package modes

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/modes/serf"
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

// discovered is called with the addresses of nodes that have come, ourselves
// too. It joins the cluster through the first other node, once; only a failure
// leaves room for another try, with the next change of the set.
func (o *overlay) discovered(nodes []netip.Addr) {
	for _, a := range nodes {
		if o.closed {
			return
		}
		o.nodeJoin(a, a == o.c.self)
	}
}

func (o *overlay) nodeJoin(a netip.Addr, self bool) {
	if self && !o.alive() {
		o.address = a
		o.peers.moveLocal(a)
		if !isLocalAddr(o.d.ns(), a) {
			o.d.log("warning", fmt.Sprintf("Multi-Host overlay networking requires cluster-advertise(%s) to be configured with a local ip-address that is reachable within the cluster", a))
		}
		if err := o.startGossip(); err != nil {
			o.d.log("error", fmt.Sprintf("initializing serf instance failed: %v", err))
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
		o.d.log("error", fmt.Sprintf("joining serf neighbor %s failed: Failed to join the cluster at neigh IP %s: %v", a, o.neighbor, err))
		o.joined = false
		return
	}
	o.announceAll()
}

func (o *overlay) startGossip() error {
	host := o.d.host
	o.d.spend(gossipStart)
	agent, err := serf.New(o.d.loop, o.d.ns(), serf.Config{
		NodeName: host.Hostname(), BindAddr: o.address, Owner: "dockerd", PID: o.d.pid,
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
func (o *overlay) gossipLine(level, line string) {
	to := map[string]string{"WARN": "warning", "INFO": "info", "ERR": "error"}[level]
	if to != "" && !o.closed {
		o.d.log(to, o.d.Wall().Format("2006/01/02 15:04:05 ")+line+"\n")
	}
}

// alive reports whether the gossip runs.
func (o *overlay) alive() bool { return o.agent != nil && !o.agent.Down() }

// gossipEvent takes user events and queries; it must not block.
func (o *overlay) gossipEvent(e serf.Event) {
	switch {
	case o.closed:
	case e.Type == serf.EventUser:
		o.peerEvent(e.Name, string(e.Payload))
	case e.Type == serf.EventQuery:
		o.peerQuery(e.Query)
	}
}

// announce tells the other hosts that an endpoint has joined or left.
func (o *overlay) announce(action string, ep *endpoint) {
	if !o.alive() {
		return
	}
	name := fmt.Sprintf("jl %s %s %s", o.agent.Addr().Addr(), ep.net.ID, ep.id)
	payload := fmt.Sprintf("%s %s %s %s", action, ep.addr.Addr(), dottedMask(ep.addr.Bits()), ep.mac)
	if err := o.agent.UserEvent(name, []byte(payload), true); err != nil {
		o.d.log("error", fmt.Sprintf("Sending user event failed: %v\n", err))
	}
}

// announceAll tells a cluster just joined of every endpoint here.
func (o *overlay) announceAll() {
	for _, id := range sortedKeys(o.networks) {
		n := o.networks[id]
		o.peers.walk(id, func(k peerKey, e peerEntry) bool {
			if ep := n.endpoints[e.endpoint]; e.local && ep != nil {
				o.announce("join", ep)
			}
			return false
		})
	}
}

// peerEvent is another host's announcement. One that carries our own address
// is an echo.
func (o *overlay) peerEvent(name, payload string) {
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
func (o *overlay) peerQuery(q *serf.Query) {
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
func (o *overlay) resolvePeer(network string, ip netip.Addr) (mac link.MAC, bits int, vtep netip.Addr, err error) {
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
