package stack

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
)

// flagsSent sends an echo request of n bytes of IP data in each of the ways and
// returns what left eth0 as "length flags", flags as tcpdump prints them.
func flagsSent(t *testing.T, l *lab, n int, ways ...PMTU) string {
	t.Helper()
	var seen []string
	l.b.Interface("eth0").Observe(func(d link.Direction, f *link.Frame) {
		if d != link.Out || f.EtherType() != link.TypeIPv4 {
			return
		}
		p := f.Payload()
		flags := map[uint16]string{0x4000: "DF", 0x2000: "+", 0: "none"}[binary.BigEndian.Uint16(p[6:])&0xe000]
		seen = append(seen, fmt.Sprintf("%d [%s]", binary.BigEndian.Uint16(p[2:]), flags))
	})
	l.do(t, func() {
		for _, how := range ways {
			c, _ := l.b.OpenICMP(false)
			c.SetPMTU(how)
			m := make([]byte, n-20)
			m[0] = icmpEcho
			s := ^sum(0, m)
			m[2], m[3] = byte(s>>8), byte(s)
			if err := c.Send(ip("10.0.0.11"), m); err != nil {
				seen = append(seen, err.Error())
			}
			l.loop.Current().Sleep(10 * time.Millisecond)
			c.Close()
		}
	})
	return strings.Join(seen, ", ")
}

// Linux's sockets discover the path's MTU unless told otherwise: what fits
// forbids fragmenting, what does not fit is cut (ip(7), IP_MTU_DISCOVER).
func TestWhatFitsForbidsFragmenting(t *testing.T) {
	for _, c := range []struct {
		bytes  int
		sysctl string
		want   string
	}{
		{1500, "0", "1500 [DF], 1500 [none], 1500 [DF]"},
		{1501, "0", "1500 [+], 21 [none], 1500 [+], 21 [none], Message too long"},
		{1500, "1", "1500 [none], 1500 [none], 1500 [DF]"},
	} {
		l := newLab(t, 0, Options{})
		must0(t, l.b.SetSysctl("net.ipv4.ip_no_pmtu_disc", c.sysctl))
		if got := flagsSent(t, l, c.bytes, PMTUWant, PMTUDont, PMTUDo); got != c.want {
			t.Errorf("%d bytes, ip_no_pmtu_disc %s: want, dont, do send\n got %s\nwant %s", c.bytes, c.sysctl, got, c.want)
		}
		l.close()
	}
}
