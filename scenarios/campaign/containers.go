package campaign

import (
	"fmt"
	"strings"
)

// runContainer starts a container on some network, with or without ports.
func (p *plan) runContainer() {
	c, line := p.newContainer(p.busyHost())
	p.types(c.host, "%s", line)
}

// newContainer is a container that somebody thinks of, and the line that starts
// it.
func (p *plan) newContainer(h *machine) (*container, string) {
	c := &container{name: p.name("c"), host: h, network: "bridge", inside: 80}
	c.image = pick(p.dice, "busybox", "busybox", "alpine", "nginx", "nginx", "httpd", "web", "centos:7")
	opts := []string{"--name", c.name}
	if n := p.networkFor(h); n != "" {
		c.network = n
		opts = append(opts, "--network", n)
		opts = append(opts, p.address(c)...)
	}
	opts = append(opts, p.publish(c)...)
	for _, o := range []struct {
		percent int
		text    string
	}{
		{8, "--restart always"}, {5, "--restart on-failure:2"}, {5, "--restart unless-stopped"}, {4, "--privileged"},
		{4, "--network-alias web"}, {4, "--dns 8.8.8.8"}, {3, "--link " + p.known(h) + ":other"}, {2, "-h same"}, {3, "--mac-address 02:42:de:ad:be:01"},
		{3, "--ip6 fd00:5::55"}, {3, "-e A=1 -l x=y"},
	} {
		if p.dice.chance(o.percent) {
			opts = append(opts, o.text)
		}
	}
	p.containers = append(p.containers, c)
	cmd := ""
	switch {
	case p.dice.chance(4):
		cmd = " nosuchprogram"
	case p.dice.chance(6):
		cmd = " sleep " + pick(p.dice, "3", "10", "60")
	case c.image == "centos:7":
		cmd = " sleep 100000"
	case c.image == "busybox" && p.dice.chance(15):
		cmd = " ping -c 20 " + p.target(h)
	}
	how := pick(p.dice, "run -itd", "run -d", "run -itd", "run -d", "run -itd --rm", "create -it")
	if cmd == "" && (c.image == "busybox" || c.image == "alpine") {
		how = strings.Replace(how, "run -d", "run -itd", 1)
	}
	return c, "docker " + how + " " + strings.Join(opts, " ") + " " + c.image + cmd
}

// networkFor is a network that a container on h may be put into; "" is none
// named.
func (p *plan) networkFor(h *machine) string {
	var names []string
	for _, n := range p.networks {
		if n.host == nil || n.host == h {
			names = append(names, n.name, n.name, n.name)
		}
	}
	names = append(names, "", "", "bridge", "host", "none")
	if c := p.containerOn(h); c != nil {
		names = append(names, "container:"+c.name)
	}
	if p.dice.chance(2) {
		return "nosuchnetwork"
	}
	return pick(p.dice, names...)
}

func (p *plan) containerOn(h *machine) *container {
	var on []*container
	for _, c := range p.containers {
		if c.host == h {
			on = append(on, c)
		}
	}
	if len(on) == 0 {
		return nil
	}
	return pick(p.dice, on...)
}

// known is the name of a container on h, or one that is not there.
func (p *plan) known(h *machine) string {
	if c := p.containerOn(h); c != nil {
		return c.name
	}
	return "nobody"
}

// address asks for an address of the network, sometimes one that is out of it or
// taken.
func (p *plan) address(c *container) []string {
	for _, n := range p.networks {
		if n.name == c.network && n.subnet != "" && n.driver == "bridge" && p.dice.chance(20) {
			return []string{"--ip", fmt.Sprintf("%s.%d", n.subnet, p.dice.between(2, 12))}
		}
	}
	return nil
}

// publish draws published ports.
func (p *plan) publish(c *container) []string {
	if strings.HasPrefix(c.network, "container:") || !p.dice.chance(45) {
		return nil
	}
	c.port = pick(p.dice, 80, 8080, 8081, 8082, 9000, 9001, 9002)
	switch p.dice.between(0, 9) {
	case 0:
		c.port = 0
		return []string{"-P"}
	case 1:
		c.udp = true
		return []string{"-p", fmt.Sprintf("%d:53/udp", c.port)}
	case 2:
		return []string{"-p", fmt.Sprintf("127.0.0.1:%d:%d", c.port, c.inside)}
	case 3:
		return []string{"-p", fmt.Sprintf("%d:%d", c.port, c.inside), "-p", fmt.Sprintf("%d:7000/udp", c.port)}
	case 4:
		return []string{"-p", "9100-9104:80"}
	case 5:
		return []string{"-p", fmt.Sprintf("%s:%d:%d", c.host.addr, c.port, c.inside)}
	case 6:
		c.port = 0
		return []string{"-p", fmt.Sprint(c.inside)}
	}
	return []string{"-p", fmt.Sprintf("%d:%d", c.port, c.inside)}
}

// changeLife stops, starts, kills, pauses or renames a container.
func (p *plan) changeLife() {
	c := p.someContainer()
	if c == nil {
		p.runContainer()
		return
	}
	p.types(c.host, "%s", p.lifeLine(c))
}

func (p *plan) lifeLine(c *container) string {
	switch p.dice.between(0, 11) {
	case 0, 1:
		return "docker stop -t " + pick(p.dice, "0", "1", "2") + " " + c.name
	case 2, 3:
		return "docker start " + c.name
	case 4, 5:
		return "docker restart -t 1 " + c.name
	case 6:
		return "docker kill " + pick(p.dice, "", "-s HUP ", "-s TERM ") + c.name
	case 7:
		return "docker pause " + c.name + "; sleep 1; docker unpause " + c.name
	case 8:
		name := p.name("r")
		line := "docker rename " + c.name + " " + name
		c.name = name
		return line
	case 9:
		return "docker update --restart " + pick(p.dice, "always", "no", "on-failure:1") + " " + c.name
	}
	return "docker rm -f " + c.name
}

// remove removes containers or networks.
func (p *plan) remove() {
	h := p.busyHost()
	switch p.dice.between(0, 6) {
	case 0:
		p.types(h, "docker container prune -f")
	case 1:
		p.types(h, "docker network prune -f")
	case 2:
		p.types(h, "docker system prune -f")
	case 3:
		p.types(h, "docker network rm %s", p.someNetwork(h))
	default:
		if c := p.someContainer(); c != nil {
			p.types(c.host, "docker rm -f %s", c.name)
			return
		}
		p.types(h, "docker rm -f nobody")
	}
}

// look asks the engine something.
func (p *plan) look() {
	h := p.busyHost()
	c := p.known(h)
	p.types(h, "%s", pick(p.dice,
		"docker ps -a", "docker network ls", "docker inspect "+c, "docker logs "+c, "docker top "+c, "docker port "+c,
		"docker stats --no-stream", "docker info", "docker network inspect "+p.someNetwork(h), "docker exec "+c+" ip a",
		"docker exec "+c+" cat /etc/hosts /etc/resolv.conf", "iptables-save", "conntrack -L", "ss -tanp", "ip a; ip r", "bridge fdb",
		"docker exec "+c+" netstat -an", "journalctl -u docker | tail -5", "docker network inspect bridge"))
}
