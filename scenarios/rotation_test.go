package scenarios

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"dnetsim/engine/cli"
)

// What is asked of a swarm that rotates its root: each node with its certificate, whether
// it is under way, and which tokens join.
const (
	certs    = "docker node ls --format '{{.Hostname}} {{.Status}} {{.TLSStatus}}'"
	underWay = "docker info -f '{{.Swarm.Cluster.RootRotationInProgress}}' 2>/dev/null"
)

// All nodes get certificates of the new root over port 2377, then trust it; the tokens are
// of the old root until then.
func TestASwarmRotatesItsRoot(t *testing.T) {
	const ready = "^bdc01 Ready Ready\nbdc02 Ready Ready\nbdc03 Ready Ready\n"
	for _, engine := range Engines {
		says(t, engine, []saying{
			{"bdc01$ docker swarm init --default-addr-pool 10.20.0.0/16", nil}, // the LAN has ingress's
			{"bdc02$ " + join("worker"), nil},
			{"bdc03$ " + join("manager"), nil},
			{"bdc01$ docker swarm join-token -q worker > old; docker swarm ca > old.pem; " + certs, []string{ready}},
			{"bdc01$ docker service create -d -q --name web --replicas 2 -p 8080:80 nginx; sleep 10; curl -s localhost:8080 | head -1", []string{"html"}},
			{"bdc02$ for i in $(seq 60); do curl -s -m 1 -o /dev/null 10.0.0.11:8080 && echo ok; sleep 0.1; done > answers &", nil},
			{"bdc01$ docker swarm ca --rotate -d; " + underWay + "; docker swarm ca | cmp - old.pem && docker swarm join-token -q worker | cmp - old && " + certs, []string{
				"^true\nbdc01 Ready Needs Rotation\nbdc02 Ready Needs Rotation\nbdc03 Ready Needs Rotation\n"}},
			{"bdc01$ sleep 1; " + certs + "; " + underWay, []string{ready + "true\n$"}},
			{"bdc01$ sleep 3; " + certs + "; " + underWay, []string{ready + "false\n$"}},
			{"bdc01$ docker swarm ca | cmp - old.pem; docker swarm join-token -q worker | cmp - old", []string{"old.pem differ", "old differ"}},
			{"bdc01$ docker swarm ca > new.pem; for n in bdc01 bdc02 bdc03; do docker node inspect -f '{{.Description.TLSInfo.TrustRoot}}' $n | grep . | cmp - new.pem && echo same; done", []string{"^same\nsame\nsame\n$"}},
			{"bdc02$ cmp /var/lib/docker/swarm/certificates/swarm-root-ca.crt /dev/null; ssh bdc01 cat new.pem | cmp - /var/lib/docker/swarm/certificates/swarm-root-ca.crt && echo same", []string{"same"}},
			{"bdc01$ docker node inspect --pretty bdc02", []string{`TLS Info:\n TrustRoot:\n-----BEGIN CERTIFICATE-----\n`, `Issuer Subject:\tMB`, "Issuer Public Key:\tMFk"}},
			{"bdc02$ sleep 5; sort answers | uniq -c", []string{"^ +60 ok\n$"}},
			{"bdc02$ docker swarm leave; docker swarm join --token $(ssh bdc01 cat old) 10.0.0.11:2377", []string{"remote CA does not match fingerprint. Expected: [0-9a-f]{64}\n"}},
			{"bdc02$ " + join("worker"), []string{"This node joined a swarm as a worker."}},
			{"bdc03$ systemctl restart docker; sleep 5; docker node ls --format '{{.Hostname}} {{.TLSStatus}}'; docker swarm ca | ssh bdc01 cmp - new.pem", []string{"bdc01 Ready\n"}},
			{"bdc01$ grep -c 'completed root rotation' <<< \"$(journalctl -u docker)\"", []string{"^1\n$"}},
		})
	}
}

