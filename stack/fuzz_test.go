package stack

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// FuzzFrames sends two frames of any bytes into a host, from its cable, from a
// container, or out of an overlay: each packet that there then is, the frames
// and what they bring about, has exactly one end, and the host still answers.
func FuzzFrames(f *testing.F) {
	for _, s := range []string{
		"", "00", "ffffffffffff 02420000aaaa", "ffffffffffff 02420000aaaa 0806 0001 0800 06 04 0001", // no header, a cut ARP request
		"ffffffffffff 02420000aaaa 0806 0001 0800 06 04 0001 02420000aaaa 0a00000c 000000000000 0a00000b",                       // who has the host
		"000c29ab0011 02420000aaaa 8100 0005 0800 45", "000c29ab0011 02420000aaaa 86dd 6000000000000001", "x 88a8 0000 8100 00", // a tag, two, IPv6's beginning
		"000c29ab0011 02420000aaaa 0800 45 00 001c 0001 0000 40 01 66c4 0a00000c 0a00000b 0800 f7ff 0000 0000",                                                                 // a ping
		"000c29ab0011 02420000aaaa 0800 4f 00 001c 0001 0000 40 01 0000 0a00000c 0a00000b", "000c29ab0011 02420000aaaa 0800 45 00 ffff 0001 0000 00 06 0000 0a00000c 0a00000b", // options and a length that are not there
		"000c29ab0011 02420000aaaa 0800 45 00 001c 0001 2000 40 11 46b4 0a00000c 0a00000b 1388 1388 0008 0000",                                          // a first piece alone
		"000c29ab0011 02420000aaaa 0800 45 00 003a 0001 0000 40 11 0000 0a00000c 0a00000b 1388 12b5 0026 0000 08000000 00010000 ffffffffffff 0242",      // VXLAN with half a frame
		"000c29ab0011 02420000aaaa 0800 45 00 0038 0001 0000 40 01 0000 0a00000c 0a00000b 0301 0000 0000 0000 45 00 001c 0001 0000 40 11 0000 0a00000b", // an error about nothing
		"000c29ab0011 02420000aaaa 0800 45 00 0028 0001 0000 40 06 0000 0a00000c 0a00000b 1388 0050 00000000 00000000 f0ff 0000 0000 0000",              // TCP with all flags and no options
	} {
		b, _ := hex.DecodeString(strings.Map(func(c rune) rune {
			if c == ' ' || c == 'x' {
				return -1
			}
			return c
		}, s))
		for way := range byte(4) {
			f.Add(way, b, b)
		}
	}
	f.Fuzz(func(t *testing.T, way byte, first, second []byte) {
		l := newFrames(t)
		defer l.close()
		book := &ledger{lives: map[trail.ID]*life{}}
		trail.Of(l.loop).Listen(book.event)
		for i, b := range [][]byte{first, second} {
			l.send(way>>(2*i), b)
			l.loop.RunFor(time.Millisecond)
		}
		l.loop.RunFor(time.Hour) // pieces, neighbours and connections come to their ends
		if wrong := book.close(); len(wrong) > 0 {
			t.Fatalf("%d faults; the first: %s", len(wrong), wrong[0])
		}
		l.do(t, func() {
			if _, err := ping(l.boxes[0], ip("172.17.0.1"), 5*time.Second); err != nil {
				t.Errorf("the host no longer answers: %v", err)
			}
		})
	})
}

// frames is a lab whose host has what reads a packet: a bridge with rules, an
// overlay, listeners.
type frames struct {
	*lab
	out *Interface
}

func newFrames(t testing.TB) *frames {
	l := &frames{lab: newLab(t, 1, Options{})}
	must0(t, l.a.SetSysctl("net.ipv4.ip_forward", "1"))
	iptables(t, l.a, "-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE")
	iptables(t, l.a, "-t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80")
	iptables(t, l.a, "-A FORWARD -m conntrack --ctstate INVALID -j DROP")
	iptables(t, l.a, "-A INPUT -p tcp --dport 81 -j REJECT")
	v, err := l.a.AddVXLAN("vx256", MAC{}, VXLANOptions{VNI: 256, Learning: true, Proxy: true, L2Miss: true, L3Miss: true})
	must0(t, err)
	must0(t, v.AddAddr(pfx("172.16.0.254/24"), AddrOptions{}))
	must0(t, v.SetUp(true))
	l.out = v
	for _, ns := range []*Namespace{l.a, l.boxes[0]} {
		ns.ListenTCP(ap("0.0.0.0:80"))
		ns.ListenUDP(ap("0.0.0.0:5000"))
	}
	return l
}

// send lets a frame arrive from the cable, leave the container, leave through
// the host's own cable, or enter the overlay.
func (l *frames) send(way byte, b []byte) {
	f := link.NewFrame(slices.Clone(b))
	if way&3 != 0 && len(b) < link.HeaderLen {
		return // a packet socket refuses it
	}
	switch way & 3 {
	case 0:
		l.wire.B().Send(f)
	case 1:
		l.boxes[0].Interface("eth0").SendFrame(f)
	case 2:
		l.a.Interface("eth0").SendFrame(f)
	case 3:
		l.out.SendFrame(f)
	}
}
