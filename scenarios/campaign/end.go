package campaign

import (
	"time"
)

// The lines of the end. Consul goes last: the networks of the cluster are in it.
const (
	startEngine      = "systemctl start docker"
	startStore       = "docker start consul"
	removeContainers = "docker ps -a --format '{{.Names}}' | grep -vx consul | xargs -r docker rm -f -v"
	// Endpoints of engines that could not reach the store are taken out by force,
	// as an administrator has to do it.
	removeNetworks = "for n in $(docker network ls --filter type=custom --format '{{.Name}}'); do " +
		"for e in $(docker network inspect -f '{{range .Containers}}{{.Name}} {{end}}' $n); do docker network disconnect -f $n $e; done; " +
		"docker network rm $n; done"
	readStore = "curl -s 'http://127.0.0.1:8500/v1/kv/docker/?recurse'"
)

// patience is how long a world is left alone at its end: longer than TIME_WAIT,
// the time of a UDP flow in conntrack (180 s), and that of docker-proxy (90 s).
const patience = 200 * time.Second

// end makes good what was broken and removes everything.
func (p *plan) end() {
	each := func(do func(h *machine)) {
		for _, h := range p.hosts {
			do(h)
		}
	}
	add := func(s ...Step) { p.world.End = append(p.world.End, s...) }
	each(func(h *machine) {
		add(repair(h.name, "host: "+h.name))
		for _, i := range h.ifaces {
			add(repair(h.name, "cable: "+h.name+":"+i))
		}
		for _, line := range p.undo[h.name] {
			add(typed(h.name, line))
		}
	})
	add(pause(15 * time.Second)) // an engine that was told to stop has stopped
	each(func(h *machine) { add(typed(h.name, startEngine)) })
	// Rules first: an engine whose store is behind a host that forwards nothing
	// keeps the sandboxes that it cannot clean up, as 20.10 does.
	each(func(h *machine) {
		if h.vandalised {
			add(typed(h.name, "iptables -P FORWARD DROP; systemctl restart docker"))
		}
	})
	if p.overlays() {
		add(typed(storeHost, startStore))
	}
	add(pause(40 * time.Second)) // background jobs end, clusters meet again
	each(func(h *machine) {
		if h.clustered && h.name != storeHost {
			add(typed(h.name, "systemctl restart docker")) // it cleans up what it could not tell the store
		}
	})
	if p.overlays() {
		add(pause(10 * time.Second))
	}
	each(func(h *machine) { add(typed(h.name, removeContainers)) })
	each(func(h *machine) { add(typed(h.name, removeNetworks)) })
	if p.overlays() {
		add(pause(5*time.Second), typed(storeHost, readStore), typed(storeHost, "docker rm -f consul"))
	}
	add(pause(patience))
}
