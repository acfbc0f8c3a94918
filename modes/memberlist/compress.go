package memberlist

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"dnetsim/modes/msgpack"
)

// squeezer compresses and inflates messages, with one table each for all of them.
type squeezer struct {
	w   *lzw.Writer
	r   *lzw.Reader
	buf sink
}

// sink is a buffer that says that it need not be buffered.
type sink struct{ bytes.Buffer }

func (*sink) Flush() error { return nil }

func (s *squeezer) squeeze(msg []byte) []byte {
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
	return e.B
}

// inflate reads a compressed message behind its type byte.
func (s *squeezer) inflate(d *msgpack.Decoder) ([]byte, error) {
	algo, buf := uint64(0), []byte(nil)
	d.Table([]msgpack.Field{{"Algo", &algo}, {"Buf", &buf}})
	if d.Err != nil {
		return nil, d.Err
	}
	if algo != 0 {
		return nil, errors.New("cannot decompress unknown algorithm")
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
