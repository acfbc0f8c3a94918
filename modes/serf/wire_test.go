package serf

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"dnetsim/modes/msgpack"
)

// Datagrams as the original sent them.
var captured = []struct{ name, hex string }{
	{"ack", "0282a75061796c6f6164da00820184aa41646a7573746d656e74cb3f1632dda9e5dcfaa54572726f72cb3fc4d7997c590df4a6486569676874cb3f1f3f4c4225388ca356656398cbbf2314092a9e7949cbbf237a27859ccf6ccb3f0803ab8fadfef1cbbf2416b1f82ee1aecb3f24bc1f870663efcbbf17e7065e22e1eecb3f061e9010a65d0ccbbf24b031218170e3a55365714e6f1a"},
	{"query", "0c7ccedc3908048ba441646472a40a00000ba746696c74657273c0a5466c61677300a24944ce1449aa8ba54c54696d6506a44e616d65aa706565726c6f6f6b7570a75061796c6f6164da004b36383733333665336262666439653430333838346261346331303035336639653630303239326366376464623262323830623361393432373030396135356335203137322e31362e302e31a4506f7274cd1f0aab52656c6179466163746f7200aa536f757263654e6f6465a56264633031a754696d656f7574cebebc2000"},
	{"response", "080585a5466c61677300a446726f6da56264633032a24944ce1449aa8ba54c54696d6506a75061796c6f6164da002930323a34323a61633a31303a30303a3031203235352e3235352e3235352e302031302e302e302e3131"},
}

func TestCapturedMessagesAreReadAndWrittenTheSame(t *testing.T) {
	for _, c := range captured {
		raw, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		var out []byte
		switch c.name {
		case "ack":
			raw = raw[13:143] // the payload of memberlist's message
			v := vivaldi{}
			var ok bool
			if v.coord, ok = decodeCoordinate(raw); !ok {
				t.Error("the coordinate is not understood")
			}
			out = v.payload()
		case "query":
			raw = raw[6:] // behind a checksum and the type of a user message
			var m queryMsg
			err = m.decode(&msgpack.Decoder{B: raw[1:]})
			if m.timeout != 3200*time.Millisecond || m.name != "peerlookup" {
				t.Errorf("query is %+v", m)
			}
			out = m.encode()
		case "response":
			raw = raw[1:]
			var m responseMsg
			err = m.decode(&msgpack.Decoder{B: raw[1:]})
			out = m.encode()
		}
		if err != nil || !bytes.Equal(out, raw) {
			t.Errorf("%s: %v\ngot  %x\nwant %x", c.name, err, out, raw)
		}
	}
}

func TestStatesSurviveTheWire(t *testing.T) {
	st := stateMsg{ltime: 3, eventLTime: 700, queryLTime: 1 << 40, status: map[string]uint64{"b": 2, "a": 1}, left: []string{"c"}, events: make([]*eventsAt, 512)}
	st.events[5] = &eventsAt{ltime: 517, events: []userEventMsg{{name: "jl", payload: bytes.Repeat([]byte{7}, 300)}}}
	var got stateMsg
	if err := got.decode(&msgpack.Decoder{B: st.encode()[1:]}); err != nil || !reflect.DeepEqual(got, st) {
		t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, st)
	}
}

func FuzzDecoder(f *testing.F) {
	for _, c := range captured {
		raw, _ := hex.DecodeString(c.hex)
		f.Add(raw)
		f.Add(raw[1:])
	}
	f.Add([]byte{0xdf, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(d *msgpack.Decoder) error{
			new(intent).decode, new(userEventMsg).decode, new(stateMsg).decode, new(queryMsg).decode, new(responseMsg).decode,
		} {
			d := &msgpack.Decoder{B: b}
			if err := read(d); (err == nil) != (d.Err == nil) && d.Err != nil {
				t.Fatalf("error %v is lost", d.Err)
			}
		}
		decodeCoordinate(b)
		decodeMember(b)
	})
}
