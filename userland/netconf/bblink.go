package netconf

import (
	"fmt"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

func (t *busyboxIPTool) link(w *words) error {
	cmd := "show"
	if w.more() {
		cmd = w.next()
	}
	switch {
	case abbreviates(cmd, "add"):
		return t.linkAdd(w)
	case abbreviates(cmd, "delete"):
		if w.peek() == "dev" {
			w.next()
		}
		i, err := t.device(w, 2)
		if err == nil {
			if bad := deleteLink(i); bad != nil {
				err = t.answers(bad)
			}
		}
		return err
	case abbreviates(cmd, "set"):
		return t.linkSet(w)
	case abbreviates(cmd, "show", "list", "lst"):
		return t.linkShow(w)
	}
	return t.badWord(2, cmd)
}

func (t *busyboxIPTool) linkShow(w *words) error {
	f := linkFilter{}
	for w.more() {
		switch arg := w.next(); arg {
		case "up":
			f.up = true
		default:
			if arg != "dev" {
				w.at--
			}
			i, err := t.device(w, 2)
			if err != nil {
				return err
			}
			f.dev = i.Name()
		}
	}
	for _, l := range t.inner().links(f) {
		t.out.WriteString(t.head(l.Interface) + t.sl() + t.hardware(l.Interface) + "\n")
	}
	return nil
}

// linkAdd makes what iproute2's `ip link add` makes.
func (t *busyboxIPTool) linkAdd(w *words) error {
	err := t.inner().linkAdd(w)
	if f, ok := err.(*failure); ok {
		text := strings.TrimSuffix(f.text, "\n")
		if text == "Error: Unknown device type." {
			text = "RTNETLINK answers: Operation not supported"
		}
		return busyboxSays(2, "%s", text)
	}
	return err
}

func (t *busyboxIPTool) linkSet(w *words) error {
	var c linkChange
	yes, no := true, false
	name := ""
	for w.more() {
		switch arg := w.next(); arg {
		case "up":
			c.up = &yes
		case "down":
			c.up = &no
		case "mtu":
			n, err := w.integer("mtu")
			if err != nil {
				return busyboxSays(2, "invalid argument '%s' to 'mtu'", w.list[w.at-1])
			}
			c.mtu = n
		case "name":
			c.name = w.next()
		case "address":
			text := w.next()
			mac, err := link.ParseMAC(text)
			if err != nil {
				return busyboxSays(2, "invalid hw-addr %s", text)
			}
			c.mac = &mac
		case "qlen", "txqueuelen":
			n, _ := w.integer("qlen")
			c.qlen = &n
		case "master":
			i, err := t.device(w, 2)
			if err != nil {
				return err
			}
			c.master = i
		case "nomaster":
			c.noMaster = true
		case "netns":
			ns, ok := findNetns(t.p, w.next())
			if !ok {
				return t.answers(stack.ErrNoProcess)
			}
			c.netns = ns
		case "promisc":
			on := w.next() == "on"
			c.promisc = &on
		case "arp", "multicast", "trailers":
			w.next()
		default:
			if arg == "dev" {
				arg = w.next()
			}
			if name != "" {
				return busyboxSays(2, `either "dev" is duplicate, or "%s" is garbage`, arg)
			}
			name = arg
		}
	}
	c.dev = t.ns.Interface(name)
	switch {
	case c.dev == nil && c.up != nil:
		return busyboxSays(2, "SIOCGIFFLAGS: No such device")
	case c.dev == nil:
		return busyboxSays(2, "SIOCGIFINDEX: No such device")
	case c.mtu != 0 && c.mtu < 68:
		return busyboxSays(2, "SIOCSIFMTU: Invalid argument")
	}
	if err := c.apply(); err != nil {
		return busyboxSays(2, "%s", strings.TrimSuffix(err.Error(), "\n"))
	}
	return nil
}

func (t *busyboxIPTool) neigh(w *words) error {
	cmd := "show"
	if w.more() {
		cmd = w.next()
	}
	flush := cmd == "flush"
	if !flush && !abbreviates(cmd, "show", "list") {
		return t.badWord(1, cmd)
	}
	if flush && !w.more() {
		return busyboxSays(1, `"ip neigh flush" requires an argument`)
	}
	f := neighFilter{}
	for w.more() {
		switch arg := w.next(); arg {
		case "dev":
			i, err := t.device(w, 1)
			if err != nil {
				return err
			}
			f.dev = i.Name()
		case "nud":
			word := w.next()
			s, ok := neighStates[word]
			if !ok && word != "all" {
				return busyboxSays(1, "invalid argument '%s' to 'nud state'", word)
			}
			f.state = map[stack.NeighbourState]bool{s: true}
			if word == "all" {
				f.state = nil
			}
		default:
			if arg == "to" {
				arg = w.next()
			}
			f.to, _, _ = parsePrefix(arg)
		}
	}
	for _, n := range t.inner().neighbours(f) {
		if flush {
			if n.State != stack.NeighPermanent {
				t.ns.DelNeighbour(n.Dev, n.Addr)
			}
			continue
		}
		t.out.WriteString(t.neighLine(n, f.dev == "") + "\n")
	}
	return nil
}

func (t *busyboxIPTool) neighLine(n stack.Neighbour, dev bool) string {
	var b strings.Builder
	b.WriteString(n.Addr.String() + " ")
	if dev {
		fmt.Fprintf(&b, "dev %s ", n.Dev)
	}
	if n.HasMAC {
		fmt.Fprintf(&b, "lladdr %s", n.MAC)
	}
	if n.Router {
		b.WriteString(" router")
	}
	age := int((t.p.Loop().Now() - n.Since) / time.Second)
	ref := ""
	if n.State == stack.NeighReachable {
		ref = " ref 1"
	}
	fmt.Fprintf(&b, "%s used %d/%d/%d probes %d %s", ref, age, age, age, neighProbes(n), n.State)
	return b.String()
}
