package campaign

import (
	"fmt"
	"time"
)

// mark sets the rules that people made apart from Docker's.
const mark = "-m comment --comment somebody"

// rule adds a rule of the user's own, or a delay of the card.
func (p *plan) rule() {
	h := p.busyHost()
	match := pick(p.dice, "-p icmp", "-p tcp --dport 80", "-s 172.17.0.0/16", "-p udp --dport 4789", "-p tcp --dport 7946",
		"-m statistic --mode random --probability 0.3", "-m conntrack --ctstate INVALID", "-p udp --dport 53")
	chain := pick(p.dice, "INPUT", "OUTPUT", "FORWARD", "DOCKER-USER")
	rule := fmt.Sprintf("%s %s %s -j %s", chain, match, mark, pick(p.dice, "DROP", "REJECT", "ACCEPT", "RETURN"))
	switch p.dice.between(0, 5) {
	case 0:
		nat := fmt.Sprintf("-t nat %%s PREROUTING -p tcp --dport 8088 %s -j REDIRECT --to-ports 80", mark)
		p.types(h, "iptables "+nat, "-A")
		p.undo[h.name] = append(p.undo[h.name], "iptables "+fmt.Sprintf(nat, "-D"))
	case 1:
		p.types(h, "tc qdisc add dev %s root netem delay 5ms loss 2%%", h.ifaces[0])
		p.undo[h.name] = append(p.undo[h.name], "tc qdisc del dev "+h.ifaces[0]+" root")
	default:
		p.types(h, "iptables %s %s", pick(p.dice, "-A", "-I"), rule)
		p.undo[h.name] = append(p.undo[h.name], "iptables -D "+rule)
	}
}

// vandal breaks Docker's own rules or interfaces.
func (p *plan) vandal() {
	h := p.busyHost()
	h.vandalised = true
	p.types(h, "%s", pick(p.dice, "iptables -F FORWARD", "iptables -t nat -F", "iptables -D FORWARD 1", "iptables -P FORWARD ACCEPT",
		"ip link set docker0 down; sleep 1; ip link set docker0 up", "sysctl -w net.ipv4.ip_forward=0; sleep 1; sysctl -w net.ipv4.ip_forward=1", "conntrack -F",
		"ip neigh flush all"))
}

// cableFault makes a cable bad and, most times, good again some steps later.
func (p *plan) cableFault() {
	h := p.busyHost()
	cable := h.name + ":" + pick(p.dice, h.ifaces...)
	if p.dice.chance(35) {
		p.add(repair(h.name, "cable: "+cable))
		return
	}
	what := pick(p.dice, "down: true", "loss: 30%", "delay: 30ms", "duplicate: 20%", "reorder: 20%", "corrupt: 5%", "mtu: 1000", "block: [udp/4789]",
		"block: [tcp/8500]", "block: [tcp/7946, udp/7946]", "rate: 1mbit", "mac-filter: true", "jitter: 3ms")
	way := ""
	if what != "mac-filter: true" {
		way = pick(p.dice, "", "", ", way: in", ", way: out")
	}
	p.add(fault(h.name, "cable: "+cable+", "+what+way))
	if p.dice.chance(60) {
		p.add(pause(time.Duration(p.dice.between(1, 8))*time.Second), repair(h.name, "cable: "+cable))
	}
}

// engineToLose is a host whose engine may go down: in most clusters not the one
// that the store is a container of.
func (p *plan) engineToLose() *machine {
	h := p.busyHost()
	if h.name == storeHost && p.safeStore() {
		return p.hosts[1]
	}
	return h
}

func (p *plan) safeStore() bool { return p.overlays() && p.world.Seed%4 != 0 }

// daemon restarts dockerd, or kills it.
func (p *plan) daemon() {
	h := p.engineToLose()
	switch p.dice.between(0, 5) {
	case 0:
		p.types(h, "kill -9 $(pidof dockerd); sleep %s; systemctl start docker", pick(p.dice, "0.1", "2"))
	case 1:
		p.types(h, "kill -9 $(pidof dockerd)")
	case 2:
		p.types(h, "systemctl stop docker; sleep 1; systemctl start docker")
	case 3:
		p.types(h, "kill $(pidof dockerd); systemctl start docker")
	default:
		p.types(h, "systemctl restart docker")
	}
}

// crash takes a host's power; most times it comes back.
func (p *plan) crash() {
	h := p.engineToLose()
	if h.crashed {
		p.add(repair(h.name, "host: "+h.name))
		h.crashed = false
		return
	}
	p.add(fault(h.name, "host: "+h.name+", crash: true"))
	h.crashed = true
	if p.dice.chance(70) {
		p.add(pause(time.Duration(p.dice.between(1, 15))*time.Second), repair(h.name, "host: "+h.name))
		h.crashed = false
	}
}

func (p *plan) rest() {
	p.add(pause(pick(p.dice, 200*time.Millisecond, time.Second, 5*time.Second, 20*time.Second, time.Minute)))
}
