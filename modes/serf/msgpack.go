package serf

import (
	"encoding/binary"
	"errors"
	"math"
)

// errShort is a message that ends before it should; a stream reads on and tries
// again.
var errShort = errors.New("EOF")

// errFormat is a message that is not what it should be.
var errFormat = errors.New("msgpack: unexpected type")

// encoder appends msgpack in the old form, without str8 and bin, that gossip
// protocols keep to: strings and byte slices are both raw.
type encoder struct{ b []byte }

func (e *encoder) byte(v byte) { e.b = append(e.b, v) }

func (e *encoder) head(n int, fix byte, max int, kind byte) {
	switch {
	case n < max:
		e.b = append(e.b, fix|byte(n))
	case n < 1<<16:
		e.b = binary.BigEndian.AppendUint16(append(e.b, kind), uint16(n))
	default:
		e.b = binary.BigEndian.AppendUint32(append(e.b, kind+1), uint32(n))
	}
}

func (e *encoder) mapHead(n int)   { e.head(n, 0x80, 16, 0xde) }
func (e *encoder) arrayHead(n int) { e.head(n, 0x90, 16, 0xdc) }
func (e *encoder) null()           { e.b = append(e.b, 0xc0) }

func (e *encoder) str(s string) {
	e.head(len(s), 0xa0, 32, 0xda)
	e.b = append(e.b, s...)
}

// raw writes bytes; a nil slice is the null value.
func (e *encoder) raw(p []byte) {
	if p == nil {
		e.null()
		return
	}
	e.head(len(p), 0xa0, 32, 0xda)
	e.b = append(e.b, p...)
}

func (e *encoder) bool(v bool) {
	if v {
		e.b = append(e.b, 0xc3)
		return
	}
	e.b = append(e.b, 0xc2)
}

func (e *encoder) uint(v uint64) {
	switch {
	case v < 128:
		e.b = append(e.b, byte(v))
	case v < 1<<8:
		e.b = append(e.b, 0xcc, byte(v))
	case v < 1<<16:
		e.b = binary.BigEndian.AppendUint16(append(e.b, 0xcd), uint16(v))
	case v < 1<<32:
		e.b = binary.BigEndian.AppendUint32(append(e.b, 0xce), uint32(v))
	default:
		e.b = binary.BigEndian.AppendUint64(append(e.b, 0xcf), v)
	}
}

func (e *encoder) float(v float64) {
	e.b = binary.BigEndian.AppendUint64(append(e.b, 0xcb), math.Float64bits(v))
}

// decoder reads msgpack from a slice. After the first error everything reads as
// zero, so callers look at err once, at the end.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

func (d *decoder) take(n int) []byte {
	if n < 0 || len(d.b) < n {
		d.fail(errShort)
		return nil
	}
	p := d.b[:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) byte() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0xc1
}

func (d *decoder) big(n int) uint64 {
	var v uint64
	for _, c := range d.take(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

// length reads the head of a map, array or raw value; null has length -1.
func (d *decoder) length(fix, mask byte, kinds ...byte) int {
	c := d.byte()
	if d.err != nil || c == 0xc0 {
		return -1
	}
	if c&^mask == fix {
		return int(c & mask)
	}
	for i := 0; i+1 < len(kinds); i += 2 {
		if kinds[i] == c {
			return int(d.big(int(kinds[i+1])))
		}
	}
	d.fail(errFormat)
	return -1
}

func (d *decoder) arrayLen() int { return d.length(0x90, 0x0f, 0xdc, 2, 0xdd, 4) }

// raw returns a copy of a string or byte slice; null is nil.
func (d *decoder) raw() []byte {
	n := d.length(0xa0, 0x1f, 0xda, 2, 0xdb, 4, 0xd9, 1, 0xc4, 1, 0xc5, 2, 0xc6, 4)
	if n < 0 {
		return nil
	}
	p := d.take(n)
	if d.err != nil {
		return nil
	}
	return append([]byte{}, p...)
}

func (d *decoder) str() string {
	n := d.length(0xa0, 0x1f, 0xda, 2, 0xdb, 4, 0xd9, 1, 0xc4, 1, 0xc5, 2, 0xc6, 4)
	if n < 0 {
		return ""
	}
	return string(d.take(n))
}

func (d *decoder) bool() bool {
	switch d.byte() {
	case 0xc3:
		return true
	case 0xc2, 0xc0:
	default:
		d.fail(errFormat)
	}
	return false
}

func (d *decoder) uint() uint64 {
	c := d.byte()
	switch {
	case c < 0x80:
		return uint64(c)
	case c >= 0xe0:
		return uint64(int64(int8(c)))
	}
	switch c {
	case 0xcc, 0xcd, 0xce, 0xcf:
		return d.big(1 << (c - 0xcc))
	case 0xd0:
		return uint64(int64(int8(d.big(1))))
	case 0xd1:
		return uint64(int64(int16(d.big(2))))
	case 0xd2:
		return uint64(int64(int32(d.big(4))))
	case 0xd3:
		return d.big(8)
	case 0xc0:
		return 0
	}
	d.fail(errFormat)
	return 0
}

func (d *decoder) float() float64 {
	switch d.byte() {
	case 0xcb:
		return math.Float64frombits(d.big(8))
	case 0xca:
		return float64(math.Float32frombits(uint32(d.big(4))))
	case 0xc0:
		return 0
	}
	d.fail(errFormat)
	return 0
}

// fields reads a map and calls field for each key; a key that field does not
// know (it returns false) is skipped with its value.
func (d *decoder) fields(field func(key string) bool) {
	n := d.length(0x80, 0x0f, 0xde, 2, 0xdf, 4)
	for i := 0; i < n && d.err == nil; i++ {
		if k := d.str(); d.err == nil && !field(k) {
			d.skip(0)
		}
	}
}

// skip passes over one value of any kind.
func (d *decoder) skip(depth int) {
	if depth > 32 {
		d.fail(errFormat)
		return
	}
	c := d.byte()
	n := 0
	switch {
	case d.err != nil, c < 0x80, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
		return
	case c < 0x90:
		n = 2 * int(c&0x0f)
	case c < 0xa0:
		n = int(c & 0x0f)
	case c < 0xc0:
		d.take(int(c & 0x1f))
		return
	default:
		n = d.skipLong(c)
	}
	for i := 0; i < n && d.err == nil; i++ {
		d.skip(depth + 1)
	}
}

// skipLong passes over a value with an explicit type byte and returns how many
// values follow as its content.
func (d *decoder) skipLong(c byte) int {
	switch c {
	case 0xc4, 0xd9:
		d.take(int(d.big(1)))
	case 0xc5, 0xda:
		d.take(int(d.big(2)))
	case 0xc6, 0xdb:
		d.take(int(d.big(4)))
	case 0xcc, 0xd0:
		d.take(1)
	case 0xcd, 0xd1:
		d.take(2)
	case 0xca, 0xce, 0xd2:
		d.take(4)
	case 0xcb, 0xcf, 0xd3:
		d.take(8)
	case 0xdc:
		return int(d.big(2))
	case 0xdd:
		return int(d.big(4))
	case 0xde:
		return 2 * int(d.big(2))
	case 0xdf:
		return 2 * int(d.big(4))
	default:
		d.fail(errFormat)
	}
	return 0
}
