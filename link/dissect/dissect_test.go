package dissect

import (
	"encoding/hex"
	"strings"
	"testing"
)

// vxlan is an ICMP echo request in a tunnel, as a capture of an overlay has it.
const vxlan = "000c29ab0012000c29ab00110800" +
	"4500008610a60000401115980a00000b0a00000c" + // IPv4, UDP
	"d2f612b500720000" + "0800000000010000" + // UDP, VXLAN of VNI 256
	"0242ac1000020242ac1000010800" +
	"45000054c0de40004001e26cac100001ac100002" +
	"0800f7a100150000" + "0102030405060708"

func frame(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func names(all []Layer) string {
	var out []string
	for _, l := range all {
		out = append(out, l.Name)
	}
	return strings.Join(out, " ")
}

func value(all []Layer, layer int, field string) string {
	for _, f := range all[layer].Fields {
		if f.Name == field {
			return f.Value
		}
	}
	return ""
}

func TestAFrameWithinAFrame(t *testing.T) {
	b := frame(t, vxlan)
	all := Frame(b)
	if got := names(all); got != "Ethernet IPv4 UDP VXLAN Ethernet IPv4 ICMP data" {
		t.Fatalf("layers: %s", got)
	}
	for _, x := range []struct {
		layer       int
		field, want string
	}{
		{1, "source", "10.0.0.11"}, {1, "header checksum", "0x1598 (wrong)"}, {2, "destination port", "4789"}, {3, "VNI", "256"},
		{4, "destination", "02:42:ac:10:00:02"}, {5, "destination", "172.16.0.2"}, {5, "flags", "DF"}, {6, "type", "8 (echo request)"}, {6, "identifier", "21"}, {7, "length", "8 bytes"},
	} {
		if got := value(all, x.layer, x.field); got != x.want {
			t.Errorf("%s %s is %q, want %q", all[x.layer].Name, x.field, got, x.want)
		}
	}
	if all[3].From != 42 || all[3].To != 50 || all[7].To != len(b) {
		t.Errorf("VXLAN stands at %d to %d, data ends at %d of %d", all[3].From, all[3].To, all[7].To, len(b))
	}
	sound(t, b, all)
}

func TestWhatElseIsTakenApart(t *testing.T) {
	const eth = "0242ac1100030242ac110002"
	for _, x := range []struct{ bytes, layers, layer, field, want string }{
		{"ffffffffffff0242ac1100020806" + "00010800060400010242ac110002ac110002000000000000ac110003", "Ethernet ARP", "ARP", "target address", "172.17.0.3"},
		{eth + "8100000a0806" + "00010800060400010242ac110002ac110002000000000000ac110003", "Ethernet 802.1Q ARP", "802.1Q", "vlan", "10"},
		{eth + "0800" + "4500003c1c4640004006c66eac110002ac110003" + "d4310050a1b2c3d400000000a002faf0fe300000" + "020405b40402080a0000000100000000" + "01030307", "Ethernet IPv4 TCP", "TCP", "option MSS", "1460"},
		{eth + "0800" + "450000391c4640004011c66eac110002ac110003" + "d43100350025fe30" + "123401000001000000000000" + "02633206646f636b65720000010001", "Ethernet IPv4 UDP DNS", "DNS", "question", "c2.docker. A"},
		{eth + "0800" + "450000381c4600004001c66eac110002ac110003" + "0301fcfe00000000" + "4500003c1c4640004006c66eac110002ac110003" + "d4310050a1b2c3d4", "Ethernet IPv4 ICMP quoted IPv4 quoted truncated TCP", "ICMP", "code", "1 (host)"},
		{eth + "86dd" + "6000000000203aff" + "fe80000000000000000000000000000a" + "ff0200000000000000000001ff000003" + "8700abcd00000000" + "fe800000000000000000000000000003" + "01010242ac110002", "Ethernet IPv6 ICMPv6", "ICMPv6", "link address", "02:42:ac:11:00:02"},
		{eth + "0800" + "450000241c4620b94011c66eac110002ac110003" + "0102030405060708", "Ethernet IPv4 data", "IPv4", "fragment offset", "1480"},
		{eth + "0800" + "450000241c4600004032c66eac110002ac110003" + "000001000000002a" + "0102030405060708", "Ethernet IPv4 ESP data", "ESP", "sequence", "42"},
		{eth + "0800" + "450000", "Ethernet truncated IPv4", "truncated IPv4", "", ""},
	} {
		b := frame(t, x.bytes)
		all := Frame(b)
		if got := names(all); got != x.layers {
			t.Errorf("layers: %q, want %q", got, x.layers)
			continue
		}
		for i := range all {
			if all[i].Name == x.layer && value(all, i, x.field) != x.want {
				t.Errorf("%s %s is %q, want %q", x.layer, x.field, value(all, i, x.field), x.want)
			}
		}
		sound(t, b, all)
	}
}

// sound reports fields that stand outside of the frame.
func sound(t *testing.T, b []byte, all []Layer) {
	t.Helper()
	for _, l := range all {
		if l.From < 0 || l.From > l.To || l.To > len(b) {
			t.Errorf("%s stands at %d to %d of %d", l.Name, l.From, l.To, len(b))
		}
		for _, f := range l.Fields {
			if f.From < 0 || f.From > f.To || f.To > len(b) {
				t.Errorf("%s %s stands at %d to %d of %d", l.Name, f.Name, f.From, f.To, len(b))
			}
		}
	}
}

func FuzzFrame(f *testing.F) {
	whole := frame(f, vxlan)
	for n := range whole {
		f.Add(whole[:n])
	}
	f.Add(frame(f, "0242ac1100030242ac1100020800450000391c4640004011c66eac110002ac110003d43100350025fe30123481800001000100000000026332c00c00010001c00c00050001000000100002c00c"))
	f.Fuzz(func(t *testing.T, b []byte) { sound(t, b, Frame(b)) })
}
