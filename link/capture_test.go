package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sort"
	"testing"
	"time"

	"dnetsim/link/reread"
	"dnetsim/link/trail"
	"dnetsim/sim"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// TestCaptureCanBeReadBack: interface names, virtual nanoseconds, the reason of
// a drop as the packet's comment, and a good checksum in the written copy only.
func TestCaptureCanBeReadBack(t *testing.T) {
	loop := sim.NewLoop(1)
	w := NewWire(loop, "cable")
	w.B().Attach(&sink{loop: loop})
	w.Delay = 1234567
	var file bytes.Buffer
	c := NewCapture(&file)
	stop := trail.Of(loop).Listen(c.Event)
	f := NewFrame(unhexFrame(t, synFrame))
	f.Checksum = ChecksumPartial
	before := string(f.Bytes())
	w.A().Send(f.Retain())
	loop.RunFor(time.Second)
	w.A().Impair(Impairment{Loss: 1})
	w.A().Send(f.Retain())
	stop()
	w.A().Send(f.Retain())
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if string(f.Bytes()) != before {
		t.Error("writing changed the frame itself")
	}
	r, err := reread.New(&file)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		place, dropped string
		at             time.Duration
	}{
		{"cable/a", "", 0},
		{"cable/b", "", 1234567},
		{"cable/a", "", time.Second},
		{"cable/a", "loss", time.Second},
	}
	for i, x := range want {
		p, err := r.Next()
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if at := p.At.Sub(sim.Epoch); p.Place != x.place || p.Dropped != x.dropped || at != x.at {
			t.Errorf("packet %d: %s %q at %v, want %s %q at %v", i, p.Place, p.Dropped, at, x.place, x.dropped, x.at)
		}
		if !ChecksumGood(NewFrame(p.Frame)) {
			t.Errorf("packet %d: bad checksum in the file", i)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last packet: %v, want %v", err, io.EOF)
	}
}

// What is written is, byte for byte, what gopacket writes of the same packets.
func TestFilesAreAsGopacketWritesThem(t *testing.T) {
	var ours, theirs bytes.Buffer
	c := NewCapture(&ours)
	intf := func(name string) pcapgo.NgInterface {
		return pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeEthernet}
	}
	ng, err := pcapgo.NewNgWriterInterface(&theirs, intf("a/eth0"), pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "dnetsim"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ng.AddInterface(intf("bdc02/eth0")); err != nil {
		t.Fatal(err)
	}
	places := []trail.Place{{Machine: "a", Interface: "eth0"}, {Machine: "bdc02", Interface: "eth0"}}
	for i := range 40 {
		data := bytes.Repeat([]byte{byte(i)}, 14+i)
		e := trail.Event{At: time.Duration(i) * 1234567891, Place: places[i%2], Verb: []trail.Verb{trail.Send, trail.Receive, trail.Drop}[i%3], Reason: trail.Reason(1 + i%7), Frame: data}
		var opts pcapgo.NgPacketOptions
		switch e.Verb {
		case trail.Send:
			opts.Flags = &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionOutbound}
		case trail.Receive:
			opts.Flags = &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
		default:
			opts.Comments = []string{"dropped: " + e.Why()}
		}
		if i == 0 {
			c.Event(&trail.Event{Verb: trail.Send, Place: places[0], Frame: data})
			c.Event(&trail.Event{Verb: trail.Send, Place: places[1], Frame: data})
			out := pcapgo.NgPacketOptions{Flags: &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionOutbound}}
			for at := range places {
				err = errors.Join(err, ng.WritePacketWithOptions(gopacket.CaptureInfo{Timestamp: sim.Epoch, CaptureLength: len(data), Length: len(data), InterfaceIndex: at}, data, out))
			}
		}
		c.Event(&e)
		err = errors.Join(err, ng.WritePacketWithOptions(gopacket.CaptureInfo{Timestamp: sim.Epoch.Add(e.At), CaptureLength: len(data), Length: len(data), InterfaceIndex: i % 2}, data, opts))
	}
	if err := errors.Join(err, c.Flush(), ng.Flush()); err != nil {
		t.Fatal(err)
	}
	// gopacket writes an interface when it is added, a capture when something happens there.
	sorted := func(b []byte) []string {
		var blocks []string
		for len(b) > 0 {
			n := binary.LittleEndian.Uint32(b[4:])
			blocks, b = append(blocks, string(b[:n])), b[n:]
		}
		sort.Strings(blocks)
		return blocks
	}
	if !slices.Equal(sorted(ours.Bytes()), sorted(theirs.Bytes())) {
		t.Errorf("a capture is\n%x, gopacket writes\n%x", ours.Bytes(), theirs.Bytes())
	}
	ours.Reset()
	theirs.Reset()
	w, err := NewPcapWriter(&ours, LinkSLL2, 60)
	pg := pcapgo.NewWriter(&theirs)
	err = errors.Join(err, pg.WriteFileHeader(60, layers.LinkTypeLinuxSLL2))
	for i := range 20 {
		at, data := sim.Epoch.Add(time.Duration(i)*1234567891), bytes.Repeat([]byte{byte(i)}, 50+i)
		kept := data[:min(len(data), 60)]
		err = errors.Join(err, w.Write(at, data), pg.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(kept), Length: len(data)}, kept))
	}
	if err != nil || !bytes.Equal(ours.Bytes(), theirs.Bytes()) {
		t.Errorf("%v: a file of tcpdump's is\n%x, gopacket writes\n%x", err, ours.Bytes(), theirs.Bytes())
	}
	r, err := NewPcapReader(&ours)
	pr, perr := pcapgo.NewReader(&theirs)
	for range 21 {
		if err != nil || perr != nil {
			t.Fatal(err, perr)
		}
		at, packet, end := r.Next()
		data, ci, pend := pr.ReadPacketData()
		if !at.Equal(ci.Timestamp) && end == nil || !bytes.Equal(packet, data) || end != pend {
			t.Errorf("read back: %v %x %v, by gopacket %v %x %v", at, packet, end, ci.Timestamp, data, pend)
		}
	}
}

// failing is a writer on a full disk.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestCaptureReportsAWriteError(t *testing.T) {
	c := NewCapture(failing{})
	for range 100 {
		c.Event(&trail.Event{Verb: trail.Send, Frame: make([]byte, 1000)})
	}
	if err := c.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Fatalf("got %v, want %v", err, io.ErrShortWrite)
	}
}

func TestMACReadsAndPrints(t *testing.T) {
	for in, want := range map[string]string{
		"02:42:ac:11:00:02": "02:42:ac:11:00:02", "2:42:AC:11:0:2": "02:42:ac:11:00:02", "02-42-ac-11-00-02": "02:42:ac:11:00:02",
		"": "", "02:42:ac:11:00": "", "02:42:ac:11:00:02:03": "", "02:42:ac:11:00:0g": "", "002:42:ac:11:00:02": "", "02:42:ac:11:00:": "",
	} {
		m, err := ParseMAC(in)
		if got := m.String(); err == nil && got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %v %v, want %q", in, m, err, want)
		}
	}
}
