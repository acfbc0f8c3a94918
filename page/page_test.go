package page

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dnetsim/link/reread"
	"dnetsim/page/packets"
	"dnetsim/page/seat"
	"dnetsim/page/view"
)

// list is the answer to packets.
type list struct {
	Rows         []packets.Row
	Total, First int
}

// clockMessage is the message clock.
type clockMessage struct {
	Now, End int64
	State    string
	Step     *stepped
}

// stepped is where a step led to.
type stepped struct {
	Packet  int64
	Hop, Of int
	Text    string
}

// tables are a node's.
func (p *player) tables(node string) []view.Table {
	p.t.Helper()
	var d struct{ Tables []view.Table }
	p.ask("tables", map[string]any{"node": node}, &d)
	return d.Tables
}

func TestALearnerWorksAtTwoTerminals(t *testing.T) {
	s := serve(t, Options{Open: "overlay-ping"})
	p := s.play(t, s.browser(t, s.Links().Owner), "lab=overlay-ping&lang=en")
	p.ask("time", map[string]any{"op": "speed", "speed": 20}, nil)
	a, b := p.open("bdc01/c1"), p.open("bdc02")
	p.types(a, "ping -c 1 -W 1 172.16.0.2\r")
	p.types(b, "docker ps --format '{{.Names}} {{.Image}}'\r")
	p.shows(a, "1 packets transmitted, 0 packets received")
	p.shows(b, "c2 busybox")

	var died list
	p.ask("packets", map[string]any{"filter": "arp", "from": 0, "count": 1000}, &died)
	k := slices.IndexFunc(died.Rows, func(r packets.Row) bool { return r.Why == "l3-miss" })
	if k < 0 {
		t.Fatalf("no question died of l3-miss: %v", died.Rows)
	}
	if slices.ContainsFunc(died.Rows, func(r packets.Row) bool { return r.Proto != "ARP" }) {
		t.Errorf("the filter arp lets through %v", died.Rows)
	}
	var detail packets.Detail
	p.ask("packet", map[string]any{"packet": died.Rows[k].Packet}, &detail)
	if len(detail.Hops) < 3 || len(detail.Frames) == 0 || detail.Frames[0].Layers[1].Name != "ARP" {
		t.Errorf("its detail is %+v", detail)
	}
	var words list
	p.ask("packets", map[string]any{"filter": "l3-miss", "from": 0, "count": 1000}, &words)
	if words.Total == 0 || slices.ContainsFunc(words.Rows, func(r packets.Row) bool { return r.Why != "l3-miss" }) {
		t.Errorf("the word l3-miss finds %v", words.Rows)
	}
	code, file := s.get(t, s.browser(t, s.Links().Owner), "/pcap?lab=overlay-ping&filter=arp")
	capture, err := reread.New(strings.NewReader(file))
	if code != 200 || err != nil {
		t.Fatalf("the capture: %d %v", code, err)
	}
	if c, err := capture.Next(); err != nil || c.Frame[12] != 8 || c.Frame[13] != 6 {
		t.Errorf("its first frame: %+v %v", c, err)
	}
	if m := p.answer("packets", map[string]any{"filter": "host and", "count": 1}); m.OK || !strings.Contains(m.Error, "write") {
		t.Errorf("a wrong filter is answered %+v", m)
	}
}

