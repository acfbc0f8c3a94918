package ca

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/sim"
)

// rootLife is how long a root certificate is valid.
const rootLife = 20 * 365 * 24 * time.Hour

// The fields of certificates that are the same in all that are drawn: the name swarm-ca, and
// what comes before a key of P-256 and before the signature.
var (
	swarmCA = []byte{0x30, 0x13, 0x31, 0x11, 0x30, 0x0f, 0x06, 0x03, 0x55, 0x04, 0x03, 0x13, 0x08, 's', 'w', 'a', 'r', 'm', '-', 'c', 'a'}
	onP256  = []byte{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04}
	byECDSA = []byte{0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2}
)

// NewRoot draws a root certificate that is valid for twenty years.
func NewRoot(r *sim.Rand, now time.Time) (object.RootCA, object.TLSInfo) {
	now = now.Truncate(time.Minute)
	text := draw(r, certificate{issuer: swarmCA, subject: swarmCA, key: append(onP256[:len(onP256):len(onP256)], drawn(r, 64)...), from: now.Add(-rootBackdate), until: now.Add(rootLife)})
	return object.RootCA{Digest: Digest(text), PEM: text}, Info(text, text)
}

// Rotate begins the way to another root: the one that there is signs the new one's name and
// key.
func Rotate(r *sim.Rand, from, to object.RootCA) (*object.Rotation, error) {
	old, err := read(from.PEM)
	if err != nil {
		return nil, err
	}
	c, err := read(to.PEM)
	if err != nil {
		return nil, err
	}
	if c.x509 != nil && !c.x509.IsCA {
		return nil, errors.New("certificate not a CA")
	}
	c.issuer = old.subject
	return &object.Rotation{Root: to, Intermediate: draw(r, *c)}, nil
}

// Info is what the API shows of a node that trusts a root, and of whoever has signed its
// certificate; both are PEM.
func Info(root, issuer string) object.TLSInfo {
	i := object.TLSInfo{TrustRoot: root}
	if c, err := read(issuer); err == nil {
		i.CertIssuerSubject, i.CertIssuerPublicKey = c.subject, c.key
	}
	return i
}

// Signed reports whether the certificate of who shows this is signed by a root, or by an
// intermediate that has its name and key.
func Signed(i object.TLSInfo, root object.RootCA) bool {
	want := Info(root.PEM, root.PEM)
	return len(i.CertIssuerPublicKey) > 0 && bytes.Equal(i.CertIssuerSubject, want.CertIssuerSubject) && bytes.Equal(i.CertIssuerPublicKey, want.CertIssuerPublicKey)
}

// certificate is what is known of one.
type certificate struct {
	issuer, subject []byte // names in DER
	key             []byte // SubjectPublicKeyInfo
	from, until     time.Time
	x509            *x509.Certificate // nil of one that was drawn
}

// stamp is a time in a certificate that was drawn, a UTCTime.
const stamp = "060102150405Z"

// draw makes the text of a certificate: what stands for its extensions and its signature is
// drawn.
func draw(r *sim.Rand, c certificate) string {
	utc := func(t time.Time) []byte { return append([]byte{0x17, byte(len(stamp))}, t.UTC().Format(stamp)...) }
	body := []byte{0xa0, 3, 2, 1, 2, 2, 20}
	body = append(body, drawn(r, 20)...)
	body = append(append(body, byECDSA...), c.issuer...)
	body = append(append(append(body, 0x30, 2*(2+byte(len(stamp)))), utc(c.from)...), utc(c.until)...)
	body = append(append(body, c.subject...), c.key...)
	body = append(body, drawn(r, 96)...)
	der := append([]byte{0x30, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// read reads the first certificate of a text: a real one, or one that was drawn.
func read(text string) (*certificate, error) {
	b, _ := pem.Decode([]byte(text))
	if b == nil {
		return nil, errors.New("no PEM-encoded certificates found")
	}
	x, err := x509.ParseCertificate(b.Bytes)
	if err == nil {
		return &certificate{x.RawIssuer, x.RawSubject, x.RawSubjectPublicKeyInfo, x.NotBefore, x.NotAfter, x}, nil
	}
	if c := readDrawn(b.Bytes); c != nil {
		return c, nil
	}
	return nil, err
}

// readDrawn reads what draw has made, nil if that is something else.
func readDrawn(der []byte) *certificate {
	var all asn1.RawValue
	if _, err := asn1.Unmarshal(der, &all); err != nil {
		return nil
	}
	rest := all.Bytes
	var parts [7][]byte // version, serial, algorithm, issuer, validity, subject, key
	for i := range parts {
		var v asn1.RawValue
		left, err := asn1.Unmarshal(rest, &v)
		if err != nil {
			return nil
		}
		parts[i], rest = v.FullBytes, left
	}
	var times struct{ From, Until time.Time }
	if !bytes.Equal(parts[2], byECDSA) {
		return nil
	}
	if _, err := asn1.Unmarshal(parts[4], &times); err != nil {
		return nil
	}
	return &certificate{issuer: parts[3], subject: parts[5], key: parts[6], from: times.From, until: times.Until}
}
