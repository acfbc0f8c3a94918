package netconf

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// longest is how much a command with one line of arguments may print.
const longest = 1 << 20

// fuzzHost is a host with an interface on a cable and a bridge, made anew for
// every line: what one line changes must not decide about the next.
func fuzzHost(t *testing.T) *userland.Machine {
	loop := sim.NewLoop(1)
	ns := stack.New(loop, "h", stack.Options{Host: true})
	eth0, err := ns.AddPhysical("eth0", stack.MAC{0, 0xc, 0x29, 0, 0, 1}, link.NewWire(loop, "lan").A())
	check(t, err)
	check(t, eth0.AddAddr(netip.MustParsePrefix("10.0.0.11/24"), stack.AddrOptions{AutoBroadcast: true}))
	check(t, eth0.SetUp(true))
	br, err := ns.AddBridge("docker0", stack.MAC{2, 0x42, 0, 0, 0, 1})
	check(t, err)
	check(t, br.SetUp(true))
	m := userland.NewMachine(loop, "h", ns)
	m.Programs = Host()
	return m
}

// FuzzNetconf gives ip, tc, ifconfig and their like any arguments, two lines one
// after the other. They end, in bounded virtual time and with bounded output,
// and what is asked for as JSON is JSON. After the first byte, which says whose
// programs they are (a host's or busybox's), a line is a command and its
// arguments.
func FuzzNetconf(f *testing.F) {
	for _, seed := range []string{
		"ip addr add 10.1.1.1/33 dev eth0\nip -j addr",                                             // a mask that is too long
		"ip -4 -o -d -s addr show dev eth0 scope global up\nip -br -c link",                        // flags before and words after
		"ip link add v0 type veth peer name v1\nip link set v1 netns 1 name eth9 mtu 70000",        // a pair, a namespace by PID
		"ip link add vx type vxlan id 16777216 remote 1.2.3.4 dstport 4789\nip -d -j link",         // an identifier of 25 bits
		"ip link add link eth0 name e.4095 type vlan id 4095\nip link set e.4095 master docker0",   // a VLAN on the edge
		"ip link add link eth0 m type macvlan mode bridge\nip link add link m n type macvlan",      // stacked
		"ip route add default via 10.0.0.2 dev eth0 metric 4294967296\nip -j route show table all", // a metric that does not fit
		"ip route add 10.9.0.0/16 nexthop via 10.0.0.3 weight 300\nip route get 10.9.0.1 from 10.0.0.11 iif lo",
		"ip rule add from 10/8 fwmark 0x1/0xffffffffff lookup 99999999999\nip -j rule",       // numbers beyond their types
		"ip neigh add 10.0.0.9 lladdr 00:11:22:33:44 dev eth0 nud permanent\nip -s -j neigh", // five bytes of six
		"ip netns add ../../x\nip -n x exec ip netns exec x ip a",                            // a path for a name
		"ip tunnel add\nip maddr", "ip xfrm\nip help", "ip\nip -V", // what is not there
		"tc qdisc add dev eth0 root netem delay 100ms 10ms 25% loss 0.1% rate 1mbit\ntc -s qdisc",
		"ifconfig eth0:1 10.0.0.12 netmask 255.0.255.0 broadcast 1.1.1.1 up\nifconfig -a", // a mask with holes
		"ifconfig eth0 hw ether 01:00:00:00:00:00\nifconfig -s eth0",                      // a group's address
		"route add -net 10.0.0.1 netmask 255.255.255.0 gw 10.0.0.2\nroute -n -e -e",       // host bits below the mask
		"arp -s 10.0.0.7 00:00:00:00:00:zz temp\narp -an -i eth0",
		"bridge fdb add 00:00:00:00:00:00 dev eth0 dst 1.2.3.4 vni 5 self permanent\nbridge -j -s fdb",
		"bridge vlan add vid 1-4095 dev docker0 pvid untagged self\nbridge link",
		"brctl addif docker0 docker0\nbrctl showmacs docker0",                                    // into itself
		"sysctl -w net.ipv4.ip_forward=2 net..x=1\nsysctl -a -e -N -r ^net[",                     // a pattern that does not end
		"ss -tulpn4 state established ( sport = :22 or dport >= :1024 ) and not src 10/8\nss -s", // a filter's grammar
		"netstat -rnaltupW46\nnetstat -s -c", "iptables -t nat -A POSTROUTING -s 1/33 ! -o x -j MASQUERADE\niptables-save -c",
		"ethtool -K eth0 tx off rx maybe\nethtool -S lo", "conntrack -L -p tcp --dport 99999\nconntrack -D -s 1",
		"nsenter -t 1 -n ip a\nnsenter --net=/proc/0/ns/net true",
	} {
		f.Add(byte(0), seed)
		f.Add(byte(1), seed)
	}
	f.Fuzz(func(t *testing.T, whose byte, text string) {
		m := fuzzHost(t)
		if whose&1 == 1 {
			m.Programs = Busybox()
		}
		defer m.NS().Close()
		lines := strings.SplitN(text, "\n", 3)
		for _, line := range lines[:min(2, len(lines))] {
			args := strings.Fields(line)
			if len(args) == 0 || m.Programs[args[0]] == nil {
				continue
			}
			var out, errs bytes.Buffer
			p := m.Start(userland.ProcSpec{Program: m.Programs[args[0]], Args: args, Stdout: &out, Stderr: &errs})
			m.Loop().Run(p.Done, m.Loop().Now()+time.Minute)
			p.Signal(userland.SIGKILL) // netstat -c and ip monitor go on for ever
			m.Loop().RunFor(0)
			if n := out.Len() + errs.Len(); n > longest {
				t.Errorf("%q prints %d bytes", line, n)
			}
			if asJSON(args) && p.Status() == 0 && out.Len() > 0 && !json.Valid(out.Bytes()) {
				t.Errorf("%q prints\n%s", line, &out)
			}
		}
	})
}

