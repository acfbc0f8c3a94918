package bridge

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
)

// The chains that came with DOCKER-FORWARD.
const (
	chainForward  = "DOCKER-FORWARD"
	chainBridge   = "DOCKER-BRIDGE"
	chainCT       = "DOCKER-CT"
	chainInternal = "DOCKER-INTERNAL"
)

// forwardChains is iptables as 29 programs it: FORWARD asks DOCKER-USER and then
// DOCKER-FORWARD, which lets answers pass, drops what internal networks do not let
// through, and has DOCKER judge what goes to a bridge, where what nobody let in is
// dropped. Containers that are not to be reached by their own addresses are
// protected before connection tracking, in raw.
type forwardChains struct{ d *Driver }

func (c forwardChains) families() []firewall {
	return []firewall{c.d.firewall(false), c.d.firewall(true)}
}

func (c forwardChains) start(bool) {
	c.d.dropTables()
	for _, f := range c.families() {
		if !f.on {
			continue
		}
		f.r.Exec("-t", "filter", "-n", "-L") // dockerd probes for the xtables lock
		f.removeChains()
		f.r.EnsureChain("nat", chainDocker)
		for _, name := range []string{chainDocker, chainForward, chainBridge, chainCT, chainInternal} {
			f.r.EnsureChain("filter", name)
		}
		if err := f.programNAT(!c.d.cfg.Proxy); err != nil {
			c.d.host.Log("warning", err.Error())
		}
		f.jumpTo("FORWARD", chainForward)
		for _, name := range []string{chainBridge, chainInternal, chainCT} {
			f.jumpTo(chainForward, name)
		}
		f.r.Remove("filter", "FORWARD", "-j", chainStage1)
	}
}

// removeChains empties and deletes the chains of an earlier dockerd; those that
// rules still refer to stay.
func (f firewall) removeChains() {
	for _, c := range [][2]string{
		{"nat", chainDocker}, {"filter", chainForward}, {"filter", chainBridge}, {"filter", chainDocker}, {"filter", chainCT},
		{"filter", chainInternal}, {"filter", chainStage1}, {"filter", chainStage2},
	} {
		if c[0] == "nat" {
			local := []string{"-m", "addrtype", "--dst-type", "LOCAL", "-j", chainDocker}
			f.r.Remove("nat", "PREROUTING", local...)
			f.r.Remove("nat", "OUTPUT", append(local[:len(local):len(local)], "!", "--dst", f.loopback())...)
			f.r.Remove("nat", "OUTPUT", local...)
		}
		if f.r.HasChain(c[0], c[1]) {
			f.r.Exec("-t", c[0], "-F", c[1])
			f.r.Exec("-t", c[0], "-X", c[1])
		}
	}
}

// jumpTo moves the jump to a chain to the head of another one.
func (f firewall) jumpTo(from, chain string) {
	f.r.Remove("filter", from, "-j", chain)
	f.r.Exec("-t", "filter", "-I", from, "-j", chain)
}

func (c forwardChains) userChain() {
	for _, f := range c.families() {
		if f.on {
			f.r.EnsureChain("filter", chainUser)
			f.jumpTo("FORWARD", chainUser)
		}
	}
}

// forwarding switches forwarding on when a network needs it; only then the policy
// of FORWARD becomes DROP.
func (c forwardChains) forwarding(b *network) error {
	ns := c.d.host.NS()
	if !c.d.cfg.IPForward {
		return nil
	}
	turnOn := func(keys ...string) (changed bool) {
		for _, k := range keys {
			if v, _ := ns.Sysctl(k); v != "1" {
				ns.SetSysctl(k, "1")
				changed = true
			}
		}
		return changed
	}
	if b.subnet[0].IsValid() && turnOn("net.ipv4.ip_forward") {
		c.drop(false)
	}
	if b.subnet[1].IsValid() && turnOn("net.ipv6.conf.default.forwarding", "net.ipv6.conf.all.forwarding") {
		c.drop(true)
	}
	return nil
}

