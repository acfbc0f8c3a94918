package netconf

import (
	"errors"
	"strconv"
	"strings"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
)

// linkSet is `ip link set`: the words up to the end change one interface.
func (t *ipTool) linkSet(w *words) error {
	c, err := t.readLinkChange(w)
	if err != nil {
		return err
	}
	if c.dev == nil {
		return exitWith(255, `Not enough information: "dev" argument is required.`)
	}
	return c.apply()
}

// linkChange is what one `ip link set` asks for. The kernel does it in a fixed
// order, whatever the order of the words.
type linkChange struct {
	dev      *stack.Interface
	up       *bool
	mtu      int
	mac      *link.MAC
	name     string
	master   *stack.Interface
	noMaster bool
	netns    *stack.Namespace
	qlen     *int
	promisc  *bool
	hairpin  *bool
}

func (t *ipTool) readLinkChange(w *words) (c linkChange, err error) {
	yes, no := true, false
	for w.more() && err == nil {
		arg := w.next()
		switch {
		case arg == "up":
			c.up = &yes
		case arg == "down":
			c.up = &no
		case arg == "name":
			if c.name, err = w.value(); err == nil && !validName(c.name) {
				err = wrongArgument(c.name, `"name" not a valid ifname`)
			}
		case arg == "mtu":
			c.mtu, err = w.integer("mtu")
		case arg == "address":
			c.mac, err = w.mac()
		case arg == "broadcast", arg == "alias", arg == "group", arg == "addrgenmode", arg == "vrf":
			_, err = w.value()
		case arg == "master":
			var name string
			if name, err = w.value(); err != nil {
				break
			}
			if c.master = t.ns.Interface(name); c.master == nil {
				err = wrongArgument(name, "Device does not exist\n")
			}
		case arg == "nomaster":
			c.noMaster = true
		case arg == "netns":
			c.netns, err = t.namespaceWord(w)
		case arg == "txqueuelen", arg == "qlen", arg == "txqlen":
			var n int
			n, err = w.integer("txqueuelen")
			c.qlen = &n
		case arg == "promisc":
			c.promisc, err = w.onOff(arg)
		case arg == "arp", arg == "multicast", arg == "allmulticast", arg == "dynamic", arg == "trailers",
			arg == "carrier", arg == "protodown":
			_, err = w.onOff(arg)
		case arg == "type":
			err = t.typeChange(&c, w)
		case arg == "dev":
			c.dev, err = w.device(t.ns)
		case c.dev != nil:
			err = garbage("dev", arg)
		default:
			if c.dev = t.ns.Interface(arg); c.dev == nil {
				err = noDevice(arg)
			}
		}
	}
	return c, err
}

// typeChange is `ip link set DEV type KIND …`: of it, a bridge port's hairpin.
func (t *ipTool) typeChange(c *linkChange, w *words) (err error) {
	kind, err := w.value()
	for err == nil && w.more() {
		switch arg := w.next(); {
		case kind == "bridge_slave" && arg == "hairpin":
			c.hairpin, err = w.onOff(arg)
		default:
			_, err = w.value()
		}
	}
	return err
}

func (c *linkChange) apply() error {
	i := c.dev
	if c.netns != nil {
		name := c.name
		if name == "" {
			name = i.Name()
		}
		if err := i.MoveTo(c.netns, name); err != nil {
			return rtnetlink(err)
		}
		c.name = ""
	}
	if c.mac != nil {
		if err := i.SetMAC(*c.mac); err != nil {
			return rtnetlink(err)
		}
	}
	if c.mtu != 0 {
		if err := setMTU(i, c.mtu); err != nil {
			return err
		}
	}
	if c.name != "" && c.name != i.Name() {
		if err := i.Rename(c.name); err != nil {
			return rtnetlink(err)
		}
	}
	if err := c.applyMaster(); err != nil {
		return err
	}
	if c.qlen != nil {
		i.SetTxQueueLen(*c.qlen)
	}
	if c.promisc != nil {
		i.SetPromisc(*c.promisc)
	}
	if c.hairpin != nil && i.Port() != nil {
		i.Port().SetHairpin(*c.hairpin)
	}
	if c.up != nil {
		if err := i.SetUp(*c.up); err != nil {
			return rtnetlink(err)
		}
	}
	return nil
}

