// Package ca is a swarm's certification authority: the root's digest, the tokens that
// nodes join with, the certificates of nodes and the key that unlocks a manager. What
// stands for keys and signatures is drawn; nothing is encrypted with it.
package ca

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/sim"
)

// The lengths of a token's parts, in digits of base 36.
const (
	digestLength = 50
	secretLength = 25
)

// ErrToken is the refusal of what is no token.
var ErrToken = errors.New("invalid join token")

// NewRoot draws a root certificate that is valid for twenty years.
func NewRoot(r *sim.Rand, now time.Time) (object.RootCA, object.TLSInfo) {
	subject := []byte{0x30, 0x13, 0x31, 0x11, 0x30, 0x0f, 0x06, 0x03, 0x55, 0x04, 0x03, 0x13, 0x08, 's', 'w', 'a', 'r', 'm', '-', 'c', 'a'}
	key := append([]byte{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
		0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04}, drawn(r, 64)...)
	utc := func(t time.Time) []byte { return append([]byte{0x17, 13}, t.UTC().Format("060102150405Z")...) }
	now = now.Truncate(time.Minute)
	validity := append(utc(now.Add(-5*time.Minute)), utc(now.Add(20*365*24*time.Hour))...)
	body := []byte{0xa0, 3, 2, 1, 2, 2, 20}
	body = append(body, drawn(r, 20)...)
	body = append(body, 0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2)
	body = append(body, subject...)
	body = append(append(body, 0x30, byte(len(validity))), validity...)
	body = append(append(body, subject...), key...)
	body = append(body, drawn(r, 96)...)
	der := append([]byte{0x30, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return object.RootCA{Digest: Digest(text), PEM: text}, object.TLSInfo{TrustRoot: text, CertIssuerSubject: subject, CertIssuerPublicKey: key}
}

func drawn(r *sim.Rand, n int) []byte {
	b := make([]byte, n)
	r.Read(b)
	return b
}

// Digest is a root's, in hexadecimal.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// NewToken draws a token for a root.
func NewToken(r *sim.Rand, root object.RootCA) string {
	sum, _ := hex.DecodeString(root.Digest)
	return "SWMTKN-1-" + object.Base36(sum, digestLength) + "-" + object.Base36(drawn(r, 16), secretLength)
}

// TokenDigest is the digest of the root that a token expects, in hexadecimal.
func TokenDigest(token string) (string, error) {
	p := strings.Split(token, "-")
	if len(p) != 4 || p[0] != "SWMTKN" || p[1] != "1" && p[1] != "2" || len(p[2]) != digestLength || len(p[3]) != secretLength {
		return "", ErrToken
	}
	n, ok := new(big.Int).SetString(p[2], 36)
	if !ok || n.BitLen() > 256 {
		return "", ErrToken
	}
	return hex.EncodeToString(n.FillBytes(make([]byte, 32))), nil
}

// NewUnlockKey draws a key that unlocks managers.
func NewUnlockKey(r *sim.Rand) string {
	return "SWMKEY-1-" + base64.RawStdEncoding.EncodeToString(drawn(r, 32))
}

// Issue signs a node's certificate.
func Issue(r *sim.Rand, root object.RootCA, node, role string, now time.Time, life time.Duration) object.Certificate {
	return object.Certificate{NodeID: node, Role: role, Digest: root.Digest, Serial: r.Uint64() >> 1, Until: now.Add(life).Unix()}
}

// The refusals of a peer's certificate, in the words of Go's TLS.
var (
	ErrUnknownAuthority = errors.New("tls: failed to verify certificate: x509: certificate signed by unknown authority")
	ErrExpired          = errors.New("tls: failed to verify certificate: x509: certificate has expired or is not yet valid")
)

// Check refuses a peer's certificate that another root has signed, or that is over.
func Check(root string, c *object.Certificate, now time.Time) error {
	switch {
	case c == nil || c.Digest != root:
		return ErrUnknownAuthority
	case now.Unix() > c.Until:
		return ErrExpired
	}
	return nil
}
