package netconf

import (
	"errors"
	"strconv"
	"strings"

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
