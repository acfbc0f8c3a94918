// Package bitseq is sets of numbers in the form in which libnetwork keeps them in
// the cluster store. It owns no key and asks no store.
package bitseq

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"sort"
)

// Sequence is a set of numbers in the form in which libnetwork keeps it in
// the cluster store: runs of equal 32-bit blocks, the first bit of a block the
// highest one.
type Sequence struct {
	ID   string
	Bits uint64 // how many numbers there are
	Used map[uint64]bool
}

var errBad = errors.New("invalid bit sequence")

// MarshalJSON writes {"id":…,"sequence":base64}.
func (s *Sequence) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"id": s.ID, "sequence": s.bytes()})
}

func (s *Sequence) bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, s.Bits)
	b = binary.BigEndian.AppendUint64(b, s.Bits-uint64(len(s.Used)))
	run := func(block uint32, count uint64) {
		if count > 0 {
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, block), count)
		}
	}
	blocks := map[uint64]uint32{}
	for n := range s.Used {
		blocks[n/32] |= 1 << (31 - n%32)
	}
	at := make([]uint64, 0, len(blocks))
	for k := range blocks {
		at = append(at, k)
	}
	sort.Slice(at, func(i, k int) bool { return at[i] < at[k] })
	total := (s.Bits + 31) / 32
	next := uint64(0)
	for i := 0; i < len(at); {
		run(0, at[i]-next)
		k := i + 1
		for k < len(at) && at[k] == at[k-1]+1 && blocks[at[k]] == blocks[at[i]] {
			k++
		}
		run(blocks[at[i]], uint64(k-i))
		next = at[k-1] + 1
		i = k
	}
	run(0, total-next)
	return b
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Sequence) UnmarshalJSON(data []byte) error {
	var v struct {
		ID       string `json:"id"`
		Sequence []byte `json:"sequence"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	b := v.Sequence
	if len(b) < 16 || (len(b)-16)%12 != 0 {
		return errBad
	}
	s.ID, s.Bits, s.Used = v.ID, binary.BigEndian.Uint64(b), map[uint64]bool{}
	left := (s.Bits + 31) / 32
	at := uint64(0)
	for b = b[16:]; len(b) > 0; b = b[12:] {
		block, count := binary.BigEndian.Uint32(b), binary.BigEndian.Uint64(b[4:])
		if count > left {
			return errBad
		}
		left -= count
		if block == 0 {
			at += count
			continue
		}
		if count > 1<<20 {
			return errBad
		}
		for ; count > 0; count-- {
			for i := range uint64(32) {
				if n := at*32 + i; block&(1<<(31-i)) != 0 && n < s.Bits {
					s.Used[n] = true
				}
			}
			at++
		}
	}
	return nil
}

// Lowest takes the lowest free number.
func (s *Sequence) Lowest() (uint64, bool) {
	for n := uint64(0); n < s.Bits; n++ {
		if !s.Used[n] {
			s.Used[n] = true
			return n, true
		}
	}
	return 0, false
}
