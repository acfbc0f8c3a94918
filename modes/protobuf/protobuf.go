// Package protobuf is the coding of protocol buffers as far as Docker's nodes need it for
// what they tell each other: numbers, texts and messages within messages.
package protobuf

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Fields writes a message, field by field. Numbers that are 0 and texts that are empty
// are left out.
type Fields struct{ B []byte }

// Number writes a number.
func (f *Fields) Number(n int, v uint64) {
	if v != 0 {
		f.B = binary.AppendUvarint(f.B, uint64(n)<<3)
		f.B = binary.AppendUvarint(f.B, v)
	}
}

// Flag writes true, and nothing for false.
func (f *Fields) Flag(n int, v bool) {
	if v {
		f.Number(n, 1)
	}
}

// Text writes a string.
func (f *Fields) Text(n int, v string) {
	if v != "" {
		f.Head(n, len(v))
		f.B = append(f.B, v...)
	}
}

// Bytes writes a field that is there even if it is empty.
func (f *Fields) Bytes(n int, v []byte) {
	f.Head(n, len(v))
	f.B = append(f.B, v...)
}

// Expect makes room for fields whose values have so many bytes together.
func (f *Fields) Expect(fields, bytes int) { f.B = slices.Grow(f.B, bytes+fields*headRoom) }

// headRoom is what stands in front of a value of less than a gigabyte, at most.
const headRoom = 2 + 5

// Head writes what stands in front of a value of so many bytes; they are to follow.
func (f *Fields) Head(n, length int) {
	f.B = binary.AppendUvarint(f.B, uint64(n)<<3|2)
	f.B = binary.AppendUvarint(f.B, uint64(length))
}

// Length is how long a field with a value of so many bytes is.
func Length(n, length int) int {
	var b [2 * binary.MaxVarintLen64]byte
	k := binary.PutUvarint(b[:], uint64(n)<<3|2)
	return k + binary.PutUvarint(b[k:], uint64(length)) + length
}

// ErrFormat is what bytes are that are no message.
var ErrFormat = errors.New("malformed message")

// Parse calls fn with each field of a message: with its number and its value, or its
// bytes, which are part of b.
func Parse(b []byte, fn func(n int, v uint64, text []byte)) error {
	for len(b) > 0 {
		tag, k := binary.Uvarint(b)
		if k <= 0 || tag>>3 == 0 || tag>>3 > 1<<20 {
			return ErrFormat
		}
		b = b[k:]
		switch tag & 7 {
		case 0:
			v, k := binary.Uvarint(b)
			if k <= 0 {
				return ErrFormat
			}
			b = b[k:]
			fn(int(tag>>3), v, nil)
		case 2:
			v, k := binary.Uvarint(b)
			if k <= 0 || v > uint64(len(b)-k) {
				return ErrFormat
			}
			fn(int(tag>>3), 0, b[k:k+int(v)])
			b = b[k+int(v):]
		default:
			return ErrFormat
		}
	}
	return nil
}
