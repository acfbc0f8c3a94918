package userland

import (
	"fmt"
	"sort"
	"strings"

	"dnetsim/stack"
)

// mountClassNet lays down /sys/class/net: a directory for every interface of
// the namespace of the process that looks. The kernel's are links into
// /sys/devices; these are the directories themselves.
func (m *Machine) mountClassNet(fs *FS) {
	fs.syntheticDir("/sys/class/net",
		func() []string {
			var names []string
			if ns := m.here(); ns != nil {
				for _, i := range ns.Interfaces() {
					names = append(names, i.Name())
				}
			}
			sort.Strings(names)
			return names
		},
		func(name string) (Entry, bool) {
			ns := m.here()
			if ns == nil || ns.Interface(name) == nil {
				return Entry{}, false
			}
			return tableDir(classNet(ns.Interface(name))), true
		})
}

// tableDir is a read-only directory of the files in a table.
func tableDir(files map[string]Entry) Entry {
	return Entry{
		List: func() []string {
			var names []string
			for n := range files {
				names = append(names, n)
			}
			sort.Strings(names)
			return names
		},
		Find: func(name string) (Entry, bool) { e, ok := files[name]; return e, ok },
	}
}

// classNet are an interface's files.
func classNet(i *stack.Interface) map[string]Entry {
	c := i.Counters()
	files := map[string]Entry{
		"statistics": tableDir(map[string]Entry{
			"rx_bytes": value(c.RxBytes), "rx_packets": value(c.RxPackets), "rx_errors": value(c.RxErrors), "rx_dropped": value(c.RxDropped),
			"tx_bytes": value(c.TxBytes), "tx_packets": value(c.TxPackets), "tx_errors": value(c.TxErrors), "tx_dropped": value(c.TxDropped),
		}),
		"address": value(i.MAC()), "addr_len": value(6), "broadcast": value("ff:ff:ff:ff:ff:ff"),
		"flags": value(fmt.Sprintf("0x%x", classFlags(i.Flags()))), "ifindex": value(i.Index()), "iflink": value(i.Index()),
		"mtu": value(i.MTU()), "operstate": value(strings.ToLower(i.OperState())), "tx_queue_len": value(i.TxQueueLen()), "type": value(1),
		"carrier": {Read: func() []byte { return nil }}, // of an interface that is down the kernel says nothing
	}
	if n := i.PeerIndex(); n != 0 {
		files["iflink"] = value(n)
	}
	if i.Kind() == stack.KindLoopback {
		files["type"], files["broadcast"] = value(772), value("00:00:00:00:00:00")
	}
	if i.Up() {
		files["carrier"] = value(map[bool]int{true: 1}[i.Carrier()])
	}
	return files
}

// classFlags are the flags that the kernel keeps, without those that it makes
// up for netlink.
func classFlags(f stack.Flags) stack.Flags { return f &^ (stack.FlagRunning | stack.FlagLowerUp) }

func value(v any) Entry {
	return Entry{Read: func() []byte { return fmt.Appendln(nil, v) }}
}
