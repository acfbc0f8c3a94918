package scenarios

import (
	"strings"
	"testing"

	"dnetsim/engine/cli"
)

// A router that leads to the internet hides what is behind it unless the file says
// nat: false; then only public addresses are answered from there.
func TestARouterHidesWhatIsBehindIt(t *testing.T) {
	const world = `
lans:
  private: {subnet: 192.168.1.0/24, gateway: 192.168.1.1}
  public: {subnet: 198.51.100.0/24, gateway: 198.51.100.1}
internet: {www.example.com: {address: 93.184.216.34}}
routers:
  r: {NAT interfaces: {eth0: {lan: private, address: 192.168.1.1}, eth1: {lan: public, address: 198.51.100.1}}}
hosts:
  a: {lan: private, address: 192.168.1.10, docker: false}
  b: {lan: public, address: 198.51.100.10, docker: false}
steps:
`
	for _, c := range []struct{ nat, steps string }{
		{"", `
  - check: {reach: {from: a, to: www.example.com, port: 80}}
  - check: {reach: {from: b, to: www.example.com}}
  - check: {reach: {from: www.example.com, to: 198.51.100.10}, never: true}
  - {run: "r$ iptables -t nat -S POSTROUTING", expect: {stdout: "-P POSTROUTING ACCEPT\n-A POSTROUTING -o wan -j MASQUERADE"}}
`},
		{"nat: false,", `
  - check: {reach: {from: a, to: www.example.com, port: 80}, code: NO-ROUTE}
  - check: {reach: {from: b, to: www.example.com, port: 80}}
  - check: {reach: {from: www.example.com, to: 198.51.100.10}}
  - {run: "r$ iptables -t nat -S POSTROUTING", expect: {stdout: -P POSTROUTING ACCEPT}}
`},
		// Machines know each other's names, also at the router.
		{"nat: true,", `
  - check: {reach: {from: r, to: b}}
  - check: {reach: {from: a, to: b}}
`},
	} {
		s, err := Read("x.yaml", []byte(strings.Replace(world, "NAT", c.nat, 1)+c.steps))
		if err != nil {
			t.Fatal(err)
		}
		if r := Run(s, Options{Docker: cli.Program}); r.Err != nil || r.Failed() {
			t.Errorf("%q: %v\n%s", c.nat, r.Err, r.Report())
		}
	}
}
