package dissect

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"dnetsim/link"
)

// Field is one value of a layer; From and To are its first byte in the frame and the
// one behind its last. Fields of less than a byte name the bytes that they are in.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  int    `json:"from"`
	To    int    `json:"to"`
}

// Layer is one header, or the data behind the last.
type Layer struct {
	Name   string  `json:"name"`
	From   int     `json:"from"`
	To     int     `json:"to"`
	Fields []Field `json:"fields"`
}

// Frame is an Ethernet frame's layers from the outside in. A frame that ends within a
// header has a last layer "truncated".
func Frame(b []byte) []Layer {
	d := &dissection{b: b}
	d.ethernet(0)
	return d.layers
}

// dissection is a frame being taken apart.
type dissection struct {
	b      []byte
	layers []Layer
	depth  int // of frames within frames
}

// maxDepth is how many tunnels within one another are opened.
const maxDepth = 4

// begin opens a layer of n bytes at an offset; false if the frame is too short.
func (d *dissection) begin(name string, at, n int) bool {
	if at+n > len(d.b) {
		if at < len(d.b) {
			d.layers = append(d.layers, Layer{Name: "truncated " + name, From: at, To: len(d.b), Fields: []Field{}})
		}
		return false
	}
	d.layers = append(d.layers, Layer{Name: name, From: at, To: at + n, Fields: []Field{}})
	return true
}

// field adds a value of n bytes at an offset to the last layer.
func (d *dissection) field(name string, at, n int, format string, args ...any) {
	l := &d.layers[len(d.layers)-1]
	value := format
	if len(args) > 0 {
		value = fmt.Sprintf(format, args...)
	}
	l.Fields = append(l.Fields, Field{name, value, at, min(at+n, len(d.b))})
}

// end moves the last layer's end.
func (d *dissection) end(at int) { d.layers[len(d.layers)-1].To = min(at, len(d.b)) }

func (d *dissection) u8(at int) int     { return int(d.b[at]) }
func (d *dissection) u16(at int) int    { return int(binary.BigEndian.Uint16(d.b[at:])) }
func (d *dissection) u32(at int) uint32 { return binary.BigEndian.Uint32(d.b[at:]) }

func (d *dissection) mac(at int) string {
	var m link.MAC
	copy(m[:], d.b[at:at+6])
	return m.String()
}

// data is what nobody takes apart.
func (d *dissection) data(at, end int) {
	end = min(end, len(d.b))
	if at >= end || !d.begin("data", at, end-at) {
		return
	}
	d.field("length", at, end-at, "%d bytes", end-at)
	if text, ok := readable(d.b[at:end]); ok {
		d.field("text", at, end-at, "%s", text)
	}
}

// readable is the beginning of data that is text.
func readable(b []byte) (string, bool) {
	b = b[:min(len(b), 400)]
	for i := 0; len(b) > 0 && !utf8.Valid(b) && i < 3; i++ { // a rune that was cut
		b = b[:len(b)-1]
	}
	for _, r := range string(b) {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == utf8.RuneError || r == 0x7f {
			return "", false
		}
	}
	return strings.TrimSpace(string(b)), len(b) > 0
}

func (d *dissection) ethernet(at int) {
	if !d.begin("Ethernet", at, link.HeaderLen) {
		return
	}
	d.field("destination", at, 6, "%s%s", d.mac(at), group(d.b[at:]))
	d.field("source", at+6, 6, "%s", d.mac(at+6))
	t := d.u16(at + 12)
	d.field("type", at+12, 2, "0x%04x%s", t, etherType(t))
	d.behind(t, at+link.HeaderLen)
}

func group(b []byte) string {
	switch {
	case string(b[:6]) == "\xff\xff\xff\xff\xff\xff":
		return " (broadcast)"
	case b[0]&1 != 0:
		return " (multicast)"
	}
	return ""
}

func etherType(t int) string {
	switch uint16(t) {
	case link.TypeIPv4:
		return " (IPv4)"
	case link.TypeARP:
		return " (ARP)"
	case link.TypeIPv6:
		return " (IPv6)"
	case link.TypeVLAN:
		return " (802.1Q)"
	}
	return ""
}

// behind is what an EtherType says comes next.
func (d *dissection) behind(t, at int) {
	switch uint16(t) {
	case link.TypeVLAN:
		if d.begin("802.1Q", at, 4) {
			d.field("priority", at, 1, "%d", d.u8(at)>>5)
			d.field("vlan", at, 2, "%d", d.u16(at)&0xfff)
			next := d.u16(at + 2)
			d.field("type", at+2, 2, "0x%04x%s", next, etherType(next))
			d.behind(next, at+4)
		}
	case link.TypeARP:
		d.arp(at)
	case link.TypeIPv4:
		d.ipv4(at)
	case link.TypeIPv6:
		d.ipv6(at)
	default:
		d.data(at, len(d.b))
	}
}

func (d *dissection) arp(at int) {
	if !d.begin("ARP", at, 28) {
		return
	}
	op := d.u16(at + 6)
	name := map[int]string{1: " (who has)", 2: " (is at)"}[op]
	d.field("hardware type", at, 2, "%d", d.u16(at))
	d.field("protocol type", at+2, 2, "0x%04x", d.u16(at+2))
	d.field("operation", at+6, 2, "%d%s", op, name)
	d.field("sender MAC", at+8, 6, "%s", d.mac(at+8))
	d.field("sender address", at+14, 4, "%s", d.ip(at+14, 4))
	d.field("target MAC", at+18, 6, "%s", d.mac(at+18))
	d.field("target address", at+24, 4, "%s", d.ip(at+24, 4))
}
