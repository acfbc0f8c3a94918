package userland

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/stack"
)

// mountProcNet lays down the files of /proc/net that people read: dev, arp,
// route and vlan/config, of the reader's namespace (Linux: net/core/net-procfs.c,
// net/ipv4/arp.c, net/ipv4/fib_trie.c, net/8021q/vlanproc.c).
func (m *Machine) mountProcNet(fs *FS) {
	file := func(name string, fn func(*stack.Namespace) string) {
		fs.Synthetic("/proc/net/"+name, func() []byte {
			ns := m.here()
			if ns == nil {
				return nil
			}
			return []byte(fn(ns))
		}, nil)
	}
	file("dev", procNetDev)
	file("arp", procNetARP)
	file("route", procNetRoute)
	file("vlan/config", procNetVLAN)
}

func procNetDev(ns *stack.Namespace) string {
	var b strings.Builder
	b.WriteString("Inter-|   Receive                                                |  Transmit\n" +
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n")
	for _, i := range ns.Interfaces() {
		c := i.Counters()
		fmt.Fprintf(&b, "%6s: %7d %7d %4d %4d %4d %5d %10d %9d %8d %7d %4d %4d %4d %5d %7d %10d\n", i.Name(),
			c.RxBytes, c.RxPackets, c.RxErrors, c.RxDropped, 0, 0, 0, c.Multicast,
			c.TxBytes, c.TxPackets, c.TxErrors, c.TxDropped, 0, c.Collisions, c.TxCarrier, 0)
	}
	return b.String()
}

func procNetARP(ns *stack.Namespace) string {
	var b strings.Builder
	b.WriteString("IP address       HW type     Flags       HW address            Mask     Device\n")
	for _, n := range ns.Neighbours() {
		if !n.Addr.Is4() {
			continue
		}
		flags, mac := 0, "00:00:00:00:00:00"
		if n.HasMAC {
			flags, mac = 2, n.MAC.String()
		}
		if n.State == stack.NeighPermanent {
			flags |= 4
		}
		fmt.Fprintf(&b, "%-16s 0x%-10x0x%-10x%-17s     *        %s\n", n.Addr, 1, flags, mac, n.Dev)
	}
	return b.String()
}

func procNetRoute(ns *stack.Namespace) string {
	var b strings.Builder
	b.WriteString(padded("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"))
	hex := func(a netip.Addr) uint32 {
		if !a.Is4() {
			return 0
		}
		v := a.As4()
		return binary.LittleEndian.Uint32(v[:])
	}
	for _, r := range ns.Routes(stack.TableMain) {
		if !r.Dst.Addr().Is4() {
			continue
		}
		flags := 1
		if r.Via.IsValid() {
			flags |= 2
		}
		if r.Dst.IsSingleIP() {
			flags |= 4
		}
		mask := uint32(0)
		if bits := r.Dst.Bits(); bits > 0 {
			var be [4]byte
			binary.BigEndian.PutUint32(be[:], ^uint32(0)<<(32-bits))
			mask = binary.LittleEndian.Uint32(be[:])
		}
		b.WriteString(padded(fmt.Sprintf("%s\t%08X\t%08X\t%04X\t%d\t%d\t%d\t%08X\t%d\t%d\t%d",
			r.Dev, hex(r.Dst.Addr()), hex(r.Via), flags, 0, 0, r.Metric, mask, 0, 0, 0)))
	}
	return b.String()
}

// padded is a line of /proc/net/route: 127 columns and a line end.
func padded(s string) string { return fmt.Sprintf("%-127s\n", s) }

func procNetVLAN(ns *stack.Namespace) string {
	var b strings.Builder
	b.WriteString("VLAN Dev name\t | VLAN ID\nName-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\n")
	for _, i := range ns.Interfaces() {
		if id, ok := i.VLANID(); ok {
			fmt.Fprintf(&b, "%-15s| %d  | %s\n", i.Name(), id, i.Parent().Name())
		}
	}
	return b.String()
}
