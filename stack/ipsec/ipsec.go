// Package ipsec is a namespace's IPsec as far as overlay networks need it: security
// associations (states) and policies of ESP in transport mode between two IPv4 addresses,
// which the kernel calls xfrm, and what they make of a packet's bytes. Where packets meet
// them is the business of package stack.
//
// Sizes are those of rfc4106(gcm(aes)) with an ICV of 8 bytes; the bytes are not.
package ipsec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
)

// Protocol is ESP's number in the IP header.
const Protocol = 50

// The lengths of what ESP adds: its header (SPI and sequence number), the initialisation
// vector and the check value. Behind the payload are padding to a multiple of 4, the
// padding's length and the number of the protocol within.
const (
	headerLen = 8
	ivLen     = 8
	icvLen    = 8
)

// State is one security association: one direction between two addresses.
type State struct {
	Src, Dst   netip.Addr
	SPI, ReqID uint32
	Key        []byte // of AES, with 4 bytes of salt behind: 20 bytes
	seq        uint32
}

// Sent is how many packets it has encrypted.
func (s *State) Sent() uint32 { return s.seq }

// Policy says which packets leave encrypted, and how.
type Policy struct {
	Src, Dst   netip.Addr
	Protocol   uint8
	DstPort    uint16
	Mark       uint32 // that the packet must have
	SPI, ReqID uint32 // of the state to use
}

// DB is a namespace's states and policies.
type DB struct {
	// NoESP is a kernel that cannot encrypt: it takes policies, and no states.
	NoESP    bool
	states   []*State
	policies []Policy
}

// The errors of changes, the kernel's.
var (
	ErrExist = errors.New("File exists")
	ErrNone  = errors.New("No such process")
	ErrNoESP = errors.New("Function not implemented")
	// ErrBad is a packet that no state here can read.
	ErrBad = errors.New("no such state")
)

func (db *DB) find(dst netip.Addr, spi uint32) int {
	return slices.IndexFunc(db.states, func(s *State) bool { return s.Dst == dst && s.SPI == spi })
}

// AddState adds a state; there is one for a destination and an SPI.
func (db *DB) AddState(s State) error {
	if db.NoESP {
		return ErrNoESP
	}
	if db.find(s.Dst, s.SPI) >= 0 {
		return ErrExist
	}
	db.states = append(db.states, &s)
	return nil
}

// DelState takes one away.
func (db *DB) DelState(dst netip.Addr, spi uint32) error {
	i := db.find(dst, spi)
	if i < 0 {
		return ErrNone
	}
	db.states = slices.Delete(slices.Clone(db.states), i, i+1)
	return nil
}

// same reports whether two policies select the same packets.
func (p Policy) same(o Policy) bool {
	return p.Src == o.Src && p.Dst == o.Dst && p.Protocol == o.Protocol && p.DstPort == o.DstPort && p.Mark == o.Mark
}

// SetPolicy adds a policy, or changes the one that selects the same packets.
func (db *DB) SetPolicy(p Policy) {
	if i := slices.IndexFunc(db.policies, p.same); i >= 0 {
		db.policies[i] = p
		return
	}
	db.policies = append(db.policies, p)
}

// DelPolicy takes away the one that selects the same packets.
func (db *DB) DelPolicy(p Policy) error {
	i := slices.IndexFunc(db.policies, p.same)
	if i < 0 {
		return ErrNone
	}
	db.policies = slices.Delete(slices.Clone(db.policies), i, i+1)
	return nil
}

// States are all states, the newest first, as ip lists them.
func (db *DB) States() []State {
	var out []State
	for _, s := range slices.Backward(db.states) {
		out = append(out, *s)
	}
	return out
}

// Policies are all policies, the newest first.
func (db *DB) Policies() []Policy {
	out := slices.Clone(db.policies)
	slices.Reverse(out)
	return out
}

// Empty reports whether no policy selects anything.
func (db *DB) Empty() bool { return len(db.policies) == 0 }

// Lookup is the policy of an IPv4 packet with a mark, nil if there is none.
func (db *DB) Lookup(packet []byte, mark uint32) *Policy {
	n := int(packet[0]&15) * 4
	if len(packet) < n+4 {
		return nil
	}
	src, dst := netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4([4]byte(packet[16:20]))
	for i, p := range db.policies {
		if p.Src == src && p.Dst == dst && p.Mark == mark && p.Protocol == packet[9] && p.DstPort == binary.BigEndian.Uint16(packet[n+2:]) {
			return &db.policies[i]
		}
	}
	return nil
}

// Overhead is how many bytes a payload of n gets longer.
func Overhead(n int) int { return headerLen + ivLen + (n+2+3)&^3 - n + icvLen }

// Seal makes an IPv4 packet one that ESP protects, in out, which is longer by [Overhead].
// Its identification stays; the header's checksum is the caller's business.
func (db *DB) Seal(p *Policy, packet, out []byte) error {
	i := db.find(p.Dst, p.SPI)
	if i < 0 {
		return ErrBad
	}
	s := db.states[i]
	s.seq++
	n := int(packet[0]&15) * 4
	copy(out, packet[:n])
	out[9] = Protocol
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)))
	esp := out[n:]
	binary.BigEndian.PutUint32(esp, s.SPI)
	binary.BigEndian.PutUint32(esp[4:], s.seq)
	binary.BigEndian.PutUint64(esp[headerLen:], uint64(s.seq))
	body := esp[headerLen+ivLen : len(esp)-icvLen]
	k := copy(body, packet[n:])
	pad := len(body) - k - 2
	for i := range pad {
		body[k+i] = byte(i + 1)
	}
	body[k+pad], body[k+pad+1] = byte(pad), packet[9]
	s.crypt(s.seq, body)
	copy(esp[len(esp)-icvLen:], s.check(esp[:len(esp)-icvLen]))
	return nil
}

// Open reads an ESP packet: it returns the protocol and the payload within, which are part
// of the packet.
func (db *DB) Open(packet []byte) (proto uint8, payload []byte, err error) {
	n := int(packet[0]&15) * 4
	esp := packet[n:]
	if len(esp) < headerLen+ivLen+4+icvLen {
		return 0, nil, ErrBad
	}
	i := db.find(netip.AddrFrom4([4]byte(packet[16:20])), binary.BigEndian.Uint32(esp))
	if i < 0 {
		return 0, nil, ErrBad
	}
	s := db.states[i]
	if !hmac.Equal(esp[len(esp)-icvLen:], s.check(esp[:len(esp)-icvLen])) {
		return 0, nil, ErrBad
	}
	body := esp[headerLen+ivLen : len(esp)-icvLen]
	s.crypt(binary.BigEndian.Uint32(esp[4:]), body)
	pad := int(body[len(body)-2])
	if pad+2 > len(body) {
		return 0, nil, ErrBad
	}
	return body[len(body)-1], body[:len(body)-2-pad], nil
}

// crypt encrypts or decrypts in place.
func (s *State) crypt(seq uint32, b []byte) {
	key := s.Key[:min(16, len(s.Key))]
	block, err := aes.NewCipher(key)
	if err != nil {
		return
	}
	iv := make([]byte, aes.BlockSize)
	copy(iv, s.Key[len(key):])
	binary.BigEndian.PutUint32(iv[4:], seq)
	cipher.NewCTR(block, iv).XORKeyStream(b, b)
}

func (s *State) check(b []byte) []byte {
	h := hmac.New(sha256.New, s.Key)
	h.Write(b)
	return h.Sum(nil)[:icvLen]
}
