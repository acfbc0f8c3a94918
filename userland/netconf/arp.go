package netconf

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
)

// arpOptions are the options that net-tools' and busybox's arp share.
type arpOptions struct {
	numeric, bsd, linux, verbose bool
	set, del, useDev             bool
	dev, file                    string
	args                         []string
}

// readARP reads the command line by getopt's rules. bad is the option letter
// that is not known, or zero.
func readARP(args []string, known string) (o arpOptions, bad byte) {
	long := map[string]byte{"verbose": 'v', "all": 'a', "delete": 'd', "file": 'f', "numeric": 'n', "set": 's',
		"protocol": 'A', "hw-type": 'H', "device": 'i', "use-device": 'D', "symbolic": 'N', "help": 'h', "version": 'V'}
	for n := 0; n < len(args); n++ {
		arg := args[n]
		if strings.HasPrefix(arg, "--") && len(arg) > 2 {
			letter, ok := long[arg[2:]]
			if !ok {
				return o, '-'
			}
			arg = "-" + string(letter)
		}
		if len(arg) < 2 || arg[0] != '-' {
			o.args = append(o.args, arg)
			continue
		}
		for k := 1; k < len(arg); k++ {
			c := arg[k]
			if !strings.ContainsRune(known, rune(c)) {
				return o, c
			}
			value := ""
			if strings.IndexByte("iAptHf", c) >= 0 {
				if value = arg[k+1:]; value == "" && n+1 < len(args) {
					n++
					value = args[n]
				}
				k = len(arg)
			}
			o.setOption(c, value)
		}
	}
	return o, 0
}

func (o *arpOptions) setOption(c byte, value string) {
	switch c {
	case 'n':
		o.numeric = true
	case 'a':
		o.bsd = true
	case 'e':
		o.linux = true
	case 'v':
		o.verbose = true
	case 's':
		o.set = true
	case 'd':
		o.del = true
	case 'D':
		o.useDev = true
	case 'i':
		o.dev = value
	case 'f':
		o.file = value
	}
}

// arpEntries is the kernel's ARP table, all of it and what the options select.
func arpEntries(p *userland.Process, o arpOptions) (total int, list []stack.Neighbour) {
	want, only := netip.Addr{}, len(o.args) > 0
	if only {
		want, _ = hostAddress(p, o.args[0])
	}
	for _, n := range p.NS().Neighbours() {
		if !n.Addr.Is4() {
			continue
		}
		total++
		if (o.dev == "" || n.Dev == o.dev) && (!only || n.Addr == want) {
			list = append(list, n)
		}
	}
	return total, list
}

// arpName is the name of an address, or missing if there is none.
func arpName(p *userland.Process, o arpOptions, a netip.Addr, missing string) string {
	if o.numeric {
		return missing
	}
	if name, ok := hostName(p, a); ok {
		return name
	}
	return missing
}

// netToolsARP is arp of net-tools.
func netToolsARP(p *userland.Process) int {
	o, bad := readARP(p.Args[1:], "aeAdfnstvVhHiDpN?")
	for _, a := range p.Args[1:] {
		switch a {
		case "-V", "--version":
			emit(p, "net-tools 2.10\n")
			return 0
		case "-h", "--help", "-?":
			p.Errorf("%s", usage("arp"))
			return 0
		}
	}
	if bad != 0 {
		return fail(p, 3, fmt.Sprintf("arp: invalid option -- '%c'\n%s", bad, strings.TrimSuffix(usage("arp"), "\n")))
	}
	switch {
	case o.set:
		return arpChange(p, o, arpSet, 255, "")
	case o.del:
		return arpChange(p, o, arpDelete, 255, "")
	}
	return netToolsARPShow(p, o)
}

func netToolsARPShow(p *userland.Process, o arpOptions) int {
	host := ""
	if len(o.args) > 0 {
		host = o.args[0]
		if _, ok := hostAddress(p, host); !ok {
			return fail(p, 255, host+": Host name lookup failure")
		}
	}
	total, list := arpEntries(p, o)
	var b strings.Builder
	if !o.bsd && len(list) > 0 {
		b.WriteString("Address                  HWtype  HWaddress           Flags Mask            Iface\n")
	}
	for _, n := range list {
		if o.bsd {
			b.WriteString(bsdARPLine(arpName(p, o, n.Addr, "?"), n, false))
			continue
		}
		name := arpName(p, o, n.Addr, n.Addr.String())
		if !n.HasMAC {
			fmt.Fprintf(&b, "%-23.23s  %-7.7s %-30s%11s %s\n", name, "", "(incomplete)", "", n.Dev)
			continue
		}
		flags := "C"
		if n.State == stack.NeighPermanent {
			flags = "CM"
		}
		fmt.Fprintf(&b, "%-23.23s  %-8.8s%-20.20s%-6.6s%-15.15s %s\n", name, "ether", n.MAC, flags, "", n.Dev)
	}
	if o.verbose {
		fmt.Fprintf(&b, "Entries: %d\tSkipped: %d\tFound: %d\n", total, total-len(list), len(list))
	}
	if len(list) == 0 && host != "" && !o.bsd {
		fmt.Fprintf(&b, "%s (%s) -- no entry\n", host, host)
	} else if len(list) == 0 && (host != "" || o.dev != "") {
		fmt.Fprintf(&b, "arp: in %d entries no match found.\n", total)
	}
	emit(p, b.String())
	return 0
}