func (c *linkChange) applyMaster() error {
	switch {
	case c.master != nil:
		if c.master.Kind() != stack.KindBridge {
			return rtnetlink(stack.ErrNotSupported)
		}
		if err := c.dev.SetMaster(c.master); err != nil {
			return rtnetlink(err)
		}
	case c.noMaster && c.dev.Master() != nil:
		if err := c.dev.SetMaster(nil); err != nil {
			return rtnetlink(err)
		}
	}
	return nil
}

// setMTU changes the MTU with the kernel's words for one that is out of range.
func setMTU(i *stack.Interface, mtu int) error {
	switch {
	case mtu < 68 && i.Kind() != stack.KindLoopback:
		return kernelSays("mtu less than device minimum.")
	case mtu > 65535 && i.Kind() != stack.KindLoopback:
		return kernelSays("mtu greater than device maximum.")
	}
	if err := i.SetMTU(mtu); err != nil {
		return rtnetlink(err)
	}
	return nil
}

// integer takes a number; key names it in the complaint.
func (w *words) integer(key string) (int, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 0, 31)
	if err != nil {
		return 0, wrongArgument(text, `Invalid "`+key+"\" value\n")
	}
	return int(n), nil
}

// mac takes a link-layer address.
func (w *words) mac() (*link.MAC, error) {
	text, err := w.value()
	if err != nil {
		return nil, err
	}
	if mac, err := link.ParseMAC(text); err == nil {
		return &mac, nil
	}
	parts := strings.Split(text, ":")
	for _, part := range parts {
		if _, err := strconv.ParseUint(part, 16, 8); err != nil {
			return nil, exitWith(1, `"%s" is invalid lladdr.`, part)
		}
	}
	return nil, exitWith(1, "Invalid address length %d - must be 6 bytes", len(parts))
}

// onOff takes "on" or "off".
func (w *words) onOff(key string) (*bool, error) {
	text, err := w.value()
	if err != nil {
		return nil, err
	}
	on := text == "on"
	if !on && text != "off" {
		return nil, exitWith(1, `Error: argument of "%s" must be "on" or "off", not "%s"`, key, text)
	}
	return &on, nil
}

// namespaceWord takes a namespace by name or by the PID of a process in it.
func (t *ipTool) namespaceWord(w *words) (*stack.Namespace, error) {
	ref, err := w.value()
	if err != nil {
		return nil, err
	}
	if ns, ok := findNetns(t.p, ref); ok {
		return ns, nil
	}
	if _, err := strconv.Atoi(ref); err == nil {
		return nil, rtnetlink(stack.ErrNoProcess)
	}
	return nil, wrongArgument(ref, "Invalid \"netns\" value\n")
}

// linkMaker makes an interface of one kind. The words after the kind are still
// to be read from w.
type linkMaker func(t *ipTool, n linkName, w *words) (*stack.Interface, error)

// linkName is what `ip link add` says of any kind of interface.
type linkName struct {
	name string
	mac  link.MAC // zero: draw one
	mtu  int
	link *stack.Interface // the device below, if any
}

// linkMakers are the kinds that `ip link add` can make.
var linkMakers = map[string]linkMaker{
	"bridge": func(t *ipTool, n linkName, w *words) (*stack.Interface, error) {
		w.rest()
		return t.ns.AddBridge(n.name, n.mac)
	},
	"dummy": func(t *ipTool, n linkName, w *words) (*stack.Interface, error) {
		return t.ns.AddDummy(n.name, n.mac)
	},
	"veth": (*ipTool).makeVeth,
}

