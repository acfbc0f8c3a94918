package netfilter

import (
	"encoding/binary"
	"strings"
	"testing"
)

// vxlanDatagram is an IPv4 packet to port 4789 with a VXLAN header.
func vxlanDatagram(vni uint32) []byte {
	b := make([]byte, 20+8+8+60)
	b[0], b[8], b[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[12:], []byte{10, 0, 0, 11, 10, 0, 0, 12})
	binary.BigEndian.PutUint16(b[20:], 50000)
	binary.BigEndian.PutUint16(b[22:], 4789)
	binary.BigEndian.PutUint16(b[24:], uint16(len(b)-20))
	b[28] = 8
	binary.BigEndian.PutUint32(b[32:], vni<<8)
	return b
}

func TestRulesLookIntoATunnelsHeader(t *testing.T) {
	const bpf = `"7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 4099,6 0 0 0,6 0 0 4294967295"`
	for _, c := range []struct {
		match     string
		vni       uint32
		decrypted bool
		want      bool
	}{
		{"-m bpf --bytecode " + bpf, 4099, false, true},
		{"-m bpf --bytecode " + bpf, 4098, false, false},
		{`-m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100300"`, 4099, false, true},
		{`-m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100300"`, 4098, false, false},
		{"-m policy --dir in --pol none", 1, false, true},
		{"-m policy --dir in --pol none", 1, true, false},
		{"-m policy --dir in --pol ipsec", 1, true, true},
	} {
		r := New(Options{})
		text := "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p udp -m udp --dport 4789 " + c.match + " -j DROP\nCOMMIT\n"
		if err := r.Restore(text, RestoreOptions{}); err != nil {
			t.Errorf("%s: %v", c.match, err)
			continue
		}
		if got := r.Save(SaveOptions{}); !strings.Contains(got, c.match) {
			t.Errorf("%s is saved as\n%s", c.match, got)
		}
		p := Packet{Data: vxlanDatagram(c.vni), Decrypted: c.decrypted}
		if got := r.Traverse(Input, &p).Action == Drop; got != c.want {
			t.Errorf("%s, VNI %d, decrypted %t: drops %t", c.match, c.vni, c.decrypted, got)
		}
	}
}
