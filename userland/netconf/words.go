package netconf

import (
	"io"
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// words is a command line that is read from left to right.
type words struct {
	list []string
	at   int
}

// more reports whether a word is left.
func (w *words) more() bool { return w.at < len(w.list) }

// next takes the next word, "" if there is none.
func (w *words) next() string {
	if !w.more() {
		return ""
	}
	w.at++
	return w.list[w.at-1]
}

// peek looks at the next word without taking it.
func (w *words) peek() string {
	if !w.more() {
		return ""
	}
	return w.list[w.at]
}

// rest takes all the words that are left.
func (w *words) rest() []string {
	r := w.list[w.at:]
	w.at = len(w.list)
	return r
}

// abbreviates reports whether arg is a non-empty beginning of one of the words:
// iproute2's matches().
func abbreviates(arg string, full ...string) bool {
	for _, f := range full {
		if arg != "" && strings.HasPrefix(f, arg) {
			return true
		}
	}
	return false
}

// emit writes to standard output.
func emit(p *userland.Process, text string) { io.WriteString(p.Stdout, text) }

// fail writes a line to standard error and returns the status.
func fail(p *userland.Process, status int, text string) int {
	io.WriteString(p.Stderr, text+"\n")
	return status
}

// parsePrefix reads an address with or without its prefix length. bare tells
// that the length was missing and the whole address is meant.
func parsePrefix(text string) (prefix netip.Prefix, bare, ok bool) {
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false, false
		}
		return netip.PrefixFrom(a, a.BitLen()), true, true
	}
	head, tail, _ := strings.Cut(text, "/")
	a, err := netip.ParseAddr(head)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false, false
	}
	if bits, err := strconv.Atoi(tail); err == nil && bits >= 0 && bits <= a.BitLen() {
		return netip.PrefixFrom(a, bits), false, true
	}
	mask, err := netip.ParseAddr(tail)
	if err != nil || !a.Is4() {
		return netip.Prefix{}, false, false
	}
	bits, ok := maskBits(mask)
	return netip.PrefixFrom(a, bits), false, ok
}

// maskBits is the prefix length of an IPv4 netmask; ok is false if its ones are
// not together.
func maskBits(mask netip.Addr) (bits int, ok bool) {
	if !mask.Is4() {
		return 0, false
	}
	b := mask.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	for bits < 32 && v&(1<<31) != 0 {
		v <<= 1
		bits++
	}
	return bits, v == 0
}

// netmask is a prefix length as an IPv4 netmask.
func netmask(bits int) netip.Addr {
	v := ^uint32(0) << (32 - bits)
	if bits == 0 {
		v = 0
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// broadcastOf is the last address of an IPv4 prefix.
func broadcastOf(p netip.Prefix) netip.Addr {
	b, m := p.Addr().As4(), netmask(p.Bits()).As4()
	for i := range b {
		b[i] |= ^m[i]
	}
	return netip.AddrFrom4(b)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
