package campaign

import (
	"fmt"
	"strings"
)

// images are those that every host has from the start.
const images = `[busybox, alpine, nginx, httpd, "centos:7", progrium/consul]`

// storeHost is the machine whose container is the cluster store.
const storeHost = "h0"

// topology draws cables, routers and hosts.
func (p *plan) topology() {
	lans := pick(p.dice, 1, 1, 1, 2, 2, 3)
	gateways := lans > 1 || p.dice.chance(60)
	for i := range lans {
		text := fmt.Sprintf("{subnet: 10.0.%d.0/24", i)
		if gateways {
			text += fmt.Sprintf(", gateway: 10.0.%d.1", i)
		}
		p.world.LANs = append(p.world.LANs, Part{lanName(i), text + p.cable() + "}"})
	}
	if lans > 1 && p.dice.chance(70) {
		p.routers(lans)
	}
	if gateways && p.dice.chance(60) {
		p.world.Internet = []Part{{"www.example.org", "{address: 93.184.216.34, delay: " + pick(p.dice, "3ms", "20ms") + "}"}}
		p.sites = []string{"www.example.org", "93.184.216.34"}
	}
	for i := range p.dice.between(2, 6) {
		p.host(i, lans)
	}
}

func lanName(i int) string { return string(rune('a' + i)) }

// cable draws the properties of a LAN's cables.
func (p *plan) cable() string {
	return pick(p.dice, "", "", ", delay: 200us", ", delay: 1ms", ", delay: 500us, jitter: 100us", ", delay: 5ms, loss: 1%", ", rate: 50mbit, queue: 50")
}

// routers joins the LANs: one machine in the middle, or a chain.
func (p *plan) routers(lans int) {
	port := func(n, lan, host int) string {
		return fmt.Sprintf("eth%d: {lan: %s, address: 10.0.%d.%d}", n, lanName(lan), lan, host)
	}
	nat := pick(p.dice, "", "", ", nat: true")
	if lans == 2 || p.dice.chance(50) {
		var ports []string
		for i := range lans {
			ports = append(ports, port(i, i, 1))
		}
		p.world.Routers = []Part{{"r1", "{interfaces: {" + strings.Join(ports, ", ") + "}" + nat + "}"}}
		return
	}
	p.world.Routers = []Part{
		{"r1", "{interfaces: {" + port(0, 0, 1) + ", " + port(1, 1, 1) + "}, routes: [{to: 10.0.2.0/24, via: 10.0.1.2}]" + nat + "}"},
		{"r2", "{interfaces: {" + port(0, 1, 2) + ", " + port(1, 2, 1) + "}, routes: [{to: 10.0.0.0/24, via: 10.0.1.1}]}"},
	}
}

// host draws a machine and its engine's options.
func (p *plan) host(i, lans int) {
	h := &machine{name: fmt.Sprintf("h%d", i), lan: p.dice.r.IntN(lans)}
	if p.overlays() && p.dice.chance(70) {
		h.lan = 0
	}
	h.addr = fmt.Sprintf("10.0.%d.%d", h.lan, 11+i)
	text := fmt.Sprintf("{address: %s, lan: %s", h.addr, lanName(h.lan))
	h.ifaces = []string{"eth0"}
	if lans > 1 && p.dice.chance(25) {
		other := (h.lan + 1) % lans
		text = fmt.Sprintf("{interfaces: {eth0: {lan: %s, address: %s}, eth1: {lan: %s, address: 10.0.%d.%d}}",
			lanName(h.lan), h.addr, lanName(other), other, 11+i)
		h.ifaces = append(h.ifaces, "eth1")
	}
	text += ", images: " + images
	if opts := p.daemonOptions(h); len(opts) > 0 {
		text += ", daemon: {" + strings.Join(opts, ", ") + "}"
	}
	p.world.Hosts = append(p.world.Hosts, Part{h.name, text + "}"})
	p.hosts = append(p.hosts, h)
}

func (p *plan) daemonOptions(h *machine) []string {
	var opts []string
	if p.overlays() && (h.name == storeHost || p.dice.chance(90)) {
		store := p.storeAddr(h)
		opts = append(opts, fmt.Sprintf("cluster-store: %q", "consul://"+store+":8500"), fmt.Sprintf("cluster-advertise: %q", h.addr+":2376"))
		h.clustered = true
	}
	for _, o := range []struct {
		percent int
		text    string
	}{
		{20, "live-restore: true"}, {20, "userland-proxy: false"}, {15, "icc: false"}, {15, "bip: 192.168.77.1/24"},
		{10, "mtu: 1400"}, {10, "fixed-cidr: 172.17.0.0/25"}, {8, "ip-masq: false"}, {5, "iptables: false"},
		{8, `default-address-pools: [{base: 172.80.0.0/16, size: 24}, {base: 192.168.96.0/20, size: 26}]`},
		{8, `ipv6: true, fixed-cidr-v6: "fd00:1::/64"`}, {5, "bridge: none"}, {5, "ip: 127.0.0.1"},
	} {
		if p.dice.chance(o.percent) && !p.clash(opts, o.text) {
			opts = append(opts, o.text)
		}
	}
	h.liveRestore = strings.Contains(strings.Join(opts, " "), "live-restore")
	return opts
}

// clash reports whether an option contradicts those that were drawn before: a
// daemon that does not come up would make an empty world.
func (p *plan) clash(opts []string, text string) bool {
	all := strings.Join(opts, " ")
	switch {
	case strings.HasPrefix(text, "fixed-cidr: "), strings.HasPrefix(text, "default-address-pools"):
		return strings.Contains(all, "bip:") || strings.Contains(all, "fixed-cidr")
	case strings.HasPrefix(text, "bridge: none"):
		return strings.Contains(all, "bip:") || strings.Contains(all, "fixed-cidr")
	case strings.HasPrefix(text, "iptables: false"): // nobody would forward the store's port, as on a real engine
		return strings.Contains(all, "userland-proxy")
	}
	return false
}

// storeAddr is where a host believes the cluster's store to be.
func (p *plan) storeAddr(h *machine) string {
	if h.name == storeHost {
		p.store = h.addr
	}
	return p.store
}
