package memberlist

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"dnetsim/modes/msgpack"
)

// Datagrams as the original sent them; the last two carry messages of serf.
var captured = []struct{ name, hex string }{
	{"ping", "0085a44e6f6465a56264633032a55365714e6f1aaa536f7572636541646472a40a00000baa536f757263654e6f6465a56264633031aa536f75726365506f7274cd1f0a"},
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
		case "ping":
			var m pingMsg
			err = m.decode(&msgpack.Decoder{B: raw[1:]})
			out = m.encode(typePing)
		case "ack":
			var m ackMsg
			err = m.decode(&msgpack.Decoder{B: raw[1:]})
			out = m.encode()
		case "query":
			out = sealed(raw[5:])
		case "response":
			out = raw
		}
		if err != nil || !bytes.Equal(out, raw) {
			t.Errorf("%s: %v\ngot  %x\nwant %x", c.name, err, out, raw)
		}
	}
}

func TestStatesSurviveTheWire(t *testing.T) {
	user := append(bytes.Repeat([]byte{0xc0}, 512), bytes.Repeat([]byte{7}, 300)...)
	pp := pushPull{join: true, user: user, nodes: []aliveMsg{{incarnation: 9, node: "a", addr: []byte{10, 0, 0, 1}, port: 7946, meta: []byte{0xff, 0x80}, vsn: []byte{1, 5, 2, 2, 5, 4}, state: stateDead}}}
	var sq, other squeezer // the other has not seen what it is to inflate
	for i := range 2 {     // they are used again and again
		pp.nodes[0].incarnation += uint32(i)
		b := sq.squeeze(pp.encode())
		if len(b) > 700 {
			t.Errorf("an almost empty state takes %d bytes", len(b))
		}
		var got pushPull
		for n := 1; n <= len(b); n++ { // as a stream brings it, in pieces
			err := parseStream(b[:n], &other, func(typ byte, d *msgpack.Decoder) error {
				got = pushPull{}
				return got.decode(d)
			})
			if n < len(b) && err != msgpack.ErrShort || n == len(b) && err != nil {
				t.Fatalf("after %d bytes of %d: %v", n, len(b), err)
			}
		}
		if !reflect.DeepEqual(got, pp) {
			t.Fatalf("got  %+v\nwant %+v", got, pp)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	for _, c := range captured {
		raw, _ := hex.DecodeString(c.hex)
		f.Add(raw)
		f.Add(raw[1:])
	}
	var sq, other squeezer
	f.Add(other.squeeze(bytes.Repeat([]byte{typePing, 0x85}, 50)))
	f.Add(compound([][]byte{{1, 2, 3}, {4}}))
	f.Add([]byte{0xdf, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(d *msgpack.Decoder) error{
			new(pingMsg).decode, new(ackMsg).decode, new(aliveMsg).decode, new(accusation).decode, new(pushPull).decode,
			func(d *msgpack.Decoder) error { d.Skip(0); return d.Err },
			func(d *msgpack.Decoder) error { _, err := sq.inflate(d); return err },
		} {
			d := &msgpack.Decoder{B: b}
			if err := read(d); (err == nil) != (d.Err == nil) && d.Err != nil {
				t.Fatalf("error %v is lost", d.Err)
			}
		}
		parts(b)
	})
}
