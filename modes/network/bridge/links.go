package bridge

import (
	"net/netip"
	"strconv"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
)

// A link opens the exposed ports of one endpoint to another where the network lets
// nothing through else: the bridge driver's drivers/bridge/link.go.

// partners are the pairs that an endpoint's links open, who asks before who is
// asked. One that has gone is an error, and ends the list.
func (b *network) partners(ep *driver.Endpoint) (pairs [][2]*driver.Endpoint, err error) {
	for _, id := range ep.Parents {
		p := b.endpoints[id]
		if p == nil {
			return pairs, errdefs.System("invalid endpoint id: %s", id)
		}
		pairs = append(pairs, [2]*driver.Endpoint{p, ep})
	}
	for _, id := range ep.Children {
		c := b.endpoints[id]
		if c == nil {
			return pairs, errdefs.System("invalid endpoint id: %s", id)
		}
		pairs = append(pairs, [2]*driver.Endpoint{ep, c})
	}
	return pairs, nil
}

// link opens what the endpoint's links open; on error nothing is.
func (b *network) link(ep *driver.Endpoint) error {
	pairs, err := b.partners(ep)
	for i := 0; err == nil && i < len(pairs); i++ {
		if err = b.linkRules(true, pairs[i]); err != nil {
			pairs = pairs[:i+1]
		}
	}
	if err != nil {
		for _, p := range pairs {
			b.linkRules(false, p)
		}
	}
	return err
}

// unlink closes it. The rules between it and an endpoint that has gone meanwhile
// stay: nobody knows its address any more.
func (b *network) unlink(ep *driver.Endpoint) {
	if !ep.Programmed {
		return
	}
	pairs, err := b.partners(ep)
	for _, p := range pairs {
		b.linkRules(false, p)
	}
	if err != nil {
		b.d.host.Log("error", err.Error())
	}
}

func (b *network) linkRules(want bool, pair [2]*driver.Endpoint) error {
	if !pair[1].Programmed {
		return nil
	}
	for _, p := range nat.Sorted(pair[1].ExposedPorts) {
		err := b.d.rules.link(b, pair[0].Addr.Addr(), pair[1].Addr.Addr(), p.Proto, p.Number, want)
		if err != nil && want {
			return err
		}
	}
	return nil
}

func (s stages) link(b *network, parent, child netip.Addr, proto string, port uint16, want bool) error {
	return linkByTables(s.d, b, parent, child, proto, port, want)
}

func (c forwardChains) link(b *network, parent, child netip.Addr, proto string, port uint16, want bool) error {
	return linkByTables(c.d, b, parent, child, proto, port, want)
}

// linkByTables is what both releases do with iptables.
func linkByTables(d *Driver, b *network, parent, child netip.Addr, proto string, port uint16, want bool) error {
	f := d.firewall(false)
	for _, way := range []struct {
		from, to netip.Addr
		at       string
	}{{parent, child, "--dport"}, {child, parent, "--sport"}} {
		err := f.program(want, "filter", chainDocker, "-i", b.name, "-o", b.name, "-p", proto,
			"-s", way.from.String(), "-d", way.to.String(), way.at, strconv.Itoa(int(port)), "-j", "ACCEPT")
		if err != nil && want {
			return errdefs.System("%v", err)
		}
	}
	return nil
}
