package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/ipam"
)

// What a release says of a daemon.json that it reads more strictly: the field's whole
// path, and values that must be addresses.

// parts of the release's struct that keys are in, by the last one.
var bridgeKeys = []string{
	"bridge", "fixed-cidr", "ipv6", "fixed-cidr-v6", "mtu", "ip", "bip", "bip6", "default-gateway", "default-gateway-v6", "icc",
}

var driverKeys = []string{
	"iptables", "ip6tables", "ip-forward", "ip-forward-no-drop", "ip-masq", "userland-proxy", "userland-proxy-path", "allow-direct-routing", "bridge-accept-fwmark",
}

// strictError is an error of reading the file in the release's words.
func strictError(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		path := "Config.CommonConfig."
		if slices.Contains(bridgeKeys, kind.Field) {
			path += "BridgeConfig.DefaultBridgeConfig."
		} else if slices.Contains(driverKeys, kind.Field) {
			path += "BridgeConfig."
		}
		err = fmt.Errorf("json: cannot unmarshal %s into Go struct field %s%s of type %s", kind.Value, path, kind.Field, kind.Type)
	}
	return errdefs.System("invalid JSON: %v", err)
}

// strictValues refuses values that are none of their kind.
func (c *Config) strictValues() error {
	for _, s := range c.DNS {
		if _, err := netip.ParseAddr(s); err != nil {
			return errdefs.System("invalid JSON: %v", err)
		}
	}
	if b := c.FirewallBackend; b != "" && b != "iptables" && b != "nftables" {
		return errdefs.System(`merged configuration validation from file and command line flags failed: invalid firewall-backend: allowed values are "iptables" and "nftables"`)
	}
	if err := checkMark(c.AcceptMark); err != nil {
		return errdefs.System("merged configuration validation from file and command line flags failed: invalid bridge-accept-fwmark: %v", err)
	}
	return nil
}

func checkMark(text string) error {
	if text == "" {
		return nil
	}
	mark, mask, masked := strings.Cut(text, "/")
	if _, err := strconv.ParseUint(mark, 0, 32); err != nil {
		return fmt.Errorf("invalid firewall mark %q: %w", text, err)
	}
	if _, err := strconv.ParseUint(mask, 0, 32); masked && err != nil {
		return fmt.Errorf("invalid firewall mask %q: %w", text, err)
	}
	return nil
}

// Verify refuses options that exclude each other, when the daemon starts.
func (c *Config) Verify() error {
	if c.release == nil || !c.release.StrictSettings {
		return nil
	}
	switch {
	case c.Bridge != "" && c.BIP != "":
		return errdefs.System("You specified -b & --bip, mutually exclusive options. Please specify only one")
	case c.Bridge != "" && c.BIP6 != "":
		return errdefs.System("You specified -b & --bip6, mutually exclusive options. Please specify only one")
	case !c.IPTables && !c.ICC:
		return errdefs.System("You specified --iptables=false with --icc=false. ICC=false uses iptables to function. Please set --icc or --iptables to true")
	}
	return nil
}

// VerifyPools refuses pools that are larger than their base.
func VerifyPools(pools []ipam.AddressPool) error {
	for i, p := range pools {
		base, err := netip.ParsePrefix(p.Base)
		if err != nil || p.Size >= base.Bits() {
			continue
		}
		return errdefs.System("error obtaining controller instance: could not construct local address space: network at index %d (&{%s %d}) has a smaller prefix (/%d) than the target size of that pool (/%d)",
			i, strings.TrimSpace(p.Base), p.Size, base.Bits(), p.Size)
	}
	return nil
}