// A node that is down has no certificate of the new root, and the swarm waits for it, under
// whatever leader; a node that joins meanwhile trusts the old root first.
func TestARotationWaitsForEveryNode(t *testing.T) {
	for _, engine := range Engines {
		saysWith(t, engine, "", []saying{
			{"bdc01$ docker swarm init", nil},
			{"bdc02$ " + join("worker"), nil},
			{"bdc02$ systemctl stop docker", nil},
			{"bdc01$ docker swarm ca --rotate -d; sleep 60; " + certs + "; " + underWay, []string{"^bdc01 Ready Ready\nbdc02 Down Needs Rotation\ntrue\n$"}},
			{"bdc03$ " + join("worker"), []string{"This node joined a swarm as a worker."}},
			{"bdc01$ sleep 5; " + certs + "; " + underWay, []string{"^bdc01 Ready Ready\nbdc02 Down Needs Rotation\nbdc03 Ready Ready\ntrue\n$"}},
			{"bdc02$ systemctl start docker", nil},
			{"bdc01$ sleep 10; " + certs + "; " + underWay, []string{"^bdc01 Ready Ready\nbdc02 Ready Ready\nbdc03 Ready Ready\nfalse\n$"}},
			{"bdc03$ systemctl stop docker; ssh bdc01 sleep 20", nil},
			{"bdc01$ docker swarm ca --rotate -d; sleep 30; " + underWay + "; docker node rm bdc03; sleep 4; " + certs + "; " + underWay, []string{"^true\nbdc03\nbdc01 Ready Ready\nbdc02 Ready Ready\nfalse\n$"}},
			{"bdc03$ systemctl start docker; sleep 10; journalctl -u docker | grep -c 'session failed'", []string{"^[1-9]"}},
		})
		says(t, engine, []saying{
			{"bdc01$ docker swarm init", nil},
			{"bdc02$ " + join("manager"), nil},
			{"bdc03$ " + join("manager"), nil},
			{"bdc03$ systemctl stop docker", nil},
			{"bdc01$ sleep 3; docker swarm ca --rotate -d; sleep 10; " + underWay + "; ssh bdc03 systemctl start docker", []string{"true"}},
			// The leader goes before it has heard of the last one.
			{"bdc01$ systemctl stop docker", nil},
			{"bdc02$ sleep 40; " + underWay + "; docker node ls --format '{{.Hostname}} {{.TLSStatus}} {{.ManagerStatus}}'", []string{"false\n", "(bdc02 Ready Leader|bdc03 Ready Leader)"}},
			{"bdc01$ systemctl start docker; sleep 20; docker node ls --format '{{.Hostname}} {{.TLSStatus}}'; " + underWay, []string{"^bdc01 Ready\nbdc02 Ready\nbdc03 Ready\nfalse\n$"}},
		})
	}
}

// A rotation is followed, also one that begins while the leader decides something else: it
// looked for one before it decided, and slept through what came meanwhile.
func TestARotationBeginsWhileTheLeaderIsBusy(t *testing.T) {
	says(t, "20.10", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc02$ " + join("worker"), nil},
		{"bdc03$ " + join("manager"), nil},
		{"bdc03$ for i in 1 2 3 4 5 6 7 8 9; do ssh bdc02 systemctl restart docker; docker swarm ca --rotate -d; sleep 15; " + underWay + "; done | uniq -c", []string{"^ +9 false\n$"}},
	})
}

