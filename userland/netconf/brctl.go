package netconf

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
)

// brctlProgram is bridge-utils' brctl.
func brctlProgram(p *userland.Process) int {
	args := p.Args[1:]
	if len(args) == 0 {
		p.Errorf("%s", usage("brctl"))
		return 1
	}
	switch args[0] {
	case "-h", "--help":
		emit(p, usage("brctl"))
		return 0
	case "-V", "--version":
		emit(p, "bridge-utils, 1.7\n")
		return 0
	}
	for _, c := range brctlCommands {
		if c.name != args[0] {
			continue
		}
		if n := len(args) - 1; n < c.least || n > c.most {
			p.Errorf("Incorrect number of arguments for command\nUsage: brctl %s %s\n", c.name, c.help)
			return 1
		}
		return finish(p, c.run(p, args[1:]))
	}
	p.Errorf("never heard of command [%s]\n%s", args[0], usage("brctl"))
	return 1
}

type brctlCommand struct {
	name        string
	least, most int
	help        string
	run         func(p *userland.Process, args []string) error
}

var brctlCommands = []brctlCommand{
	{"addbr", 1, 1, "<bridge>\t\tadd bridge", brctlAddBridge},
	{"delbr", 1, 1, "<bridge>\t\tdelete bridge", brctlDelBridge},
	{"addif", 2, 64, "<bridge> <device>\tadd interface to bridge", brctlAddPorts},
	{"delif", 2, 64, "<bridge> <device>\tdelete interface from bridge", brctlDelPorts},
	{"hairpin", 3, 3, "<bridge> <port> {on|off}\tturn hairpin on/off", brctlHairpin},
	{"setageing", 2, 2, "<bridge> <time>\t\tset ageing time", brctlSetAgeing},
	{"setbridgeprio", 2, 2, "<bridge> <prio>\t\tset bridge priority", brctlIgnore},
	{"setfd", 2, 2, "<bridge> <time>\t\tset bridge forward delay", brctlIgnore},
	{"sethello", 2, 2, "<bridge> <time>\t\tset hello time", brctlIgnore},
	{"setmaxage", 2, 2, "<bridge> <time>\t\tset max message age", brctlIgnore},
	{"setpathcost", 3, 3, "<bridge> <port> <cost>\tset path cost", brctlIgnore},
	{"setportprio", 3, 3, "<bridge> <port> <prio>\tset port priority", brctlIgnore},
	{"show", 0, 64, "[ <bridge> ]\t\tshow a list of bridges", brctlShow},
	{"showmacs", 1, 1, "<bridge>\t\tshow a list of mac addrs", brctlShowMACs},
	{"showstp", 1, 1, "<bridge>\t\tshow bridge stp info", brctlShowSTP},
	{"stp", 2, 2, "<bridge> {on|off}\tturn stp on/off", brctlIgnore},
}

// bridgesOf are the bridges of a namespace by name, as readdir sorts them.
func bridgesOf(ns *stack.Namespace) []*stack.Interface {
	var list []*stack.Interface
	for _, i := range ns.Interfaces() {
		if i.Kind() == stack.KindBridge {
			list = append(list, i)
		}
	}
	sort.SliceStable(list, func(a, b int) bool { return list[a].Name() < list[b].Name() })
	return list
}

// findBridge is the bridge of that name, or brctl's words for none.
func findBridge(ns *stack.Namespace, name string) (*stack.Interface, error) {
	i := ns.Interface(name)
	switch {
	case i == nil:
		return nil, exitWith(1, "bridge %s does not exist!", name)
	case i.Kind() != stack.KindBridge:
		return nil, exitWith(1, "device %s is not a bridge!", name)
	}
	return i, nil
}

// plainBridgeID is a bridge's identifier as sysfs gives it.
func plainBridgeID(mac link.MAC) string { return fmt.Sprintf("8000.%x", mac[:]) }

