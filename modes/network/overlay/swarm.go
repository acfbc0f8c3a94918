package overlay

import (
	"net/netip"
	"time"

	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/networkdb"
	"dnetsim/modes/protobuf"
)

// PeerTable is the table of each network that says behind which host a container is: by
// the endpoint's id.
const PeerTable = "overlay_peer_table"

// managed is the control plane of a swarm's node: networks come from a manager with their
// tunnel identifiers, and networkdb tells of containers.
type managed struct {
	o  *Driver
	db *networkdb.DB // nil until the gossip begins
}

// NewManaged is the driver of one run of a daemon that is a node of a swarm. Of before and
// boxes see [New].
func NewManaged(h *driver.Host, joinTime time.Duration, boxes *Sandboxes, before *Driver) *Driver {
	o := begin(h, joinTime, boxes, before)
	o.plane = &managed{o: o}
	return o
}

// Follow begins to tell the nodes of each network of the containers here, behind an
// address, and whose tunnels end at a UDP port (0: VXLAN's own).
func (o *Driver) Follow(db *networkdb.DB, vtep netip.Addr, port uint16) {
	k, ok := o.plane.(*managed)
	if !ok {
		return
	}
	k.db, o.address, o.port = db, vtep, port
	if port == 0 {
		o.port = link.VXLANPort
	}
	o.peers.moveLocal(vtep)
	for _, id := range sortedKeys(o.networks) {
		for _, ep := range o.networks[id].sortedEndpoints() {
			if ep.joined {
				k.announce(true, ep.Endpoint)
			}
		}
	}
}

// Open reports whether the driver is a swarm's and its dockerd runs.
func (o *Driver) Open() bool {
	_, ok := o.plane.(*managed)
	return ok && !o.closed
}

func (k *managed) publish(n *network) error {
	for _, s := range n.subnets {
		if s.vni == 0 {
			return errdefs.System("no VNI provided")
		}
	}
	for _, s := range n.subnets { // 29 looks for rules that an encrypted network of that number has left
		if k.o.secure.later {
			k.o.programRules(s.vni, false)
		}
	}
	return nil
}

func (k *managed) find(string) *network { return nil }

func (k *managed) withdraw(n *network) error {
	delete(k.o.networks, n.id)
	if k.o.peers.networks[n.id] != nil {
		k.o.push(peerOp{kind: peerFlush, network: n.id, caller: "func1"})
	}
	return nil
}

func (k *managed) obtainVNI(*network, *subnet) error { return nil }

func (k *managed) watches() bool { return false }

func (k *managed) resolve(string, netip.Addr) (mac link.MAC, bits int, vtep netip.Addr, err error) {
	return mac, 0, vtep, errLookup
}

func (k *managed) close() {}

// announce puts the endpoint's record into the network's table, or takes it out.
func (k *managed) announce(joined bool, ep *driver.Endpoint) {
	if k.db == nil {
		return
	}
	var err error
	if joined {
		r := PeerRecord{At: ep.Addr, MAC: ep.MAC, VTEP: k.o.address}
		err = k.db.CreateEntry(PeerTable, ep.Network, ep.ID, r.encode())
	} else {
		err = k.db.DeleteEntry(PeerTable, ep.Network, ep.ID)
	}
	if err != nil {
		k.o.host.Log("error", err.Error())
	}
}

// PeerRecord is an entry of [PeerTable].
type PeerRecord struct {
	At   netip.Prefix
	MAC  link.MAC
	VTEP netip.Addr // the host that it is on
}

func (r *PeerRecord) encode() []byte {
	var f protobuf.Fields
	f.Text(1, r.At.String())
	f.Text(2, r.MAC.String())
	f.Text(3, r.VTEP.String())
	return f.B
}

// ParsePeer reads a value of the table.
func ParsePeer(b []byte) (r PeerRecord, err error) {
	var bad error
	err = protobuf.Parse(b, func(n int, _ uint64, text []byte) {
		var err error
		switch n {
		case 1:
			r.At, err = netip.ParsePrefix(string(text))
		case 2:
			r.MAC, err = link.ParseMAC(string(text))
		case 3:
			r.VTEP, err = netip.ParseAddr(string(text))
		}
		if err != nil {
			bad = err
		}
	})
	if err == nil {
		err = bad
	}
	return r, err
}

// Told takes in what another node has told of a container. Containers behind this host's
// own address are its own.
func (o *Driver) Told(e networkdb.Event) {
	r, err := ParsePeer(e.Value)
	if err != nil || o.closed {
		if err != nil {
			o.host.Log("error", "Failed to unmarshal peer record: "+err.Error())
		}
		return
	}
	if r.VTEP == o.address {
		return
	}
	op := peerOp{
		kind: peerAdd, network: e.Network, endpoint: e.Key, ip: r.At.Addr(), bits: r.At.Bits(), mac: r.MAC, vtep: r.VTEP,
		caller: "EventNotify",
	}
	if e.Op == networkdb.Delete {
		op.kind = peerDelete
	}
	o.push(op)
}
