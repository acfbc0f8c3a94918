package bridge

import (
	"errors"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/stack"
)

// gatewayMode is how the containers of a network reach the world and are reached,
// for one address family.
type gatewayMode int

const (
	natted      gatewayMode = iota // masqueraded; only published ports are reached
	unprotected                    // masqueraded; all ports are reached by whoever has a route
	routed                         // by their own addresses; only published ports are reached
	isolated                       // not at all: the bridge has no address
)

func parseMode(v string) (gatewayMode, error) {
	switch v {
	case "nat":
		return natted, nil
	case "nat-unprotected":
		return unprotected, nil
	case "routed":
		return routed, nil
	case "isolated":
		return isolated, nil
	}
	return natted, errors.New("unknown gateway mode " + v)
}

// parseNewer reads an option that came with gateway modes.
func (b *network) parseNewer(k, v string) (err error) {
	if !b.d.host.Profile.GatewayModes {
		return nil
	}
	switch k {
	case optMode4:
		b.mode[0], err = parseMode(v)
	case optMode6:
		b.mode[1], err = parseMode(v)
	case optInhibit:
		b.inhibit, err = strconv.ParseBool(v)
	case optTrusted:
		b.trusted = strings.FieldsFunc(v, func(r rune) bool { return r == ':' })
	case optHostIPv6:
		b.hostIP[1], err = parseIP(k, v)
		return err
	}
	if err != nil {
		return errdefs.Invalid("failed to parse %s value: %v (%s)", k, v, err)
	}
	return nil
}

// NoGateway says of which address families a network with these options takes no
// gateway: nobody would use it.
func (d *Driver) NoGateway(options map[string]string, internal bool) (v4, v6 bool) {
	if !d.host.Profile.GatewayModes {
		return false, false
	}
	inhibit, _ := strconv.ParseBool(options[optInhibit])
	return options[optMode4] == "isolated" || inhibit && internal, options[optMode6] == "isolated"
}

// setMTU gives the bridge the network's MTU, as the release has it: by itself it has
// the smallest one of its ports'.
func (b *network) setMTU(br *stack.Interface) error {
	if b.mtu <= 0 || !b.d.host.Profile.BridgeMTU {
		return nil
	}
	if err := br.SetMTU(b.mtu); err != nil {
		return errdefs.System("%s", errdefs.Lower(err))
	}
	return nil
}
