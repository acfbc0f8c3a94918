package link

import (
	"bytes"
	"io"
	"testing"
	"time"

	"dnetsim/link/reread"
	"dnetsim/link/trail"
)

// FuzzPcap reads a capture file and writes what it read: read again it is the
// same, and no packet is longer than the file.
func FuzzPcap(f *testing.F) {
	var b bytes.Buffer
	w, err := NewPcapWriter(&b, LinkEthernet, 1500)
	if err == nil {
		err = w.Write(time.Unix(1, 1000), []byte("frame"))
	}
	if err != nil {
		f.Fatal(err)
	}
	file := b.Bytes()
	f.Add(file)
	f.Add(append([]byte("\xa1\xb2\x3c\x4d\x00\x02\x00\x04"), file[8:]...)) // the other order of bytes, nanoseconds
	f.Add(file[:30])                                                       // a cut head
	long := bytes.Clone(file)
	copy(long[16:], "\xff\xff\xff\xff")
	copy(long[32:], "\xff\xff\xff\x7f\xff\xff\xff\x7f")
	f.Add(long)                                                              // lengths beyond the file, and beyond memory
	f.Add([]byte("\n\r\r\n\x1c\x00\x00\x00M<+\x1a\x01\x00\x00\x00\xff\xff")) // pcapng
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewPcapReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		var again bytes.Buffer
		w, err := NewPcapWriter(&again, r.LinkType(), maxPacket)
		if err != nil {
			t.Fatal(err)
		}
		var packets [][]byte
		for {
			at, packet, err := r.Next()
			if err != nil {
				break
			}
			if len(packet) > len(data) {
				t.Fatalf("a file of %d bytes has a packet of %d", len(data), len(packet))
			}
			packets = append(packets, packet)
			if err := w.Write(at, packet); err != nil {
				t.Fatal(err)
			}
		}
		if r, err = NewPcapReader(&again); err != nil {
			t.Fatal(err)
		}
		for i, want := range packets {
			if _, got, err := r.Next(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("packet %d of %x is %x, written and read %x: %v", i, data, want, got, err)
			}
		}
		if _, _, err := r.Next(); err != io.EOF {
			t.Fatalf("there is more than was written: %v", err)
		}
	})
}

// FuzzCapture reads a pcapng file. It ends, and no packet is longer than the
// file; what a [Capture] wrote is among the seeds, whole and cut anywhere.
func FuzzCapture(f *testing.F) {
	var b bytes.Buffer
	c := NewCapture(&b)
	c.Event(&trail.Event{Verb: trail.Send, Place: trail.Place{Machine: "bdc01", Interface: "eth0"}, Frame: []byte("frame")})
	c.Event(&trail.Event{Verb: trail.Drop, Reason: trail.NoRoute, Place: trail.Place{Machine: "bdc02", Interface: "eth0"}, Frame: []byte("another")})
	if err := c.Flush(); err != nil {
		f.Fatal(err)
	}
	file := b.Bytes()
	f.Add(file)
	f.Add(file[:len(file)-5])
	long := bytes.Clone(file)
	copy(long[4:], "\xff\xff\xff\x7f") // a head longer than the file
	f.Add(long)
	f.Add(append(bytes.Clone(file), file...)) // two sections
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := reread.New(bytes.NewReader(data))
		if err != nil {
			return
		}
		for n := 0; ; n++ {
			p, err := r.Next()
			if err != nil {
				return
			}
			if len(p.Frame) > len(data) || n > len(data) {
				t.Fatalf("a file of %d bytes has packet %d of %d", len(data), n, len(p.Frame))
			}
		}
	})
}
