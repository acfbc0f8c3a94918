package pcapfilter

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// The frames that filters are tried on.
const (
	arpFrame  = "ffffffffffff 0242ac110002 0806 0001 0800 0604 0001 0242ac110002 ac110002 000000000000 ac110003"
	echoFrame = "0242ac110003 0242ac110002 0800 4500001c00010000 4001 0000 ac110002 ac110003 0800 f7fc 0001 0002"
	dnsFrame  = "0242ac110003 0242ac110002 0800 4500003b00010000 4011 0000 ac110002 08080808 8000 0035 0027 0000" +
		"1234 0100 0001 0000 0000 0000 03777777 0562616964 7503636f6d 00 0001 0001"
	synFrame = "0242ac110003 0242ac110002 0800 4500002800014000 4006 0000 ac110002 ac110003 c000 0050 00000064 00000000 5002 faf0 0000 0000"
	nsFrame  = "3333ff000002 0242ac110002 86dd 6000000000203aff fe80000000000000000000000000 0001" +
		"ff0200000000000000000001ff000002 8700 0000 00000000 fe800000000000000000000000000002 0101 0242ac110002"
)

func unhexFrame(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFilterSelectsWhatTcpdumpWould tries expressions on five frames: the
// string has a letter for each frame that passes.
func TestFilterSelectsWhatTcpdumpWould(t *testing.T) {
	frames := map[byte]string{'a': arpFrame, 'i': echoFrame, 'd': dnsFrame, 's': synFrame, 'n': nsFrame}
	for _, c := range []struct{ expr, want string }{
		{"", "aidsn"},
		{"icmp or arp", "ai"},
		{"icmp", "i"}, {"arp", "a"}, {"ip", "ids"}, {"ip6", "n"}, {"tcp", "s"}, {"udp", "d"}, {"icmp6", "n"},
		{"not ip", "an"}, {"! ip", "an"}, {"not icmp and not arp", "dsn"},
		{"host 172.17.0.3", "ais"}, {"ip host 172.17.0.3", "is"}, {"arp host 172.17.0.3", "a"},
		{"src host 172.17.0.3", ""}, {"dst 172.17.0.3", "ais"}, {"host 172.17.0.3 or 8.8.8.8", "aids"},
		{"host 172.17.0.2 and 8.8.8.8", "d"},
		{"net 172.17.0.0/16", "aids"}, {"net 172.17", "aids"}, {"src net 8.0.0.0/8", ""}, {"dst net 8.0.0.0 mask 255.0.0.0", "d"},
		{"port 53", "d"}, {"udp port 53", "d"}, {"tcp port 53", ""}, {"port domain", "d"}, {"port 53 or 80", "ds"},
		{"src port 32768", "d"}, {"dst port 80", "s"}, {"src or dst port 80", "s"}, {"portrange 50-90", "ds"},
		{"udp port 4789 or port 7946", ""},
		{"ether host 02:42:ac:11:00:02", "aidsn"}, {"ether dst 02:42:ac:11:00:03", "ids"},
		{"broadcast", "a"}, {"ether broadcast", "a"}, {"multicast", "an"}, {"ip6 multicast", "n"},
		{"ether proto 0x0806", "a"}, {"ether proto \\arp", "a"}, {"ip proto 6", "s"}, {"ip proto \\tcp", "s"}, {"ip6 proto 58", "n"},
		{"less 42", "ai"}, {"greater 80", "n"}, {"len > 42", "dsn"}, {"len<=42", "ai"},
		{"tcp[tcpflags] & tcp-syn != 0", "s"}, {"tcp[13] & 16 != 0", ""}, {"tcp[tcpflags]&(tcp-syn|tcp-ack)==tcp-syn", "s"},
		{"(tcp[13] & 2) != 0", "s"}, {"icmp[icmptype] == icmp-echo", "i"}, {"icmp[0]=8", "i"},
		{"ip[2:2] > 50", "d"}, {"ip[8] - 1 = 63", "ids"}, {"icmp6[icmp6type] == 135", "n"}, {"ether[0] & 1 = 1", "an"},
		{"icmp or arp and host 8.8.8.8", ""}, {"arp or (icmp and host 8.8.8.8)", "a"},
		{"tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)", ""},
		{"host fe80::1", "n"}, {"net fe80::/10", "n"}, {"not port 53 and not arp", "isn"}, {"vlan", ""},
	} {
		f, err := Parse(c.expr)
		if err != nil {
			t.Errorf("%q: %v", c.expr, err)
			continue
		}
		got := ""
		for _, k := range []byte("aidsn") {
			if f.Match(unhexFrame(t, frames[k])) {
				got += string(k)
			}
		}
		if got != c.want {
			t.Errorf("%q passes %q, want %q", c.expr, got, c.want)
		}
	}
}

func TestFilterRefusesWhatItCannotRead(t *testing.T) {
	for _, expr := range []string{"host", "port", "and", "icmp and", "(icmp", "icmp)", "tcp[13", "port 80 8080 x", "not", "ether", "len >", "icmp arp", "@"} {
		if _, err := Parse(expr); err == nil {
			t.Errorf("%q: no error", expr)
		}
	}
	for expr, want := range map[string]string{
		"host nosuch":       "unknown host 'nosuch'",
		"port 70000":        "illegal port number 70000 > 65535",
		"net 10.1.2.3/8":    "non-network bits set in \"10.1.2.3/8\"",
		"port nosuchport":   "unknown port 'nosuchport'",
		"icmp or or arp":    errSyntax.Error(),
		"ether host nosuch": "unknown ether host 'nosuch'",
	} {
		if _, err := Parse(expr); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", expr, err, want)
		}
	}
	if _, err := Parse("icmp or"); !errors.Is(err, errSyntax) {
		t.Errorf("unfinished expression: %v, want %v", err, errSyntax)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("tcp[tcpflags] & tcp-syn != 0 and not (host 10.0.0.1 or port 53)", []byte("0123456789012345678901234567890123456789"))
	f.Fuzz(func(t *testing.T, expr string, frame []byte) {
		if flt, err := Parse(expr); err == nil {
			flt.Match(frame)
		}
	})
}
