package page

import (
	"fmt"
	"strings"
	"testing"

	"dnetsim/page/packets"
	"dnetsim/page/view"
)

// list is the answer to packets.
type list struct {
	Rows         []packets.Row
	Total, First int
}

func TestALearnerWorksAtTwoTerminals(t *testing.T) {
	s := serve(t, Options{Open: "overlay-ping"})
	p := s.play(t, s.browser(t, s.Links().Owner), "lab=overlay-ping&lang=en")
	var topo struct{ Topo view.Topo }
	p.last("topo", &topo)
	kinds := map[string]int{}
	for _, n := range topo.Topo.Nodes {
		kinds[n.Kind]++
	}
	if kinds["host"] != 2 || kinds["container"] != 3 || kinds["namespace"] != 2 || kinds["lan"] != 2 {
		t.Errorf("the topology has %v", kinds)
	}
	p.ask("time", map[string]any{"op": "speed", "speed": 20}, nil)
	a, b := p.open("bdc01/c1"), p.open("bdc02")
	p.types(a, "ping -c 1 -W 1 172.16.0.2\r")
	p.types(b, "docker ps --format '{{.Names}} {{.Image}}'\r")
	p.shows(a, "1 packets transmitted, 0 packets received")
	p.shows(b, "c2 busybox")

	var died list
	p.ask("packets", map[string]any{"filter": "arp", "from": 0, "count": 1000}, &died)
	k := len(died.Rows) - 1
	for k >= 0 && !strings.Contains(died.Rows[k].Why, "l3-miss") {
		k--
	}
	if k < 0 {
		t.Fatalf("no question died of l3-miss: %v", died.Rows)
	}
	var detail packets.Detail
	p.ask("packet", map[string]any{"packet": died.Rows[k].Packet}, &detail)
	if len(detail.Hops) < 3 || len(detail.Frames) == 0 || detail.Frames[0].Layers[1].Name != "ARP" {
		t.Errorf("its detail is %+v", detail)
	}
	if m := p.answer("packets", map[string]any{"filter": "host and", "count": 1}); m.OK || !strings.Contains(m.Error, "write") {
		t.Errorf("a wrong filter is answered %+v", m)
	}
	fmt.Println(died.Rows[k])
}
