package network

import (
	"crypto/sha256"
	"net/netip"
	"slices"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/ipam"
	"dnetsim/modes/network/bridge"
)

// poolRules are the release's for the daemon's own address space.
func poolRules(ctl *Controller) ipam.Rules {
	on := ctl.Face.Profile.ULAPools
	return ipam.Rules{LowestFirst: on, Tiny: on}
}

// withULA adds a unique local block (RFC 4193) to pools that have none for IPv6: its
// global id follows from the engine's own.
func withULA(ctl *Controller, pools []ipam.AddressPool) []ipam.AddressPool {
	v6 := func(p ipam.AddressPool) bool {
		base, err := netip.ParsePrefix(p.Base)
		return err == nil && base.Addr().Is6()
	}
	if !ctl.Face.Profile.ULAPools || slices.ContainsFunc(pools, v6) {
		return pools
	}
	sum := sha256.Sum256([]byte(ctl.ServerID()))
	block := [16]byte{0: 0xfd}
	copy(block[1:6], sum[3:8])
	return append(slices.Clone(pools), ipam.AddressPool{Base: netip.PrefixFrom(netip.AddrFrom16(block), 48).String(), Size: 64})
}

// defaultPool is what the default bridge asks for of one family: --bip, or what its
// device has already, within --fixed-cidr; nothing at all is left to the pools.
func defaultPool(ctl *Controller, name string, v6 bool) (c IPAMConfig, err error) {
	cfg := ctl.Config
	bip, option, fixed := cfg.BIP, "--bip", cfg.FixedCIDR
	c.AuxAddresses = auxGateway(bridge.AuxGateway4, cfg.Gateway)
	if v6 {
		bip, option, fixed = cfg.BIP6, "--bip6", cfg.FixedCIDRv6
		c.AuxAddresses = auxGateway(bridge.AuxGateway6, cfg.Gateway6)
	}
	has := func(p netip.Prefix) { c.Subnet, c.Gateway = p.Masked().String(), p.Addr().String() }
	within, ferr := netip.ParsePrefix(fixed)
	if fixed != "" && ferr != nil {
		return c, errdefs.System("parse --fixed-cidr failed: invalid CIDR address: %s", fixed)
	}
	if br := ctl.ns().Interface(name); br != nil && bip == "" {
		for _, a := range br.Addrs() {
			if a.Prefix.Addr().Is6() == v6 && !a.Prefix.Addr().IsLinkLocalUnicast() && (fixed == "" || a.Prefix.Contains(within.Addr())) {
				has(a.Prefix)
				break
			}
		}
	}
	if bip != "" {
		p, err := netip.ParsePrefix(bip)
		if err != nil {
			return c, errdefs.System("parse %s failed: invalid CIDR address: %s", option, bip)
		}
		has(p)
	}
	if fixed != "" {
		if c.IPRange = within.Masked().String(); c.Subnet == "" {
			c.Subnet = c.IPRange
		}
	}
	return c, nil
}
