package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dnetsim/link"
	"dnetsim/link/print"
	"dnetsim/link/reread"
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
			frames := captured(t, filepath.Join(folder, file))
			tunnelled := 0
			for _, f := range frames {
				vni, inner, ok := tunnel(f.Frame)
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

// captured are the packets of a pcapng file.
func captured(t *testing.T, path string) (out []reread.Packet) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := reread.New(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
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
	frames := captured(t, filepath.Join(folder, "bdc01-docker0.pcapng"))
	if len(frames) != 4 { // ARP and its answer, echo and its reply
		for _, f := range frames {
			t.Log(print.Packet(f.Frame, print.Options{Ethernet: true}))
		}
		t.Errorf("%d frames, want 4", len(frames))
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
	died, shown := 0, false
	for _, p := range captured(t, filepath.Join(folder, "all.pcapng")) {
		if p.Place == "bdc01/eth0" && p.Dropped == "host-unreachable" {
			died++
		}
		shown = shown || strings.Contains(print.Packet(p.Frame, print.Options{}), "10.0.0.11 > 10.0.0.77: ICMP echo request")
	}
	if died != 1 {
		t.Errorf("the echo request died %d times of host-unreachable at bdc01/eth0, want once", died)
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
	n := 0
	for _, p := range captured(t, file) {
		if strings.Contains(p.Dropped, "filter") {
			n++
			if p.Place != "bdc01/docker0" || p.Dropped != "netfilter:filter/FORWARD: -i docker0 -o docker0 -j DROP" {
				t.Errorf("dropped at %s: %s", p.Place, p.Dropped)
			}
		}
	}
	if n != 2 {
		t.Errorf("two echo requests died %d times of a filter", n)
	}
}

// explain --pcap writes the probe's own capture, and names each hop's frame in
// it: the one in which the packet died has the reason as its comment.
func TestExplainNumbersTheFramesOfItsCapture(t *testing.T) {
	file := filepath.Join(t.TempDir(), "probe.pcapng")
	code, out, errs := call(t, "", nil, "explain", "overlay-ping", "--json", "--pcap", file)
	if code != exitFailed {
		t.Fatalf("status %d\n%s", code, errs)
	}
	var r struct {
		Forward struct {
			Hops []struct {
				Verb, Reason string
				Frame        int
			}
			End struct{ Reason string }
		}
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	frames, last := captured(t, file), r.Forward.Hops[len(r.Forward.Hops)-1]
	if last.Frame < 1 || last.Frame > len(frames) || frames[last.Frame-1].Dropped != r.Forward.End.Reason {
		t.Errorf("the end %+v is not in its frame of %d", last, len(frames))
	}
}