// forwards refuses a network whose host does not forward.
func forwards(d *Driver, b *network) error {
	on := func(key string) bool {
		v, _ := d.host.NS().Sysctl(key)
		return v == "1"
	}
	const check = "%s forwarding is disabled: check your host's firewalling and set %s, or disable this check using daemon option --ip-forward=false"
	if b.subnet[0].IsValid() && !on("net.ipv4.ip_forward") {
		return errdefs.System(check, "IPv4", "sysctl net.ipv4.ip_forward=1")
	}
	if b.subnet[1].IsValid() && (!on("net.ipv6.conf.default.forwarding") || !on("net.ipv6.conf.all.forwarding")) {
		return errdefs.System(check, "IPv6", "sysctls net.ipv6.conf.all.forwarding=1 and net.ipv6.conf.default.forwarding=1")
	}
	return nil
}

func (c forwardChains) drop(v6 bool) {
	if f := c.d.firewall(v6); f.on && !c.d.cfg.NoForwardDrop {
		f.r.SetPolicy("filter", "FORWARD", "DROP")
	}
}

func (c forwardChains) network(b *network) error {
	for v, f := range c.families() {
		if p := b.subnet[v]; p.IsValid() && f.on {
			if err := c.rules(f, b, v, p, true); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c forwardChains) dropNetwork(b *network) {
	for v, f := range c.families() {
		if p := b.subnet[v]; p.IsValid() && f.on {
			if err := c.rules(f, b, v, p, false); err != nil {
				c.d.host.Log("warning", fmt.Sprintf("Failed to clean iptables rules for bridge network: %v", err))
			}
		}
	}
}

// rules are those of a network of one address family. Whatever goes wrong ends
// them when they are wanted, and nothing when they are taken away.
func (c forwardChains) rules(f firewall, b *network, v int, p netip.Prefix, want bool) (err error) {
	put := func(change func(bool, string, string, ...string) error, what, table, chain string, rule ...string) {
		if err != nil && want {
			return
		}
		if e := change(want, table, chain, rule...); e != nil && err == nil {
			verb := "enable"
			if !want {
				verb = "disable"
			}
			err = fmt.Errorf("Unable to %s %s rule: %w", verb, what, e)
		}
	}
	name, subnet := b.name, p.Masked().String()
	if b.internal {
		in, out := []string{"-i", name}, []string{"-o", name}
		if v == 1 {
			in, out = []string{"-i", name, "!", "-o", name}, []string{"!", "-i", name, "-o", name}
		}
		put(f.insert, "DROP INCOMING", "filter", chainInternal, append(in, "!", "-d", subnet, "-j", "DROP")...)
		put(f.insert, "DROP OUTGOING", "filter", chainInternal, append(out, "!", "-s", subnet, "-j", "DROP")...)
		target := "ACCEPT"
		if !b.icc {
			target = "DROP"
		}
		put(f.program, "ICC", "filter", chainForward, "-i", name, "-o", name, "-j", target)
		return setupFailed(err, want)
	}
	if mark, mask := c.d.cfg.mark(); mark != "" {
		put(f.insert, "ALLOW FW MARK", "filter", chainForward, "-m", "mark", "--mark", strings.TrimSuffix(mark+"/"+mask, "/"), "-j", "ACCEPT")
	}
	masquerade := []string{"-j", "MASQUERADE"}
	if a := b.hostIP[v]; a.IsValid() {
		masquerade = []string{"-j", "SNAT", "--to-source", a.String()}
	}
	if b.masq && b.mode[v] != routed {
		put(f.insert, "NAT", "nat", "POSTROUTING", append([]string{"-s", subnet, "!", "-o", name}, masquerade...)...)
	}
	if !c.d.cfg.Proxy {
		put(f.insert, "MASQ LOCAL HOST", "nat", "POSTROUTING", append([]string{"-m", "addrtype", "--src-type", "LOCAL", "-o", name}, masquerade...)...)
	}
	if !b.icc {
		put(f.program, "ICC", "filter", chainForward, "-i", name, "-o", name, "-j", "DROP")
	}
	if b.mode[v] == routed {
		put(f.program, "ICMP", "filter", chainDocker, "-o", name, "-p", [2]string{"icmp", "icmpv6"}[v], "-j", "ACCEPT")
	}
	if b.icc {
		put(f.program, "ACCEPT OUTGOING", "filter", chainForward, "-i", name, "-j", "ACCEPT")
	} else {
		put(f.program, "ACCEPT NON_ICC OUTGOING", "filter", chainForward, "-i", name, "!", "-o", name, "-j", "ACCEPT")
	}
	err = setupFailed(err, want)
	target := "DROP"
	if b.mode[v] == unprotected {
		target = "ACCEPT"
	}
	put(f.program, "DEFAULT FWD", "filter", chainDocker, "!", "-i", name, "-o", name, "-j", target)
	put(f.program, "bridge ct related", "filter", chainCT, "-o", name, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT")
	put(f.program, "jump to docker", "filter", chainBridge, "-o", name, "-j", chainDocker)
	return err
}

func setupFailed(err error, want bool) error {
	if err != nil && want {
		return fmt.Errorf("Failed to Setup IP tables: %w", err)
	}
	return err
}

// endpoint keeps everybody but the bridge itself, and the host, away from a
// container's own addresses.
func (c forwardChains) endpoint(b *network, ep *driver.Endpoint, want bool) error {
	for v, p := range [2]netip.Prefix{ep.Addr, ep.Addr6} {
		f := c.d.firewall(v == 1)
		if !p.IsValid() || b.internal || b.mode[v] != natted || !f.on {
			continue
		}
		want := want && !c.d.cfg.DirectRouting
		to := p.Addr().String()
		for _, name := range b.trusted {
			if err := f.program(want, "raw", "PREROUTING", "-d", to, "-i", name, "-j", "ACCEPT"); err != nil {
				return errdefs.System("Unable to enable DIRECT ACCESS FILTERING - ACCEPT rule: %v", err)
			}
		}
		if err := f.program(want, "raw", "PREROUTING", "-d", to, "!", "-i", b.name, "-j", "DROP"); err != nil {
			return errdefs.System("Unable to enable DIRECT ACCESS FILTERING - DROP rule: %v", err)
		}
	}
	return nil
}

func (c forwardChains) port(x binding, want bool) error {
	v := 0
	if x.to.Is6() {
		v = 1
	}
	f := c.d.firewall(v == 1)
	if !f.on || x.internal {
		return nil
	}
	port, host := strconv.Itoa(int(x.Port.Number)), strconv.Itoa(x.HostPort)
	if x.HostIP.Is4() && x.HostIP.IsLoopback() && x.HostPort != 0 {
		if err := f.program(want, "raw", "PREROUTING", "-p", x.Port.Proto, "-d", x.HostIP.String(), "--dport", host, "!", "-i", "lo", "-j", "DROP"); err != nil {
			return errdefs.System("Unable to enable LOOPBACK FILTERING - DROP rule: %v", err)
		}
	}
	if x.HostIP.Is6() != x.to.Is6() {
		return nil // only the proxy joins the families
	}
	if x.HostPort != 0 {
		daddr := x.HostIP.String()
		if x.HostIP.IsUnspecified() {
			daddr = "0/0"
		}
		dnat := []string{"-p", x.Port.Proto, "-d", daddr, "--dport", host, "-j", "DNAT", "--to-destination", netip.AddrPortFrom(x.to, x.Port.Number).String()}
		if c.d.cfg.Proxy {
			dnat = append(dnat, "!", "-i", x.bridge)
		}
		if v == 1 {
			dnat = append(dnat, "!", "-s", "fe80::/10")
		}
		if err := f.program(want, "nat", chainDocker, dnat...); err != nil {
			return errdefs.System("Unable to enable DNAT rule: %v", err)
		}
		hairpin := []string{"-p", x.Port.Proto, "-s", x.to.String(), "-d", x.to.String(), "--dport", port, "-j", "MASQUERADE"}
		if err := f.program(want && !c.d.cfg.Proxy, "nat", "POSTROUTING", hairpin...); err != nil {
			return errdefs.System("Unable to enable MASQUERADE rule: %v", err)
		}
	}
	if x.mode == unprotected {
		return nil
	}
	open := []string{"!", "-i", x.bridge, "-o", x.bridge, "-p", x.Port.Proto, "-d", x.to.String(), "--dport", port, "-j", "ACCEPT"}
	if err := f.insert(want, "filter", chainDocker, open...); err != nil {
		return errdefs.System("Unable to enable OPEN PORT rule: %v", err)
	}
	return nil
}
