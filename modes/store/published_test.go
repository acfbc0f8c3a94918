package store

import (
	"net/netip"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/consul"
)

// publish moves the store into a namespace behind a bridge of its host, with
// the rules of a published port.
func (l *lab) publish() {
	host := l.kv.NS()
	br, err := host.AddBridge("docker0", link.MAC{2, 0x42, 1, 2, 3, 4})
	l.must(err)
	l.must(br.AddAddr(netip.MustParsePrefix("172.17.0.1/16"), stack.AddrOptions{}))
	l.must(br.SetUp(true))
	l.must(host.SetSysctl("net.ipv4.ip_forward", "1"))
	ns := stack.New(l.loop, "consul", stack.Options{})
	in, out, err := stack.NewVeth(ns, "eth0", link.MAC{2, 0x42, 172, 17, 0, 2}, host, "veth0", link.MAC{0x7a, 1, 2, 3, 4, 5})
	l.must(err)
	l.must(out.SetMaster(br))
	l.must(out.SetUp(true))
	l.must(in.SetUp(true))
	l.must(in.AddAddr(netip.MustParsePrefix("172.17.0.2/16"), stack.AddrOptions{}))
	l.must(ns.AddRoute(stack.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("172.17.0.1")}))
	l.iptables("-t nat -A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 8500 -j DNAT --to-destination 172.17.0.2:8500")
	l.iptables("-t nat -A OUTPUT -m addrtype --dst-type LOCAL -p tcp --dport 8500 -j DNAT --to-destination 172.17.0.2:8500")
	l.kv = userland.NewMachine(l.loop, "consul", ns)
	l.kv.Install(consul.Programs())
}

func TestAPublishedStoreServesItsOwnHostAndOthers(t *testing.T) {
	l := newLab(t)
	host := l.kv.NS()
	l.publish()
	l.start()
	own := l.node(host, "10.0.0.10:2376")
	far := l.node(l.two, "10.0.0.12:2376")
	l.loop.RunFor(5 * time.Second)
	for _, n := range []*node{own, far} {
		n.check(t, "3.0 info Initializing discovery without TLS", "3.5 joined [10.0.0.10 10.0.0.12] left []")
	}
	// A bridge that is down takes the store away from both.
	l.must(host.Interface("docker0").SetUp(false))
	l.do(func() {
		_, err := l.client(l.two).Get("docker/nodes")
		l.is("without the bridge", err, `Get "http://10.0.0.10:8500/v1/kv/docker/nodes?consistent=": dial tcp 10.0.0.10:8500: connect: network is unreachable`)
	})
}
