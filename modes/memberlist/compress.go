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

// squeezer compresses messages, with one table for all of them.
type squeezer struct {
	w   *lzw.Writer
	buf bytes.Buffer
}

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
	return msgpack.Message(typeCompress, []msgpack.Field{{"Algo", &algo}, {"Buf", &b}})
}

// inflate reads a compressed message behind its type byte.
func inflate(d *msgpack.Decoder) ([]byte, error) {
	algo, buf := uint64(0), []byte(nil)
	d.Table([]msgpack.Field{{"Algo", &algo}, {"Buf", &buf}})
	if d.Err != nil {
		return nil, d.Err
	}
	if algo != 0 {
		return nil, errors.New("cannot decompress unknown algorithm")
	}
	r := lzw.NewReader(bytes.NewReader(buf), lzw.LSB, 8)
	defer r.Close()
	out, err := io.ReadAll(io.LimitReader(r, maxState))
	if err == nil && len(out) == 0 {
		err = msgpack.ErrFormat
	}
	return out, err
}

// sealed puts a checksum in front of a message.
func sealed(msg []byte) []byte {
	b := make([]byte, 5, 5+len(msg))
	b[0] = typeCRC
	binary.BigEndian.PutUint32(b[1:], crc32.ChecksumIEEE(msg))
	return append(b, msg...)
}
