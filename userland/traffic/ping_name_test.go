package traffic

import (
	"encoding/binary"
	"testing"

	"dnetsim/link"
	"dnetsim/userland/names"
)

// iputils 20221126 asks for the name of each line's address anew: its memory of
// the last one is cleared before it is looked at. What has no name is printed
// as getnameinfo gives it, twice.
func TestIputilsPingAsksForTheNameOfEveryReply(t *testing.T) {
	l := newLab(t)
	ports := map[uint16]bool{}
	stop := l.tools.NS().Interface("eth0").Observe(func(_ link.Direction, f *link.Frame) {
		b := f.Bytes()
		if f.EtherType() == 0x0800 && b[14+9] == 17 && binary.BigEndian.Uint16(b[36:]) == 53 {
			ports[binary.BigEndian.Uint16(b[34:])] = true
		}
	})
	l.run(l.tools, "ping -c 4 www.baidu.com", "")
	if len(ports) != 5 {
		t.Errorf("%d sockets asked the DNS server, want one for the address and four for names", len(ports))
	}
	clear(ports)
	l.run(l.tools, "ping -c 2 172.17.0.2; ping -n -c 2 220.181.38.150", "")
	if len(ports) != 0 {
		t.Errorf("%d sockets asked for the names of numeric targets", len(ports))
	}
	stop()
	l.zone.Add(names.Record{Name: "nameless.example", Type: "A", Value: "172.17.0.2"})
	l.check(l.tools, "ping -c 1 nameless.example", "", 0, `PING nameless.example (172.17.0.2) 56(84) bytes of data.
64 bytes from 172.17.0.2 (172.17.0.2): icmp_seq=1 ttl=64 time=<n> ms

--- nameless.example ping statistics ---
1 packets transmitted, 1 received, 0% packet loss, time <n>ms
rtt min/avg/max/mdev = <n>/<n>/<n>/<n> ms
`)
}
