package network

import (
	"fmt"
	"io"
	"net/netip"
	"slices"

	"dnetsim/link"
	"dnetsim/modes/ipam"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/overlay"
	"dnetsim/modes/networkdb"
	"dnetsim/sim"
)

// Agent is the controller's part in a swarm: it gossips with the other nodes and has
// the cluster's networks that something on this node uses. The cluster calls it, in
// this order: [Agent.Init], [Agent.SetKeys], [Agent.Start], then [Agent.SetupIngress],
// [Agent.CreateManaged] and their opposites as a manager says, and [Agent.Stop].
type Agent struct {
	ctl      *Controller
	provider Provider // nil: of no swarm
	keys     []Key
	db       *networkdb.DB // nil: not started, or its sockets could not be opened
	starting bool
	started  bool // its first try to join the others is over
	ready    sim.Cond
	// places are the addresses of this node's own endpoints in the cluster's networks,
	// by network id.
	mark      uint32                 // that the next service gets, see rebalance
	noIPVS    bool                   // it is said that the kernel has none
	held      map[nat.Port]io.Closer // published ports of the host
	mesh      sim.Cond               // broadcast when those have changed
	places    map[string]netip.Prefix
	addresses *ipam.Local // of the cluster's networks, as far as this node uses them
}

// controlMTU is the network-control-plane-mtu: the longest datagram of the gossip is by
// gossipHeaders shorter.
const (
	controlMTU    = 1500
	gossipHeaders = 100
)

// Init makes the daemon a node of a swarm, which it is until [Agent.Stop]. Nothing is
// sent yet.
func (a *Agent) Init(p Provider) {
	a.provider = p
	before, _ := a.ctl.Drivers["overlay"].(*overlay.Driver)
	if before == nil || !before.Open() {
		a.ctl.Drivers["overlay"] = overlay.NewManaged(a.ctl.Face, a.ctl.OverlayJoin, &a.ctl.Boxes, before)
	}
}

// Provider is the swarm that the daemon is a node of, nil if it is of none.
func (a *Agent) Provider() Provider { return a.provider }

// SetKeys takes the cluster's keys in: the first ones before [Agent.Start], later ones
// as they rotate. Keys that are missing from the list are dropped.
func (a *Agent) SetKeys(keys []Key) {
	a.keys = slices.Clone(keys)
	if a.db != nil {
		a.db.SetKeys(a.secrets(SubsystemGossip))
		a.secure()
	}
}

// secure gives the overlay driver the keys of encrypted networks.
func (a *Agent) secure() {
	var keys []overlay.Key
	for _, k := range a.ordered(SubsystemIPSec) {
		keys = append(keys, overlay.Key{Tag: uint32(k.LamportTime), Secret: k.Secret})
	}
	a.driver().Secure(a.provider.LocalAddress(), a.provider.AdvertiseAddress(), keys, a.ctl.Later)
}

// secrets are the keys of a subsystem, the one that encrypts first.
func (a *Agent) secrets(subsystem string) [][]byte {
	var out [][]byte
	for _, k := range a.ordered(subsystem) {
		out = append(out, k.Secret)
	}
	return out
}

// ordered are the keys of a subsystem, the one that encrypts first: the one before the
// newest, which others may not have yet, as libnetwork has it of three.
func (a *Agent) ordered(subsystem string) []Key {
	all := slices.DeleteFunc(slices.Clone(a.keys), func(k Key) bool { return k.Subsystem != subsystem })
	slices.SortStableFunc(all, func(x, y Key) int {
		switch {
		case x.LamportTime < y.LamportTime:
			return -1
		case x.LamportTime > y.LamportTime:
			return 1
		}
		return 0
	})
	if len(all) > 1 {
		all[0], all[1] = all[1], all[0]
	}
	return all
}

// Start begins to gossip with the provider's addresses and keys, and joins the remote
// nodes that the provider names. It returns when the first try of that is over: what
// failed is tried again in the background. Started again it does nothing.
func (a *Agent) Start() {
	if a.provider == nil || a.starting || a.started {
		return
	}
	a.starting = true
	p := a.provider
	a.gossip()
	if a.provider != p {
		return
	}
	a.starting, a.started = false, true
	a.ready.Broadcast()
}

