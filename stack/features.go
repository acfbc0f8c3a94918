package stack

import "slices"

// features are the offloads that somebody has switched off, in the words of
// `ethtool -k`. An interface begins with all that its kind has.
type features struct {
	off      []string
	cut      bool // tx-tcp-segmentation is off: the kernel cuts what TCP makes
	softSums bool // tx-checksum-ip-generic is off: it makes the checksums, too
	badSums  bool // see SetTunnelChecksumFault
}

// Feature reports whether an offload is on, as far as anybody has touched it.
func (i *Interface) Feature(name string) bool { return !slices.Contains(i.features.off, name) }

// SetFeature switches an offload on or off: `ethtool -K`. Without segmentation
// frames leave as segments; without checksums the card, which may make them
// wrong, makes none. Without generic-receive-offload segments come in one by one.
// The others are only remembered: nothing here depends on
// who does the work.
func (i *Interface) SetFeature(name string, on bool) {
	x := &i.features
	x.off = slices.DeleteFunc(x.off, func(s string) bool { return s == name })
	if !on {
		x.off = append(x.off, name)
	}
	x.cut = !i.Feature("tx-tcp-segmentation")
	x.softSums = !i.Feature("tx-checksum-ip-generic")
}

// SetTunnelChecksumFault makes a network card, in offloading checksums, get
// those of TCP and UDP within tunnels wrong, as some virtual cards do.
func (i *Interface) SetTunnelChecksumFault(on bool) { i.features.badSums = on }

// spoils reports whether the card gets the checksums within a tunnel wrong.
func (x *features) spoils() bool { return x.badSums && !x.softSums }
