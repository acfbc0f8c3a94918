package memberlist

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"dnetsim/modes/msgpack"
	"dnetsim/sim"
)

// squeezer compresses and inflates messages, with one table each for all of them. A run
// has one, which remembers what it has compressed: whoever gets that message inflates it
// for nothing, and an idle cluster swaps the same tables again and again.
type squeezer struct {
	w     *lzw.Writer
	r     *lzw.Reader
	buf   sink
	known memo
}

type squeezerKey struct{}

func squeezerOf(l *sim.Loop) *squeezer {
	return l.Shared(squeezerKey{}, func() any { return &squeezer{} }).(*squeezer)
}

// sink is a buffer that says that it need not be buffered.
type sink struct{ bytes.Buffer }

func (*sink) Flush() error { return nil }

// squeeze is a message as a compressed one, which nobody may change.
func (s *squeezer) squeeze(msg []byte) []byte {
	if p := s.known.byPlain(msg); p != nil {
		return p.squeezed
	}
	s.buf.Reset()
	if s.w == nil {
		s.w = lzw.NewWriter(&s.buf, lzw.LSB, 8).(*lzw.Writer)
	} else {
		s.w.Reset(&s.buf, lzw.LSB, 8)
	}
	s.w.Write(msg)
	s.w.Close()
	algo, b := uint64(0), s.buf.Bytes()
	e := msgpack.Encoder{B: make([]byte, 0, len(b)+20)} // names, and three bytes for the length
	e.Byte(typeCompress)
	e.Table([]msgpack.Field{{"Algo", &algo}, {"Buf", &b}})
	s.known.add(&squeezed{plain: bytes.Clone(msg), squeezed: e.B, code: e.B[len(e.B)-len(b):]})
	return e.B
}

// inflate reads a compressed message behind its type byte. Nobody may change what it
// returns.
func (s *squeezer) inflate(d *msgpack.Decoder) ([]byte, error) {
	algo, buf := uint64(0), []byte(nil)
	d.Table([]msgpack.Field{{"Algo", &algo}, {"Buf", &buf}})
	if d.Err != nil {
		return nil, d.Err
	}
	if algo != 0 {
		return nil, errors.New("cannot decompress unknown algorithm")
	}
	if p := s.known.byCode(buf); p != nil {
		return p.plain, nil
	}
	if in := bytes.NewReader(buf); s.r == nil {
		s.r = lzw.NewReader(in, lzw.LSB, 8).(*lzw.Reader)
	} else {
		s.r.Reset(in, lzw.LSB, 8)
	}
	defer s.r.Close()
	out := bytes.NewBuffer(make([]byte, 0, 2*len(buf)+bytes.MinRead))
	_, err := out.ReadFrom(io.LimitReader(s.r, maxState))
	if err == nil && out.Len() == 0 {
		err = msgpack.ErrFormat
	}
	return out.Bytes(), err
}

// sealed puts a checksum in front of a message.
func sealed(msg []byte) []byte {
	b := make([]byte, 5, 5+len(msg))
	b[0] = typeCRC
	binary.BigEndian.PutUint32(b[1:], crc32.ChecksumIEEE(msg))
	return append(b, msg...)
}
