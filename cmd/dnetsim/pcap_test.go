package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"dnetsim/link"
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
					t.Errorf("%s, %s: VNI %d: %s", name, file, vni, link.Describe(inner, link.DescribeOptions{Ethernet: true}))
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
			t.Log(link.Describe(f, link.DescribeOptions{Ethernet: true}))
		}
		t.Errorf("%d frames, want 4", len(frames))
	}
}
