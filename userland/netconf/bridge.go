package netconf

import (
	"fmt"
	"strings"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
)

// bridgeProgram is iproute2's bridge.
func bridgeProgram(p *userland.Process) int {
	t := &bridgeTool{ipTool: ipTool{p: p, ns: p.NS()}}
	w := &words{list: p.Args[1:]}
	err := t.options(w)
	if err == nil {
		err = t.dispatch(w)
	}
	emit(p, t.out.String())
	return finish(p, err)
}

type bridgeTool struct{ ipTool }

func (t *bridgeTool) options(w *words) error {
	for strings.HasPrefix(w.peek(), "-") {
		arg := w.next()
		opt := arg
		if strings.HasPrefix(opt, "--") {
			opt = opt[1:]
		}
		switch {
		case abbreviates(opt, "-help"):
			return exitUsage(255, "bridge")
		case abbreviates(opt, "-Version"):
			t.out.WriteString("bridge utility, 6.1.0\n")
			return &failure{0, ""}
		case abbreviates(opt, "-stats", "-statistics"):
			t.stats++
		case abbreviates(opt, "-details"):
			t.details++
		case abbreviates(opt, "-oneline"):
			t.oneline = true
		case abbreviates(opt, "-json"):
			t.json = true
		case abbreviates(opt, "-pretty"):
			t.pretty = true
		case abbreviates(opt, "-timestamp", "-color", "-compressvlans", "-force"):
		case abbreviates(opt, "-netns"):
			if err := t.enter(w.next()); err != nil {
				return err
			}
		default:
			return exitWith(255, `Option "%s" is unknown, try "bridge help".`, arg)
		}
	}
	return nil
}

func (t *bridgeTool) dispatch(w *words) error {
	if !w.more() {
		return exitUsage(255, "bridge")
	}
	switch object := w.next(); {
	case abbreviates(object, "link"):
		return t.ports(w)
	case abbreviates(object, "fdb"):
		return t.fdb(w)
	case abbreviates(object, "mdb"):
		return nil
	case abbreviates(object, "vlan"):
		t.out.WriteString("port              vlan-id  \n")
		return nil
	case abbreviates(object, "help"):
		return exitUsage(255, "bridge")
	default:
		return exitWith(255, `Object "%s" is unknown, try "bridge help".`, object)
	}
}

// bridgeDevice takes a device's name; bridge exits with 255 for one that is not
// there.
func (t *bridgeTool) bridgeDevice(w *words, kind string) (*stack.Interface, error) {
	name, err := w.value()
	if err != nil {
		return nil, err
	}
	i := t.ns.Interface(name)
	if i == nil {
		return nil, exitWith(255, `Cannot find %sdevice "%s"`, kind, name)
	}
	return i, nil
}

// ports is `bridge link`.
func (t *bridgeTool) ports(w *words) error {
	cmd := "show"
	if w.more() {
		cmd = w.next()
	}
	switch {
	case abbreviates(cmd, "show", "lst", "list"):
		return t.portShow(w)
	case abbreviates(cmd, "set", "change"):
		return t.portSet(w)
	case abbreviates(cmd, "help"):
		return exitUsage(255, "bridge-link")
	}
	return unknownCommand("bridge", "link", cmd)
}

func (t *bridgeTool) portShow(w *words) error {
	var only *stack.Interface
	if w.peek() == "dev" {
		w.next()
		var err error
		if only, err = t.bridgeDevice(w, ""); err != nil {
			return err
		}
	}
	var list []jmap
	for _, i := range t.ns.Interfaces() {
		if i.Master() == nil || i.Master().Kind() != stack.KindBridge || only != nil && i != only {
			continue
		}
		l := factsOf(i)
		if t.json {
			list = append(list, t.portJSON(l))
			continue
		}
		fmt.Fprintf(&t.out, "%d: %s: %s mtu %d master %s state %s priority 32 cost %d %s", i.Index(), t.portName(l),
			l.flagList(), i.MTU(), i.Master().Name(), l.portState(), l.portCost(), t.details1(l))
		t.out.WriteString("\n")
	}
	if t.json {
		t.out.WriteString(encodeJSON(list, t.pretty))
	}
	return nil
}

// portName is the name with its peer; a tunnel's underlay is not shown here.
func (t *bridgeTool) portName(l linkFacts) string {
	if l.Kind() == stack.KindVXLAN || l.parentTag == "" {
		return l.Name()
	}
	return l.Name() + "@" + t.peerName(l)
}

// peerName is what bridge calls a port's peer. What the kernel says of a bridge's port does
// not tell whose namespace the peer's index is of (br_fill_ifinfo), so that bridge looks it
// up among the names of its own.
func (t *bridgeTool) peerName(l linkFacts) string {
	if i := t.ns.InterfaceByIndex(l.parent); l.foreign && i != nil {
		return i.Name()
	}
	return l.parentTag
}

func (t *bridgeTool) details1(l linkFacts) string {
	if t.details == 0 {
		return ""
	}
	return fmt.Sprintf("%s    hairpin %s guard off root_block off fastleave off learning on flood on mcast_flood on "+
		"bcast_flood on mcast_router 1 mcast_to_unicast off neigh_suppress off vlan_tunnel off isolated %s locked off ",
		t.sl(), onOff(portHairpin(l.Interface)), onOff(portIsolated(l.Interface)))
}

func (t *bridgeTool) portJSON(l linkFacts) jmap {
	m := jmap{{"ifindex", l.Index()}}
	if l.parentTag != "" {
		m = append(m, jfield{"link", t.peerName(l)})
	}
	return append(m, jfield{"ifname", l.Name()}, jfield{"flags", l.flagNames()}, jfield{"mtu", l.MTU()},
		jfield{"master", l.Master().Name()}, jfield{"state", l.portState()}, jfield{"priority", 32}, jfield{"cost", l.portCost()})
}

// portSet is `bridge link set dev PORT hairpin on`.
func (t *bridgeTool) portSet(w *words) error {
	var dev *stack.Interface
	var todo []func(*link.Port)
	for w.more() {
		arg := w.next()
		switch arg {
		case "dev":
			i, err := t.bridgeDevice(w, "")
			if err != nil {
				return err
			}
			dev = i
		case "hairpin", "isolated", "guard", "fastleave", "root_block", "learning", "learning_sync", "flood",
			"mcast_flood", "bcast_flood", "mcast_to_unicast", "neigh_suppress", "vlan_tunnel", "locked":
			on, err := w.onOff(arg)
			if err != nil {
				return err
			}
			if d := portDefaults[arg]; d != "" && d != onOff(*on) {
				return notSimulated("%q %s of a bridge's port", arg, onOff(*on))
			}
			switch arg {
			case "hairpin":
				todo = append(todo, func(p *link.Port) { p.SetHairpin(*on) })
			case "isolated":
				todo = append(todo, func(p *link.Port) { p.SetIsolated(*on) })
			}
		case "cost", "priority", "state", "mcast_router", "hwmode", "backup_port":
			return notSimulated("%q of a bridge's port", arg)
		case "nobackup_port", "self", "master":
		default:
			return exitUsage(255, "bridge-link")
		}
	}
	switch {
	case dev == nil:
		return exitWith(255, "Device is a required argument.")
	case dev.Port() == nil:
		return exitWith(255, "RTNETLINK answers: Operation not supported")
	}
	for _, do := range todo {
		do(dev.Port())
	}
	return nil
}
