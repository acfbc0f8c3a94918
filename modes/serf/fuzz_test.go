package serf

import (
	"encoding/hex"
	"net/netip"
	"testing"
	"time"
)

// FuzzPacket gives an agent with a neighbour any datagram and any stream. It
// goes on: a minute later both still know each other.
func FuzzPacket(f *testing.F) {
	for _, c := range captured { // a real cluster's
		raw, _ := hex.DecodeString(c.hex)
		f.Add(raw)
		f.Add(append([]byte{crc, 0, 0, 0, 0}, raw...)) // its sum is wrong
	}
	f.Add([]byte{compound, 2, 0, 3, 0, 1, 1, 2, 3, 4})                                       // two that are none
	f.Add([]byte{compound, 1, 0, 5, compound, 1, 0, 1, ping})                                // one within another
	f.Add([]byte{0xdf, 0xff, 0xff, 0xff, 0xff})                                              // a map of four thousand million
	f.Add([]byte{compress, 0x82, 0xa4, 'A', 'l', 'g', 'o', 0, 0xa3, 'B', 'u', 'f', 0xa1, 1}) // compressed nonsense
	f.Fuzz(func(t *testing.T, b []byte) {
		l := newLab(t, 2)
		l.startAll()
		l.loop.RunFor(time.Second)
		a := l.hosts[0]
		a.Agent.list.Receive(append([]byte(nil), b...), netip.AddrPortFrom(l.hosts[1].ip, 7946))
		l.loop.RunFor(time.Minute)
		if n := len(a.Members()); n < 1 || n > 3 {
			t.Errorf("%x: %d members", b, n)
		}
		if n := a.Agent.list.Queued(); n > 1000 {
			t.Errorf("%x: %d messages are queued", b, n)
		}
	})
}
