package campaign

import "strings"

// crowd lets several people type on one host at once. Most wait for the end of
// what they began.
func (p *plan) crowd() {
	h := p.busyHost()
	var lines []string
	for range p.dice.between(2, 5) {
		lines = append(lines, p.crowdLine(h))
	}
	all := strings.Join(lines, " & ") + " & "
	if p.dice.chance(80) {
		p.types(h, "%swait", all)
		return
	}
	p.types(h, "%ssleep %s", all, pick(p.dice, "0.01", "0.5", "2"))
}

func (p *plan) crowdLine(h *machine) string {
	c := p.containerOn(h)
	switch n := p.dice.between(0, 11); {
	case n <= 2 || c == nil:
		_, line := p.newContainer(h)
		return line
	case n <= 4:
		return p.lifeLine(c)
	case n == 5:
		return p.connectLine(c)
	case n == 6:
		return "docker run --rm busybox ping -c 2 -W 1 " + p.target(h)
	case n == 7:
		return "docker network rm " + p.someNetwork(h)
	case n == 8:
		n := &network{name: p.name("n"), driver: "bridge", host: h}
		p.networks = append(p.networks, n)
		return "docker network create " + n.name
	case n == 9 && p.taste["daemon"] > 0 && !(h.name == storeHost && p.safeStore()):
		return "systemctl restart docker"
	case n == 10:
		return "timeout 1 docker exec " + c.name + " ping -c 4 " + p.target(h)
	}
	return pick(p.dice, "docker ps", "docker inspect "+c.name, "docker rm -f "+c.name, "docker network prune -f", "docker exec "+c.name+" ip a")
}
