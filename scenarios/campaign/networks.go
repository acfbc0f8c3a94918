package campaign

import (
	"fmt"
	"strings"
)

func (p *plan) someNetwork(h *machine) string {
	var names []string
	for _, n := range p.networks {
		if n.host == nil || n.host == h {
			names = append(names, n.name)
		}
	}
	if len(names) == 0 {
		return "bridge"
	}
	return pick(p.dice, names...)
}

// createNetwork makes a bridge network.
func (p *plan) createNetwork() {
	h := p.busyHost()
	n := &network{name: p.name("n"), driver: "bridge", host: h}
	opts := p.subnet(n)
	for _, o := range []struct {
		percent int
		text    string
	}{
		{25, "--internal"}, {8, "-o com.docker.network.bridge.enable_icc=false"}, {8, "-o com.docker.network.bridge.enable_ip_masquerade=false"},
		{6, "-o com.docker.network.driver.mtu=1300"}, {5, "-o com.docker.network.bridge.name=mybr" + n.name}, {8, "--ipv6 --subnet fd00:5::/64"},
		{5, "-o com.docker.network.bridge.host_binding_ipv4=127.0.0.1"}, {4, "--label a=b"},
	} {
		if p.dice.chance(o.percent) {
			opts = append(opts, o.text)
		}
	}
	p.networks = append(p.networks, n)
	p.types(h, "docker network create %s", strings.Join(append(opts, n.name), " "))
}

// subnet asks for a subnet of its own in half of the cases.
func (p *plan) subnet(n *network) []string {
	if !p.dice.chance(50) {
		return nil
	}
	n.subnet = fmt.Sprintf("10.%d.%d", p.dice.between(20, 22), p.dice.between(0, 3))
	opts := []string{"--subnet", n.subnet + ".0/24"}
	switch p.dice.between(0, 5) {
	case 0:
		opts = append(opts, "--gateway", n.subnet+".254")
	case 1:
		opts = append(opts, "--ip-range", n.subnet+".128/29")
	case 2:
		opts = append(opts, "--aux-address", "x="+n.subnet+".2")
	}
	return opts
}

// createOverlay makes a network that spans the cluster.
func (p *plan) createOverlay() {
	var members []*machine
	for _, h := range p.hosts {
		if h.clustered {
			members = append(members, h)
		}
	}
	if len(members) == 0 {
		p.createNetwork()
		return
	}
	h := pick(p.dice, members...)
	n := &network{name: p.name("ov"), driver: "overlay"}
	opts := []string{"-d overlay"}
	if p.dice.chance(50) {
		n.subnet = fmt.Sprintf("10.30.%d", p.dice.between(0, 3))
		opts = append(opts, "--subnet", n.subnet+".0/24")
	}
	if p.dice.chance(15) {
		opts = append(opts, "--internal")
	}
	p.networks = append(p.networks, n)
	lines := []string{"docker network create " + strings.Join(append(opts, n.name), " ")}
	p.types(h, "%s", lines[0])
	for _, m := range members {
		if !p.dice.chance(60) {
			continue
		}
		c := &container{name: p.name("o"), image: pick(p.dice, "busybox", "alpine"), host: m, network: n.name}
		p.containers = append(p.containers, c)
		p.types(m, "docker run -itd --name %s --network %s %s", c.name, n.name, c.image)
	}
}

// createChild makes a macvlan or ipvlan network on a host's card. Each host
// gives out another part of the subnet, as the administrators of a shared
// segment must arrange.
func (p *plan) createChild() {
	h := p.anyHost()
	parent := pick(p.dice, h.ifaces...)
	n := &network{name: p.name("m"), driver: pick(p.dice, "macvlan", "macvlan", "ipvlan"), host: h}
	vlan := pick(p.dice, 0, 0, 10, 20)
	opts := []string{"-d " + n.driver}
	if vlan > 0 {
		parent = fmt.Sprintf("%s.%d", parent, vlan)
	}
	third := 10*h.lan + vlan/10
	n.subnet = fmt.Sprintf("100.64.%d", third)
	part := 32 * (1 + h.number())
	opts = append(opts, "--subnet", n.subnet+".0/24", "--ip-range", fmt.Sprintf("%s.%d/28", n.subnet, part), "--gateway", n.subnet+".254")
	switch {
	case n.driver == "macvlan":
		opts = append(opts, pick(p.dice, "", "-o macvlan_mode=bridge", "-o macvlan_mode=private", "-o macvlan_mode=vepa", "-o macvlan_mode=passthru"))
	case p.dice.chance(40):
		opts = append(opts, "-o ipvlan_mode=l3")
	}
	if p.dice.chance(15) {
		opts = append(opts, "--internal")
	} else {
		opts = append(opts, "-o parent="+parent)
	}
	p.networks = append(p.networks, n)
	p.types(h, "docker network create %s", strings.Join(strings.Fields(strings.Join(append(opts, n.name), " ")), " "))
}

// number is the host's, from 0.
func (h *machine) number() int { return int(h.name[1] - '0') }

// connect plugs a container into a network, or takes it out.
func (p *plan) connect() {
	c := p.someContainer()
	if c == nil {
		p.createNetwork()
		return
	}
	p.types(c.host, "%s", p.connectLine(c))
}

func (p *plan) connectLine(c *container) string {
	n := p.someNetwork(c.host)
	switch p.dice.between(0, 4) {
	case 0:
		return fmt.Sprintf("docker network disconnect %s %s", pick(p.dice, n, c.network, "bridge"), c.name)
	case 1:
		return fmt.Sprintf("docker network disconnect -f %s %s", pick(p.dice, n, c.network), c.name)
	case 2:
		return fmt.Sprintf("docker network connect --alias also %s %s", n, c.name)
	}
	return fmt.Sprintf("docker network connect %s %s", pick(p.dice, n, n, n, "bridge", "none"), c.name)
}
