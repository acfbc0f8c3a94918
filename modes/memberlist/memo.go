package memberlist

import (
	"bytes"
	"hash/maphash"
)

// squeezed is a message and what LZW makes of it.
type squeezed struct{ plain, squeezed, code []byte }

func (p *squeezed) size() int { return len(p.plain) + len(p.squeezed) }

// How much a memo keeps: the messages that are under way, and those that a cluster of
// some tens of nodes swaps within half a minute.
const (
	memoEntries = 256
	memoBytes   = 1 << 20
)

// memo finds what was squeezed lately, by either side. The newest takes the place of the
// oldest.
type memo struct {
	seed          maphash.Seed
	plains, codes map[uint64]*squeezed
	ring          []*squeezed
	first         int // the oldest
	bytes         int
}

func (m *memo) byPlain(b []byte) *squeezed {
	if p := m.plains[m.hash(b)]; p != nil && bytes.Equal(p.plain, b) {
		return p
	}
	return nil
}

func (m *memo) byCode(b []byte) *squeezed {
	if p := m.codes[m.hash(b)]; p != nil && bytes.Equal(p.code, b) {
		return p
	}
	return nil
}

// hash is another number in each process: it says only where to look.
func (m *memo) hash(b []byte) uint64 {
	if m.plains == nil {
		return 0
	}
	return maphash.Bytes(m.seed, b)
}

func (m *memo) add(p *squeezed) {
	if p.size() > memoBytes/8 {
		return
	}
	if m.plains == nil {
		m.seed, m.plains, m.codes = maphash.MakeSeed(), map[uint64]*squeezed{}, map[uint64]*squeezed{}
	}
	for m.bytes += p.size(); len(m.ring)-m.first == memoEntries || m.bytes > memoBytes; m.first++ {
		m.forget(m.ring[m.first])
		m.ring[m.first] = nil
	}
	if m.first >= memoEntries {
		m.ring = m.ring[:copy(m.ring, m.ring[m.first:])]
		m.first = 0
	}
	m.ring = append(m.ring, p)
	m.plains[m.hash(p.plain)], m.codes[m.hash(p.code)] = p, p
}

func (m *memo) forget(p *squeezed) {
	m.bytes -= p.size()
	if h := m.hash(p.plain); m.plains[h] == p {
		delete(m.plains, h)
	}
	if h := m.hash(p.code); m.codes[h] == p {
		delete(m.codes, h)
	}
}
