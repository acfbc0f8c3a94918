package network

import (
	"net/netip"
	"reflect"
	"testing"

	"dnetsim/modes/container"
)

func TestNamesOfServicesStandForTheirAddressOrTheirTasks(t *testing.T) {
	at := netip.MustParseAddr
	vip := record{
		name: "web.1.abc", service: "web", serviceID: "s1", virtual: at("10.0.1.5"), at: at("10.0.1.6"),
		aliases: []string{"www"}, taskAliases: []string{"c0ffee"}, ports: []container.ServicePort{{Target: 80, Published: 8080}},
	}
	rr := record{name: "db.1.def", service: "db", serviceID: "s2", at: at("10.0.1.9")}
	box := record{name: "bbox1", at: at("10.0.1.2"), taskAliases: []string{"2881104d8bce"}}
	for _, c := range []struct {
		r    record
		name string
		want string // "" is none of its names
	}{
		{vip, "web.1.abc", "10.0.1.6"}, {vip, "c0ffee", "10.0.1.6"}, {vip, "web", "10.0.1.5"}, {vip, "WWW", "10.0.1.5"},
		{vip, "tasks.web", "10.0.1.6"}, {vip, "tasks.www", "10.0.1.6"}, {vip, "tasks.bbox1", ""}, {vip, "", ""},
		{rr, "db", "10.0.1.9"}, {rr, "tasks.db", "10.0.1.9"}, {rr, "web", ""},
		{box, "bbox1", "10.0.1.2"}, {box, "2881104d8bce", "10.0.1.2"}, {box, "tasks.bbox1", ""},
	} {
		got, ok := c.r.address(c.name)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s is asked for %q: %v, %t; want %q", c.r.name, c.name, got, ok, c.want)
		}
		again, err := parseRecord(c.r.encode())
		if err != nil || !reflect.DeepEqual(again, c.r) {
			t.Errorf("%+v became %+v, %v", c.r, again, err)
		}
	}
}
