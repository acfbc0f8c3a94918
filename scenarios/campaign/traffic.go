package campaign

import "fmt"

// target is somebody to talk to: a host, a site, a container by name or by an
// address that Docker is likely to have given it.
func (p *plan) target(from *machine) string {
	all := []string{p.anyHost().addr, p.anyHost().addr, "172.17.0.2", "172.17.0.3", "172.18.0.2", "172.18.0.1", "8.8.8.8"}
	all = append(all, p.sites...)
	for _, c := range p.containers {
		if c.host == from {
			all = append(all, c.name)
		}
	}
	for _, n := range p.networks {
		if n.subnet != "" {
			all = append(all, fmt.Sprintf("%s.%d", n.subnet, p.dice.between(1, 4)))
		}
	}
	return pick(p.dice, all...)
}

// ping pings from a container or a host.
func (p *plan) ping() {
	c := p.someContainer()
	if c == nil || p.dice.chance(30) {
		h := p.busyHost()
		p.types(h, "ping -c %d -W 1 %s", p.dice.between(1, 3), p.target(h))
		return
	}
	p.types(c.host, "docker exec %s ping -c %d -W 1 %s", c.name, p.dice.between(1, 3), p.target(c.host))
}

// fetch asks a web server, or knocks at a port.
func (p *plan) fetch() {
	h := p.busyHost()
	at, port := p.target(h), 80
	if c := p.someContainer(); c != nil && c.port != 0 && p.dice.chance(70) {
		at, port = c.host.addr, c.port
	}
	switch p.dice.between(0, 4) {
	case 0:
		p.types(h, "echo hello | nc -w 1 %s %d", at, port)
	case 1:
		p.types(h, "echo hello | nc -u -w 1 %s %d", at, port)
	case 2:
		if c := p.containerOn(h); c != nil {
			p.types(h, "docker exec %s wget -T 2 -q -O - http://%s:%d/", c.name, at, port)
			return
		}
		fallthrough
	default:
		p.types(h, "curl -s -m 3 http://%s:%d/", at, port)
	}
}

// iperf measures for a moment.
func (p *plan) iperf() {
	a, b := p.anyHost(), p.anyHost()
	how := pick(p.dice, "-b 2M", "-b 5M", "-u -b 2M", "-n 100K", "-R -b 2M")
	p.add(typed(a.name, "timeout 8 iperf3 -s -1 > /dev/null 2>&1 &"), typed(b.name, fmt.Sprintf("timeout 6 iperf3 -t 1 %s -c %s", how, a.addr)))
}

// background leaves something running for a while.
func (p *plan) background() {
	h := p.busyHost()
	c := p.known(h)
	p.types(h, "%s", pick(p.dice,
		fmt.Sprintf("ping -c %d -i 0.7 %s > /dev/null &", p.dice.between(3, 20), p.target(h)),
		fmt.Sprintf("timeout 20 tcpdump -ni %s -c 10 > /tmp/dump 2>&1 &", pick(p.dice, "eth0", "docker0", "any")),
		fmt.Sprintf("timeout 30 nc -l -p %d > /dev/null &", p.dice.between(9000, 9004)),
		fmt.Sprintf("docker exec -d %s ping -c 20 %s", c, p.target(h)),
		fmt.Sprintf("docker exec %s sh -c 'ping -c 5 %s & ping -c 3 %s; wait'", c, p.target(h), p.target(h)),
		"timeout 20 docker events > /tmp/events &",
		fmt.Sprintf("timeout 15 docker logs -f %s > /tmp/logs &", c),
		fmt.Sprintf("for i in 1 2 3; do curl -s -m 1 http://%s/; sleep 1; done > /dev/null &", p.target(h)),
		fmt.Sprintf("timeout 20 docker exec %s tcpdump -ni eth0 -c 4 > /tmp/inside 2>&1 &", c)))
}
