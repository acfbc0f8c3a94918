package netconf

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

// fdb is `bridge fdb`.
func (t *bridgeTool) fdb(w *words) error {
	if !w.more() {
		return t.fdbShow(w)
	}
	switch cmd := w.next(); {
	case abbreviates(cmd, "add"), abbreviates(cmd, "append"), abbreviates(cmd, "replace"), abbreviates(cmd, "delete"):
		return t.fdbEdit(cmd, w)
	case abbreviates(cmd, "get"):
		return t.fdbGet(w)
	case abbreviates(cmd, "show", "lst", "list"):
		return t.fdbShow(w)
	case abbreviates(cmd, "flush"):
		return t.fdbFlush(w)
	case abbreviates(cmd, "help"):
		return exitUsage(255, "bridge-fdb")
	default:
		return unknownCommand("bridge", "fdb", cmd)
	}
}

// fdbRow is a line of `bridge fdb`.
type fdbRow struct {
	mac    link.MAC
	dev    string
	master string // empty: the device's own list, "self"
	state  string // "", "static", "permanent"
	age    time.Duration
	tunnel string // where a tunnel's entry leads, with a space after each word
	remote jmap   // the same for -j
}

// fdbRows are the rows of a device: those of the bridge that it is a port of,
// then a tunnel's table or the device's own list of addresses; a bridge's own
// address comes last.
func (t *bridgeTool) fdbRows(i *stack.Interface) []fdbRow {
	var rows []fdbRow
	if m := i.Master(); m != nil && m.Bridge() != nil {
		rows = append(rows, bridgeRows(m, i)...)
	}
	rows = append(rows, tunnelRows(i)...)
	for _, mac := range append(activeMacvlans(i), multicastMACs(i)...) {
		rows = append(rows, fdbRow{mac: mac, dev: i.Name(), state: "permanent"})
	}
	if i.Bridge() != nil {
		rows = append(rows, bridgeRows(i, i)...)
	}
	return rows
}

// bridgeRows are the rows of a bridge's table that belong to one device.
func bridgeRows(bridge, dev *stack.Interface) []fdbRow {
	var rows []fdbRow
	for _, e := range forwardTable(bridge) {
		if e.owner != dev {
			continue
		}
		r := fdbRow{mac: e.MAC, dev: dev.Name(), master: bridge.Name(), age: e.Age}
		switch {
		case e.Local:
			r.state = "permanent"
		case e.Static:
			r.state = "static"
		}
		rows = append(rows, r)
	}
	return rows
}

// multicastMACs are the multicast addresses that a device listens to: the
// groups of all IPv6 nodes and all IPv4 hosts, a bridge's snoopers' groups, and
// the solicited-node group of each IPv6 address.
func multicastMACs(i *stack.Interface) []link.MAC {
	if !i.Up() || i.Kind() == stack.KindLoopback || i.Kind() == stack.KindVXLAN {
		return nil
	}
	list := []link.MAC{{0x33, 0x33, 0, 0, 0, 1}}
	if i.Kind() == stack.KindBridge {
		list = append(list, link.MAC{0x01, 0, 0x5e, 0, 0, 0x6a}, link.MAC{0x33, 0x33, 0, 0, 0, 0x6a})
	}
	list = append(list, link.MAC{0x01, 0, 0x5e, 0, 0, 1})
	for _, a := range i.Addrs() {
		if !a.Prefix.Addr().Is6() {
			continue
		}
		b := a.Prefix.Addr().As16()
		mac := link.MAC{0x33, 0x33, 0xff, b[13], b[14], b[15]}
		seen := false
		for _, have := range list {
			seen = seen || have == mac
		}
		if !seen {
			list = append(list, mac)
		}
	}
	return list
}

func (t *bridgeTool) fdbShow(w *words) error {
	var dev, bridge *stack.Interface
	byPort := false
	dynamic := false
	state := ""
	for w.more() {
		var err error
		switch arg := w.next(); arg {
		case "brport", "dev":
			dev, err = t.bridgeDevice(w, "")
			byPort = true
		case "br":
			bridge, err = t.bridgeDevice(w, "bridge ")
		case "state":
			state, err = w.value()
		case "dynamic":
			dynamic = true
		case "vlan":
			_, err = w.value()
		default:
			if dev != nil {
				return garbage("dev", arg)
			}
			w.at--
			dev, err = t.bridgeDevice(w, "")
		}
		if err != nil {
			return err
		}
	}
	var list []jmap
	for _, i := range t.ns.Interfaces() {
		if dev != nil && i != dev || bridge != nil && i != bridge && i.Master() != bridge {
			continue
		}
		for _, r := range t.fdbRows(i) {
			if dynamic && r.state != "" || state != "" && state != r.state {
				continue
			}
			if t.json {
				list = append(list, r.json(!byPort))
				continue
			}
			t.out.WriteString(t.fdbLine(r, !byPort))
		}
	}
	if t.json {
		t.out.WriteString(encodeJSON(list, t.pretty))
	}
	return nil
}

func (t *bridgeTool) fdbLine(r fdbRow, dev bool) string {
	var b strings.Builder
	b.WriteString(r.mac.String() + " ")
	if dev {
		fmt.Fprintf(&b, "dev %s ", r.dev)
	}
	b.WriteString(r.tunnel)
	if t.stats > 0 && (r.master != "" || r.tunnel != "") {
		fmt.Fprintf(&b, "used %d/%d ", int(r.age/time.Second), int(r.age/time.Second))
	}
	if r.master != "" {
		fmt.Fprintf(&b, "master %s ", r.master)
	} else {
		b.WriteString("self ")
	}
	return b.String() + r.state + "\n"
}

