package memberlist

import (
	"bytes"
	"fmt"
	"testing"

	"dnetsim/modes/msgpack"
)

// What is remembered of compressed messages is what LZW says of them, and is bounded,
// whatever is squeezed how often.
func TestWhatIsSqueezedIsRemembered(t *testing.T) {
	var knows, fresh squeezer
	message := func(i int) []byte { return bytes.Repeat(fmt.Append(nil, "message ", i%300, " "), 1+i%100) }
	for i := range 2000 {
		msg := message(i)
		b := knows.squeeze(msg)
		cold, err := fresh.inflate(&msgpack.Decoder{B: b[1:]})
		warm, werr := knows.inflate(&msgpack.Decoder{B: b[1:]})
		if err != nil || werr != nil || !bytes.Equal(cold, msg) || !bytes.Equal(warm, msg) {
			t.Fatalf("message %d does not come back: %v, %v", i, err, werr)
		}
		if again := knows.squeeze(msg); &again[0] != &b[0] {
			t.Fatalf("message %d is compressed twice in a row", i)
		}
		m := &knows.known
		if n := len(m.ring) - m.first; n > memoEntries || len(m.plains) > n || len(m.codes) > n || m.bytes > memoBytes {
			t.Fatalf("after %d messages %d with %d bytes are remembered", i, n, m.bytes)
		}
	}
	large := make([]byte, memoBytes)
	before := knows.known.bytes
	if knows.squeeze(large); knows.known.bytes != before {
		t.Error("a message of a megabyte is remembered")
	}
}
