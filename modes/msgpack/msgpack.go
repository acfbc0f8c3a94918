// Package msgpack is the coding of gossip's messages: msgpack in its old form, and
// messages as tables of keys and values in a fixed order, as hashicorp's
// go-msgpack writes structs. It owns no message. Start reading at [Message].
package msgpack

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrShort is a message that ends before it should; a stream reads on and tries
// again.
var ErrShort = errors.New("EOF")

// ErrFormat is a message that is not what it should be.
var ErrFormat = errors.New("msgpack: unexpected type")

// Encoder appends msgpack in the old form, without str8 and bin, that gossip
// protocols keep to: strings and byte slices are both raw.
type Encoder struct{ B []byte }

func (e *Encoder) Byte(v byte) { e.B = append(e.B, v) }

func (e *Encoder) head(n int, fix byte, max int, kind byte) {
	switch {
	case n < max:
		e.B = append(e.B, fix|byte(n))
	case n < 1<<16:
		e.B = binary.BigEndian.AppendUint16(append(e.B, kind), uint16(n))
	default:
		e.B = binary.BigEndian.AppendUint32(append(e.B, kind+1), uint32(n))
	}
}

func (e *Encoder) MapHead(n int)   { e.head(n, 0x80, 16, 0xde) }
func (e *Encoder) ArrayHead(n int) { e.head(n, 0x90, 16, 0xdc) }
func (e *Encoder) Null()           { e.B = append(e.B, 0xc0) }

func (e *Encoder) Str(s string) {
	e.head(len(s), 0xa0, 32, 0xda)
	e.B = append(e.B, s...)
}

// Raw writes bytes; a nil slice is the null value.
func (e *Encoder) Raw(p []byte) {
	if p == nil {
		e.Null()
		return
	}
	e.head(len(p), 0xa0, 32, 0xda)
	e.B = append(e.B, p...)
}

func (e *Encoder) bool(v bool) {
	if v {
		e.B = append(e.B, 0xc3)
		return
	}
	e.B = append(e.B, 0xc2)
}

func (e *Encoder) Uint(v uint64) {
	switch {
	case v < 128:
		e.B = append(e.B, byte(v))
	case v < 1<<8:
		e.B = append(e.B, 0xcc, byte(v))
	case v < 1<<16:
		e.B = binary.BigEndian.AppendUint16(append(e.B, 0xcd), uint16(v))
	case v < 1<<32:
		e.B = binary.BigEndian.AppendUint32(append(e.B, 0xce), uint32(v))
	default:
		e.B = binary.BigEndian.AppendUint64(append(e.B, 0xcf), v)
	}
}

func (e *Encoder) Float(v float64) {
	e.B = binary.BigEndian.AppendUint64(append(e.B, 0xcb), math.Float64bits(v))
}

// Decoder reads msgpack from a slice. After the first error everything reads as
// zero, so callers look at err once, at the end.
type Decoder struct {
	B   []byte
	Err error
}

func (d *Decoder) fail(err error) {
	if d.Err == nil {
		d.Err = err
	}
	d.B = nil
}

// Take is the next n bytes as they are.
func (d *Decoder) Take(n int) []byte {
	if n < 0 || len(d.B) < n {
		d.fail(ErrShort)
		return nil
	}
	p := d.B[:n]
	d.B = d.B[n:]
	return p
}

func (d *Decoder) byte() byte {
	if p := d.Take(1); p != nil {
		return p[0]
	}
	return 0xc1
}

func (d *Decoder) big(n int) uint64 {
	var v uint64
	for _, c := range d.Take(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

// length reads the head of a map, array or raw value; null has length -1.
func (d *Decoder) length(fix, mask byte, kinds ...byte) int {
	c := d.byte()
	if d.Err != nil || c == 0xc0 {
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
	d.fail(ErrFormat)
	return -1
}

// Null passes over a null value, if that is what comes next.
func (d *Decoder) Null() bool {
	if len(d.B) == 0 || d.B[0] != 0xc0 {
		return false
	}
	d.B = d.B[1:]
	return true
}

// ArrayLen reads the head of an array; null has length -1.
func (d *Decoder) ArrayLen() int { return d.length(0x90, 0x0f, 0xdc, 2, 0xdd, 4) }

// Raw returns a copy of a string or byte slice; null is nil.
func (d *Decoder) Raw() []byte {
	n := d.length(0xa0, 0x1f, 0xda, 2, 0xdb, 4, 0xd9, 1, 0xc4, 1, 0xc5, 2, 0xc6, 4)
	if n < 0 {
		return nil
	}
	p := d.Take(n)
	if d.Err != nil {
		return nil
	}
	return append([]byte{}, p...)
}

func (d *Decoder) Str() string { return string(d.text()) }

// text is a string's bytes, which are the message's.
func (d *Decoder) text() []byte {
	n := d.length(0xa0, 0x1f, 0xda, 2, 0xdb, 4, 0xd9, 1, 0xc4, 1, 0xc5, 2, 0xc6, 4)
	if n < 0 {
		return nil
	}
	return d.Take(n)
}

func (d *Decoder) bool() bool {
	switch d.byte() {
	case 0xc3:
		return true
	case 0xc2, 0xc0:
	default:
		d.fail(ErrFormat)
	}
	return false
}

func (d *Decoder) Uint() uint64 {
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
	d.fail(ErrFormat)
	return 0
}

func (d *Decoder) Float() float64 {
	switch d.byte() {
	case 0xcb:
		return math.Float64frombits(d.big(8))
	case 0xca:
		return float64(math.Float32frombits(uint32(d.big(4))))
	case 0xc0:
		return 0
	}
	d.fail(ErrFormat)
	return 0
}

// Fields reads a map and calls field for each key; a key that field does not
// know (it returns false) is skipped with its value. The key is the message's bytes.
func (d *Decoder) Fields(field func(key []byte) bool) {
	n := d.length(0x80, 0x0f, 0xde, 2, 0xdf, 4)
	for i := 0; i < n && d.Err == nil; i++ {
		if k := d.text(); d.Err == nil && !field(k) {
			d.Skip(0)
		}
	}
}

// Skip passes over one value of any kind.
func (d *Decoder) Skip(depth int) {
	if depth > 32 {
		d.fail(ErrFormat)
		return
	}
	c := d.byte()
	n := 0
	switch {
	case d.Err != nil, c < 0x80, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
		return
	case c < 0x90:
		n = 2 * int(c&0x0f)
	case c < 0xa0:
		n = int(c & 0x0f)
	case c < 0xc0:
		d.Take(int(c & 0x1f))
		return
	default:
		n = d.skipLong(c)
	}
	for i := 0; i < n && d.Err == nil; i++ {
		d.Skip(depth + 1)
	}
}

// skipLong passes over a value with an explicit type byte and returns how many
// values follow as its content.
func (d *Decoder) skipLong(c byte) int {
	switch c {
	case 0xc4, 0xd9:
		d.Take(int(d.big(1)))
	case 0xc5, 0xda:
		d.Take(int(d.big(2)))
	case 0xc6, 0xdb:
		d.Take(int(d.big(4)))
	case 0xcc, 0xd0:
		d.Take(1)
	case 0xcd, 0xd1:
		d.Take(2)
	case 0xca, 0xce, 0xd2:
		d.Take(4)
	case 0xcb, 0xcf, 0xd3:
		d.Take(8)
	case 0xdc:
		return int(d.big(2))
	case 0xdd:
		return int(d.big(4))
	case 0xde:
		return 2 * int(d.big(2))
	case 0xdf:
		return 2 * int(d.big(4))
	default:
		d.fail(ErrFormat)
	}
	return 0
}
