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

// busyboxIfconfig is busybox's ifconfig: net-tools 1.60's form, its own words
// for errors, and no option but -a.
func busyboxIfconfig(p *userland.Process) int {
	args := p.Args[1:]
	all := false
	if len(args) > 0 && args[0] == "--help" {
		return busyboxHelp(p, "ifconfig", 0)
	}
	if len(args) > 0 && args[0] == "-a" {
		all, args = true, args[1:]
	}
	switch {
	case len(args) == 0:
		var out strings.Builder
		for _, v := range ifViews(p.NS(), all) {
			out.WriteString(oldForm{}.interfaceText(v))
		}
		emit(p, out.String())
		return 0
	case len(args) == 1:
		v, ok := findView(p.NS(), args[0])
		if !ok {
			return fail(p, 1, "ifconfig: "+args[0]+": error fetching interface information: Device not found")
		}
		emit(p, oldForm{}.interfaceText(v))
		return 0
	}
	return finish(p, (&busyboxIfSetter{newIfSetter(p, args[0])}).run(&words{list: args[1:]}))
}

// busyboxHelp shows the applet's usage on standard error.
func busyboxHelp(p *userland.Process, applet string, status int) int {
	p.Errorf("%s", usage("busybox-"+applet))
	return status
}

// busyboxIfSetter stops at the first ioctl that fails.
type busyboxIfSetter struct{ *ifSetter }

func ioctlFailure(call string, err error) error {
	return exitWith(1, "ifconfig: %s: %s", call, err)
}

func (s *busyboxIfSetter) run(w *words) error {
	for w.more() {
		if err := s.step(w.next(), w); err != nil {
			return err
		}
	}
	return nil
}

func (s *busyboxIfSetter) step(arg string, w *words) error {
	if s.isFlagWord(arg) {
		return s.flag(arg)
	}
	switch arg {
	case "mtu", "netmask", "hw", "metric", "txqueuelen", "add", "del", "dstaddr", "mem_start", "io_addr", "irq",
		"outfill", "keepalive":
		if !w.more() {
			return &failure{1, usage("busybox-ifconfig")}
		}
		return s.value(arg, w)
	case "broadcast", "pointopoint":
		if w.more() {
			return s.value(arg, w)
		}
		return nil
	case "-broadcast", "-pointopoint":
		return nil
	}
	return s.setIPv4(arg)
}

func (s *busyboxIfSetter) flag(arg string) error {
	dev := s.dev()
	if dev == nil {
		return ioctlFailure("SIOCGIFFLAGS", stack.ErrNoDevice)
	}
	switch arg {
	case "up", "down":
		if status := s.upDown(arg == "up"); status != 0 {
			return &failure{status, ""}
		}
	case "promisc", "-promisc":
		dev.SetPromisc(arg == "promisc")
	}
	return nil
}

func (s *busyboxIfSetter) setIPv4(text string) error {
	if text == "inet" {
		return nil
	}
	a, ok := hostAddress(s.p, text)
	if !ok || !a.Is4() {
		return exitWith(1, "ifconfig: bad address '%s'", text)
	}
	if s.dev() == nil {
		return ioctlFailure("SIOCSIFADDR", stack.ErrNoDevice)
	}
	if err := s.setAddress(netip.PrefixFrom(a, classBits(a))); err != nil {
		return ioctlFailure("SIOCSIFADDR", err)
	}
	return nil
}

func (s *busyboxIfSetter) value(arg string, w *words) error {
	value := w.next()
	dev := s.dev()
	if dev == nil {
		return ioctlFailure("SIOCSIF"+strings.ToUpper(arg), stack.ErrNoDevice)
	}
	switch arg {
	case "mtu":
		if err := ioctlMTU(dev, value); err != nil {
			return ioctlFailure("SIOCSIFMTU", err)
		}
	case "txqueuelen":
		n, _ := strconv.Atoi(value)
		dev.SetTxQueueLen(n)
	case "hw":
		text := w.next()
		mac, err := link.ParseMAC(text)
		if err != nil {
			return exitWith(1, "ifconfig: invalid hw-addr %s", text)
		}
		if err := dev.SetMAC(mac); err != nil {
			return ioctlFailure("SIOCSIFHWADDR", err)
		}
	case "netmask":
		mask, err := netip.ParseAddr(value)
		if err != nil {
			return exitWith(1, "ifconfig: bad address '%s'", value)
		}
		bits, ok := maskBits(mask)
		if !ok {
			return ioctlFailure("SIOCSIFNETMASK", stack.ErrInvalid)
		}
		err = s.change(func(a *stack.Address) {
			a.Prefix = netip.PrefixFrom(a.Prefix.Addr(), bits)
			if a.Broadcast.IsValid() {
				a.Broadcast = broadcastOf(a.Prefix)
			}
		})
		if err != nil {
			return ioctlFailure("SIOCSIFNETMASK", err)
		}
	case "broadcast":
		a, err := netip.ParseAddr(value)
		if err != nil {
			return exitWith(1, "ifconfig: bad address '%s'", value)
		}
		if err := s.change(func(now *stack.Address) { now.Broadcast = a }); err != nil {
			return ioctlFailure("SIOCSIFBRDADDR", err)
		}
	case "add":
		return s.addOrDel(value, true)
	case "del":
		return s.addOrDel(value, false)
	}
	return nil
}

// addOrDel is busybox's add and del, which are for IPv6; an IPv4 address sets
// the interface's own.
func (s *busyboxIfSetter) addOrDel(text string, add bool) error {
	p, _, ok := parsePrefix(text)
	switch {
	case !ok:
		return exitWith(1, "ifconfig: bad address '%s'", text)
	case p.Addr().Is4():
		return s.setIPv4(fmt.Sprint(p.Addr()))
	case add:
		if err := s.dev().AddAddr(p, stack.AddrOptions{}); err != nil {
			return ioctlFailure("SIOCSIFADDR", err)
		}
		return nil
	}
	if !hasAddress(s.dev(), p) {
		return ioctlFailure("SIOCDIFADDR", stack.ErrAddrNotAvail)
	}
	s.dev().DelAddr(p)
	return nil
}