// bsdARPLine is an entry in the style of arp -a, which is busybox's only one.
// busybox leaves the place of the flags empty where net-tools leaves them out.
func bsdARPLine(name string, n stack.Neighbour, busybox bool) string {
	line := fmt.Sprintf("%s (%s) at ", name, n.Addr)
	switch {
	case !n.HasMAC:
		line += "<incomplete> "
	default:
		line += fmt.Sprintf("%s [ether] ", n.MAC)
	}
	if n.State == stack.NeighPermanent {
		line += "PERM "
	} else if busybox {
		line += " "
	}
	return line + "on " + n.Dev + "\n"
}

// arpChange runs -s or -d; prefix begins every complaint ("arp: " in busybox).
func arpChange(p *userland.Process, o arpOptions, do func(*userland.Process, netip.Addr, arpOptions) error, status int, prefix string) int {
	if len(o.args) == 0 {
		return fail(p, status, "arp: need host name")
	}
	a, ok := hostAddress(p, o.args[0])
	if !ok || !a.Is4() {
		return fail(p, status, prefix+o.args[0]+": Host name lookup failure")
	}
	if o.set && len(o.args) < 2 {
		return fail(p, status, "arp: need hardware address")
	}
	if err := do(p, a, o); err != nil {
		return fail(p, status, prefix+err.Error())
	}
	return 0
}

// arpSet is arp -s HOST MAC.
func arpSet(p *userland.Process, a netip.Addr, o arpOptions) error {
	mac, ok := looseMAC(o.args[1])
	if o.useDev {
		i := p.NS().Interface(o.args[1])
		if i == nil {
			return fmt.Errorf("arp: cannot get the device name for interface %s", o.args[1])
		}
		mac, ok = i.MAC(), true
	}
	if !ok {
		return fmt.Errorf("arp: invalid hardware address")
	}
	return arpPut(p, a, mac, o.dev)
}

// arpPut adds a permanent entry on the device that the address is reached by.
func arpPut(p *userland.Process, a netip.Addr, mac link.MAC, dev string) error {
	ns := p.NS()
	if dev == "" {
		r, err := ns.RouteGet(a, netip.Addr{})
		if err != nil || r.Via.IsValid() || typeOf(r) != "unicast" {
			return fmt.Errorf("SIOCSARP: Network is unreachable")
		}
		dev = r.Dev
	}
	if ns.Interface(dev) == nil {
		return fmt.Errorf("SIOCSARP: No such device")
	}
	ns.DelNeighbour(dev, a)
	if err := ns.AddNeighbour(dev, a, mac); err != nil {
		return fmt.Errorf("SIOCSARP: %w", err)
	}
	return nil
}

// arpDelete is arp -d HOST.
func arpDelete(p *userland.Process, a netip.Addr, o arpOptions) error {
	for _, n := range p.NS().Neighbours() {
		if n.Addr == a && n.HasMAC && (o.dev == "" || n.Dev == o.dev) {
			return p.NS().DelNeighbour(n.Dev, a)
		}
	}
	return fmt.Errorf("No ARP entry for %s", o.args[0])
}

// busyboxARP is busybox's arp.
func busyboxARP(p *userland.Process) int {
	for _, a := range p.Args[1:] {
		if a == "--help" {
			return busyboxHelp(p, "arp", 0)
		}
	}
	o, bad := readARP(p.Args[1:], "AnHidstvapDf")
	if bad != 0 {
		p.Errorf("arp: invalid option -- '%c'\n", bad)
		return busyboxHelp(p, "arp", 1)
	}
	switch {
	case o.set:
		return arpChange(p, o, busyboxARPSet, 1, "arp: ")
	case o.del:
		return arpChange(p, o, func(p *userland.Process, a netip.Addr, o arpOptions) error {
			if arpDelete(p, a, o) != nil {
				return fmt.Errorf("SIOCDARP(pub): No such file or directory")
			}
			return nil
		}, 1, "arp: ")
	}
	if len(o.args) > 0 {
		if _, ok := hostAddress(p, o.args[0]); !ok {
			return fail(p, 1, "arp: "+o.args[0]+": Host name lookup failure")
		}
	}
	total, list := arpEntries(p, o)
	var b strings.Builder
	for _, n := range list {
		b.WriteString(bsdARPLine(arpName(p, o, n.Addr, "?"), n, true))
	}
	if len(list) == 0 && (len(o.args) > 0 || o.dev != "") {
		fmt.Fprintf(&b, "No match found in %d entries\n", total)
	}
	emit(p, b.String())
	return 0
}

func busyboxARPSet(p *userland.Process, a netip.Addr, o arpOptions) error {
	mac, err := link.ParseMAC(o.args[1])
	if o.useDev {
		if i := p.NS().Interface(o.args[1]); i != nil {
			mac, err = i.MAC(), nil
		}
	}
	if err != nil {
		return fmt.Errorf("invalid hardware address")
	}
	return arpPut(p, a, mac, o.dev)
}
