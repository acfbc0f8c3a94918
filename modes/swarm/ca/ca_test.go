package ca

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/sim"
)

var now = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// file reads a certificate or key of testdata; they are real ones, valid from 2020 on.
func file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func random(seed uint64) *sim.Rand { return sim.NewLoop(seed).Stream("ca") }

// A root that somebody gives is refused for what swarmkit refuses it for.
func TestARootThatIsGiven(t *testing.T) {
	root, _ := NewRoot(random(1), now)
	ours, soon := file(t, "our-ca.pem"), file(t, "soon.pem")
	for _, c := range []struct{ name, cert, key, says string }{
		{"a certificate and its key", ours, "our-ca.key", ""},
		{"a key in PKCS 8", ours, "our-ca.pkcs8", ""},
		{"no key, which is checked elsewhere", ours, "", ""},
		{"another key", ours, "other.key", "certificate key mismatch"},
		{"a root of this swarm, whose key nobody has", root.PEM, "our-ca.key", "certificate key mismatch"},
		{"a certificate for a key", ours, "our-ca.pem", `malformed private key: {"code":2003,"message":"Failed to parse private key"}`},
		{"a key for a certificate", file(t, "our-ca.key"), "our-ca.key", `invalid root certificates: {"code":1003,"message":"Failed to parse certificate"}`},
		{"nothing", "", "", `invalid root certificates: {"code":1002,"message":"Failed to decode certificate"}`},
		{"two certificates", ours + soon, "our-ca.key", "the desired CA certificate cannot contain multiple certificates"},
		{"one that is over in June", soon, "our-ca.key", "CA certificate expires too soon"},
		{"one that is over", file(t, "past.pem"), "our-ca.key", "error while validating Root CA Certificate: x509: certificate has expired or is not yet valid: current time 2026-01-05T08:00:00Z is after 2025-06-01T00:00:00Z"},
		{"a curve that is not taken", file(t, "p224.pem"), "p224.key", "unsupported ECDSA key parameters"},
	} {
		key := ""
		if c.key != "" {
			key = file(t, c.key)
		}
		got, err := Given(c.cert, key, now)
		switch {
		case c.says == "" && (err != nil || got.Digest != Digest(c.cert)):
			t.Errorf("%s: %v", c.name, err)
		case c.says != "" && (err == nil || err.Error() != c.says):
			t.Errorf("%s: %v, want %s", c.name, err, c.says)
		}
	}
}

// During a rotation a certificate leads to both roots: by the intermediate to the one that
// there is, and to the one that is to come by who has signed it.
func TestACertificateOfARotationLeadsToBothRoots(t *testing.T) {
	r := random(2)
	old, info := NewRoot(r, now)
	drawn, _ := NewRoot(r, now)
	given, err := Given(file(t, "our-ca.pem"), file(t, "our-ca.key"), now)
	if err != nil {
		t.Fatal(err)
	}
	if !Signed(info, old) || Signed(info, drawn) || Signed(object.TLSInfo{}, old) {
		t.Error("who has signed what is not told from its issuer")
	}
	for _, next := range []object.RootCA{drawn, given} {
		to, err := Rotate(r, old, next)
		if err != nil {
			t.Fatal(err)
		}
		c := Issue(r, old, to, "n", object.RoleWorker, now, time.Hour)
		before := Issue(r, old, nil, "n", object.RoleWorker, now, time.Hour)
		if !Leads(&c, old.Digest) || !Leads(&c, next.Digest) || Leads(&before, next.Digest) || Leads(&c, "") {
			t.Error("certificates lead elsewhere")
		}
		if is := Info(old.PEM, c.Intermediate); !Signed(is, next) || Signed(is, old) || is.TrustRoot != old.PEM {
			t.Errorf("the intermediate is not of the root that is to come: %+v", is)
		}
		if Digest(c.Intermediate) == next.Digest || !strings.HasPrefix(c.Intermediate, "-----BEGIN CERTIFICATE-----\n") {
			t.Errorf("the intermediate is the root itself:\n%s", c.Intermediate)
		}
	}
	if again, _ := Given(file(t, "our-ca-again.pem"), file(t, "our-ca.key"), now); !SameKey(given, again) || SameKey(given, drawn) {
		t.Error("roots of one key are not told from others")
	}
	if c, err := Given(file(t, "no-ca.pem"), file(t, "our-ca.key"), now); err != nil {
		t.Error(err)
	} else if _, err := Rotate(r, old, c); err == nil {
		t.Error("what is no authority becomes a root")
	}
}
