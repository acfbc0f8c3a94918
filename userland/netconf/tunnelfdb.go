package netconf

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/stack"
)

// tunnelRows are the rows of a tunnel's forwarding table, one for each far end.
// The device that a tunnel was tied to is the way out of the entry that the
// tunnel was made with.
func tunnelRows(i *stack.Interface) []fdbRow {
	v := i.VXLAN()
	if v == nil {
		return nil
	}
	l, o := factsOf(i), i.VXLANOptions()
	var rows []fdbRow
	for _, e := range v.FDB() {
		r := fdbRow{mac: e.MAC, dev: i.Name(), age: e.Age}
		switch {
		case e.Static:
			r.state = "static"
		case e.Permanent:
			r.state = "permanent"
		}
		var b strings.Builder
		fmt.Fprintf(&b, "dst %s ", e.Remote.Addr)
		r.remote = jmap{{"dst", e.Remote.Addr.String()}}
		if p := e.Remote.Port; p != 0 && p != v.Config().Port {
			fmt.Fprintf(&b, "port %d ", p)
			r.remote = append(r.remote, jfield{"port", p})
		}
		if id := e.Remote.VNI; id != 0 && id != v.Config().VNI {
			fmt.Fprintf(&b, "vni %d ", id)
			r.remote = append(r.remote, jfield{"vni", id})
		}
		if o.Device != nil && e.MAC.IsZero() && e.Remote.Addr == o.Remote {
			if l.foreign {
				fmt.Fprintf(&b, "via ifindex %d ", o.Device.Index())
				r.remote = append(r.remote, jfield{"viaIfIndex", o.Device.Index()})
			} else {
				fmt.Fprintf(&b, "via %s ", o.Device.Name())
				r.remote = append(r.remote, jfield{"viaIf", o.Device.Name()})
			}
		}
		if l.foreign {
			fmt.Fprintf(&b, "link-netnsid %d ", l.nsid)
			r.remote = append(r.remote, jfield{"linkNetNsId", l.nsid})
		}
		r.tunnel = b.String()
		rows = append(rows, r)
	}
	return rows
}

// readRemote reads a part of a far end: `dst ADDR`, `port PORT`, `vni VNI`.
func (c *fdbChange) readRemote(word string, w *words) error {
	switch word {
	case "port":
		n, err := w.number(16, "invalid port\n")
		c.remote.Port = uint16(n)
		return err
	case "vni":
		n, err := w.number(24, "invalid VNI\n")
		c.remote.VNI = uint32(n)
		return err
	}
	text, err := w.value()
	if err != nil {
		return err
	}
	if c.remote.Addr, err = netip.ParseAddr(text); err != nil {
		return exitWith(1, `Error: any valid address is expected rather than "%s".`, text)
	}
	return nil
}

// editTunnel changes a tunnel's table: vxlan_fdb_add and vxlan_fdb_delete.
func (c fdbChange) editTunnel(cmd string) error {
	v := c.dev.VXLAN()
	if abbreviates(cmd, "delete") {
		if !v.HasFDB(c.mac) {
			return fdbAnswers(stack.ErrNoEntry)
		}
		v.DelFDB(c.mac, c.remote.Addr) // a far end that is not there is no error
		return nil
	}
	if !c.remote.Addr.IsValid() {
		return fdbAnswers(stack.ErrInvalid)
	}
	switch has := v.HasFDB(c.mac); {
	case has && cmd == "add":
		return fdbAnswers(stack.ErrExist)
	case abbreviates(cmd, "replace") && (c.mac.IsMulticast() || c.mac.IsZero()):
		return exitWith(255, "Error: Cannot replace non-unicast fdb entries.")
	case has && cmd != "add" && abbreviates(cmd, "append"):
		v.AppendFDB(c.mac, c.remote)
	case c.static:
		v.AddStaticFDB(c.mac, c.remote)
	default:
		v.AddFDB(c.mac, c.remote, !c.learn)
	}
	return nil
}
