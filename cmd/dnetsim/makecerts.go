package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files of --make-certs, with docker's names: what DOCKER_CERT_PATH wants, and
// the server's own.
const (
	caFile, certFile, keyFile     = "ca.pem", "cert.pem", "key.pem"
	serverCertFile, serverKeyFile = "server-cert.pem", "server-key.pem"
	certsValid                    = 365 * 24 * time.Hour
	certsBehind                   = time.Hour // clocks differ
)

// makeCerts fills a folder with an authority's certificate, a server's for this
// machine and names, and a client's. The authority's key is kept nowhere: nobody can
// sign more. A folder that has all of them is left as it is; made says which it was.
func makeCerts(dir string, names []string) (made bool, err error) {
	there := 0
	files := []string{caFile, certFile, keyFile, serverCertFile, serverKeyFile}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f)); err == nil {
			there++
		}
	}
	switch there {
	case len(files):
		return false, nil
	case 0:
	default:
		return false, fmt.Errorf("%s has some of %v and not all: name another folder, or remove them", dir, files)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	ca := &signer{}
	if err := ca.make(template("dnetsim authority", x509.KeyUsageCertSign), nil); err != nil {
		return false, err
	}
	server := template("dnetsim", x509.KeyUsageDigitalSignature, x509.ExtKeyUsageServerAuth)
	server.DNSNames, server.IPAddresses = thisMachine(names)
	client := template("dnetsim client", x509.KeyUsageDigitalSignature, x509.ExtKeyUsageClientAuth)
	err = errors.Join(writePEM(dir, caFile, "CERTIFICATE", ca.der, 0o644),
		ca.sign(dir, server, serverCertFile, serverKeyFile), ca.sign(dir, client, certFile, keyFile))
	return err == nil, err
}

// signer is a certificate with its key.
type signer struct {
	key  crypto.Signer
	cert *x509.Certificate
	der  []byte
}

func template(name string, usage x509.KeyUsage, ext ...x509.ExtKeyUsage) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: usage, ExtKeyUsage: ext,
		NotBefore: time.Now().Add(-certsBehind), NotAfter: time.Now().Add(certsValid),
		BasicConstraintsValid: true, IsCA: len(ext) == 0,
	}
}

// make makes the certificate and its key; by is nil for one that signs itself.
func (s *signer) make(t *x509.Certificate, by *signer) (err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return err
	}
	s.key = key
	parent, signs := t, crypto.Signer(key)
	if by != nil {
		parent, signs = by.cert, by.key
	}
	if s.der, err = x509.CreateCertificate(rand.Reader, t, parent, key.Public(), signs); err != nil {
		return err
	}
	s.cert, err = x509.ParseCertificate(s.der)
	return err
}

// sign makes a certificate and writes it with its key.
func (s *signer) sign(dir string, t *x509.Certificate, certName, keyName string) error {
	var one signer
	if err := one.make(t, s); err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(one.key)
	if err != nil {
		return err
	}
	return errors.Join(writePEM(dir, certName, "CERTIFICATE", one.der, 0o644), writePEM(dir, keyName, "PRIVATE KEY", key, 0o600))
}

func writePEM(dir, name, kind string, der []byte, mode os.FileMode) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Close())
}

// thisMachine are the names and addresses under which this machine may be meant,
// and those that were given beside them.
func thisMachine(more []string) (names []string, addresses []net.IP) {
	names = []string{"localhost"}
	if host, err := os.Hostname(); err == nil && host != "localhost" {
		names = append(names, host)
	}
	addresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	list, _ := net.InterfaceAddrs()
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() {
			addresses = append(addresses, n.IP)
		}
	}
	for _, m := range more {
		if ip := net.ParseIP(m); ip == nil {
			names = append(names, m)
		} else if !ip.IsUnspecified() {
			addresses = append(addresses, ip)
		}
	}
	return names, addresses
}
