package packets

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/link"
	"dnetsim/link/reread"
	"dnetsim/link/trail"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
)

// recorded is a scenario at its end after a line at a place, and what was recorded of
// that.
func recorded(t *testing.T, name, place, line string, limit int) (*Recorder, *replay.World) {
	t.Helper()
	s, err := scenarios.FromLibrary(name)
	if err != nil {
		t.Fatal(err)
	}
	var r *Recorder
	w, err := replay.Open(replay.Options{Scenario: s, Docker: cli.Program, Moment: scenarios.End, Built: func(l *scenarios.Lab) { r = Record(l.Loop, limit) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if _, _, err := w.Line(place, line); err != nil {
		t.Fatal(err)
	}
	return r, w
}

// find is the first row that a filter lets through.
func find(t *testing.T, r *Recorder, filter string) Row {
	t.Helper()
	f, err := ParseFilter(filter)
	if err != nil {
		t.Fatal(err)
	}
	l := r.Rows(f, 0, 1, false)
	if len(l.Rows) == 0 {
		t.Fatalf("no packet passes %q", filter)
	}
	return l.Rows[0]
}

func TestARewriteIsSeenFieldByField(t *testing.T) {
	r, _ := recorded(t, "overlay-ping", "bdc01/c1", "ping -c 1 220.181.38.150", 8<<20)
	row := find(t, r, "icmp and dst host 220.181.38.150")
	if row.Fate != Delivered || row.Proto != "ICMP" || row.Src != "172.18.0.2" || row.Hops < 10 || !strings.Contains(row.Info, "ICMP echo request") {
		t.Errorf("the row: %+v", row)
	}
	d, _ := r.Detail(row.Packet)
	k := slices.IndexFunc(d.Hops, func(h Hop) bool {
		return h.Verb == "rewrite" && h.Rule != nil && strings.Contains(strings.ToUpper(h.Rule.Text), "MASQUERADE")
	})
	if k < 0 || !slices.ContainsFunc(d.Hops[k].Changed, func(c Change) bool {
		return c == Change{"IPv4 source", "172.18.0.2", "10.0.0.11"}
	}) {
		t.Fatalf("no hop rewrites the source: %+v", d.Hops)
	}
	ttl := false
	for _, h := range d.Hops {
		ttl = ttl || slices.ContainsFunc(h.Changed, func(c Change) bool { return c == Change{"IPv4 TTL", "64", "63"} })
	}
	if !ttl || len(d.Frames) < 3 {
		t.Errorf("%d forms of its bytes, or no TTL that falls", len(d.Frames))
	}
}

func TestAPacketWithinAPacket(t *testing.T) {
	r, _ := recorded(t, "overlay-ping-fixed", "bdc01/c1", "ping -c 1 c2", 8<<20)
	inner := find(t, r, "icmp and src host 172.16.0.1")
	outer := find(t, r, "udp port 4789 and src host 10.0.0.11")
	if inner.Fate != Delivered || outer.Parent != inner.Packet || outer.Depth != inner.Depth+1 || outer.Proto != "VXLAN" {
		t.Errorf("inner %+v, outer %+v", inner, outer)
	}
	d, _ := r.Detail(outer.Packet)
	layers := d.Frames[0].Layers
	if layers[0].Added != "added by vxlan0" || layers[3].Name != "VXLAN" || layers[3].Added == "" || layers[4].Added != "" {
		t.Errorf("layers: %+v", layers)
	}
	way := map[string]bool{}
	for _, h := range r.Path(inner.Packet) {
		way[h.Place] = true
	}
	for _, place := range []string{"bdc01/c1/eth0", "bdc01/eth0", "bdc01:eth0", "bdc02:eth0", "bdc02/eth0", "bdc02/c2/eth0"} {
		if !way[place] {
			t.Errorf("its way does not pass %s: %v", place, way)
		}
	}
	moved := false
	for _, m := range r.Moves() {
		moved = moved || m.From == "bdc01/eth0" && m.To == "bdc01:eth0"
	}
	if !moved {
		t.Error("nothing moved from bdc01's interface to its cable")
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	const limit = 64 << 10
	r, w := recorded(t, "overlay-ping", "bdc01/c1", "ping -c 5 220.181.38.150", limit)
	for range 100 {
		if err := w.Run(w.Now()+time.Second, func() bool { return false }); err != nil {
			t.Fatal(err)
		}
		if r.Kept() > limit+8<<10 {
			t.Fatalf("%d bytes are kept", r.Kept())
		}
	}
	l := r.Rows(nil, 0, 1<<20, false)
	if l.First == 0 || l.First+l.Total != r.Total() || len(l.Rows) != l.Total {
		t.Errorf("%d forgotten, %d kept, %d in all", l.First, l.Total, r.Total())
	}
	if _, ok := r.Detail(1); ok {
		t.Error("the oldest is still there")
	}
	if ids := r.Changed(); len(ids) == 0 || len(r.Changed()) != 0 {
		t.Errorf("%d have changed", len(ids))
	}
}

func TestTheCaptureHasWhatTheFilterLetsThrough(t *testing.T) {
	r, _ := recorded(t, "overlay-ping", "bdc01/c1", "ping -c 1 10.0.0.12", 8<<20)
	f, err := ParseFilter("icmp")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteCapture(&b, f); err != nil {
		t.Fatal(err)
	}
	in, err := reread.New(&b)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		c, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := link.ParseHeaders(c.Frame); !ok || h.Proto != link.ProtoICMP {
			t.Errorf("frame %d is no ICMP", n)
		}
		n++
	}
	if n < 10 {
		t.Errorf("%d frames", n)
	}
}

func TestPlacesOfTheDrawing(t *testing.T) {
	for _, x := range []struct {
		at   trail.Place
		want string
	}{
		{trail.At("bdc01", "eth0"), "bdc01/eth0"}, {trail.Place{Machine: "bdc01"}, "bdc01"}, {trail.At("bdc01", "docker0").PortOf("veth1"), "bdc01/veth1"},
		{trail.Place{Machine: "lan", Port: "bdc01:eth0"}, "bdc01:eth0"}, {trail.Place{Cable: "bdc01:eth0", Port: "a"}, "bdc01:eth0"}, {trail.At("bdc01/c1", "eth0"), "bdc01/c1/eth0"},
		{trail.At("bdc01", "docker0").PortOf("local"), "bdc01/docker0"},
		{trail.At("bdc01/1-cfa73afe22/1", "br0").PortOf("veth0"), "bdc01/1-cfa73afe22/1/veth0"},
	} {
		if got, again := drawn(x.at), DrawnAt(x.at.String()); got != x.want || again != x.want {
			t.Errorf("%v is drawn at %q, and as printed at %q: want %q", x.at, got, again, x.want)
		}
	}
}
