package netconf

import (
	"net/netip"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

// linuxVXLANPort is the port that the kernel takes if none is given.
const linuxVXLANPort = 8472

// vxlanWords is what `ip link add type vxlan` names.
type vxlanWords struct {
	stack.VXLANOptions
	hasID, hasPort, group bool
}

// vxlanSwitches are the options that are switched off by a "no" before them.
var vxlanSwitches = map[string]func(v *vxlanWords, on bool){
	"learning":       func(v *vxlanWords, on bool) { v.Learning = on },
	"proxy":          func(v *vxlanWords, on bool) { v.Proxy = on },
	"l2miss":         func(v *vxlanWords, on bool) { v.L2Miss = on },
	"l3miss":         func(v *vxlanWords, on bool) { v.L3Miss = on },
	"udpcsum":        func(v *vxlanWords, on bool) { v.ZeroChecksum = !on },
	"udp6zerocsumtx": nil, "udp6zerocsumrx": nil, "remcsumtx": nil, "remcsumrx": nil, "rsc": nil,
}

// set switches an option; it reports false for a word that is none.
func (v *vxlanWords) set(word string) bool {
	on := true
	do, ok := vxlanSwitches[word]
	if !ok && len(word) > 2 && word[:2] == "no" {
		on = false
		do, ok = vxlanSwitches[word[2:]]
	}
	if do != nil {
		do(v, on)
	}
	return ok
}

// makeVXLAN reads `id VNI [remote ADDR] [dev DEVICE] [dstport PORT] …`.
func (t *ipTool) makeVXLAN(n linkName, w *words) (*stack.Interface, error) {
	if !w.more() {
		return nil, kernelSays("Required attributes not provided to perform the operation.")
	}
	v := vxlanWords{VXLANOptions: stack.VXLANOptions{Learning: true}}
	for w.more() {
		if err := t.vxlanWord(&v, w); err != nil {
			return nil, err
		}
	}
	switch {
	case !v.hasID:
		return nil, exitWith(1, "vxlan: missing virtual network identifier")
	case v.group && v.Device == nil:
		return nil, exitWith(1, "vxlan: 'group' requires 'dev' to be specified")
	case v.Remote.Is6() || v.Local.Is6():
		return nil, notSimulated("VXLAN over IPv6")
	case !v.hasPort:
		t.p.Errorf("vxlan: destination port not specified\nWill use Linux kernel default (non-standard value)\n" +
			"Use 'dstport 4789' to get the IANA assigned value\nUse 'dstport 0' to get default and quiet this message\n")
	}
	if v.Port == 0 {
		v.Port = linuxVXLANPort
	}
	i, err := t.ns.AddVXLAN(n.name, n.mac, v.VXLANOptions)
	if err == stack.ErrExist && t.ns.Interface(n.name) == nil {
		return nil, kernelSays("A VXLAN device with the specified VNI already exists.")
	}
	return i, err
}

// vxlanWord reads one option.
func (t *ipTool) vxlanWord(v *vxlanWords, w *words) (err error) {
	switch arg := w.next(); arg {
	case "id", "vni":
		var id int
		if id, err = w.number(32, "invalid id"); err == nil && id > link.MaxVNI {
			err = wrongArgument(w.list[w.at-1], "invalid id")
		}
		v.VNI, v.hasID = uint32(id), true
	case "group", "remote":
		err = v.readRemote(arg, w)
	case "local":
		var text string
		if text, err = w.value(); err != nil {
			break
		}
		if v.Local, err = netip.ParseAddr(text); err != nil {
			err = exitWith(1, `Error: inet address is expected rather than "%s".`, text)
		} else if v.Local.IsMulticast() {
			err = wrongArgument(text, "invalid local address")
		}
	case "ttl", "hoplimit":
		var text string
		if text, err = w.value(); err == nil && text != "inherit" && text != "auto" {
			w.at--
			if v.TTL, err = w.number(32, "invalid TTL"); err == nil && v.TTL > 255 {
				err = wrongArgument(text, "TTL must be <= 255")
			}
		}
	case "dev":
		var text string
		if text, err = w.value(); err != nil {
			break
		}
		if v.Device = t.ns.Interface(text); v.Device == nil {
			err = exitWith(255, `Cannot find device "%s"`, text)
		}
	case "dstport":
		var port int
		port, err = w.number(16, "dst port")
		v.Port, v.hasPort = uint16(port), true
	case "srcport":
		var low, high int
		if low, err = w.number(16, "min port"); err == nil {
			high, err = w.number(16, "max port")
		}
		v.PortLow, v.PortHigh = uint16(low), uint16(high)
	case "ageing":
		var text string
		if text, err = w.value(); err == nil && text != "none" {
			w.at--
			var seconds int
			seconds, err = w.number(32, "ageing timer")
			v.Ageing = time.Duration(seconds) * time.Second
		}
	case "tos", "dsfield", "flowlabel", "label", "maxaddress":
		err = w.only(arg, "0")
	case "df":
		err = w.only(arg, "unset")
	default:
		if !v.set(arg) {
			err = badKindOption("vxlan", "command", arg)
		}
	}
	return err
}

func (v *vxlanWords) readRemote(arg string, w *words) error {
	if v.Remote.IsValid() {
		return exitWith(1, "vxlan: both group and remote cannot be specified")
	}
	text, err := w.value()
	if err != nil {
		return err
	}
	if v.Remote, err = netip.ParseAddr(text); err != nil {
		return exitWith(1, `Error: any valid address is expected rather than "%s".`, text)
	}
	v.group = arg == "group"
	if v.group != v.Remote.IsMulticast() {
		return wrongArgument(text, "invalid "+arg+" address")
	}
	return nil
}
