package netconf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
)

// ifSetter is ifconfig's way of changing an interface: one ioctl per word.
type ifSetter struct {
	p    *userland.Process
	ns   *stack.Namespace
	name string
	base string
}

func newIfSetter(p *userland.Process, name string) *ifSetter {
	base, _, _ := strings.Cut(name, ":")
	return &ifSetter{p, p.NS(), name, base}
}

func (s *ifSetter) dev() *stack.Interface { return s.ns.Interface(s.base) }

// alias reports whether the name is one such as eth0:1.
func (s *ifSetter) alias() bool { return s.name != s.base }

// run carries out the words of net-tools' ifconfig and returns the status.
func (s *ifSetter) run(args []string) int {
	w := &words{list: args}
	status := 0
	for w.more() {
		arg := w.next()
		if s.dev() == nil {
			if s.isFlagWord(arg) {
				return fail(s.p, 255, s.name+": ERROR while getting interface flags: No such device")
			}
		}
		stop, failed := s.word(arg, w)
		if failed != 0 {
			status = failed
		}
		if stop {
			return status
		}
	}
	return status
}

func (s *ifSetter) isFlagWord(arg string) bool {
	switch strings.TrimPrefix(arg, "-") {
	case "up", "down", "arp", "promisc", "allmulti", "multicast", "trailers", "dynamic":
		return true
	}
	return false
}

// word does one word. stop ends the run.
func (s *ifSetter) word(arg string, w *words) (stop bool, status int) {
	needs := func() bool { return !w.more() }
	switch arg {
	case "up", "down":
		return false, s.upDown(arg == "up")
	case "promisc", "-promisc":
		s.dev().SetPromisc(arg == "promisc")
	case "arp", "-arp", "allmulti", "-allmulti", "multicast", "-multicast", "trailers", "-trailers", "dynamic", "-dynamic":
	case "mtu", "netmask", "broadcast", "metric", "txqueuelen", "hw", "name", "add", "del", "dstaddr", "pointopoint", "tunnel":
		if needs() && arg != "broadcast" {
			return true, s.usage()
		}
		return s.valueWord(arg, w)
	case "-broadcast", "-pointopoint":
	case "inet", "inet6":
		if needs() {
			return true, s.usage()
		}
		if arg == "inet6" {
			return s.valueWord("add", w)
		}
		return s.address(w.next())
	default:
		return s.address(arg)
	}
	return false, 0
}

func (s *ifSetter) usage() int { return fail(s.p, 3, strings.TrimSuffix(usage("ifconfig"), "\n")) }

// complain prints an ioctl's failure.
func (s *ifSetter) complain(call string, err error) int {
	return fail(s.p, 1, call+": "+err.Error())
}

func (s *ifSetter) valueWord(arg string, w *words) (stop bool, status int) {
	value := w.next()
	dev := s.dev()
	if dev == nil {
		return false, s.complain("SIOCSIF"+strings.ToUpper(arg), stack.ErrNoDevice)
	}
	switch arg {
	case "mtu":
		if err := ioctlMTU(dev, value); err != nil {
			return false, s.complain("SIOCSIFMTU", err)
		}
	case "netmask":
		return false, s.netmask(value)
	case "broadcast":
		a, err := netip.ParseAddr(value)
		if err != nil {
			return true, s.unknownHost(value)
		}
		s.change(func(a2 *stack.Address) { a2.Broadcast = a })
	case "txqueuelen":
		n, _ := strconv.Atoi(value)
		dev.SetTxQueueLen(n)
	case "hw":
		mac, ok := looseMAC(w.next())
		if value != "ether" || !ok {
			return true, s.usage()
		}
		if err := dev.SetMAC(mac); err != nil {
			return false, s.complain("SIOCSIFHWADDR", err)
		}
	case "name":
		if err := dev.Rename(value); err != nil {
			return false, s.complain("SIOCSIFNAME", err)
		}
		s.name, s.base = value, value
	case "add":
		return false, s.addAddress(value)
	case "del":
		return false, s.delAddress(value)
	}
	return false, 0
}

func ioctlMTU(dev *stack.Interface, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 68 || n > 65535 && dev.Kind() != stack.KindLoopback {
		return stack.ErrInvalid
	}
	return dev.SetMTU(n)
}

// looseMAC reads an address as net-tools does: missing bytes are zero.
func looseMAC(text string) (mac link.MAC, ok bool) {
	for n, part := range strings.Split(text, ":") {
		v, err := strconv.ParseUint(part, 16, 8)
		if err != nil || n > 5 {
			return mac, false
		}
		mac[n] = byte(v)
	}
	return mac, true
}

func (s *ifSetter) upDown(up bool) int {
	if s.alias() {
		if !up {
			for _, a := range s.dev().Addrs() {
				if a.Label == s.name {
					s.dev().DelAddr(a.Prefix)
				}
			}
		}
		return 0
	}
	if err := s.dev().SetUp(up); err != nil {
		return s.complain("SIOCSIFFLAGS", err)
	}
	return 0
}