func brctlShow(p *userland.Process, args []string) error {
	list := bridgesOf(p.NS())
	if len(args) > 0 {
		list = nil
		for _, name := range args {
			b, err := findBridge(p.NS(), name)
			if err != nil {
				return err
			}
			list = append(list, b)
		}
	}
	var out strings.Builder
	out.WriteString("bridge name\tbridge id\t\tSTP enabled\tinterfaces\n")
	for _, b := range list {
		fmt.Fprintf(&out, "%s\t\t%s\tno\t\t", b.Name(), plainBridgeID(b.MAC()))
		for n, port := range portsByName(b) {
			if n > 0 {
				out.WriteString("\n\t\t\t\t\t\t\t")
			}
			out.WriteString(port.Name())
		}
		out.WriteString("\n")
	}
	emit(p, out.String())
	return nil
}

func portsByName(b *stack.Interface) []*stack.Interface {
	list := append([]*stack.Interface(nil), b.Ports()...)
	sort.SliceStable(list, func(a, b int) bool { return list[a].Name() < list[b].Name() })
	return list
}

func brctlShowMACs(p *userland.Process, args []string) error {
	b := p.NS().Interface(args[0])
	if b == nil || b.Kind() != stack.KindBridge {
		return exitWith(1, "read of forward table failed: No such device")
	}
	table := forwardTable(b)
	sort.SliceStable(table, func(i, k int) bool {
		x, y := table[i].MAC, table[k].MAC
		return string(x[:]) < string(y[:])
	})
	p.Printf("port no\tmac addr\t\tis local?\tageing timer\n")
	for _, e := range table {
		if e.owner == b {
			continue
		}
		local := "no"
		if e.Local {
			local = "yes"
		}
		p.Printf("%3d\t%s\t%s\t\t%7.2f\n", factsOf(e.owner).portNumber(), e.MAC, local, e.Age.Seconds())
	}
	return nil
}

func brctlShowSTP(p *userland.Process, args []string) error {
	b, err := findBridge(p.NS(), args[0])
	if err != nil {
		return err
	}
	id := plainBridgeID(b.MAC())
	p.Printf("%s\n bridge id\t\t%s\n designated root\t%s\n root port\t\t   0\t\t\tpath cost\t\t   0\n", b.Name(), id, id)
	p.Printf(" max age\t\t  20.00\t\t\tbridge max age\t\t  20.00\n hello time\t\t   2.00\t\t\tbridge hello time\t   2.00\n")
	p.Printf(" forward delay\t\t  15.00\t\t\tbridge forward delay\t  15.00\n ageing time\t\t%7.2f\n", bridgeAgeing(b).Seconds())
	p.Printf(" hello timer\t\t   0.00\t\t\ttcn timer\t\t   0.00\n topology change timer\t   0.00\t\t\tgc timer\t\t%7.2f\n flags\t\t\t\n\n\n",
		bridgeTimer(p.Loop().Now()))
	for _, port := range portsByName(b) {
		l := factsOf(port)
		n := l.portNumber()
		p.Printf("%s (%d)\n port id\t\t%x\t\t\tstate\t\t%15s\n", port.Name(), n, 0x8000+n, l.portState())
		p.Printf(" designated root\t%s\tpath cost\t\t%4d\n designated bridge\t%s\tmessage age timer\t   0.00\n", id, l.portCost(), id)
		p.Printf(" designated port\t%x\t\t\tforward delay timer\t   0.00\n designated cost\t   0\t\t\thold timer\t\t   0.00\n flags\t\t\t\n\n", 0x8000+n)
	}
	return nil
}

func brctlAddBridge(p *userland.Process, args []string) error {
	if p.NS().Interface(args[0]) != nil {
		return exitWith(1, "device %s already exists; can't create bridge with the same name", args[0])
	}
	b, err := p.NS().AddBridge(args[0], link.MAC{})
	if err != nil {
		return exitWith(1, "add bridge failed: %s", err)
	}
	b.SetTxQueueLen(1000)
	return nil
}

