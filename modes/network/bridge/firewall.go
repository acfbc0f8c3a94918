package bridge

import (
	"fmt"
	"strings"

	"dnetsim/stack/netfilter"
)

// The chains that Docker 20.10 makes.
const (
	chainDocker = "DOCKER"
	chainStage1 = "DOCKER-ISOLATION-STAGE-1"
	chainStage2 = "DOCKER-ISOLATION-STAGE-2"
	chainUser   = "DOCKER-USER"
)

// firewall programs the rules of one address family of the host, the way
// libnetwork does: every rule is looked for first, and what iptables does not do
// is an error in its words and libnetwork's.
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

// raw runs iptables once, whatever the option says.
func (f firewall) raw(args ...string) error {
	_, exit := f.r.Run(args)
	if exit == nil {
		return nil
	}
	program := "iptables"
	if f.v6 {
		program = "ip6tables"
	}
	return fmt.Errorf("iptables failed: %s --wait %s: %s (exit status %d)", program, strings.Join(args, " "), exit.Text, exit.Code)
}

// combined is raw with the words of libnetwork's RawCombinedOutput, which puts
// the output, none here, before them.
func (f firewall) combined(args ...string) error {
	if err := f.raw(args...); err != nil {
		return fmt.Errorf(" (%w)", err)
	}
	return nil
}

// program appends a rule that is wanted and missing, and deletes one that is
// unwanted and there.
func (f firewall) program(want bool, table, chain string, rule ...string) error {
	return f.change(want, "-A", table, chain, rule)
}

// insert is program at the head of the chain.
func (f firewall) insert(want bool, table, chain string, rule ...string) error {
	return f.change(want, "-I", table, chain, rule)
}

func (f firewall) change(want bool, how, table, chain string, rule []string) error {
	if !f.on || f.r.Has(table, chain, rule...) == want {
		return nil
	}
	if !want {
		how = "-D"
	}
	return f.combined(append([]string{"-t", table, how, chain}, rule...)...)
}

// chainRule is insert for one of a bridge's own rules. libnetwork names no table
// for those of filter.
func (f firewall) chainRule(want bool, what, table, chain string, rule ...string) error {
	if !f.on || f.r.Has(table, chain, rule...) == want {
		return nil
	}
	how, verb := "-I", "enable"
	if !want {
		how, verb = "-D", "disable"
	}
	args := append([]string{how, chain}, rule...)
	if table != "filter" {
		args = append([]string{"-t", table}, args...)
	}
	if err := f.combined(args...); err != nil {
		return fmt.Errorf("Unable to %s %s rule: %w", verb, what, err)
	}
	return nil
}

// jumpFirst moves the jump to a chain to the head of FORWARD.
func (f firewall) jumpFirst(chain string) error {
	if !f.on {
		return nil
	}
	jump := []string{"FORWARD", "-j", chain}
	if f.r.Has("filter", "FORWARD", "-j", chain) {
		if err := f.combined(append([]string{"-D"}, jump...)...); err != nil {
			return fmt.Errorf("unable to remove jump to %s rule in FORWARD chain: %w", chain, err)
		}
	}
	if err := f.combined(append([]string{"-I"}, jump...)...); err != nil {
		return fmt.Errorf("unable to insert jump to %s rule in FORWARD chain: %w", chain, err)
	}
	return nil
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
	f.jumpFirst(chainUser) // dockerd only warns
}

// programNAT connects the built-in chains of nat with DOCKER. The rules are every
// bridge's: they stay when one goes.
func (f firewall) programNAT(hairpin bool) error {
	if !f.on {
		return nil
	}
	jump := []string{"-m", "addrtype", "--dst-type", "LOCAL", "-j", chainDocker}
	if !f.r.Has("nat", "PREROUTING", jump...) {
		if err := f.raw(append([]string{"-t", "nat", "-A", "PREROUTING"}, jump...)...); err != nil {
			return fmt.Errorf("Failed to inject %s in PREROUTING chain: %w", chainDocker, err)
		}
	}
	if !hairpin {
		jump = append(jump, "!", "--dst", f.loopback())
	}
	if !f.r.Has("nat", "OUTPUT", jump...) {
		if err := f.raw(append([]string{"-t", "nat", "-A", "OUTPUT"}, jump...)...); err != nil {
			return fmt.Errorf("Failed to inject %s in OUTPUT chain: %w", chainDocker, err)
		}
	}
	return nil
}

