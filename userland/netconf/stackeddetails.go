package netconf

import (
	"fmt"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

// What `ip -d link` says of interfaces that are stacked on another one.

func macvlanDetails(t *ipTool, l linkFacts) string {
	mode, _ := l.MacvlanMode()
	return fmt.Sprintf("mode %s bcqueuelen 1000 usedbcqueuelen 1000 ", mode)
}

func ipvlanDetails(t *ipTool, l linkFacts) string {
	mode, _ := l.IPvlanMode()
	return fmt.Sprintf(" mode %s bridge ", mode)
}

func vlanDetails(t *ipTool, l linkFacts) string {
	id, _ := l.VLANID()
	return fmt.Sprintf("protocol 802.1Q id %d <REORDER_HDR> ", id)
}

func vxlanDetails(t *ipTool, l linkFacts) string {
	o, cfg := l.VXLANOptions(), l.VXLAN().Config()
	var b strings.Builder
	fmt.Fprintf(&b, "id %d ", cfg.VNI)
	if o.Remote.IsValid() {
		word := "remote"
		if o.Remote.IsMulticast() {
			word = "group"
		}
		fmt.Fprintf(&b, "%s %s ", word, o.Remote)
	}
	if o.Local.IsValid() {
		fmt.Fprintf(&b, "local %s ", o.Local)
	}
	if o.Device != nil {
		name := o.Device.Name()
		if l.foreign {
			name = fmt.Sprintf("if%d", o.Device.Index())
		}
		fmt.Fprintf(&b, "dev %s ", name)
	}
	fmt.Fprintf(&b, "srcport %d %d dstport %d ", cfg.PortLow, cfg.PortHigh, cfg.Port)
	for _, s := range []struct {
		on   bool
		word string
	}{{!cfg.Learning, "nolearning "}, {cfg.Proxy, "proxy "}, {cfg.L2Miss, "l2miss "}, {cfg.L3Miss, "l3miss "}} {
		if s.on {
			b.WriteString(s.word)
		}
	}
	if o.TTL == 0 {
		b.WriteString("ttl auto ")
	} else {
		fmt.Fprintf(&b, "ttl %d ", o.TTL)
	}
	fmt.Fprintf(&b, "ageing %d ", cfg.Ageing/time.Second)
	if cfg.ZeroChecksum {
		b.WriteString("no")
	}
	b.WriteString("udpcsum noudp6zerocsumtx noudp6zerocsumrx ")
	return b.String()
}

// promiscuity is how many hear everything that a device hears: a bridge, its
// own switch, and the macvlan children that are up, whose addresses are one
// filter together.
func promiscuity(i *stack.Interface) int {
	n := 0
	if i.Master() != nil {
		n++
	}
	if i.Flags()&stack.FlagPromisc != 0 {
		n++
	}
	if len(activeMacvlans(i)) > 0 {
		n++
	}
	return n
}

// activeMacvlans are the addresses of a device's macvlan children that are up.
func activeMacvlans(i *stack.Interface) []link.MAC {
	var list []link.MAC
	for _, u := range i.Uppers() {
		if u.Kind() == stack.KindMacvlan && u.Up() {
			list = append(list, u.MAC())
		}
	}
	return list
}