func brctlDelBridge(p *userland.Process, args []string) error {
	b := p.NS().Interface(args[0])
	switch {
	case b == nil:
		return exitWith(1, "bridge %s doesn't exist; can't delete it", args[0])
	case b.Kind() != stack.KindBridge:
		return exitWith(1, "can't delete bridge %s: Operation not permitted", args[0])
	case b.Up():
		return exitWith(1, "bridge %s is still up; can't delete it", args[0])
	}
	if err := b.Delete(); err != nil {
		return exitWith(1, "can't delete bridge %s: %s", args[0], err)
	}
	return nil
}

func brctlAddPorts(p *userland.Process, args []string) error {
	b, err := findBridge(p.NS(), args[0])
	if err != nil {
		return err
	}
	for _, name := range args[1:] {
		dev := p.NS().Interface(name)
		switch {
		case dev == nil:
			return exitWith(1, "interface %s does not exist!", name)
		case dev.Master() != nil:
			return exitWith(1, "device %s is already a member of a bridge; can't add it to bridge %s.", name, args[0])
		}
		if dev.Kind() == stack.KindBridge {
			return exitWith(1, "device %s is a bridge device itself; can't enslave a bridge device to a bridge device.", name)
		}
		if err := dev.SetMaster(b); err != nil {
			return exitWith(1, "can't add %s to bridge %s: %s", name, args[0], err)
		}
	}
	return nil
}

func brctlDelPorts(p *userland.Process, args []string) error {
	b, err := findBridge(p.NS(), args[0])
	if err != nil {
		return err
	}
	for _, name := range args[1:] {
		dev := p.NS().Interface(name)
		switch {
		case dev == nil:
			return exitWith(1, "interface %s does not exist!", name)
		case dev.Master() != b:
			return exitWith(1, "device %s is not a port of %s", name, args[0])
		}
		if err := dev.SetMaster(nil); err != nil {
			return exitWith(1, "can't delete %s from %s: %s", name, args[0], err)
		}
	}
	return nil
}

func brctlHairpin(p *userland.Process, args []string) error {
	b, err := findBridge(p.NS(), args[0])
	if err != nil {
		return err
	}
	dev := p.NS().Interface(args[1])
	if dev == nil || dev.Master() != b {
		return exitWith(1, "can't set %s to hairpin on bridge %s: No such file or directory", args[1], args[0])
	}
	dev.Port().SetHairpin(args[2] == "on" || args[2] == "yes" || args[2] == "1")
	return nil
}

func brctlSetAgeing(p *userland.Process, args []string) error {
	b, err := findBridge(p.NS(), args[0])
	if err != nil {
		return err
	}
	seconds, bad := strconv.ParseFloat(args[1], 64)
	if bad != nil {
		return exitWith(1, "bad ageing time value")
	}
	b.Bridge().SetAgeing(time.Duration(seconds * float64(time.Second)))
	return nil
}

// brctlIgnore takes a setting of the spanning tree, which is not modelled.
func brctlIgnore(p *userland.Process, args []string) error {
	_, err := findBridge(p.NS(), args[0])
	return err
}

// busyboxBrctl is busybox's brctl, built with the four basic commands only.
func busyboxBrctl(p *userland.Process) int {
	args := p.Args[1:]
	if len(args) == 0 || args[0] == "--help" {
		return busyboxHelp(p, "brctl", b2i(len(args) == 0))
	}
	basic := map[string]func(*userland.Process, []string) error{
		"addbr": brctlAddBridge, "delbr": brctlDelBridge, "addif": brctlAddPorts, "delif": brctlDelPorts,
	}
	run := basic[args[0]]
	if run == nil {
		return fail(p, 1, "brctl: invalid argument '"+args[0]+"' to 'brctl'")
	}
	if len(args) < 2 || strings.HasSuffix(args[0], "if") && len(args) < 3 {
		return busyboxHelp(p, "brctl", 1)
	}
	if run(p, args[1:]) != nil {
		return fail(p, 1, "brctl: bridge "+args[1])
	}
	return 0
}
