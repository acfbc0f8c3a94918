package memberlist

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"slices"

	"dnetsim/modes/msgpack"
	"dnetsim/sim"
)

// sealVersion is the one byte in front of everything that is encrypted: AES-GCM
// without padding. A nonce follows, and the tag is behind.
const sealVersion = 1

// sealOverhead is by how much encryption makes a message longer.
const sealOverhead = 1 + 12 + 16

var (
	errNoKey       = errors.New("No installed keys could decrypt the message")
	errNotSealed   = errors.New("Encryption is configured but remote state is not encrypted")
	errSealed      = errors.New("Remote state is encrypted and encryption is not configured")
	errSealVersion = errors.New("unsupported encryption version")
)

// keyring are the keys that a node has, the one that it encrypts with first. Without
// any, everything stays what it is.
type keyring struct {
	keys []cipher.AEAD
	rng  *sim.Rand
}

// newKeyring takes keys of 16, 24 or 32 bytes; others it leaves out.
func newKeyring(keys [][]byte, rng *sim.Rand) keyring {
	out := keyring{rng: rng}
	for _, k := range keys {
		if b, err := aes.NewCipher(k); err == nil {
			if g, err := cipher.NewGCM(b); err == nil {
				out.keys = append(out.keys, g)
			}
		}
	}
	return out
}

// SetKeys changes the keys that the node decrypts with; the first one encrypts.
// Without keys nothing is encrypted.
func (l *List) SetKeys(keys [][]byte) { l.ring = newKeyring(keys, l.rng) }

// overhead is what encryption takes of each datagram.
func (k *keyring) overhead() int {
	if len(k.keys) == 0 {
		return 0
	}
	return sealOverhead
}

// seal appends a message, encrypted, to out; auth is authenticated with it. There must
// be a key.
func (k *keyring) seal(out, msg, auth []byte) []byte {
	at := len(out)
	out = append(slices.Grow(out, len(msg)+sealOverhead), sealVersion)
	nonce := out[at+1 : at+13]
	k.rng.Read(nonce)
	return k.keys[0].Seal(out[:at+13], nonce, msg, auth)
}

// unseal is the opposite. The message is appended to out.
func (k *keyring) unseal(out, b, auth []byte) ([]byte, error) {
	if len(k.keys) == 0 {
		return b, nil
	}
	if len(b) > 0 && b[0] > sealVersion {
		return nil, errSealVersion
	}
	for _, one := range k.keys {
		if len(b) < sealOverhead {
			break
		}
		if msg, err := one.Open(out, b[1:13], b[13:], auth); err == nil {
			return msg, nil
		}
	}
	return nil, errNoKey
}

// sealStream is a message as it goes over a connection.
func (k *keyring) sealStream(msg []byte) []byte {
	if len(k.keys) == 0 {
		return msg
	}
	out := append(make([]byte, 0, 5+len(msg)+sealOverhead), typeEncrypt)
	out = binary.BigEndian.AppendUint32(out, uint32(len(msg)+sealOverhead))
	return k.seal(out, msg, out[:5])
}

// unsealStream reads what came over a connection so far.
func (k *keyring) unsealStream(b []byte, sq *squeezer, parse func(typ byte, d *msgpack.Decoder) error) error {
	switch {
	case b[0] != typeEncrypt && len(k.keys) == 0:
		return parseStream(b, sq, parse)
	case b[0] != typeEncrypt:
		return errNotSealed
	case len(k.keys) == 0:
		return errSealed
	case len(b) < 5:
		return msgpack.ErrShort
	}
	n := binary.BigEndian.Uint32(b[1:])
	if n > maxState {
		return errors.New("Remote node state is larger than limit")
	}
	if len(b) < 5+int(n) {
		return msgpack.ErrShort
	}
	msg, err := k.unseal(nil, b[5:5+n], b[:5])
	if err != nil {
		return err
	}
	if len(msg) == 0 {
		return msgpack.ErrFormat
	}
	return parseStream(msg, sq, parse)
}
