package dnetsimtest_test

import (
	"fmt"
	"strings"
	"testing"

	"dnetsim/dnetsimtest"
)

func TestScenarioFilesAreTests(t *testing.T) { dnetsimtest.Run(t, "testdata/*.yaml") }

// recorder is a test that remembers its failures.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Logf(f string, a ...any)   {}
func (r *recorder) Error(a ...any)            { r.said = append(r.said, fmt.Sprint(a...)) }
func (r *recorder) Errorf(f string, a ...any) { r.said = append(r.said, fmt.Sprintf(f, a...)) }
func (r *recorder) Fatal(a ...any)            { r.Error(a...); panic(r) }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); panic(r) }

// fails is what a failing test says.
func fails(t *testing.T, fn func(testing.TB)) string {
	r := &recorder{TB: t}
	func() {
		defer func() {
			if x := recover(); x != nil && x != any(r) {
				panic(x)
			}
		}()
		fn(r)
	}()
	return strings.Join(r.said, "\n")
}

func TestAFailureSaysWhereWhatAndWhy(t *testing.T) {
	said := fails(t, func(t testing.TB) {
		dnetsimtest.RunText(t, "isolated.yaml", []byte(`name: isolated
lan: {subnet: 10.0.0.0/24}
hosts: {h1: {address: 10.0.0.11}}
steps:
  - h1$ docker run -d --name c1 busybox sleep 1d
  - h1$ docker network create other
  - h1$ docker run -d --name c2 --network other busybox sleep 1d
  - run: h1/c1$ ping -c 1 -W 1 172.18.0.2
`))
	})
	for _, want := range []string{"isolated.yaml:8:", "exit status 1, want 0", "BRIDGE-ISOLATED", "dnetsim run isolated.yaml"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in:\n%s", want, said)
		}
	}
	if said := fails(t, func(t testing.TB) { dnetsimtest.RunText(t, "x.yaml", []byte("name: x\nhost: 1\n")) }); !strings.Contains(said, "x.yaml:2:") {
		t.Error(said)
	}
}

func TestWhoReachesWhom(t *testing.T) {
	w := dnetsimtest.Open(t, `name: reach
lan: {subnet: 10.0.0.0/24}
hosts: {h1: {address: 10.0.0.11}, h2: {address: 10.0.0.12}}
`, nil)
	dnetsimtest.Type(t, w, "h1", "docker run -d --name web -p 80:80 nginx")
	dnetsimtest.Type(t, w, "h1", "docker run -d --name quiet nginx")
	dnetsimtest.Reaches(t, w, "h2", "10.0.0.11", "80/tcp")
	dnetsimtest.Reaches(t, w, "h1", "h1/quiet", "80/tcp")
	dnetsimtest.DoesNotReach(t, w, "h2", "172.17.0.3", "")
	if said := fails(t, func(t testing.TB) { dnetsimtest.Reaches(t, w, "h2", "10.0.0.11", "81/tcp") }); !strings.Contains(said, "h2") {
		t.Errorf("%q", said)
	}
	if said := fails(t, func(t testing.TB) { dnetsimtest.DoesNotReach(t, w, "h2", "10.0.0.11", "80/tcp") }); !strings.Contains(said, "must not") {
		t.Errorf("%q", said)
	}
	if said := fails(t, func(t testing.TB) { dnetsimtest.Type(t, w, "h1", "ls /nosuch") }); !strings.Contains(said, "h1$ ls /nosuch") || !strings.Contains(said, "No such file") {
		t.Errorf("%q", said)
	}
}