// A root of one's own is taken, and is what a rotation can be called back to.
func TestASwarmTakesARootThatIsGiven(t *testing.T) {
	file := func(name string) string {
		b, err := os.ReadFile("../modes/swarm/ca/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("cat > %s <<E\n%sE\n", name, b)
	}
	const refuses = "Error response from daemon: rpc error: code = InvalidArgument desc = "
	for _, engine := range Engines {
		says(t, engine, []saying{
			{"bdc01$ docker swarm init; docker swarm ca > first.pem", nil},
			{"bdc02$ " + join("worker"), nil},
			{"bdc01$ " + file("our-ca.pem") + file("our-ca.key") + file("soon.pem") + file("other.key") + file("our-ca-again.pem") + file("no-ca.pem"), nil},
			{"bdc01$ docker swarm ca --rotate --ca-cert our-ca.pem --ca-key other.key; docker swarm ca --rotate --ca-cert soon.pem --ca-key our-ca.key", []string{refuses + "certificate key mismatch\n", refuses + "CA certificate expires too soon"}},
			{"bdc01$ docker swarm ca --rotate --ca-cert our-ca.pem; docker swarm ca --rotate --ca-key our-ca.key", []string{"the --ca-cert flag requires that a --ca-key flag and/or --external-ca flag be provided as well", refuses + "if a signing CA key is provided, the signing CA cert must also be provided"}},
			{"bdc01$ docker swarm ca --rotate --ca-cert no-ca.pem --ca-key our-ca.key", []string{"unable to generate a cross-signed certificate for root rotation"}},
			{"bdc01$ docker swarm ca --rotate --ca-cert our-ca.pem --external-ca protocol=cfssl,url=https://ca", []string{`dnetsim does not simulate a rotation to an external CA \(https://ca\)`}},
			{"bdc01$ docker swarm ca --ca-cert our-ca.pem; docker swarm ca --rotate --ca-cert nosuch", []string{"`--ca-cert` flag requires the `--rotate` flag to update the CA", `invalid argument "nosuch" for "--ca-cert" flag: open nosuch: no such file or directory`}},
			{"bdc01$ docker swarm ca | cmp - first.pem; " + underWay, []string{"^false\n$"}},
			{"bdc01$ docker swarm ca --rotate -q --ca-cert our-ca.pem --ca-key our-ca.key; docker swarm ca | cmp - our-ca.pem && " + certs, []string{"^bdc01 Ready Ready\nbdc02 Ready Ready\n$"}},
			{"bdc01$ docker info -f '{{.Swarm.Cluster.Spec.CAConfig}}'", []string{"!PRIVATE KEY"}},
			{"bdc01$ docker swarm update --task-history-limit 3; " + underWay, []string{"Swarm updated.", "false"}},
			{"bdc01$ docker swarm ca --rotate -d --ca-cert our-ca-again.pem --ca-key our-ca.key", []string{refuses + "Cannot update to a cert with an identical key"}},
			// With one node down a rotation does not end; the root that there is calls it back.
			{"bdc02$ systemctl stop docker", nil},
			{"bdc01$ sleep 20; docker swarm ca --rotate -d; sleep 10; " + underWay, []string{"true"}},
			{"bdc01$ docker swarm ca --rotate -d --ca-cert our-ca.pem --ca-key our-ca.key; " + underWay + "; docker swarm ca | cmp - our-ca.pem; " + certs, []string{"^false\nbdc01 Ready Needs Rotation\nbdc02 Down Ready\n$"}},
			{"bdc02$ systemctl start docker; sleep 5; ssh bdc01 docker node ls --format {{.Status}}", []string{"Ready\nReady\n"}},
			{"bdc01$ docker swarm ca --rotate -q; " + certs, []string{"^bdc01 Ready Ready\nbdc02 Ready Ready\n$"}},
		})
	}
}

// A rotation is the same on every machine: packets, transcript and tables.
func TestARotationRepeats(t *testing.T) {
	for _, engine := range Engines {
		text := fmt.Sprintf("engine: %q\n", engine) + threeMore
		for _, line := range []string{"bdc01$ docker swarm init", "bdc02$ " + join("worker"), "bdc03$ " + join("manager"), "bdc01$ docker swarm ca --rotate", "bdc01$ sleep 5; " + certs} {
			text += fmt.Sprintf("  - {run: %q}\n", line)
		}
		s, err := Read("test.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var first Result
		for _, n := range []int{1, 2, 8} {
			was := runtime.GOMAXPROCS(n)
			r := Run(s, Options{Docker: cli.Program, Digest: true})
			runtime.GOMAXPROCS(was)
			if r.Err != nil || r.Failed() {
				t.Fatalf("engine %s: %v\n%s", engine, r.Err, r.Transcript)
			}
			if n == 1 {
				first = *r
				continue
			}
			if r.Digest != first.Digest {
				t.Errorf("engine %s: GOMAXPROCS %d gives %s, not %s:\n%s", engine, n, r.Digest, first.Digest, r.Transcript)
			}
		}
		const shown = `(?s)desired root digest: \n  rotated TLS certificates: \n  rotated CA certificates:  \n(desired root digest: sha256:[0-9a-f]{64}\n)+-----BEGIN CERTIFICATE-----\n`
		if !regexp.MustCompile(shown).MatchString(strings.ReplaceAll(first.Transcript, "\r", "")) {
			t.Errorf("engine %s shows\n%s", engine, first.Transcript)
		}
	}
}