func TestTablesAreWhatCommandsPrintAndSayWhatChanged(t *testing.T) {
	s := serve(t, Options{})
	p := s.play(t, s.browser(t, s.Links().Owner), "lab=overlay-ping")
	p.ask("time", map[string]any{"op": "speed", "speed": 20}, nil)
	has := func(node, kind, command, text string) {
		t.Helper()
		for _, x := range p.tables(node) {
			for _, r := range x.Rows {
				if x.Kind == kind && x.Command == command && strings.Contains(r.Text, text) {
					return
				}
			}
		}
		t.Errorf("%s: no row of %q has %q", node, command, text)
	}
	has("bdc01", "routes", "ip route", "default via 10.0.0.2 dev eth0")
	has("bdc01", "iptables", "iptables -t nat -nvxL", "tcp dpt:8500 to:172.17.0.2:8500")
	has("bdc01", "gossip", "", "10.0.0.11:7946  alive")
	has("bdc01/c1", "addresses", "ip addr", "inet 172.16.0.1/24")
	has("bdc01/c1", "dns", "cat /etc/resolv.conf", "nameserver 127.0.0.11")
	has("bdc01/c1", "dns", "", "172.16.0.1       c1")
	has("bdc01/consul", "store", "curl -s http://127.0.0.1:8500/v1/kv/?keys", "docker/nodes/10.0.0.11:2376")
	has("bdc01/1-cfa73afe22/1", "fdb", "nsenter --net=/var/run/docker/netns/1-cfa73afe22 bridge fdb", "dev vxlan0")
	has("bdc01/docker0", "fdb", "bridge fdb show br docker0", "02:42:ac:11:00:02")

	// Nothing has changed for who looks again; a ping counts where it passes.
	for _, x := range p.tables("bdc01") {
		for _, r := range x.Rows {
			if r.Changed != "no" && (x.Kind == "addresses" || x.Kind == "routes" || x.Kind == "sockets" || x.Kind == "dns") {
				t.Errorf("%s: %q is %s", x.Title, r.Text, r.Changed)
			}
		}
	}
	var d struct{ Counts map[string]int }
	p.ask("changes", nil, &d)
	if d.Counts["bdc02"] != 0 || d.Counts["bdc02/c2"] != 0 || len(d.Counts) < 7 {
		t.Errorf("changes of devices that nobody looked at: %v", d.Counts)
	}
	term := p.open("bdc01/c1")
	p.types(term, "ping -c 2 220.181.38.150\r")
	p.shows(term, "2 packets received")
	p.ask("changes", nil, &d)
	if d.Counts["bdc01"] < 5 || d.Counts["bdc01/c1"] == 0 || d.Counts["router"] == 0 {
		t.Errorf("changes after a ping: %v", d.Counts)
	}
	changed := map[string]string{}
	for _, x := range p.tables("bdc01") {
		for _, r := range x.Rows {
			changed[x.Kind+" "+r.Changed+" "+r.Delta] += r.Text + "\n"
		}
	}
	if !strings.Contains(changed["iptables changed +1"], "MASQUERADE") || !strings.Contains(changed["conntrack new "], "dst=220.181.38.150") {
		t.Errorf("what changed on bdc01: %v", changed)
	}
	host := p.open("bdc01")
	p.types(host, "ip route add 9.9.9.0/24 via 10.0.0.2; ip route del 172.17.0.0/16; echo DO''NE\r")
	p.shows(host, "DONE\r\n")
	got := map[string]string{}
	for _, x := range p.tables("bdc01") {
		for _, r := range x.Rows {
			if x.Kind == "routes" {
				got[r.Changed] += r.Text
			}
		}
	}
	if !strings.Contains(got["new"], "9.9.9.0/24") || !strings.Contains(got["gone"], "172.17.0.0/16") || !strings.Contains(got["no"], "default via") {
		t.Errorf("routes: %v", got)
	}
	if m := p.answer("tables", map[string]any{"node": "../etc"}); m.OK || !strings.Contains(m.Error, "no tables") {
		t.Errorf("tables of a place that is none: %+v", m)
	}
}

// What is seen after going back is what was seen then: packets with their ways, the
// terminal.
func TestGoingBackIsTheSameWorldAgain(t *testing.T) {
	s := serve(t, Options{})
	p := s.play(t, s.browser(t, s.Links().Owner), "lab=overlay-ping")
	term := p.open("bdc01/c1")
	p.types(term, "ping -c 1 -W 1 10.0.0.12\r")
	p.shows(term, "1 packets received")
	p.ask("time", map[string]any{"op": "pause"}, nil)
	var then, now clockMessage
	p.last("clock", &then)
	var before, after list
	p.ask("packets", map[string]any{"from": 0, "count": 1000, "hops": true}, &before)
	shown := p.shown[term]
	p.ask("time", map[string]any{"op": "run"}, nil)
	p.types(term, "ping -c 2 10.0.0.11\r")
	p.shows(term, "2 packets received")
	p.ask("time", map[string]any{"op": "back", "at": then.Now}, nil)
	p.ask("packets", map[string]any{"from": 0, "count": 1000, "hops": true}, &after)
	if len(before.Rows) < 20 || !slices.Equal(before.Rows, after.Rows) {
		t.Errorf("%d things had happened to packets, %d after going back there, or others", len(before.Rows), len(after.Rows))
	}
	p.last("clock", &now)
	if now.Now != then.Now || now.State != "paused" || now.End <= then.Now {
		t.Errorf("the clock says %+v, going back was to %+v", now, then)
	}
	if p.shown[term] != shown {
		t.Errorf("the terminal shows %q, then it was %q", p.shown[term], shown)
	}
	// It goes on from there.
	p.ask("time", map[string]any{"op": "run"}, nil)
	p.types(term, "echo on it goes\r")
	p.shows(term, "\non it goes")
	if m := p.answer("time", map[string]any{"op": "back", "at": int64(1) << 50}); m.OK {
		t.Error("back to the future is allowed")
	}
}

