package campaign

import (
	"fmt"
	"time"
)

// plan is a world while it is drawn, and what its people believe to be there.
// They may be wrong: a command that fails is a part of life.
type plan struct {
	dice       dice
	world      *World
	taste      map[string]int // weight of each kind of action
	hosts      []*machine
	networks   []*network
	containers []*container
	sites      []string
	store      string // the address of the cluster's store, "" for none
	serial     int
	undo       map[string][]string // what the end types on a host, before docker's part
}

// machine is a host.
type machine struct {
	name, addr  string
	lan         int
	ifaces      []string
	clustered   bool
	liveRestore bool
	crashed     bool
	vandalised  bool
}

// network is one that somebody created.
type network struct {
	name, driver string
	host         *machine // nil: on every host of the cluster
	subnet       string   // "10.20.3", the first three numbers; "" if Docker chose it
}

// container is one that somebody started.
type container struct {
	name, image string
	host        *machine
	network     string
	port        int // of the host, 0 if none is published
	inside      int // of the container
	udp         bool
}

// action is a kind of thing that people do.
type action struct {
	name   string
	weight int
	do     func(*plan)
}

// actions is a function because the actions refer to it.
func actions() []action {
	return []action{
		{"run", 30, (*plan).runContainer},
		{"network", 14, (*plan).createNetwork},
		{"overlay", 10, (*plan).createOverlay},
		{"child", 8, (*plan).createChild},
		{"join", 12, (*plan).connect},
		{"life", 16, (*plan).changeLife},
		{"remove", 8, (*plan).remove},
		{"look", 6, (*plan).look},
		{"ping", 14, (*plan).ping},
		{"fetch", 12, (*plan).fetch},
		{"iperf", 3, (*plan).iperf},
		{"background", 6, (*plan).background},
		{"service", 12, (*plan).service},
		{"proxy", 6, (*plan).proxy},
		{"image", 8, (*plan).image},
		{"install", 4, (*plan).install},
		{"tools", 10, (*plan).tools},
		{"crowd", 12, (*plan).crowd},
		{"rule", 8, (*plan).rule},
		{"vandal", 2, (*plan).vandal},
		{"cable", 8, (*plan).cableFault},
		{"daemon", 8, (*plan).daemon},
		{"crash", 4, (*plan).crash},
		{"wait", 8, (*plan).rest},
	}
}

// drawWorld makes the world of a seed.
func drawWorld(seed uint64) *World {
	p := &plan{dice: newDice(seed), world: &World{Seed: seed}, undo: map[string][]string{}}
	all := actions()
	p.chooseTaste(all)
	p.topology()
	p.setup()
	total := 0
	for _, a := range all {
		total += p.taste[a.name]
	}
	for range p.dice.between(1, 4) {
		p.runContainer()
	}
	for range p.dice.between(8, 36) {
		n := p.dice.r.IntN(total)
		for _, a := range all {
			if n -= p.taste[a.name]; n < 0 {
				a.do(p)
				break
			}
		}
	}
	p.end()
	return p.world
}

// chooseTaste lets a world do some kinds of things and leave others: worlds
// that do a little of everything find less than worlds that each do a lot of
// something (Groce et al., Swarm Testing, 2012).
func (p *plan) chooseTaste(all []action) {
	p.taste = map[string]int{}
	for _, a := range all {
		if a.name == "run" || a.name == "ping" || p.dice.chance(55) {
			p.taste[a.name] = a.weight * p.dice.between(1, 4)
		}
	}
	if !p.dice.chance(35) {
		delete(p.taste, "overlay")
	}
}

func (p *plan) overlays() bool { return p.taste["overlay"] > 0 }

// setup is what is there before the steps: the store of a cluster.
func (p *plan) setup() {
	if !p.overlays() {
		return
	}
	policy := pick(p.dice, "", "--restart always ")
	p.world.Setup = []Step{
		typed(storeHost, "docker run -d "+policy+"-p 8500:8500 -h consul --name consul progrium/consul -server -bootstrap"),
		pause(10 * time.Second),
	}
}

// name is one that nobody has yet.
func (p *plan) name(prefix string) string {
	p.serial++
	return fmt.Sprintf("%s%d", prefix, p.serial)
}

func (p *plan) add(s ...Step) { p.world.Steps = append(p.world.Steps, s...) }

// types types a line on a host.
func (p *plan) types(h *machine, format string, a ...any) {
	p.add(typed(h.name, fmt.Sprintf(format, a...)))
}

func (p *plan) anyHost() *machine { return pick(p.dice, p.hosts...) }

// busyHost is most times one of the first two, so that things meet.
func (p *plan) busyHost() *machine {
	if p.dice.chance(75) {
		return p.hosts[p.dice.r.IntN(2)]
	}
	return p.anyHost()
}

// someContainer is one that was started and whose host has power; nil if there
// is none.
func (p *plan) someContainer() *container {
	if len(p.containers) == 0 {
		return nil
	}
	return pick(p.dice, p.containers...)
}