func (s *ifSetter) unknownHost(text string) int {
	why := "Host name lookup failure"
	if strings.Trim(text, "0123456789.") == "" {
		why = "Unknown host"
	}
	return fail(s.p, 1, fmt.Sprintf("%s: %s\nifconfig: `--help' gives usage information.", text, why))
}

// address is a bare word: the interface's IPv4 address, with an optional
// prefix length. 0.0.0.0 takes the address away.
func (s *ifSetter) address(text string) (stop bool, status int) {
	p, bare, ok := parsePrefix(text)
	if !ok {
		if a, found := hostAddress(s.p, text); found && a.Is4() {
			p, bare, ok = netip.PrefixFrom(a, 32), true, true
		}
	}
	if !ok || p.Addr().Is6() {
		return true, s.unknownHost(text)
	}
	if s.dev() == nil {
		fail(s.p, 1, "SIOCSIFADDR: No such device")
		return true, fail(s.p, 255, s.name+": ERROR while getting interface flags: No such device")
	}
	if bare {
		p = netip.PrefixFrom(p.Addr(), classBits(p.Addr()))
	}
	if err := s.setAddress(p); err != nil {
		return false, s.complain("SIOCSIFADDR", err)
	}
	return false, 0
}

// classBits is the prefix length of an address by its class, as the SIOCSIFADDR
// ioctl gives it.
func classBits(a netip.Addr) int {
	switch first := a.As4()[0]; {
	case first < 128:
		return 8
	case first < 192:
		return 16
	case first < 224:
		return 24
	}
	return 32
}

// current is the IPv4 address that the name has.
func (s *ifSetter) current() (stack.Address, bool) {
	for _, a := range s.dev().Addrs() {
		if a.Prefix.Addr().Is4() && labelOf(s.dev(), a) == s.name {
			return a, true
		}
	}
	return stack.Address{}, false
}

// setAddress replaces the address of the name and brings the device up.
func (s *ifSetter) setAddress(p netip.Prefix) error {
	dev := s.dev()
	if old, ok := s.current(); ok {
		dev.DelAddr(old.Prefix)
	}
	if p.Addr().IsUnspecified() {
		return nil
	}
	opts := stack.AddrOptions{AutoBroadcast: p.Bits() < 31 && dev.Kind() != stack.KindLoopback}
	if s.alias() {
		opts.Label = s.name
	}
	if err := dev.AddAddr(p, opts); err != nil {
		return err
	}
	return dev.SetUp(true)
}

// change takes the address away and puts it back changed.
func (s *ifSetter) change(edit func(a *stack.Address)) error {
	a, ok := s.current()
	if !ok {
		return stack.ErrAddrNotAvail
	}
	s.dev().DelAddr(a.Prefix)
	edit(&a)
	opts := stack.AddrOptions{Broadcast: a.Broadcast}
	if s.alias() {
		opts.Label = s.name
	}
	return s.dev().AddAddr(a.Prefix, opts)
}

func (s *ifSetter) netmask(text string) int {
	mask, err := netip.ParseAddr(text)
	if err != nil {
		return s.unknownHost(text)
	}
	bits, ok := maskBits(mask)
	if !ok {
		return s.complain("SIOCSIFNETMASK", stack.ErrInvalid)
	}
	err = s.change(func(a *stack.Address) {
		a.Prefix = netip.PrefixFrom(a.Prefix.Addr(), bits)
		if a.Broadcast.IsValid() {
			a.Broadcast = broadcastOf(a.Prefix)
		}
	})
	if err != nil {
		return s.complain("SIOCSIFNETMASK", err)
	}
	return 0
}

// addAddress is `add`: an IPv6 address, or an IPv4 one on the next free alias.
func (s *ifSetter) addAddress(text string) int {
	p, bare, ok := parsePrefix(text)
	if !ok {
		return s.unknownHost(text)
	}
	opts := stack.AddrOptions{}
	if p.Addr().Is4() {
		if bare {
			p = netip.PrefixFrom(p.Addr(), classBits(p.Addr()))
		}
		opts = stack.AddrOptions{AutoBroadcast: true, Label: s.freeAlias()}
	}
	if err := s.dev().AddAddr(p, opts); err != nil {
		return s.complain("SIOCSIFADDR", err)
	}
	return 0
}

func (s *ifSetter) freeAlias() string {
	for n := 0; ; n++ {
		name := s.base + ":" + strconv.Itoa(n)
		if v, _ := findView(s.ns, name); v.inet == nil {
			return name
		}
	}
}

func (s *ifSetter) delAddress(text string) int {
	p, bare, ok := parsePrefix(text)
	if !ok {
		return s.unknownHost(text)
	}
	for _, a := range s.dev().Addrs() {
		if a.Prefix == p || bare && a.Prefix.Addr() == p.Addr() {
			s.dev().DelAddr(a.Prefix)
			return 0
		}
	}
	return s.complain("SIOCDIFADDR", stack.ErrAddrNotAvail)
}