func (a *Agent) gossip() {
	ctl, p := a.ctl, a.provider
	remotes := []string{}
	for _, r := range p.RemoteAddresses() {
		remotes = append(remotes, r.String())
	}
	data := ""
	if p.DataPathAddress().IsValid() {
		data = p.DataPathAddress().String()
	}
	if ctl.Later {
		ctl.Journal.Write("info", "Initializing Libnetwork Agent", "advertise-addr", p.AdvertiseAddress().String(), "data-path-addr", data,
			"listen-addr", p.ListenAddress().String(), "local-addr", p.LocalAddress().String(),
			"network-control-plane-mtu", fmt.Sprint(controlMTU), "remote-addr-list", fmt.Sprint(remotes))
	} else {
		ctl.Journal.Write("info", fmt.Sprintf("Initializing Libnetwork Agent Listen-Addr=%s Local-addr=%s Adv-addr=%s Data-addr=%s Remote-addr-list=%v MTU=%d",
			p.ListenAddress(), p.LocalAddress(), p.AdvertiseAddress(), data, remotes, controlMTU))
	}
	id := ctl.IDs.Stream("gossip", "node").Hex(6)
	db, err := networkdb.New(ctl.Loop, ctl.Face.Opener(ctl.ns()), networkdb.Config{
		NodeID: id, Hostname: ctl.Face.Hostname(), Bind: p.ListenAddress(), Advertise: p.AdvertiseAddress(),
		Keys: a.secrets(SubsystemGossip), PacketBuffer: controlMTU - gossipHeaders, Rand: ctl.IDs.Stream("gossip", id), Later: ctl.Later,
		Log: ctl.Journal.Write, Notify: a.told,
	})
	if err != nil {
		ctl.Journal.Write("error", fmt.Sprintf("error in agentInit: %v", err))
		return
	}
	a.db = db
	vtep := p.DataPathAddress()
	if !vtep.IsValid() {
		vtep = p.AdvertiseAddress()
	}
	a.driver().Follow(db, vtep, p.DataPathPort())
	a.secure()
	for _, n := range slices.Clone(ctl.Networks) {
		a.joinGossip(n)
	}
	if len(remotes) == 0 || a.db != db {
		return
	}
	if err := db.Join(remotes); err != nil && a.db == db {
		if ctl.Later {
			ctl.Journal.Write("error", "Error in joining gossip cluster: join will be retried in background", "error", err.Error())
		} else {
			ctl.Journal.Write("error", fmt.Sprintf("Error in joining gossip cluster : %v(join will be retried in background)", err))
		}
	}
}

// driver is the overlay driver of a node of a swarm.
func (a *Agent) driver() *overlay.Driver {
	d, _ := a.ctl.Drivers["overlay"].(*overlay.Driver)
	return d
}

// joinGossip tells the other nodes that this one is in a network of the cluster's, and
// takes in what they have told of it. It may block the running process.
func (a *Agent) joinGossip(n *Network) {
	if a.db == nil || n.Core.swarm == nil || n.Driver != "overlay" || n.Core.swarm.gossips {
		return
	}
	n.Core.swarm.gossips = true
	a.db.JoinNetwork(n.ID)
}

// leaveGossip is the opposite.
func (a *Agent) leaveGossip(n *Network) {
	if s := n.Core.swarm; s != nil && s.gossips && a.db != nil {
		s.gossips = false
		a.db.LeaveNetwork(n.ID)
	}
}

// told takes in what another node has told of a network.
func (a *Agent) told(e networkdb.Event) {
	switch e.Table {
	case overlay.PeerTable:
		if d := a.driver(); d != nil {
			d.Told(e)
		}
	case endpointTable:
		a.named(e)
	}
}

// Stop leaves the gossip and the swarm. The others are told, which takes up to some
// seconds; networks that are still here stay until they are removed.
func (a *Agent) Stop() {
	a.provider, a.keys, a.starting, a.started = nil, nil, false, false
	a.ready.Broadcast()
	db := a.db
	if db == nil {
		return
	}
	db.Leave()
	if a.db == db {
		a.db = nil
		for _, n := range a.ctl.Networks {
			if n.Core.swarm != nil {
				n.Core.swarm.gossips = false
			}
		}
	}
}

// end is the end of dockerd, however it comes: nobody is told.
func (a *Agent) end() {
	a.provider, a.keys, a.starting, a.started, a.places = nil, nil, false, false, nil
	a.noIPVS = false
	if a.db != nil {
		a.db.Close()
		a.db = nil
	}
	if d := a.driver(); d != nil && d.Open() {
		d.Close()
	}
	a.ready.Broadcast()
}

// drop forgets the cluster's networks that an earlier run of dockerd has left.
func (a *Agent) drop(n *Network) {
	if sb := n.Core.swarm.balancer; sb != nil {
		sb.discard()
	}
	a.addresses = nil
}

// ResetAttachments says which addresses this node's own endpoints have in the
// cluster's networks, by network id. [Agent.CreateManaged] needs the network's.
func (a *Agent) ResetAttachments(places map[string]netip.Prefix) { a.places = places }

// Peers are the nodes that are in a network of the cluster's, as this one knows them.
func (n *Network) Peers() []networkdb.Peer {
	s := n.Core.swarm
	if s == nil || s.agent == nil || s.agent.db == nil {
		return nil
	}
	return s.agent.db.Peers(n.ID)
}

// View is the daemon's part in a swarm's gossip and tunnels as it is now, the zero value
// without one.
func (a *Agent) View() View {
	p, d := a.provider, a.driver()
	if p == nil || d == nil {
		return View{}
	}
	v := View{Self: p.AdvertiseAddress(), VTEP: p.DataPathAddress(), Port: p.DataPathPort(), Peers: d.Peers(), Gossip: a.db != nil}
	if !v.VTEP.IsValid() {
		v.VTEP = v.Self
	}
	if v.Port == 0 {
		v.Port = link.VXLANPort
	}
	return v
}
