package ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"dnetsim/modes/swarm/object"
)

// A root that somebody gives must be valid for another year, and go with every certificate:
// it may not be longer than mostGiven, in bytes.
const (
	leastLife = 365 * 24 * time.Hour
	mostGiven = 16 << 10
)

// The refusals of cfssl, which swarmkit reads PEM with, are JSON.
var (
	errCertParse  = errors.New(`{"code":1003,"message":"Failed to parse certificate"}`)
	errCertDecode = errors.New(`{"code":1002,"message":"Failed to decode certificate"}`)
	errKeyDecode  = errors.New(`{"code":2002,"message":"Failed to decode private key"}`)
	errKeyParse   = errors.New(`{"code":2003,"message":"Failed to parse private key"}`)
	errEncrypted  = errors.New(`{"code":2100,"message":"Private key is encrypted."}`)
	errMismatch   = errors.New("certificate key mismatch")
)

// Normal is a text of PEM without what is no PEM.
func Normal(text string) string {
	var out strings.Builder
	for rest := []byte(text); ; {
		var b *pem.Block
		if b, rest = pem.Decode(bytes.TrimSpace(rest)); b == nil {
			return out.String()
		}
		b.Headers = nil
		out.Write(pem.EncodeToMemory(b))
	}
}

// Given is the root of a certificate, whose text is normal, and of its key, "" if that is
// not given. It refuses what swarmkit refuses, in its words.
func Given(cert, key string, now time.Time) (object.RootCA, error) {
	root := object.RootCA{Digest: Digest(cert), PEM: cert}
	all, err := readAll(cert)
	if err != nil {
		return root, fmt.Errorf("invalid root certificates: %w", err)
	}
	for _, c := range all {
		if c.x509 != nil {
			if err := signedBy(c.x509); err != nil {
				return root, err
			}
		}
		if err := within(wordsRoot, c.from, c.until, now); err != nil {
			return root, err
		}
	}
	if key != "" {
		if err := match(all[0], key); err != nil {
			return root, err
		}
	}
	switch {
	case len(all) != 1:
		return root, errors.New("the desired CA certificate cannot contain multiple certificates")
	case all[0].until.Before(now.Add(leastLife)):
		return root, errors.New("CA certificate expires too soon")
	case len(cert) > mostGiven:
		return root, fmt.Errorf("dnetsim simulates no root certificates of more than %d bytes: this one has %d", mostGiven, len(cert))
	}
	return root, nil
}

// SameKey reports whether two roots have one key.
func SameKey(a, b object.RootCA) bool {
	return bytes.Equal(Info(a.PEM, a.PEM).CertIssuerPublicKey, Info(b.PEM, b.PEM).CertIssuerPublicKey)
}

// readAll reads every certificate of a text.
func readAll(text string) (all []*certificate, err error) {
	for rest := []byte(text); len(rest) > 0; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return nil, errCertDecode
		}
		c, err := read(string(pem.EncodeToMemory(b)))
		if err != nil {
			return nil, errCertParse
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errCertDecode
	}
	return all, nil
}

// signedBy refuses algorithms that swarmkit does.
func signedBy(c *x509.Certificate) error {
	switch c.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return nil
	}
	return fmt.Errorf("unsupported signature algorithm: %s", c.SignatureAlgorithm)
}

// match refuses a key that is none, or not a certificate's. Nobody has the key of one that
// was drawn.
func match(c *certificate, text string) error {
	var b *pem.Block
	for rest := []byte(text); ; {
		if b, rest = pem.Decode(rest); b == nil || b.Type != "EC PARAMETERS" {
			break
		}
	}
	switch {
	case b == nil:
		return fmt.Errorf("malformed private key: %w", errKeyDecode)
	case strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED"):
		return fmt.Errorf("malformed private key: %w", errEncrypted)
	}
	key := private(b.Bytes)
	if key == nil {
		return fmt.Errorf("malformed private key: %w", errKeyParse)
	}
	if c.x509 == nil {
		return errMismatch
	}
	switch pub := c.x509.PublicKey.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() < 2048 || pub.E == 1 {
			return errors.New("unsupported RSA key parameters")
		}
		if pub.Equal(key.Public()) {
			return nil
		}
	case *ecdsa.PublicKey:
		if pub.Curve != elliptic.P256() && pub.Curve != elliptic.P384() && pub.Curve != elliptic.P521() {
			return errors.New("unsupported ECDSA key parameters")
		}
		if pub.Equal(key.Public()) {
			return nil
		}
	default:
		return errors.New("unknown or unsupported certificate public key algorithm")
	}
	return errMismatch
}

// private reads a key in any of the three forms that openssl writes, nil if it is in none.
func private(der []byte) crypto.Signer {
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k
	}
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if s, ok := k.(crypto.Signer); ok {
			return s
		}
	}
	return nil
}
