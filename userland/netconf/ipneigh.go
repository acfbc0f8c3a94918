package netconf

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

// neighbour is `ip neigh`.
func (t *ipTool) neighbour(w *words) error {
	if !w.more() {
		return t.neighShow(w)
	}
	switch cmd := w.next(); {
	case abbreviates(cmd, "add"):
		return t.neighAdd(w, "add")
	case abbreviates(cmd, "change", "chg"):
		return t.neighAdd(w, "change")
	case abbreviates(cmd, "replace"):
		return t.neighAdd(w, "replace")
	case abbreviates(cmd, "delete"):
		return t.neighDelete(w)
	case abbreviates(cmd, "get"):
		return t.neighGet(w)
	case abbreviates(cmd, "show", "lst", "list"):
		return t.neighShow(w)
	case abbreviates(cmd, "flush"):
		return t.neighFlush(w)
	case abbreviates(cmd, "help"):
		return exitUsage(255, "ip-neighbour")
	default:
		return unknownCommand("ip", "neigh", cmd)
	}
}

// neighFilter says which neighbours a listing shows.
type neighFilter struct {
	dev    string
	to     netip.Prefix
	state  map[stack.NeighbourState]bool // nil: any
	master string
}

// neighStates are the words of `nud`.
var neighStates = map[string]stack.NeighbourState{
	"permanent": stack.NeighPermanent, "reachable": stack.NeighReachable, "stale": stack.NeighStale,
	"delay": stack.NeighDelay, "probe": stack.NeighProbe, "failed": stack.NeighFailed,
	"incomplete": stack.NeighIncomplete, "noarp": stack.NeighNoARP, "none": stack.NeighNone,
}

func (t *ipTool) readNeighFilter(w *words) (f neighFilter, err error) {
	for w.more() && err == nil {
		arg := w.next()
		switch {
		case arg == "dev":
			var i *stack.Interface
			if i, err = w.device(t.ns); err == nil {
				f.dev = i.Name()
			}
		case arg == "master":
			f.master, err = w.value()
		case arg == "vrf", arg == "proto", arg == "protocol":
			_, err = w.value()
		case arg == "nomaster", arg == "unused", arg == "proxy", arg == "all", arg == "any":
		case arg == "nud":
			var word string
			if word, err = w.value(); err != nil || word == "all" {
				break
			}
			s, ok := neighStates[word]
			if !ok {
				err = wrongArgument(word, "nud state is bad")
			}
			if f.state == nil {
				f.state = map[stack.NeighbourState]bool{}
			}
			f.state[s] = true
		default:
			if arg == "to" {
				if arg, err = w.value(); err != nil {
					break
				}
			}
			var ok bool
			if f.to, _, ok = parsePrefix(arg); !ok {
				err = wrongPrefix(arg, "any valid")
			}
		}
	}
	return f, err
}

// neighbours are the entries that a filter lets through, IPv4 first.
func (t *ipTool) neighbours(f neighFilter) []stack.Neighbour {
	var out []stack.Neighbour
	for _, six := range []bool{false, true} {
		for _, n := range t.ns.Neighbours() {
			switch {
			case n.Addr.Is6() != six, !t.want(n.Addr), f.dev != "" && n.Dev != f.dev:
			case f.to.IsValid() && !f.to.Contains(n.Addr):
			case f.state != nil && !f.state[n.State]:
			case f.master != "" && !enslavedTo(t.ns, n.Dev, f.master):
			default:
				out = append(out, n)
			}
		}
	}
	return out
}

func enslavedTo(ns *stack.Namespace, dev, master string) bool {
	i := ns.Interface(dev)
	return i != nil && i.Master() != nil && i.Master().Name() == master
}

func (t *ipTool) neighShow(w *words) error {
	f, err := t.readNeighFilter(w)
	if err != nil {
		return err
	}
	t.printNeighbours(t.neighbours(f), f)
	return nil
}

func (t *ipTool) printNeighbours(list []stack.Neighbour, f neighFilter) {
	if !t.json {
		for _, n := range list {
			t.out.WriteString(t.neighLine(n, f.dev == "") + "\n")
		}
		return
	}
	var maps []jmap
	for _, n := range list {
		m := jmap{{"dst", n.Addr.String()}, {"dev", n.Dev}}
		if n.HasMAC {
			m = append(m, jfield{"lladdr", n.MAC.String()})
		}
		if n.Router {
			m = append(m, jfield{"router", rawJSON("null")})
		}
		maps = append(maps, append(m, jfield{"state", []string{n.State.String()}}))
	}
	t.out.WriteString(encodeJSON(maps, t.pretty))
}

