package modes

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/modes/resolvconf"
	"dnetsim/sim"
	"dnetsim/stack"
)

// FuzzDaemonJSON starts dockerd with any daemon.json: it comes up, and makes a
// network and removes it again, or says in one line why it does not come up.
func FuzzDaemonJSON(f *testing.F) {
	for _, s := range []string{
		``, `{`, `[]`, `null`, `{} {}`, // no object, two
		`{"default-address-pools": [{"base": "10.0.0.0/8", "size": 33}]}`,                                   // larger than an address
		`{"default-address-pools": [{"base": "fd00::/8", "size": 64}, {"base": "10.0.0.0/8", "size": 32}]}`, // 2^56 pools
		`{"default-address-pools": [{"base": "0.0.0.0/0", "size": 1}, {"base": "10.0.0.1/8", "size": -1}, {}]}`,
		`{"bip": "172.17.0.0/16", "fixed-cidr": "10.0.0.0/8", "default-gateway": "::1"}`, // a network for an address, ranges elsewhere
		`{"ipv6": true, "fixed-cidr-v6": "fd00::1/129", "mtu": -1, "ip": "1.2.3.4.5"}`,   // prefixes and addresses that are none
		`{"hosts": ["tcp://:99999", "unix://", "fd://", "tcp://[::1", "x://"]}`,          // listeners
		`{"cluster-store": "consul://", "cluster-advertise": "eth0:0", "cluster-store-opts": {"kv.cacertfile": "/x"}}`,
		`{"cluster-store": "etcd://a,b,c/p", "cluster-advertise": ":::"}`, // stores that are not ours
		`{"iptables": false, "ip-masq": true, "userland-proxy": false, "icc": false, "live-restore": true}`,
		`{"dns": ["x", "::"], "dns-search": ["."], "dns-opts": [""], "bridge": "none"}`, `{"bridge": "nosuch", "bip": "1.1.1.1/32"}`,
		`{"MTU": 1, "Bip": "10.1.1.1/24", "log-opts": 1, "unknown": {}}`, // the case of keys, types, unknown ones
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := sim.NewLoop(1)
		h := NewHost(l, HostSpec{Name: "h", NS: stack.New(l, "h", stack.Options{Host: true}), DaemonJSON: text})
		defer func() {
			h.KillAll()
			l.RunFor(0)
			h.Close()
			h.NS().Close()
			l.Close()
		}()
		var err error
		p := l.Go("start", func(*sim.Proc) { err = h.Daemon.Start() })
		if e := l.Run(p.Done, 5*time.Minute); e != nil {
			t.Fatalf("%q: %v", text, e)
		}
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Errorf("%q: no reason", text)
			}
			return
		}
		before := len(h.NS().Interfaces())
		p = l.Go("network", func(*sim.Proc) {
			n, _, e := h.Daemon.Networks.Create(network.Create{Name: "n1"})
			if e != nil {
				return // no pool is left
			}
			if err = h.Daemon.Networks.Remove(n.ID); err != nil {
				return
			}
			err = h.Daemon.Stop()
		})
		if e := l.Run(p.Done, l.Now()+5*time.Minute); e != nil || err != nil {
			t.Fatalf("%q: %v, %v", text, e, err)
		}
		if after := len(h.NS().Interfaces()); after != before {
			t.Errorf("%q: %d interfaces, after a network was made and removed %d", text, before, after)
		}
	})
}

// FuzzResolv holds what is made of a resolv.conf: written and read again it is
// the same.
func FuzzResolv(f *testing.F) {
	for _, s := range []string{
		"nameserver 10.0.0.2\nsearch a b\noptions ndots:2 edns0\n",                            // as it is
		"nameserver\nsearch .\n;x\n#y\nnameserver 1 # z\r\n",                                  // no value, the root, comments, another system's ends
		"domain a\nsearch b\noptions", "\x00nameserver ::1%eth0", "options a#b\nnameserver #", // the last one counts, a zone
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := resolvconf.Parse(text).Build()
		if twice := resolvconf.Parse(once).Build(); twice != once {
			t.Errorf("%q reads as %q and that as %q", text, once, twice)
		}
	})
}

// FuzzResolver asks the name server of a container's network any question: a
// plain one has one answer with its identifier, any other at most one. A reverse
// question about what is no address is none to libnetwork, which logs it and
// says nothing (resolver.go: "invalid PTR query").
func FuzzResolver(f *testing.F) {
	question := func(name string, qtype uint16) []byte {
		b := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00")
		for _, l := range strings.Split(name, ".") {
			b = append(append(b, byte(len(l))), l...)
		}
		return append(b, 0, byte(qtype>>8), byte(qtype), 0, 1)
	}
	for _, b := range [][]byte{
		question("ca", 1), question("ca.net1", 28), question("CA.NET1", 255), question("2.0.18.172.in-addr.arpa", 12), // as they are asked
		question("www.baidu.com", 1), question("nosuch", 65535), question("a.b.c.d.e.f.ca", 1), question("9.9.9.in-addr.arpa", 12), question("\x00\xff", 1), // names of others, none, no text
		[]byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"), []byte("\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01"), // a name that is itself, an answer
		[]byte("\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x01\x00\x01"), []byte("\x12"), nil, // two questions, less than a header
	} {
		f.Add(b)
	}
	w := newWorld(f, "")
	w.network(w.a, network.Create{Name: "net1"})
	ca := w.run(w.a, named("ca", container.HostConfig{NetworkMode: "net1"}))
	ns := ca.run.sandbox.NS
	f.Fuzz(func(t *testing.T, wire []byte) {
		w.t = t
		w.do(func() {
			c, err := ns.ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			c.WriteTo(wire, netip.AddrPortFrom(network.ResolverAddr, 53))
			var got [][]byte
			buf := make([]byte, 65535)
			for {
				n, _, err := c.ReadFrom(buf, 20*time.Second)
				if err != nil {
					break
				}
				got = append(got, append([]byte(nil), buf[:n]...))
			}
			if len(got) > 1 || len(got) == 0 && plain(wire) {
				t.Errorf("%x has %d answers", wire, len(got))
			}
			for _, b := range got {
				if len(b) < 12 || b[0] != wire[0] || b[1] != wire[1] || b[2]&0x80 == 0 {
					t.Errorf("%x is answered %x", wire, b)
				}
			}
		})
	})
}

// plain reports whether a message is a query with one question and no more.
func plain(b []byte) bool {
	if len(b) < 17 || len(b) > 12+255+4 || b[2]&0xf8 != 0 || string(b[4:12]) != "\x00\x01\x00\x00\x00\x00\x00\x00" {
		return false
	}
	name := b[12:]
	for b = b[12:]; len(b) > 4 && b[0] > 0 && b[0] < 64 && len(b) > int(b[0])+5; {
		b = b[1+b[0]:]
	}
	if len(b) != 5 || b[0] != 0 {
		return false
	}
	name = name[:len(name)-5]
	reverse := bytes.HasSuffix(name, []byte("\x07in-addr\x04arpa")) || bytes.HasSuffix(name, []byte("\x03ip6\x04arpa"))
	return reverse || b[2] != 12 || b[1] != 0
}
