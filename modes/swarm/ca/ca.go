// Package ca is a swarm's certification authority: the root's digest, the tokens that
// nodes join with, the certificates of nodes and the key that unlocks a manager. What
// stands for keys and signatures is drawn; nothing is encrypted with it.
package ca

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
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

// Certificates begin before they are made, since clocks differ: a root's five minutes, as
// cfssl has it, and a node's an hour.
const (
	rootBackdate = 5 * time.Minute
	backdate     = time.Hour
)

// ErrToken is the refusal of what is no token.
var ErrToken = errors.New("invalid join token")

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

// Issue signs a node's certificate: with the root, or during a rotation with the one that is
// to come, whose intermediate goes with it.
func Issue(r *sim.Rand, root object.RootCA, to *object.Rotation, node, role string, now time.Time, life time.Duration) object.Certificate {
	now = now.Round(time.Minute)
	c := object.Certificate{NodeID: node, Role: role, Digest: root.Digest, Serial: r.Uint64() >> 1, From: now.Add(-backdate).Unix(), Until: now.Add(life).Unix()}
	if to != nil {
		c.Digest, c.Intermediate, c.Above = to.Root.Digest, to.Intermediate, root.Digest
	}
	return c
}

// At is a certificate as it is when it is issued at that time.
func At(c object.Certificate, now time.Time) object.Certificate {
	life := c.Until - c.From
	c.From = now.Round(time.Minute).Add(-backdate).Unix()
	c.Until = c.From + life
	return c
}

// The words of Go's x509 and of those who ask it.
const (
	wordsRoot  = "error while validating Root CA Certificate: "
	wordsTime  = "x509: certificate has expired or is not yet valid: "
	wordsChain = "certificate (1 - %s) not valid %s %s, and it is currently %s: " + wordsTime
)

// ErrAuthority is x509's refusal of a certificate that leads to no root that is trusted.
var ErrAuthority = errors.New("x509: certificate signed by unknown authority")

// Leads reports whether a certificate leads to a root, by itself or by its intermediate.
func Leads(c *object.Certificate, root string) bool {
	return c.Digest == root || c.Above != "" && c.Above == root
}

// Check refuses a peer's certificate that leads to another root, that is over or that
// has not begun by the clock of who looks. How the refusal begins depends on who says it:
// Go's TLS as of 1.20 has words of its own before those of x509.
func Check(words, root string, c *object.Certificate, now time.Time) error {
	if c == nil || !Leads(c, root) {
		return errors.New(words + ErrAuthority.Error())
	}
	return within(words, time.Unix(c.From, 0), time.Unix(c.Until, 0), now)
}

// CheckRoot refuses a root certificate that is over or has not begun.
func CheckRoot(text string, now time.Time) error {
	c, err := read(text)
	if err != nil {
		return err
	}
	return within(wordsRoot, c.from, c.until, now)
}

func within(words string, from, until, now time.Time) error {
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case now.Before(from):
		return fmt.Errorf("%s%scurrent time %s is before %s", words, wordsTime, stamp(now), stamp(from))
	case now.After(until):
		return fmt.Errorf("%s%scurrent time %s is after %s", words, wordsTime, stamp(now), stamp(until))
	}
	return nil
}

// CheckOwn refuses a certificate that a node got for itself, or finds on its disk.
func CheckOwn(c *object.Certificate, now time.Time) error {
	from, until := time.Unix(c.From, 0), time.Unix(c.Until, 0)
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC1123) }
	switch {
	case now.Before(from):
		return fmt.Errorf(wordsChain, c.NodeID, "before", stamp(from), stamp(now))
	case now.After(until):
		return fmt.Errorf(wordsChain, c.NodeID, "after", stamp(until), stamp(now))
	}
	return nil
}
