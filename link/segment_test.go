package link

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"dnetsim/link/trail"
)

// gsoFrame is a TCP frame with n bytes of payload to be cut into pieces of
// size. Its checksum is partial.
func gsoFrame(pool *Pool, n, size int) *Frame {
	f := pool.New(HeaderLen + 40 + n)
	clear(f.data)
	f.SetDst(macB)
	copy(f.data[6:12], macA[:])
	f.data[12] = 8
	ip := f.data[HeaderLen:]
	ip[0], ip[8], ip[9] = 0x45, 64, ProtoTCP
	binary.BigEndian.PutUint16(ip[2:], uint16(40+n))
	binary.BigEndian.PutUint16(ip[4:], 0xffff)
	copy(ip[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	tcp := ip[20:]
	binary.BigEndian.PutUint32(tcp[4:], 0xffffff00)
	tcp[12], tcp[13] = 0x50, FlagACK|FlagPSH|FlagFIN|FlagCWR
	for i := range n {
		tcp[20+i] = byte(i)
	}
	f.GSO, f.Checksum = size, ChecksumPartial
	return f
}

// v6 turns a frame of gsoFrame into the same segment over IPv6.
func v6(f *Frame) *Frame {
	tcp := f.data[HeaderLen+20:]
	b := append([]byte(nil), f.data[:12]...)
	b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0, byte(len(tcp)>>8), byte(len(tcp)), ProtoTCP, 64)
	b = append(b, make([]byte, 32)...)
	b[HeaderLen+8], b[HeaderLen+23], b[HeaderLen+24], b[HeaderLen+39] = 0xfd, 1, 0xfd, 2
	n := NewFrame(append(b, tcp...))
	n.GSO, n.Checksum = f.GSO, f.Checksum
	return n
}

// TestSegmentsCarryTheStream: put together again, the segments are the payload;
// each has a good checksum, the right place in the stream, and flags as TSO
// leaves them.
func TestSegmentsCarryTheStream(t *testing.T) {
	for _, c := range []struct{ payload, size, segments int }{
		{1000, 1460, 1}, {2920, 1460, 2}, {2921, 1460, 3}, {60000, 1448, 42}, {3000, 500, 6},
	} {
		for _, six := range []bool{false, true} {
			f := gsoFrame(NewPool(), c.payload, c.size)
			headers := 40
			if six {
				f, headers = v6(f), 60
			}
			want := append([]byte(nil), f.data[HeaderLen+headers:]...)
			var got []byte
			n := 0
			Segment(f, nil, trail.Place{}, func(s *Frame) {
				defer s.Release()
				h, _ := ParseHeaders(s.data)
				if s.GSO != 0 || s.Checksum != ChecksumComplete || !ChecksumGood(s) || h.End != s.Len() {
					t.Fatalf("%+v: bad segment %x", c, s.data)
				}
				if seq := binary.BigEndian.Uint32(s.data[h.L4+4:]); seq != 0xffffff00+uint32(len(got)) {
					t.Fatalf("%+v: segment %d has seq %d", c, n, seq)
				}
				if !six && Fold(Sum16(0, s.data[h.L3:h.L4])) != 0 && c.segments > 1 {
					t.Fatalf("%+v: segment %d has a bad IP checksum", c, n)
				}
				got = append(got, s.data[HeaderLen+headers:]...)
				n++
				flags, last := s.data[h.L4+13], n == c.segments
				if flags&FlagFIN != 0 != last || flags&FlagPSH != 0 != last || flags&FlagCWR != 0 != (n == 1) {
					t.Fatalf("%+v: segment %d of %d has flags %#x", c, n, c.segments, flags)
				}
			})
			if n != c.segments || string(got) != string(want) {
				t.Fatalf("%+v: %d segments with %d bytes, want %d with %d", c, n, len(got), c.segments, len(want))
			}
		}
	}
}

func TestSegmentLeavesOrdinaryFramesAlone(t *testing.T) {
	f := NewFrame(make([]byte, 3000))
	n := 0
	Segment(f, nil, trail.Place{}, func(s *Frame) {
		n++
		if s != f {
			t.Error("the frame was copied")
		}
	})
	if n != 1 {
		t.Errorf("%d frames, want 1", n)
	}
}

func TestFillChecksumMakesItGood(t *testing.T) {
	for _, frame := range []string{echoFrame, dnsFrame, synFrame, nsFrame} {
		f := NewFrame(unhexFrame(t, frame))
		f.Checksum = ChecksumPartial
		FillChecksum(f)
		if !ChecksumGood(f) {
			t.Errorf("bad checksum after filling: %x", f.data)
		}
		f.data[f.Len()-1] ^= 0x10
		if ChecksumGood(f) {
			t.Errorf("damage not found: %x", f.data)
		}
	}
}

// The sum that adds eight bytes at a time is that of RFC 1071, word by word.
func TestTheChecksumIsThatOfSixteenBitWords(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		b := make([]byte, rng.IntN(200))
		for i := range b {
			if b[i] = byte(rng.Uint32()); rng.IntN(3) == 0 {
				b[i] = 0xff
			}
		}
		s := rng.Uint32() >> rng.IntN(32)
		want := uint64(s)
		for i, v := range b {
			want += uint64(v) << (8 * (1 - i%2))
		}
		for want>>16 != 0 {
			want = want>>16 + want&0xffff
		}
		if got := ^Fold(Sum16(s, b)); got != uint16(want) {
			t.Fatalf("%#x and % x: %04x, want %04x", s, b, got, want)
		}
	}
}