// programFilter lets DOCKER judge what goes to a bridge.
func (f firewall) programFilter(want bool, bridge string) error {
	for _, rule := range [][]string{
		{"-o", bridge, "-j", chainDocker},
		{"-o", bridge, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"},
	} {
		if !f.on || f.r.Has("filter", "FORWARD", rule...) == want {
			continue
		}
		how := "-I"
		if !want {
			how = "-D"
		}
		if err := f.raw(append([]string{how, "FORWARD"}, rule...)...); err != nil {
			return err
		}
	}
	return nil
}

// icc lets the containers of a bridge talk to each other, or not.
func (f firewall) icc(want bool, bridge string, allowed bool) error {
	if !f.on {
		return nil
	}
	rule := func(target string) []string { return []string{"-i", bridge, "-o", bridge, "-j", target} }
	how, mine, other, unable := "-I", rule("ACCEPT"), rule("DROP"), "allow"
	if !allowed {
		how, mine, other, unable = "-A", other, mine, "prevent"
	}
	if !want {
		return f.r.Remove("filter", "FORWARD", mine...)
	}
	f.r.Remove("filter", "FORWARD", other...)
	if f.r.Has("filter", "FORWARD", mine...) {
		return nil
	}
	if err := f.combined(append([]string{how, "FORWARD"}, mine...)...); err != nil {
		return fmt.Errorf("Unable to %s intercontainer communication: %w", unable, err)
	}
	return nil
}

// bridgeRules are what a bridge that is not internal gets, in libnetwork's order,
// which ends at the first rule that cannot be had.
func (f firewall) bridgeRules(want bool, b *network, subnet string) error {
	name, hairpin := b.name, !b.d.cfg.Proxy
	masquerade := []string{"-j", "MASQUERADE"}
	if a := b.hostIP[0]; a.IsValid() {
		masquerade = []string{"-j", "SNAT", "--to-source", a.String()}
	}
	if b.masq {
		if err := f.chainRule(want, "NAT", "nat", "POSTROUTING", append([]string{"-s", subnet, "!", "-o", name}, masquerade...)...); err != nil {
			return err
		}
	}
	if b.masq && !hairpin {
		if err := f.chainRule(want, "SKIP DNAT", "nat", chainDocker, "-i", name, "-j", "RETURN"); err != nil {
			return err
		}
	}
	if hairpin {
		local := append([]string{"-m", "addrtype", "--src-type", "LOCAL", "-o", name}, masquerade...)
		if err := f.chainRule(want, "MASQ LOCAL HOST", "nat", "POSTROUTING", local...); err != nil {
			return err
		}
	}
	if err := f.icc(want, name, b.icc); err != nil {
		return err
	}
	return f.chainRule(want, "ACCEPT NON_ICC OUTGOING", "filter", "FORWARD", "-i", name, "!", "-o", name, "-j", "ACCEPT")
}

// internalRules cut an internal bridge off from every other network.
func (f firewall) internalRules(want bool, b *network, subnet string) error {
	if err := f.chainRule(want, "DROP INCOMING", "filter", chainStage1, "-i", b.name, "!", "-d", subnet, "-j", "DROP"); err != nil {
		return err
	}
	if err := f.chainRule(want, "DROP OUTGOING", "filter", chainStage1, "-o", b.name, "!", "-s", subnet, "-j", "DROP"); err != nil {
		return err
	}
	return f.icc(want, b.name, b.icc)
}

// setUp puts a bridge's rules in place.
func (f firewall) setUp(b *network, subnet string) error {
	rules := f.bridgeRules
	if b.internal {
		rules = f.internalRules
	}
	if err := rules(true, b, subnet); err != nil {
		return fmt.Errorf("Failed to Setup IP tables: %w", err)
	}
	if !b.internal {
		if err := f.programNAT(!b.d.cfg.Proxy); err != nil {
			return fmt.Errorf("Failed to program NAT chain: %w", err)
		}
		if err := f.programFilter(true, b.name); err != nil {
			return fmt.Errorf("Failed to program FILTER chain: %w", err)
		}
	}
	return f.jumpFirst(chainStage1)
}

// clean takes a bridge's rules away, as far as it goes: each group of them is an
// error of its own, which dockerd only logs.
func (f firewall) clean(b *network, subnet string) []error {
	if b.internal {
		return []error{f.internalRules(false, b, subnet)}
	}
	return []error{f.bridgeRules(false, b, subnet), f.programFilter(false, b.name)}
}

// isolate keeps the bridge and the others apart.
func (f firewall) isolate(want bool, bridge string) error {
	if err := f.insert(want, "filter", chainStage1, "-i", bridge, "!", "-o", bridge, "-j", chainStage2); err != nil {
		return err
	}
	return f.insert(want, "filter", chainStage2, "-o", bridge, "-j", "DROP")
}
