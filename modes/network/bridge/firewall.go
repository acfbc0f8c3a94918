package bridge

import "dnetsim/stack/netfilter"

// The chains that Docker 20.10 makes.
const (
	chainDocker = "DOCKER"
	chainStage1 = "DOCKER-ISOLATION-STAGE-1"
	chainStage2 = "DOCKER-ISOLATION-STAGE-2"
	chainUser   = "DOCKER-USER"
)

// firewall programs the rules of one address family of the host, the way
// libnetwork does: every rule is looked for first, and put at the head.
type firewall struct {
	r  *netfilter.Rules
	v6 bool
	on bool // the daemon's "iptables" (or "ip6tables") option
}

func (d *Driver) firewall(v6 bool) firewall {
	on := d.cfg.IPTables
	if v6 {
		on = d.cfg.IP6Tables
	}
	return firewall{d.host.NS().Netfilter(v6), v6, on}
}

// insert puts a rule at the head of a chain if it is wanted and missing, and
// deletes it if it is unwanted and there.
func (f firewall) insert(want bool, table, chain string, rule ...string) error {
	if !f.on {
		return nil
	}
	if !want {
		return f.r.Remove(table, chain, rule...)
	}
	return f.r.EnsureFirst(table, chain, rule...)
}

// add is insert at the end of the chain.
func (f firewall) add(want bool, table, chain string, rule ...string) error {
	if !f.on {
		return nil
	}
	if !want {
		return f.r.Remove(table, chain, rule...)
	}
	return f.r.Ensure(table, chain, rule...)
}

// jumpFirst moves the jump to a chain to the head of FORWARD.
func (f firewall) jumpFirst(chain string) {
	if !f.on {
		return
	}
	f.r.Remove("filter", "FORWARD", "-j", chain)
	f.r.Exec("-t", "filter", "-I", "FORWARD", "-j", chain)
}

// setupChains makes Docker's chains anew at the start of the daemon. Chains
// that rules still refer to cannot be deleted; they are emptied.
func (f firewall) setupChains(hairpin bool) {
	if !f.on {
		return
	}
	f.r.Exec("-t", "filter", "-n", "-L") // dockerd probes for the xtables lock
	local := []string{"-m", "addrtype", "--dst-type", "LOCAL", "-j", chainDocker}
	f.r.Remove("nat", "PREROUTING", local...)
	f.r.Remove("nat", "OUTPUT", append(local[:len(local):len(local)], "!", "--dst", f.loopback())...)
	f.r.Remove("nat", "OUTPUT", local...)
	for _, c := range [][2]string{{"nat", chainDocker}, {"filter", chainDocker}, {"filter", chainStage1}, {"filter", chainStage2}} {
		if f.r.HasChain(c[0], c[1]) {
			f.r.Exec("-t", c[0], "-F", c[1])
			f.r.Exec("-t", c[0], "-X", c[1])
		}
	}
	f.r.EnsureChain("nat", chainDocker)
	f.r.EnsureChain("filter", chainDocker)
	for _, c := range []string{chainStage1, chainStage2} {
		f.r.EnsureChain("filter", c)
		f.r.Ensure("filter", c, "-j", "RETURN")
	}
}

func (f firewall) loopback() string {
	if f.v6 {
		return "::1/128"
	}
	return "127.0.0.0/8"
}

// userChain makes sure that DOCKER-USER exists and is asked first; dockerd does
// it after every new network, for IPv4 only.
func (f firewall) userChain() {
	if !f.on {
		return
	}
	f.r.EnsureChain("filter", chainUser)
	f.r.Ensure("filter", chainUser, "-j", "RETURN")
	f.jumpFirst(chainUser)
}

// programChains connects the built-in chains with DOCKER for one bridge.
func (f firewall) programChains(want bool, bridge string, hairpin bool) {
	if !f.on {
		return
	}
	if want {
		f.r.Ensure("nat", "PREROUTING", "-m", "addrtype", "--dst-type", "LOCAL", "-j", chainDocker)
		output := []string{"-m", "addrtype", "--dst-type", "LOCAL", "-j", chainDocker}
		if !hairpin {
			output = append(output, "!", "--dst", f.loopback())
		}
		f.r.Ensure("nat", "OUTPUT", output...)
	}
	f.insert(want, "filter", "FORWARD", "-o", bridge, "-j", chainDocker)
	f.insert(want, "filter", "FORWARD", "-o", bridge, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT")
}

// icc lets the containers of a bridge talk to each other, or not.
func (f firewall) icc(want bool, bridge string, allowed bool) {
	accept := []string{"-i", bridge, "-o", bridge, "-j", "ACCEPT"}
	drop := []string{"-i", bridge, "-o", bridge, "-j", "DROP"}
	switch {
	case !want && allowed:
		f.insert(false, "filter", "FORWARD", accept...)
	case !want:
		f.insert(false, "filter", "FORWARD", drop...)
	case allowed:
		f.insert(false, "filter", "FORWARD", drop...)
		f.insert(true, "filter", "FORWARD", accept...)
	default:
		f.insert(false, "filter", "FORWARD", accept...)
		f.add(true, "filter", "FORWARD", drop...)
	}
}

// bridgeRules are what a bridge that is not internal gets.
func (f firewall) bridgeRules(want bool, b *network, subnet string) {
	name, hairpin := b.name, !b.d.cfg.Proxy
	f.insert(want && b.masq, "nat", "POSTROUTING", "-s", subnet, "!", "-o", name, "-j", "MASQUERADE")
	f.insert(want && b.masq && !hairpin, "nat", chainDocker, "-i", name, "-j", "RETURN")
	f.insert(want && hairpin, "nat", "POSTROUTING", "-m", "addrtype", "--src-type", "LOCAL", "-o", name, "-j", "MASQUERADE")
	f.icc(want, name, b.icc)
	f.insert(want, "filter", "FORWARD", "-i", name, "!", "-o", name, "-j", "ACCEPT")
	f.programChains(want, name, hairpin)
	if want && f.on {
		f.jumpFirst(chainStage1)
	}
	f.insert(want, "filter", chainStage1, "-i", name, "!", "-o", name, "-j", chainStage2)
	f.insert(want, "filter", chainStage2, "-o", name, "-j", "DROP")
}

// internalRules cut an internal bridge off from every other network.
func (f firewall) internalRules(want bool, b *network, subnet string) {
	f.insert(want, "filter", chainStage1, "-i", b.name, "!", "-d", subnet, "-j", "DROP")
	f.insert(want, "filter", chainStage1, "-o", b.name, "!", "-s", subnet, "-j", "DROP")
	f.icc(want, b.name, b.icc)
	if want && f.on {
		f.jumpFirst(chainStage1)
	}
}
