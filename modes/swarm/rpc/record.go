package rpc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"

	"dnetsim/modes/swarm/object"
	"dnetsim/sim"
)

// The types of TLS records that there are here, and what a record adds to its
// content: an inner type and a tag.
const (
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23
	recordHead      = 5
	recordTail      = 17
	recordMost      = 16 << 10
)

// The sizes of a handshake's flights as Go's TLS 1.3 with P-256 certificates of
// two nodes has them, in bytes of content.
const (
	sizeClientHello = 233
	sizeServerHello = 122
	sizeServerCert  = 1060
	sizeClientCert  = 980
	sizeFinished    = 36
)

// maxMessage is how long one message may be: gRPC's limit in swarmkit is 4 MB, and
// a snapshot has no limit there.
const maxMessage = 32 << 20

var errMalformed = errors.New("tls: first record does not look like a TLS handshake")

// wire reads and writes records.
type wire struct {
	rw  io.ReadWriter
	out *rand.Rand // the cipher of each direction
	in  *rand.Rand
	// buf is what of the content has been read; taken of it is done with. One who has
	// taken some keeps it until he takes more.
	buf   []byte
	taken int
	last  []byte // the record that was read last
}

func appendHead(b []byte, kind byte, n int) []byte {
	return append(b, kind, 3, 3, byte(n>>8), byte(n))
}

// plain writes a record of the handshake before there is a cipher.
func (w *wire) plain(b []byte) error {
	_, err := w.rw.Write(append(appendHead(nil, recordHandshake, len(b)), b...))
	return err
}

// readPlain reads one.
func (w *wire) readPlain() ([]byte, error) {
	kind, b, err := w.record()
	if err == nil && kind != recordHandshake {
		err = errMalformed
	}
	return b, err
}

// record reads one record, which is there until the next one is read.
func (w *wire) record() (kind byte, b []byte, err error) {
	w.last = slices.Grow(w.last[:0], recordHead)
	h := w.last[:recordHead]
	if _, err := io.ReadFull(w.rw, h); err != nil {
		return 0, nil, err
	}
	kind, n := h[0], int(binary.BigEndian.Uint16(h[3:]))
	if kind < recordAlert || kind > recordData || h[1] != 3 || n > recordMost+recordTail {
		return 0, nil, errMalformed
	}
	w.last = slices.Grow(w.last[:0], n)
	b = w.last[:n]
	if _, err := io.ReadFull(w.rw, b); err != nil {
		return 0, nil, err
	}
	return kind, b, nil
}

// seal is contents, one after the other, as records of data.
func (w *wire) seal(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	records := max(1, (n+recordMost-1)/recordMost)
	out := make([]byte, 0, n+records*(recordHead+recordTail))
	for left := n; ; {
		k := min(left, recordMost)
		left -= k
		out = appendHead(out, recordData, k+recordTail)
		at := len(out)
		for ; k > 0; parts = parts[1:] {
			some := parts[0][:min(k, len(parts[0]))]
			out = append(out, some...)
			if k -= len(some); len(some) < len(parts[0]) {
				parts[0] = parts[0][len(some):]
				break
			}
		}
		out = out[:len(out)+recordTail] // zeros
		scramble(w.out, out[at:])
		if left == 0 {
			return out
		}
	}
}

// scramble makes bytes unreadable, and readable again.
func scramble(r *rand.Rand, b []byte) {
	for i := 0; i < len(b); {
		v := r.Uint64()
		for k := 0; k < 8 && i < len(b); k++ {
			b[i] ^= byte(v)
			v >>= 8
			i++
		}
	}
}

// more reads the next record of data into buf.
func (w *wire) more() error {
	kind, b, err := w.record()
	switch {
	case err != nil:
		return err
	case kind != recordData || len(b) < recordTail:
		return errMalformed
	}
	scramble(w.in, b)
	w.buf = append(w.buf[:copy(w.buf, w.buf[w.taken:])], b[:len(b)-recordTail]...)
	w.taken = 0
	return nil
}

// take reads n bytes of content, which are there until it is called again.
func (w *wire) take(n int) ([]byte, error) {
	for len(w.buf)-w.taken < n {
		if err := w.more(); err != nil {
			return nil, err
		}
	}
	b := w.buf[w.taken : w.taken+n : w.taken+n]
	w.taken += n
	return b, nil
}

// key starts the ciphers from what both ends have drawn.
func (w *wire) key(client, server []byte, isServer bool) {
	a, b := binary.BigEndian.Uint64(client), binary.BigEndian.Uint64(server)
	w.out, w.in = rand.New(rand.NewPCG(a, b)), rand.New(rand.NewPCG(b, a))
	if isServer {
		w.out, w.in = w.in, w.out
	}
}

// flight is a certificate in as many bytes as a real one would take. No certificate
// is as short as the empty list of them.
func flight(c *object.Certificate, size int) []byte {
	b, err := json.Marshal(c)
	if err != nil || c == nil {
		b, size = []byte("null"), 0
	}
	out := binary.BigEndian.AppendUint16(nil, uint16(len(b)))
	out = append(out, b...)
	if len(out) < size {
		out = append(out, make([]byte, size-len(out))...)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)
}

// cert reads a flight.
func (w *wire) cert() (*object.Certificate, error) {
	b, err := w.take(2)
	if err == nil {
		b, err = w.take(int(binary.BigEndian.Uint16(b)))
	}
	if err != nil {
		return nil, err
	}
	if len(b) < 2 || int(binary.BigEndian.Uint16(b)) > len(b)-2 {
		return nil, errMalformed
	}
	var c *object.Certificate
	if json.Unmarshal(b[2:2+binary.BigEndian.Uint16(b)], &c) != nil {
		return nil, errMalformed
	}
	return c, nil
}

// greet is the handshake of the one who calls. It returns the certificate of who
// was called.
func greet(rw io.ReadWriter, r *sim.Rand, own *object.Certificate) (*wire, *object.Certificate, error) {
	w := &wire{rw: rw}
	hello := make([]byte, sizeClientHello)
	r.Read(hello)
	if err := w.plain(hello); err != nil {
		return nil, nil, err
	}
	answer, err := w.readPlain()
	if err != nil {
		return nil, nil, err
	}
	if len(answer) < 8 {
		return nil, nil, errMalformed
	}
	w.key(hello, answer, false)
	peer, err := w.cert()
	if err != nil {
		return nil, nil, err
	}
	if _, err := rw.Write(w.seal(append(flight(own, sizeClientCert), make([]byte, sizeFinished)...))); err != nil {
		return nil, nil, err
	}
	return w, peer, nil
}

// welcome is the handshake of who is called.
func welcome(rw io.ReadWriter, r *sim.Rand, own *object.Certificate) (*wire, *object.Certificate, error) {
	w := &wire{rw: rw}
	hello, err := w.readPlain()
	if err != nil {
		return nil, nil, err
	}
	if len(hello) < 8 {
		return nil, nil, errMalformed
	}
	answer := make([]byte, sizeServerHello)
	r.Read(answer)
	if err := w.plain(answer); err != nil {
		return nil, nil, err
	}
	w.key(hello, answer, true)
	if _, err := rw.Write(w.seal(flight(own, sizeServerCert))); err != nil {
		return nil, nil, err
	}
	peer, err := w.cert()
	if err == nil {
		_, err = w.take(sizeFinished)
	}
	return w, peer, err
}