func (t *ipTool) linkAdd(w *words) error {
	n := linkName{}
	kind := ""
	qlen := 1000
	for w.more() && kind == "" {
		var err error
		switch arg := w.next(); arg {
		case "link":
			n.link, err = w.device(t.ns)
		case "name", "dev":
			n.name, err = w.value()
		case "address":
			var mac *link.MAC
			if mac, err = w.mac(); err == nil {
				n.mac = *mac
			}
		case "mtu":
			n.mtu, err = w.integer("mtu")
		case "txqueuelen", "qlen", "txqlen":
			qlen, err = w.integer("txqueuelen")
		case "numtxqueues", "numrxqueues", "index", "broadcast", "group":
			_, err = w.value()
		case "up", "down":
		case "type":
			kind, err = w.value()
		case "help":
			err = exitUsage(255, "ip-link")
		default:
			if n.name != "" {
				err = garbage("name", arg)
			}
			n.name = arg
		}
		if err != nil {
			return err
		}
	}
	if kind == "" {
		return exitWith(1, `Not enough information: "type" argument is required`)
	}
	return t.makeLink(kind, n, qlen, w)
}

func (t *ipTool) makeLink(kind string, n linkName, qlen int, w *words) error {
	make := linkMakers[kind]
	if make == nil {
		return kernelSays("Unknown device type.")
	}
	if n.name == "" {
		n.name = t.freeName(kind)
	}
	if !validName(n.name) {
		return kernelSays("Attribute failed policy validation.")
	}
	i, err := make(t, n, w)
	if err != nil {
		var f *failure
		if errors.As(err, &f) {
			return err
		}
		return rtnetlink(err)
	}
	i.SetTxQueueLen(qlen)
	if n.mtu != 0 {
		return setMTU(i, n.mtu)
	}
	return nil
}

// validName reports whether the kernel takes an interface's name.
func validName(name string) bool {
	return name != "" && len(name) <= 15 && !strings.ContainsAny(name, "/: \t")
}

// freeName is the kernel's "veth%d" with the first free number.
func (t *ipTool) freeName(kind string) string {
	for n := 0; ; n++ {
		if name := kind + strconv.Itoa(n); t.ns.Interface(name) == nil {
			return name
		}
	}
}

// makeVeth reads `peer name X [address MAC] [netns NS]` and makes the pair.
func (t *ipTool) makeVeth(n linkName, w *words) (*stack.Interface, error) {
	peer := linkName{}
	in := t.ns
	for w.more() {
		var err error
		switch arg := w.next(); arg {
		case "peer":
		case "name":
			peer.name, err = w.value()
		case "address":
			var mac *link.MAC
			if mac, err = w.mac(); err == nil {
				peer.mac = *mac
			}
		case "netns":
			in, err = t.namespaceWord(w)
		case "mtu":
			peer.mtu, err = w.integer("mtu")
		default:
			if peer.name != "" {
				err = exitWith(255, "veth: unknown option \"%s\"?", arg)
			}
			peer.name = arg
		}
		if err != nil {
			return nil, err
		}
	}
	for k := 0; peer.name == ""; k++ {
		name := "veth" + strconv.Itoa(k)
		if in.Interface(name) == nil && (in != t.ns || name != n.name) {
			peer.name = name
		}
	}
	a, b, err := stack.NewVeth(t.ns, n.name, n.mac, in, peer.name, peer.mac)
	if err != nil {
		return nil, err
	}
	b.SetTxQueueLen(1000)
	if peer.mtu != 0 {
		return a, setMTU(b, peer.mtu)
	}
	return a, nil
}

func (t *ipTool) linkDelete(w *words) error {
	var dev *stack.Interface
	for w.more() {
		switch arg := w.next(); arg {
		case "dev", "name":
		case "type":
			w.rest()
		default:
			if dev = t.ns.Interface(arg); dev == nil {
				return noDevice(arg)
			}
		}
	}
	if dev == nil {
		return exitWith(255, `Not enough information: "dev" argument is required.`)
	}
	if err := deleteLink(dev); err != nil {
		return rtnetlink(err)
	}
	return nil
}

// deleteLink removes an interface that somebody made; the kernel keeps those
// that it found.
func deleteLink(i *stack.Interface) error {
	if i.Kind() == stack.KindLoopback || i.Kind() == stack.KindPhysical {
		return stack.ErrNotSupported
	}
	return i.Delete()
}

// readInput reads a file, or standard input for "-".
func readInput(p *userland.Process, name string) ([]byte, error) {
	if name == "-" {
		return readAll(p.Stdin)
	}
	return p.ReadFile(name)
}
