package netconf

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
)

// linkMaker makes an interface of one kind. The words after the kind are still
// to be read from w.
type linkMaker func(t *ipTool, n linkName, w *words) (*stack.Interface, error)

// linkName is what `ip link add` says of any kind of interface.
type linkName struct {
	name string
	mac  link.MAC // zero: draw one
	mtu  int
	up   bool
	link *stack.Interface // the device below, if any
}

// linkMakers are the kinds that `ip link add` can make.
var linkMakers = map[string]linkMaker{
	"bridge": func(t *ipTool, n linkName, w *words) (*stack.Interface, error) {
		set, err := w.bridgeOptions()
		if err != nil {
			return nil, err
		}
		i, err := t.ns.AddBridge(n.name, n.mac)
		if err == nil {
			set(i)
		}
		return i, err
	},
	"dummy": func(t *ipTool, n linkName, w *words) (*stack.Interface, error) {
		return t.ns.AddDummy(n.name, n.mac)
	},
	"veth":    (*ipTool).makeVeth,
	"macvlan": (*ipTool).makeMacvlan,
	"ipvlan":  (*ipTool).makeIPvlan,
	"vlan":    (*ipTool).makeVLAN,
	"vxlan":   (*ipTool).makeVXLAN,
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
		case "group":
			err = w.only("group", "default", "0")
		case "numtxqueues", "numrxqueues", "index", "broadcast":
			err = notSimulated("%q of a new link", arg)
		case "up":
			n.up = true
		case "down":
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

// lacks reports whether the kernel was built without a kind.
func lacks(ns *stack.Namespace, kind string) bool {
	k, ok := stack.Optional()[kind]
	return ok && ns.Lacks(k)
}

func (t *ipTool) makeLink(kind string, n linkName, qlen int, w *words) error {
	make := linkMakers[kind]
	switch {
	case make == nil && otherKinds[kind]:
		return notSimulated("interfaces of type %s", kind)
	case make == nil, lacks(t.ns, kind):
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
		if err := setMTU(i, n.mtu); err != nil {
			return err
		}
	}
	if n.up {
		if err := i.SetUp(true); err != nil {
			return rtnetlink(err)
		}
	}
	return nil
}

// otherKinds are those of ip-link(8) that a kernel has and dnetsim does not.
var otherKinds = map[string]bool{
	"amt": true, "bareudp": true, "bond": true, "can": true, "erspan": true, "ip6erspan": true, "ip6gre": true, "ip6gretap": true,
	"ip6tnl": true, "ifb": true, "geneve": true, "gre": true, "gretap": true, "gtp": true, "hsr": true, "ipip": true, "ipoib": true,
	"ipvtap": true, "macsec": true, "macvtap": true, "netdevsim": true, "nlmon": true, "rmnet": true, "sit": true, "team": true,
	"vcan": true, "vrf": true, "vti": true, "vti6": true, "wireguard": true, "xfrm": true,
}

// bridgeDefaults are the values of bridge options that a bridge here has, and
// takes no others.
var bridgeDefaults = map[string]string{
	"stp_state": "0", "vlan_filtering": "0", "priority": "32768", "group_fwd_mask": "0", "mcast_snooping": "1", "hello_time": "200",
	"max_age": "2000", "forward_delay": "1500", "nf_call_iptables": "0", "nf_call_ip6tables": "0", "nf_call_arptables": "0",
	"vlan_default_pvid": "1", "mcast_querier": "0", "vlan_protocol": "802.1Q",
}

// bridgeOptions reads the options of a bridge. What it returns sets them.
func (w *words) bridgeOptions() (set func(*stack.Interface), err error) {
	set = func(*stack.Interface) {}
	for w.more() {
		switch arg := w.next(); {
		case arg == "ageing_time":
			n, err := w.number(32, "invalid ageing_time")
			if err != nil {
				return nil, err
			}
			set = func(i *stack.Interface) { i.Bridge().SetAgeing(time.Duration(n) * 10 * time.Millisecond) }
		case arg == "forward_delay" || bridgeDefaults[arg] == "":
			if arg != "forward_delay" { // without STP nothing waits for it
				return nil, notSimulated("%q of a bridge", arg)
			}
			w.next()
		default:
			if err := w.only(arg, bridgeDefaults[arg]); err != nil {
				return nil, err
			}
		}
	}
	return set, nil
}

// only takes the value of an option that has one value here.
func (w *words) only(option string, values ...string) error {
	text, err := w.value()
	if err == nil && !slices.Contains(values, text) {
		err = notSimulated("%q other than %s", option, values[0])
	}
	return err
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
