package netconf

import (
	"strconv"

	"dnetsim/stack"
)

// The kinds that `ip link add link PARENT type KIND` stacks on a device.

// makeMacvlan reads `[mode MODE] [flag FLAG] [bcqueuelen N]`. Without a mode the
// kernel takes vepa.
func (t *ipTool) makeMacvlan(n linkName, w *words) (*stack.Interface, error) {
	mode := "vepa"
	for w.more() {
		switch arg := w.next(); arg {
		case "mode":
			m, err := w.value()
			if err != nil {
				return nil, err
			}
			switch m {
			case "private", "vepa", "bridge", "passthru", "source":
			default:
				return nil, exitWith(1, `Error: argument of "mode" must be "private", "vepa", "bridge", "passthru" or "source", not "%s"`, m)
			}
			mode = m
		case "flag", "bcqueuelen", "macaddr":
			if _, err := w.value(); err != nil {
				return nil, err
			}
		case "nopromisc", "nodst":
		default:
			return nil, badKindOption("macvlan", "option", arg)
		}
	}
	if n.link == nil {
		return nil, stack.ErrInvalid
	}
	return t.ns.AddMacvlan(n.name, n.mac, n.link, mode)
}

// makeIPvlan reads `[mode MODE] [bridge|private|vepa]`. Without a mode the kernel
// takes l3.
func (t *ipTool) makeIPvlan(n linkName, w *words) (*stack.Interface, error) {
	mode := "l3"
	for w.more() {
		switch arg := w.next(); arg {
		case "mode":
			m, err := w.value()
			if err != nil {
				return nil, err
			}
			if m != "l2" && m != "l3" && m != "l3s" {
				return nil, exitWith(1, `Error: argument of "mode" must be either "l2", "l3" or "l3s"`)
			}
			mode = m
		case "bridge", "private", "vepa":
		default:
			return nil, badKindOption("ipvlan", "option", arg)
		}
	}
	if n.link == nil {
		return nil, stack.ErrInvalid
	}
	return t.ns.AddIPvlan(n.name, n.link, mode)
}

// makeVLAN reads `id ID [protocol 802.1Q] …`.
func (t *ipTool) makeVLAN(n linkName, w *words) (*stack.Interface, error) {
	if !w.more() {
		return nil, kernelSays("8021q: VLAN properties not specified.")
	}
	id, given := 0, false
	for w.more() {
		var err error
		switch arg := w.next(); arg {
		case "id":
			id, err = w.number(16, "id is invalid")
			given = true
		case "protocol", "proto":
			var proto string
			if proto, err = w.value(); err == nil && proto != "802.1Q" && proto != "802.1q" {
				if proto == "802.1ad" {
					return nil, stack.ErrNotSupported
				}
				err = wrongArgument(proto, "protocol is invalid")
			}
		case "reorder_hdr":
			err = w.only(arg, "on")
		case "gvrp", "mvrp", "loose_binding", "bridge_binding":
			err = w.only(arg, "off")
		case "ingress-qos-map", "egress-qos-map":
			err = notSimulated("%q of a VLAN", arg)
		default:
			err = badKindOption("vlan", "command", arg)
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case id > 4094:
		return nil, kernelSays("8021q: Invalid VLAN id.")
	case !given:
		return nil, kernelSays("8021q: VLAN id not specified.")
	case n.link == nil:
		return nil, kernelSays("8021q: link not specified.")
	}
	i, err := t.ns.AddVLAN(n.name, n.link, uint16(id))
	if err == stack.ErrExist && t.ns.Interface(n.name) == nil {
		return nil, kernelSays("8021q: VLAN device already exists.")
	}
	return i, err
}

// badKindOption is what `ip link add type KIND` says of a word that the kind
// does not know; what is the kind's word for it.
func badKindOption(kind, what, word string) error {
	return &failure{1, kind + ": unknown " + what + " \"" + word + "\"?\n" + usage("ip-link-"+kind)}
}

// number takes an unsigned number of so many bits; why says what is wrong with
// anything else.
func (w *words) number(bits int, why string) (int, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 0, bits)
	if err != nil {
		return 0, wrongArgument(text, why)
	}
	return int(n), nil
}
