package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dnetsim/link"
	"dnetsim/link/print"

	"github.com/gopacket/gopacket/pcapgo"
)

// The captures of the hosts' own interfaces tell the two scenarios apart: no
// packet of the overlay leaves a host while it fails. When it works the tunnel
// is number 256, and no ARP comes through it: each host answers for the other.
func TestCapturesOfTheUnderlay(t *testing.T) {
	for name, want := range map[string]bool{"overlay-ping": false, "overlay-ping-fixed": true} {
		folder := t.TempDir()
		if code, _, errs := call(t, "", nil, "run", name, "--quiet", "--pcap", folder); code != exitOK {
			t.Fatalf("%s: status %d\n%s", name, code, errs)
		}
		for _, file := range []string{"bdc01-eth0.pcapng", "bdc02-eth0.pcapng"} {
			frames := packets(t, filepath.Join(folder, file))
			tunnelled := 0
			for _, f := range frames {
				vni, inner, ok := tunnel(f)
				if !ok {
					continue
				}
				tunnelled++
				if typ := binary.BigEndian.Uint16(inner[12:]); vni != 256 || typ != link.TypeIPv4 {
					t.Errorf("%s, %s: VNI %d: %s", name, file, vni, print.Packet(inner, print.Options{Ethernet: true}))
				}
			}
			if len(frames) == 0 || tunnelled > 0 != want {
				t.Errorf("%s, %s: %d of %d packets are VXLAN", name, file, tunnelled, len(frames))
			}
		}
	}
}

// tunnel takes a datagram to UDP port 4789 apart.
func tunnel(f []byte) (vni uint32, inner []byte, ok bool) {
	const udp = link.HeaderLen + 20
	if len(f) < udp+8 || binary.BigEndian.Uint16(f[12:]) != link.TypeIPv4 || f[23] != 17 ||
		binary.BigEndian.Uint16(f[udp+2:]) != link.VXLANPort {
		return 0, nil, false
	}
	return link.ParseVXLAN(f[udp+8:])
}

// packets are those of a pcapng file: of every block, if it is an enhanced
// packet block (type 6), the captured bytes.
func packets(t *testing.T, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for len(b) > 0 {
		n := binary.LittleEndian.Uint32(b[4:])
		if n < 12 || int(n) > len(b) {
			t.Fatalf("%s: a block of %d bytes, %d are left", path, n, len(b))
		}
		if binary.LittleEndian.Uint32(b) == 6 {
			out = append(out, b[28:28+binary.LittleEndian.Uint32(b[20:])])
		}
		b = b[n:]
	}
	return out
}

// A bridge is an interface too, and its capture has each frame once.
func TestCaptureOfABridgeHasEachFrameOnce(t *testing.T) {
	folder := t.TempDir()
	scenario := filepath.Join(folder, "one.yaml")
	text := "lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}\nhosts:\n  bdc01: {address: 10.0.0.11}\nsteps:\n" +
		"  - bdc01$ docker run -itd --name c1 busybox\n  - bdc01$ docker exec c1 ping -c 1 10.0.0.11\n"
	if err := os.WriteFile(scenario, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "", nil, "run", scenario, "--quiet", "--pcap", folder); code != exitOK {
		t.Fatalf("status %d\n%s", code, errs)
	}
	frames := packets(t, filepath.Join(folder, "bdc01-docker0.pcapng"))
	if len(frames) != 4 { // ARP and its answer, echo and its reply
		for _, f := range frames {
			t.Log(print.Packet(f, print.Options{Ethernet: true}))
		}
		t.Errorf("%d frames, want 4", len(frames))
	}
}

// comments are those of a pcapng file's packets: "dropped: REASON" of those that
// died.
func comments(t *testing.T, path string) (out []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, ci, opts, err := r.ReadPacketDataWithOptions()
		if err != nil {
			return out
		}
		at, _ := r.Interface(ci.InterfaceIndex)
		for _, c := range opts.Comments {
			out = append(out, at.Name+" "+c)
		}
	}
}

// A packet whose neighbour does not answer ends in the capture, with its bytes
// and its reason.
func TestCaptureShowsThePacketThatDiedOfAnUnansweredARP(t *testing.T) {
	folder := t.TempDir()
	text := "lan: {subnet: 10.0.0.0/24}\nhosts:\n  bdc01: {address: 10.0.0.11}\nsteps:\n" +
		"  - {run: 'bdc01$ ping -c 1 -W 5 10.0.0.77', expect: {exit: any}}\n"
	code, _, errs := call(t, text, nil, "run", "-", "--quiet", "--pcap", filepath.Join(folder, "all.pcapng"), "--trace")
	if code != exitOK {
		t.Fatalf("status %d: %s", code, errs)
	}
	died := 0
	for _, c := range comments(t, filepath.Join(folder, "all.pcapng")) {
		if c == "bdc01/eth0 dropped: host-unreachable" {
			died++
		}
	}
	if died != 1 {
		t.Errorf("the echo request died %d times of host-unreachable at bdc01/eth0, want once", died)
	}
	frames := packets(t, filepath.Join(folder, "all.pcapng"))
	shown := false
	for _, f := range frames {
		shown = shown || strings.Contains(print.Packet(f, print.Options{}), "10.0.0.11 > 10.0.0.77: ICMP echo request")
	}
	if !shown || !strings.Contains(errs, "drop (host-unreachable) 00:00:00:00:00:00 > 00:00:00:00:00:00, ethertype IPv4 (0x0800), length 98: 10.0.0.11 > 10.0.0.77: ICMP echo request") {
		t.Errorf("the request is not shown with its bytes:\n%s", errs)
	}
}

// What a rule drops on its way through a bridge dies once.
func TestCaptureShowsABridgedDropOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.pcapng")
	text := "lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}\nhosts:\n  bdc01: {address: 10.0.0.11, daemon: {icc: false}}\nsteps:\n" +
		"  - bdc01$ docker run -itd --name c1 busybox\n  - bdc01$ docker run -itd --name c2 busybox\n" +
		"  - {run: 'bdc01$ docker exec c1 ping -c 2 -W 1 172.17.0.3', expect: {exit: any}}\n"
	if code, _, errs := call(t, text, nil, "run", "-", "--quiet", "--pcap", file); code != exitOK {
		t.Fatalf("status %d: %s", code, errs)
	}
	want := "bdc01/docker0 dropped: netfilter:filter/FORWARD: -i docker0 -o docker0 -j DROP"
	n := 0
	for _, c := range comments(t, file) {
		if strings.Contains(c, "filter") {
			n++
			if c != want {
				t.Errorf("dropped: %q, want %q", c, want)
			}
		}
	}
	if n != 2 {
		t.Errorf("two echo requests died %d times of a filter", n)
	}
}