// neighLine is an entry as `ip neigh` prints it.
func (t *ipTool) neighLine(n stack.Neighbour, dev bool) string {
	var b strings.Builder
	b.WriteString(n.Addr.String() + " ")
	if dev {
		fmt.Fprintf(&b, "dev %s ", n.Dev)
	}
	if n.HasMAC {
		fmt.Fprintf(&b, "lladdr %s ", n.MAC)
	}
	if n.Router {
		b.WriteString("router ")
	}
	if t.stats > 0 {
		age := int((t.p.Loop().Now() - n.Since) / time.Second)
		ref := ""
		if n.State == stack.NeighReachable || n.State == stack.NeighDelay || n.State == stack.NeighProbe {
			ref = " ref 1"
		}
		fmt.Fprintf(&b, "%s used %d/%d/%dprobes %d ", ref, age, age, age, neighProbes(n))
	}
	return b.String() + n.State.String() + " "
}

// neighProbes is how many requests went unanswered.
func neighProbes(n stack.Neighbour) int {
	switch n.State {
	case stack.NeighFailed:
		return 3
	case stack.NeighReachable:
		return 1
	}
	return 0
}

// neighChange is what `ip neigh add` and `del` name.
type neighChange struct {
	addr  netip.Addr
	dev   *stack.Interface
	mac   string
	state string
	proxy bool
}

func (t *ipTool) readNeighChange(w *words) (c neighChange, err error) {
	for w.more() && err == nil {
		arg := w.next()
		switch arg {
		case "lladdr":
			c.mac, err = w.value()
		case "nud":
			if c.state, err = w.value(); err == nil {
				if _, ok := neighStates[c.state]; !ok {
					err = wrongArgument(c.state, "nud state is bad")
				}
			}
		case "dev":
			c.dev, err = w.device(t.ns)
		case "proxy":
			c.proxy = true
		case "router", "use", "managed", "extern_learn", "proto", "protocol":
			err = notSimulated("%q of a neighbour", arg)
		case "help":
			err = exitUsage(255, "ip-neighbour")
		default:
			if arg == "to" {
				if arg, err = w.value(); err != nil {
					break
				}
			}
			if c.addr, err = netip.ParseAddr(arg); err != nil {
				err = exitWith(1, `Error: any valid address is expected rather than "%s".`, arg)
			}
		}
	}
	if err == nil && (c.dev == nil || !c.addr.IsValid()) {
		err = exitWith(255, "Device and destination are required arguments.")
	}
	return c, err
}

// find is the entry that a change names, if there is one.
func (t *ipTool) findNeighbour(c neighChange) (stack.Neighbour, bool) {
	for _, n := range t.ns.Neighbours() {
		if n.Addr == c.addr && n.Dev == c.dev.Name() {
			return n, true
		}
	}
	return stack.Neighbour{}, false
}

func (t *ipTool) neighAdd(w *words, how string) error {
	c, err := t.readNeighChange(w)
	if err != nil || c.proxy {
		return err
	}
	if c.mac == "" && (c.state == "" || c.state == "permanent") {
		return kernelSays("No link layer address given.")
	}
	mac, err := link.ParseMAC(c.mac)
	if err != nil {
		return kernelSays("Invalid link address.")
	}
	switch _, found := t.findNeighbour(c); {
	case found && how == "add":
		return rtnetlink(stack.ErrExist)
	case !found && how == "change":
		return rtnetlink(stack.ErrNoEntry)
	case found:
		t.ns.DelNeighbour(c.dev.Name(), c.addr)
	}
	if err := t.ns.AddNeighbour(c.dev.Name(), c.addr, mac); err != nil {
		return rtnetlink(err)
	}
	return nil
}

func (t *ipTool) neighDelete(w *words) error {
	c, err := t.readNeighChange(w)
	if err != nil || c.proxy {
		return err
	}
	if _, found := t.findNeighbour(c); !found {
		return rtnetlink(stack.ErrNoEntry)
	}
	if err := t.ns.DelNeighbour(c.dev.Name(), c.addr); err != nil {
		return rtnetlink(err)
	}
	return nil
}

func (t *ipTool) neighGet(w *words) error {
	c, err := t.readNeighChange(w)
	if err != nil {
		return err
	}
	n, found := t.findNeighbour(c)
	if !found {
		return kernelSays("Neighbour entry not found.")
	}
	t.printNeighbours([]stack.Neighbour{n}, neighFilter{})
	return nil
}

// neighFlush forgets what was learned; permanent entries go only if `nud
// permanent` asks for them.
func (t *ipTool) neighFlush(w *words) error {
	if !w.more() {
		return exitWith(1, "Flush requires arguments.")
	}
	f, err := t.readNeighFilter(w)
	if err != nil {
		return err
	}
	for _, n := range t.neighbours(f) {
		if n.State != stack.NeighPermanent || f.state[n.State] {
			t.ns.DelNeighbour(n.Dev, n.Addr)
		}
	}
	return nil
}
