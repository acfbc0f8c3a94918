// Package bridge is the driver of bridge networks: a Linux bridge on the host for
// each, a veth pair for each endpoint, the firewall rules around them, and
// published ports with docker-proxy behind them. What it does to the host when
// dockerd starts (forwarding, chains) is in start.go. It gives out no address.
// Start reading at [Driver] and network.go.
package bridge

import (
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/profile"
)

// Config is what dockerd's options come to for the driver.
type Config struct {
	IPTables, IP6Tables bool // program the firewall
	IPForward           bool // see to it that the host forwards
	NFTables            bool // by nftables, where the release can
	NoForwardDrop       bool // and leave FORWARD's policy alone
	// AcceptMark is the mark, or mark/mask, of packets that no network keeps out; ""
	// for none. It has been checked.
	AcceptMark    string
	DirectRouting bool // let others reach containers by their own addresses
	Proxy         bool // docker-proxy listens on published ports
}

// mark is the mark of packets that are let in, in decimal digits, and the mask, "" for
// all bits; both are "" if no mark is.
func (c *Config) mark() (mark, mask string) {
	decimal := func(text string) string {
		n, err := strconv.ParseUint(text, 0, 32)
		if err != nil {
			return ""
		}
		return strconv.FormatUint(n, 10)
	}
	mark, mask, _ = strings.Cut(c.AcceptMark, "/")
	return decimal(mark), decimal(mask)
}

// Driver is the bridge driver of one host. What it bound outlives a dockerd, as
// rules and processes of the host do.
type Driver struct {
	host     *driver.Host
	cfg      Config
	networks []*network           // in the order of their making
	earlier  map[string]*network  // of the dockerd before, by id
	bound    map[string][]binding // by endpoint
	ports    *nat.Allocator
	rules    backend
}

var _ driver.Driver = (*Driver)(nil)

// New is the bridge driver of a host; Start comes before everything else.
func New(h *driver.Host) *Driver {
	d := &Driver{host: h, bound: map[string][]binding{}}
	d.rules = stages{d}
	return d
}

// choose takes the backend that the release and the options ask for.
func (d *Driver) choose() {
	switch {
	case d.host.Profile.Firewall != profile.ForwardChains:
		d.rules = stages{d}
	case d.cfg.NFTables:
		if _, is := d.rules.(*ruleTables); !is {
			d.rules = &ruleTables{d: d}
		}
	default:
		d.rules = forwardChains{d}
	}
}

// Ports are the ports of the host that are taken, nil before the first start.
func (d *Driver) Ports() *nat.Allocator { return d.ports }

// Capability says that the networks are of one host.
func (d *Driver) Capability() driver.Capability { return driver.Capability{Pools: driver.HasPools} }

func (d *Driver) find(id string) (*network, error) {
	for _, b := range d.networks {
		if b.net.ID == id {
			return b, nil
		}
	}
	return nil, errdefs.System("network %s does not exist", id)
}

// Bridge is the name of a network's Linux bridge, "" if it is none of the
// driver's; stale says that another network took the bridge over.
func (d *Driver) Bridge(id string) (name string, stale bool) {
	if b, err := d.find(id); err == nil {
		return b.name, b.stale
	}
	return "", false
}

// CreateNetwork sets the bridge up.
func (d *Driver) CreateNetwork(n *driver.Network) error {
	b, err := d.parse(n)
	if err != nil {
		return err
	}
	return d.setUp(b)
}

// ReviveNetwork sets a bridge up again, with the interface that is still there.
func (d *Driver) ReviveNetwork(n *driver.Network) error {
	b, err := d.parse(n)
	if err != nil {
		return err
	}
	if old := d.earlier[n.ID]; old != nil {
		b.made = old.made
	}
	return d.setUp(b)
}

func (d *Driver) setUp(b *network) error {
	if err := b.create(); err != nil {
		return err
	}
	d.networks = append(d.networks, b)
	return nil
}

// DeleteNetwork takes the rules away, and the interface if the driver made it.
func (d *Driver) DeleteNetwork(id string) error {
	if b, err := d.find(id); err == nil {
		b.remove()
		d.networks = slices.DeleteFunc(d.networks, func(x *network) bool { return x == b })
	}
	return nil
}

// CreateEndpoint makes the endpoint's veth pair.
func (d *Driver) CreateEndpoint(ep *driver.Endpoint) error {
	b, err := d.find(ep.Network)
	if err != nil {
		return err
	}
	if b.stale {
		return errdefs.System("network %s does not exist", ep.Network)
	}
	if err := b.plug(ep); err != nil {
		return err
	}
	b.endpoints[ep.ID] = ep
	ep.Gateway, ep.Gateway6 = b.out[0], b.out[1]
	return d.rules.endpoint(b, ep, true)
}

// DeleteEndpoint forgets the endpoint; its pair goes with it.
func (d *Driver) DeleteEndpoint(ep *driver.Endpoint) {
	if b, err := d.find(ep.Network); err == nil {
		if b.endpoints[ep.ID] != nil {
			d.rules.endpoint(b, ep, false)
		}
		delete(b.endpoints, ep.ID)
	}
}

// Join has nothing to do: the pair is there before.
func (d *Driver) Join(*driver.Endpoint) error { return nil }

// Leave closes the ports that a link had opened.
func (d *Driver) Leave(ep *driver.Endpoint) {
	if b, err := d.find(ep.Network); err == nil && !b.icc {
		b.unlink(ep)
	}
}
