package network

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
)

// The options by which a driver's defaults say which families a network has.
const (
	optIPv4 = "com.docker.network.enable_ipv4"
	optIPv6 = "com.docker.network.enable_ipv6"
)

// chooseFamilies says which address families a network has, and gives it the options
// that daemon.json has for networks of its driver.
func chooseFamilies(ctl *Controller, n *Network, r Create) error {
	if !ctl.Face.Profile.StrictSettings || Predefined(n.Name) {
		return nil
	}
	if r.ConfigFrom == "" {
		options := maps.Clone(ctl.Config.NetworkOptions[n.Driver])
		if options == nil {
			options = map[string]string{}
		}
		maps.Copy(options, n.Options)
		n.Options = options
	}
	for _, f := range []struct {
		asked *bool
		key   string
		on    *bool
	}{{r.WithIPv4, optIPv4, &n.EnableIPv4}, {r.WithIPv6, optIPv6, &n.EnableIPv6}} {
		if f.asked != nil {
			*f.on = *f.asked
			delete(n.Options, f.key)
		} else if v, ok := n.Options[f.key]; ok {
			on, err := strconv.ParseBool(v)
			if err != nil {
				return errdefs.Invalid("driver-opt %q is not a valid bool", f.key)
			}
			*f.on = on
		}
	}
	return nil
}

// verify refuses what was asked of a network's addresses, all mistakes at once.
func verify(ctl *Controller, n *Network, r Create) error {
	if !ctl.Face.Profile.StrictSettings || r.IPAM == nil {
		return nil
	}
	var wrong []string
	for _, c := range r.IPAM.Config {
		subnet, err := netip.ParsePrefix(c.Subnet)
		if err != nil || subnet.Addr().Is6() && !n.EnableIPv6 {
			continue
		}
		wrong = append(wrong, verifySubnet(subnet, c)...)
	}
	if len(wrong) > 0 {
		return errdefs.Invalid("invalid network config:\n%s", strings.Join(wrong, "\n"))
	}
	if n.Driver == "bridge" && !n.EnableIPv4 && !n.EnableIPv6 && !n.ConfigOnly {
		return errdefs.Invalid("IPv4 or IPv6 must be enabled")
	}
	return nil
}

func verifySubnet(subnet netip.Prefix, c IPAMConfig) (wrong []string) {
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	family := 4
	if subnet.Addr().Is6() {
		family = 6
	}
	if subnet != subnet.Masked() {
		add("invalid subnet %s: it should be %s", subnet, subnet.Masked())
	}
	if r, err := netip.ParsePrefix(c.IPRange); err == nil {
		switch {
		case r.Addr().Is6() != subnet.Addr().Is6():
			add("invalid ip-range %s: parent subnet is an IPv%d block", r, family)
		default:
			if r.Bits() < subnet.Bits() {
				add("invalid ip-range %s: CIDR block is bigger than its parent subnet %s", r, subnet)
			}
			if r != r.Masked() {
				add("invalid ip-range %s: it should be %s", r, r.Masked())
			}
			if !subnet.Overlaps(r) {
				add("invalid ip-range %s: parent subnet %s doesn't contain ip-range", r, subnet)
			}
		}
	}
	within := func(what, text string) {
		a, err := netip.ParseAddr(text)
		switch {
		case err != nil:
		case a.Is6() != subnet.Addr().Is6():
			add("%s: parent subnet is an IPv%d block", what, family)
		case !subnet.Contains(a):
			add("%s: parent subnet %s doesn't contain this address", what, subnet)
		}
	}
	within("invalid gateway "+c.Gateway, c.Gateway)
	for _, name := range slices.Sorted(maps.Keys(c.AuxAddresses)) {
		within("invalid auxiliary address "+name, c.AuxAddresses[name])
	}
	return wrong
}

// settledIPAM is what inspect shows where it shows what came of a request: the
// subnets that were asked for, of either family, and then those that were chosen.
func (n *Network) settledIPAM() (out []IPAMConfig) {
	uses := [2][]poolUse{n.Core.V4, n.Core.v6}
	gateway := func(u poolUse) string {
		if !u.gateway.IsValid() {
			return ""
		}
		return u.gateway.Addr().String()
	}
	for f := range 2 {
		for i, c := range n.Core.asked[f] {
			if c.Subnet == "" || i >= len(uses[f]) {
				continue
			}
			u := uses[f][i]
			if c.Subnet = u.pool.Prefix.String(); c.Gateway == "" {
				c.Gateway = gateway(u)
			}
			out = append(out, c)
		}
	}
	for f := range 2 {
		if n.SubnetAsked(f == 1) {
			continue
		}
		for _, u := range uses[f] {
			c := IPAMConfig{Subnet: u.pool.Prefix.String(), Gateway: gateway(u)}
			for name, a := range u.aux {
				if c.AuxAddresses == nil {
					c.AuxAddresses = map[string]string{}
				}
				c.AuxAddresses[name] = a.String()
			}
			out = append(out, c)
		}
	}
	return out
}

// shown is what inspect shows of a network's addresses.
func shown(ctl *Controller, n *Network) []IPAMConfig {
	if ctl.Face.Profile.StrictSettings {
		return n.settledIPAM()
	}
	return n.shownIPAM()
}