func (r fdbRow) json(dev bool) jmap {
	m := jmap{{"mac", r.mac.String()}}
	if dev {
		m = append(m, jfield{"ifname", r.dev})
	}
	m = append(m, r.remote...)
	if r.master == "" {
		return append(m, jfield{"flags", []string{"self"}}, jfield{"state", r.state})
	}
	return append(m, jfield{"flags", []string{}}, jfield{"master", r.master}, jfield{"state", r.state})
}

// fdbChange is what `bridge fdb add` names.
type fdbChange struct {
	mac                  link.MAC
	hasMAC               bool
	dev                  *stack.Interface
	self, master         bool
	static, local, learn bool
	remote               link.VXLANRemote
}

func (t *bridgeTool) readFDB(w *words) (c fdbChange, err error) {
	for w.more() && err == nil {
		switch arg := w.next(); arg {
		case "dev", "brport", "br":
			c.dev, err = t.bridgeDevice(w, "")
		case "dst", "port", "vni":
			err = c.readRemote(arg, w)
		case "via":
			_, err = t.bridgeDevice(w, "")
		case "vlan", "nhid", "src_vni":
			err = notSimulated("%q of an entry", arg)
		case "self":
			c.self = true
		case "master":
			c.master = true
		case "static", "temp":
			c.static = true
		case "local", "permanent":
			c.local = true
		case "dynamic":
			c.learn = true
		case "use", "router", "extern_learn", "sticky", "to":
		default:
			if c.hasMAC {
				return c, garbage("to", arg)
			}
			mac, bad := link.ParseMAC(arg)
			if bad != nil {
				return c, exitWith(255, "Invalid mac address %s", arg)
			}
			c.mac, c.hasMAC = mac, true
		}
	}
	if err == nil && (c.dev == nil || !c.hasMAC) {
		err = exitWith(255, "Device and address are required arguments.")
	}
	return c, err
}

func fdbAnswers(err error) error { return exitWith(255, "RTNETLINK answers: %s", err) }

func (t *bridgeTool) fdbEdit(cmd string, w *words) error {
	c, err := t.readFDB(w)
	if err != nil {
		return err
	}
	if c.master {
		if err := c.editBridge(cmd); err != nil || !c.self {
			return err
		}
	}
	switch {
	case c.dev.VXLAN() != nil:
		return c.editTunnel(cmd)
	case c.dev.Bridge() != nil:
		return c.editBridge(cmd)
	case abbreviates(cmd, "delete"):
		return fdbAnswers(stack.ErrNoEntry)
	}
	return nil // a unicast filter of the device: it receives everything anyway
}

// editBridge changes the table of the bridge that the device is, or a port of.
func (c fdbChange) editBridge(cmd string) error {
	master := c.dev.Master()
	if master == nil || master.Bridge() == nil {
		if master = c.dev; c.dev.Bridge() == nil {
			return fdbAnswers(stack.ErrNotSupported)
		}
	}
	found := false
	for _, e := range forwardTable(master) {
		found = found || e.MAC == c.mac && e.owner == c.dev
	}
	switch {
	case abbreviates(cmd, "delete") && !found:
		return fdbAnswers(stack.ErrNoEntry)
	case abbreviates(cmd, "delete"):
		master.Bridge().Forget(c.mac)
	case found && abbreviates(cmd, "add"):
		return fdbAnswers(stack.ErrExist)
	case c.static || c.learn:
		master.Bridge().AddStatic(c.mac, c.dev.Port())
	default:
		master.Bridge().AddLocal(c.mac, c.dev.Port())
	}
	return nil
}

// fdbGet asks the bridge that the device is a port of, or with "self" the
// device. bridge exits with 254 for an answer that explains itself.
func (t *bridgeTool) fdbGet(w *words) error {
	c, err := t.readFDB(w)
	if err != nil {
		return err
	}
	if !c.self && c.dev.Bridge() == nil && (c.dev.Master() == nil || c.dev.Master().Bridge() == nil) {
		return exitWith(254, "Error: Device is not a bridge port.")
	}
	for _, i := range append([]*stack.Interface{c.dev}, c.dev.Ports()...) {
		for _, r := range t.fdbRows(i) {
			if r.mac == c.mac && (r.master != "" || c.self && r.tunnel != "") {
				t.out.WriteString(t.fdbLine(r, true))
				return nil
			}
		}
	}
	return exitWith(254, "Error: Fdb entry not found.")
}

func (t *bridgeTool) fdbFlush(w *words) error {
	if w.peek() == "dev" {
		w.next()
	}
	dev, err := t.bridgeDevice(w, "")
	if err != nil {
		return err
	}
	switch {
	case dev.VXLAN() != nil:
		for _, e := range dev.VXLAN().FDB() { // but for the all-zero address
			if !e.MAC.IsZero() {
				dev.VXLAN().DelFDB(e.MAC, netip.Addr{})
			}
		}
	case dev.Bridge() != nil:
		for _, i := range dev.Ports() {
			dev.Bridge().Flush(i.Port())
		}
	case dev.Master() != nil && dev.Master().Bridge() != nil:
		dev.Master().Bridge().Flush(dev.Port())
	default:
		return fdbAnswers(stack.ErrNotSupported)
	}
	return nil
}