// A packet is followed hop by hop; the next drop is found; a single event is one.
func TestTimeGoesStepByStep(t *testing.T) {
	s := serve(t, Options{})
	p := s.play(t, s.browser(t, s.Links().Owner), "lab=overlay-ping")
	term := p.open("bdc01/c1")
	p.shows(term, "# ")
	p.ask("time", map[string]any{"op": "pause"}, nil)
	p.types(term, "ping -c 1 -W 1 172.16.0.2\r")
	var step stepped
	for hop := 1; hop < 4; hop++ {
		before := step
		p.ask("time", map[string]any{"op": "hop"}, &step)
		if step.Packet == 0 || step.Text == "" || step.Of < 1 || hop > 1 && (step.Packet != before.Packet || step.Hop != before.Hop+1) {
			t.Fatalf("hop %d: %+v after %+v", hop, step, before)
		}
	}
	var path struct {
		Packet int64
		Hops   []packets.Hop
	}
	p.last("path", &path)
	if path.Packet != step.Packet || len(path.Hops) != step.Of {
		t.Errorf("the way of %d has %d hops after %+v", path.Packet, len(path.Hops), step)
	}
	p.ask("time", map[string]any{"op": "drop"}, &step)
	if !strings.Contains(step.Text, "l3-miss") {
		t.Errorf("the next drop: %+v", step)
	}
	var before, c clockMessage
	p.last("clock", &before)
	p.ask("time", map[string]any{"op": "event"}, nil)
	p.last("clock", &c)
	if c.State != "paused" || c.Now < before.Now || before.Step == nil || before.Step.Packet != step.Packet {
		t.Errorf("the clock after a drop: %+v, and after an event: %+v", before, c)
	}
}

func TestWhyAFlowFailsWithTheCureToType(t *testing.T) {
	s := serve(t, Options{})
	p := s.play(t, s.browser(t, s.Links().Owner), "lab=overlay-ping")
	var e struct {
		Works                   bool
		Verdict, Sentence, Text string
		Path                    []packets.Hop
		Cures                   []struct {
			Code   string
			Proved bool
			Lines  []struct{ Place, Line string }
		}
	}
	ask := map[string]any{"from": "bdc01/c1", "to": "c2", "port": ""}
	p.ask("explain", ask, &e)
	if e.Works || len(e.Cures) != 1 || e.Cures[0].Code != "OVERLAY-ADVERTISE-SHARED" || !e.Cures[0].Proved || len(e.Cures[0].Lines) == 0 || len(e.Path) == 0 {
		t.Fatalf("explained: %+v", e)
	}
	p.ask("time", map[string]any{"op": "speed", "speed": 50}, nil)
	term := 0
	for _, l := range e.Cures[0].Lines {
		var d struct{ Term int }
		p.ask("type", map[string]any{"place": l.Place, "line": l.Line}, &d)
		term = d.Term
	}
	p.types(term, "echo CU''RED\r")
	p.shows(term, "CURED\r\n")
	p.ask("explain", ask, &e)
	if !e.Works {
		t.Errorf("after the cure: %s", e.Text)
	}
	if m := p.answer("explain", map[string]any{"from": "nobody", "to": "c2"}); m.OK || !strings.Contains(m.Error, "nobody") {
		t.Errorf("who is nobody: %+v", m)
	}
}

// A world that runs wild stops and says so; going back makes it again.
func TestAWorldThatRunsWildIsStopped(t *testing.T) {
	s := serve(t, Options{Limits: seat.Limits{Work: 0.01, Containers: 6}})
	p := s.play(t, s.browser(t, s.Links().Owner), "lab=overlay-ping")
	over := func(why string) (at int64) {
		t.Helper()
		p.until("the world stops: "+why, func() bool {
			for i := len(p.all) - 1; i >= 0 && p.all[i].T != "hello"; i-- {
				var c struct {
					Now          int64
					State, Error string
				}
				if p.all[i].T == "clock" {
					json.Unmarshal(p.all[i].raw, &c)
					at = c.Now
					return c.State == "over" && strings.Contains(c.Error, why)
				}
			}
			return false
		})
		return at
	}
	term := p.open("bdc01")
	p.types(term, "while :; do :; done\r")
	at := over("too much work")
	if m := p.answer("term.open", map[string]any{"place": "bdc01"}); m.OK || !strings.Contains(m.Error, "stopped") {
		t.Errorf("a world that has stopped: %+v", m)
	}
	p.ask("time", map[string]any{"op": "back", "at": at - 1_000_000}, nil)
	p.ask("time", map[string]any{"op": "run"}, nil)
	term = p.open("bdc01")
	p.types(term, "for i in 1 2 3 4 5; do docker run -d --name x$i busybox sleep 1000; done\r")
	over("containers are more than the 6")
}
