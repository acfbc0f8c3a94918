package ipam

import (
	"errors"
	"net/netip"

	"dnetsim/modes/errdefs"
)

// The words of the address allocator.
var (
	errInvalidPool    = errdefs.Invalid("invalid address pool request")
	errInvalidSubPool = errdefs.Invalid("invalid address subpool request")
	errPoolOverlap    = errdefs.Forbidden("Pool overlaps with other one on this address space")
	errAddressInUse   = errdefs.Forbidden("Address already in use")
	errOutOfRange     = errdefs.Invalid("requested address is out of range")
	// ErrNoAddresses never reaches a user as it is.
	ErrNoAddresses = errors.New("No available addresses on this pool")
)

// bitmap is the set of host parts in use in one address pool.
type bitmap struct {
	size uint64 // number of addresses; 0 stands for 2^64
	used map[uint64]bool
	low  uint64 // nothing below it is free
}

// newBitmap reserves the network address, and for IPv4 the broadcast address.
func newBitmap(p netip.Prefix) *bitmap {
	bits := p.Addr().BitLen() - p.Bits()
	b := &bitmap{used: map[uint64]bool{0: true}}
	if bits < 64 {
		b.size = 1 << bits
	}
	if p.Addr().Is4() {
		b.used[b.size-1] = true
	}
	return b
}

func (b *bitmap) full() bool { return b.size != 0 && uint64(len(b.used)) >= b.size }

func (b *bitmap) set(n uint64) error {
	if b.used[n] {
		return errAddressInUse
	}
	b.used[n] = true
	return nil
}

// any takes the lowest free number in [lo, hi].
func (b *bitmap) any(lo, hi uint64) (uint64, error) {
	from := max(lo, b.low)
	for n := from; ; n++ {
		if n > hi {
			return 0, ErrNoAddresses
		}
		if b.used[n] {
			continue
		}
		b.used[n] = true
		if lo <= b.low {
			b.low = n + 1
		}
		return n, nil
	}
}

func (b *bitmap) clear(n uint64) {
	delete(b.used, n)
	b.low = min(b.low, n)
}

func (b *bitmap) last() uint64 { return b.size - 1 }

// Pool is one subnet that a network took, or the range of one that is a part.
type Pool struct {
	Prefix netip.Prefix // masked
	Sub    string       // the ip-range that names this pool among those of a subnet; "" for the whole
	lo, hi uint64       // host parts that may be drawn
	ranged bool
	refs   int
	bits   *bitmap // shared by the pools of one subnet
}

// hostPart is the part of an address behind the pool's prefix.
func hostPart(a netip.Addr, bits int) uint64 {
	b := a.As16()
	total := 128
	if a.Is4() {
		bits += 96
	}
	var n uint64
	for i := 8; i < 16; i++ {
		n = n<<8 | uint64(b[i])
	}
	if keep := total - bits; keep < 64 {
		n &= 1<<keep - 1
	}
	return n
}

// nth is the address with this host part in the prefix.
func nth(p netip.Prefix, n uint64) netip.Addr {
	b := p.Masked().Addr().As16()
	for i := 15; i >= 8 && n != 0; i-- {
		b[i] |= byte(n)
		n >>= 8
	}
	a := netip.AddrFrom16(b)
	if p.Addr().Is4() {
		return a.Unmap()
	}
	return a
}

// lastAddr is the broadcast address of an IPv4 prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// Subnet is how many addresses of a subnet are in use, network and broadcast
// address included, and how many may still be drawn; both end at 2^64-1.
type Subnet struct {
	Prefix      netip.Prefix
	InUse, Free uint64
}

// Status is the pool's subnet.
func (q *Pool) Status() Subnet {
	s := Subnet{Prefix: q.Prefix, InUse: uint64(len(q.bits.used))}
	within := uint64(0)
	for n := range q.bits.used {
		if n >= q.lo && n <= q.hi {
			within++
		}
	}
	if size := q.hi - q.lo + 1; size != 0 {
		s.Free = size - within
	} else {
		s.Free = -within // of 2^64
	}
	return s
}
