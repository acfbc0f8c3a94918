package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestOverTLSOnlyClientsWithACertificateComeIn(t *testing.T) {
	certs := filepath.Join(t.TempDir(), "certs")
	if code, _, errs := call(t, "", nil, "up", "--make-certs", certs); code != exitOK || !strings.Contains(errs, "made certificates") {
		t.Fatalf("%d %s", code, errs)
	}
	for _, f := range []string{keyFile, serverKeyFile} {
		if info, err := os.Stat(filepath.Join(certs, f)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
	before, _ := os.ReadFile(filepath.Join(certs, certFile))
	u := bring(t, upScenario, shortDir(t), "--tcp", "h2=0.0.0.0:0", "--make-certs", certs)
	defer u.end()
	if after, _ := os.ReadFile(filepath.Join(certs, certFile)); string(after) != string(before) {
		t.Error("certificates that were there were made again")
	}
	said := regexp.MustCompile(`DOCKER_HOST=tcp://(127\.0\.0\.1:\d+) DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=(\S+) # h2`).FindStringSubmatch(u.out.String())
	if said == nil || said[2] != certs {
		t.Fatal(u.out)
	}
	pem, _ := os.ReadFile(filepath.Join(certs, caFile))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(filepath.Join(certs, certFile), filepath.Join(certs, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if _, err := makeCerts(other, nil); err != nil {
		t.Fatal(err)
	}
	stranger, _ := tls.LoadX509KeyPair(filepath.Join(other, certFile), filepath.Join(other, keyFile))
	server, _ := tls.LoadX509KeyPair(filepath.Join(certs, serverCertFile), filepath.Join(certs, serverKeyFile))
	for _, c := range []struct {
		who   string
		certs []tls.Certificate
		in    bool
	}{{"the client", []tls.Certificate{pair}, true}, {"nobody", nil, false}, {"a stranger", []tls.Certificate{stranger}, false}, {"the server", []tls.Certificate{server}, false}} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: c.certs}, DisableKeepAlives: true}}
		res, err := client.Get("https://" + said[1] + "/_ping")
		if err == nil {
			res.Body.Close()
		}
		if in := err == nil && res.StatusCode == 200; in != c.in {
			t.Errorf("%s: %v, want %v (%v)", c.who, in, c.in, err)
		}
	}
	if res, err := http.Get("http://" + said[1] + "/_ping"); err == nil && res.StatusCode == 200 {
		t.Error("without TLS somebody came in")
	}
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Log("docker's own client is not here, and is not tried")
		return
	}
	run := exec.Command(docker, "--tlsverify", "--tlscacert", filepath.Join(certs, caFile), "--tlscert", filepath.Join(certs, certFile),
		"--tlskey", filepath.Join(certs, keyFile), "-H", "tcp://"+said[1], "run", "--rm", "-i", "busybox", "cat")
	run.Stdin = strings.NewReader("typed\n")
	if out, err := run.CombinedOutput(); string(out) != "typed\n" || err != nil {
		t.Errorf("docker --tlsverify: %s %v", out, err)
	}
}

func TestCertificatesThatAreHalfThereAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, keyFile), []byte("mine"), 0o600)
	if code, _, errs := call(t, "", nil, "up", "--make-certs", dir); code != exitUsage || !strings.Contains(errs, "not all") {
		t.Errorf("%d %s", code, errs)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, keyFile)); string(text) != "mine" {
		t.Error("a key was overwritten")
	}
	if code, _, errs := call(t, "", nil, "up"); code != exitUsage || !strings.Contains(errs, "which scenario") {
		t.Errorf("%d %s", code, errs)
	}
}
