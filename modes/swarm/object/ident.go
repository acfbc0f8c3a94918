package object

import (
	"io"
	"math/big"
)

// IDLength is how many digits an identifier has.
const IDLength = 25

// NewID draws an identifier: 25 digits of base 36. The first digit of the drawn
// number, which is not evenly spread, is left out, as swarmkit's identity does it.
func NewID(r io.Reader) string {
	b := make([]byte, 17)
	r.Read(b)
	b[0] |= 0x80
	return new(big.Int).SetBytes(b).Text(36)[1 : 1+IDLength]
}

// Base36 writes a number with at least n digits of base 36.
func Base36(b []byte, n int) string {
	s := new(big.Int).SetBytes(b).Text(36)
	for len(s) < n {
		s = "0" + s
	}
	return s
}
