package rpc

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"

	"dnetsim/modes/swarm/object"
)

// What is written and read by hand is what encoding/json writes and reads, whatever the
// packet has.
func TestPacketIsItsJSON(t *testing.T) {
	n := 0
	for _, method := range []string{"", "/docker.swarmkit.v1.Raft/ProcessRaftMessage"} {
		for _, body := range []string{"", "null", `{}`, `"<\u003c}"`, `{"b":{"c":"OK"}}`, `[{"x":",\"c\":\"OK\"}"}]`, `{"x":1,"c":"OK"}`} {
			for _, code := range []Code{"", OK, Unknown} {
				for _, desc := range []string{"", "no \"such\" <node>"} {
					for _, whose := range []*object.Certificate{nil, {NodeID: "n"}} {
						for _, from := range []netip.AddrPort{{}, netip.MustParseAddrPort("10.0.0.1:9")} {
							p := packet{method, nil, code, desc, whose, from}
							if body != "" {
								p.Body, _ = json.Marshal(json.RawMessage(body))
							}
							want, err := json.Marshal(&p)
							if err != nil {
								t.Fatal(err)
							}
							if got := p.append([]byte("x")); string(got) != "x"+string(want) {
								t.Fatalf("%+v is written as %s, want %s", p, got[1:], want)
							}
							readsAsJSON(t, want)
							n++
						}
					}
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d packets", n)
	}
}

func readsAsJSON(t *testing.T, b []byte) {
	t.Helper()
	var want, got packet
	werr, gerr := json.Unmarshal(b, &want), got.read(bytes.Clone(b))
	if (werr == nil) != (gerr == nil) || werr == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%q reads as %+v (%v), want %+v (%v)", b, got, gerr, want, werr)
	}
}

func FuzzPacket(f *testing.F) {
	for _, s := range []string{
		`{"m":"a","b":{"x":1}}`, `{"b":1,"c":"OK"}`, `{"c":"OK"}`, `{"b":{"c":"OK"}`, `{"m":"a\"","b":1}`, `{"b":1}{"b":2}`, `{"b":1,"b":2}`, `{"m":"","b":1}`, `{"b": }`,
		`{"m":"é","b":1}`, `{"b":1,"c":"OK"} `,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { readsAsJSON(t, b) })
}
