package names

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"

	"github.com/miekg/dns"
)

func TestInetAtonForms(t *testing.T) {
	for text, want := range map[string]string{
		"127.1": "127.0.0.1", "10.1.2": "10.1.0.2", "0x7f000001": "127.0.0.1", "1.2.3.4": "1.2.3.4", "::1": "::1",
	} {
		if a, ok := ParseAddr(text); !ok || a.String() != want {
			t.Errorf("%s: got %v, want %s", text, a, want)
		}
	}
	for _, text := range []string{"1.2.3.4.5", "256.1.1.1", "web", "1.2.3.", ""} {
		if a, ok := ParseAddr(text); ok {
			t.Errorf("%q is taken for %v", text, a)
		}
	}
}

// FuzzDNSReply feeds a server's decoder and its answers; the first seed is a
// query for www, the second a name that points at itself.
func FuzzDNSReply(f *testing.F) {
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01"))
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"))
	zone := &Zone{Local: []string{""}}
	zone.AddAlias("a", "b")
	zone.AddAlias("b", "a")
	server := &Server{Zone: zone}
	f.Fuzz(func(t *testing.T, wire []byte) {
		q := &dns.Msg{}
		if q.Unpack(wire) != nil || len(q.Question) != 1 {
			return
		}
		reply := fitUDP(server.Answer(queryOf(q, netip.AddrPort{}, false)).pack(q), q)
		m := &dns.Msg{}
		if err := m.Unpack(reply); err != nil || m.Id != q.Id {
			t.Fatalf("reply %x to %x: %v", reply, wire, err)
		}
	})
}

// FuzzHosts holds /etc/hosts: whatever is in it, a name that a line gives to an
// address has it, and an address has the first name of its first line.
func FuzzHosts(f *testing.F) {
	for _, s := range []string{
		"127.0.0.1\tlocalhost\n10.9.8.7 db db.example.org # the store\n", "10.0.0.1 a\n10.0.0.2 a b\n::1 a", // as it is, a name of three
		"10.0.0.1\n a\n10.0.0.1 #a\n1.2.3 x\n10.0.0.1\r\nb", "::ffff:10.0.0.1 m\nfe80::1%eth0 z\n10.0.0.1 A.", // no name, no address, other forms
		"\xff\x00 \x00\n10.0.0.1 \xff", "",
	} {
		f.Add(s)
	}
	l := sim.NewLoop(1)
	m := userland.NewMachine(l, "h", stack.New(l, "h", stack.Options{Host: true}))
	f.Fuzz(func(t *testing.T, text string) {
		if err := m.FS().WriteFile("/etc/hosts", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		p := m.Start(userland.ProcSpec{Args: []string{"test"}, Program: func(p *userland.Process) int {
			first := map[netip.Addr]string{}
			for _, e := range ReadHosts(p) {
				if first[e.Addr] == "" {
					first[e.Addr] = e.Names[0]
				}
				for _, n := range e.Names {
					if got, _ := lookupHosts(p, n, 0); !slices.Contains(got, e.Addr) {
						t.Errorf("%q: %q has %v, not %v", text, n, got, e.Addr)
					}
				}
			}
			for a, want := range first {
				if got := ReverseLookup(p, a); got != want {
					t.Errorf("%q: %v is %q, want %q", text, a, got, want)
				}
			}
			return 0
		}})
		if err := m.Loop().Run(p.Done, m.Loop().Now()+time.Minute); err != nil {
			t.Fatal(err)
		}
	})
}