// asJSON tells whether a line of ip or bridge asks for JSON and for nothing that
// is text all the same.
func asJSON(args []string) bool {
	if args[0] != "ip" && args[0] != "bridge" || len(args) < 3 || args[1] != "-j" {
		return false
	}
	switch args[2] {
	case "link", "addr", "route", "neigh", "rule", "fdb":
		return len(args) == 3
	}
	return false
}

// FuzzEtcHosts gives arp, route and their like any /etc/hosts: the name that an
// address has there has an address, and an address is itself.
func FuzzEtcHosts(f *testing.F) {
	f.Add("127.0.0.1 localhost\n10.0.0.11 bdc01 bdc01.lan # the first\n::1 localhost", "10.0.0.11")
	f.Add("10.0.0.11\n\t10.0.0.11   bdc01\n#10.0.0.11 x", "10.0.0.11")   // no name, white space, a comment
	f.Add("fe80::1%eth0 a\n::ffff:10.0.0.11 b\n010.0.0.11 c", "fe80::1") // a zone, a mapped one, octal
	f.Add("10.0.0.11 10.0.0.12\r\n\x00 \xff", "10.0.0.12")               // an address for a name, no text
	f.Fuzz(func(t *testing.T, hosts, address string) {
		a, err := netip.ParseAddr(address)
		if err != nil {
			return
		}
		m := fuzzHost(t)
		defer m.NS().Close()
		check(t, m.FS().WriteFile("/etc/hosts", []byte(hosts), 0o644))
		look := func(p *userland.Process) int {
			if got, ok := hostAddress(p, address); !ok || got != a {
				t.Errorf("%q is %v", address, got)
			}
			if name, ok := hostName(p, a); ok {
				if _, ok := hostAddress(p, name); !ok {
					t.Errorf("%v is %q in %q, which has no address", a, name, hosts)
				}
			}
			return 0
		}
		p := m.Start(userland.ProcSpec{Program: look, Args: []string{"look"}})
		m.Loop().Run(p.Done, m.Loop().Now()+time.Minute)
	})
}
