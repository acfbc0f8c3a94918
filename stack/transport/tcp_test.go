package transport

import (
	"reflect"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// ss prints a number that netstack keeps to itself. Should this fail with a new
// version of netstack, unsent has to look elsewhere.
func TestNetstackStillKeepsItsSendQueueWhereUnsentLooks(t *testing.T) {
	queue, ok := reflect.TypeFor[tcp.Endpoint]().FieldByName("sndQueueInfo")
	if !ok {
		t.Fatal("tcp.Endpoint has no sndQueueInfo: see unsent in tcp.go")
	}
	if used, ok := queue.Type.FieldByName("SndBufUsed"); !ok || used.Type.Kind() != reflect.Int {
		t.Errorf("%v has no int SndBufUsed: see unsent in tcp.go", queue.Type)
	}
}

func TestUnsentIsWhatThePeerDidNotAcknowledge(t *testing.T) {
	p := newPair()
	defer p.close()
	p.do(t, func() {
		s, err := p.hosts[1].ListenTCP(nil, ap("10.0.0.2:80"))
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.hosts[0].DialTCP(nil, ap("0.0.0.0:0"), s.Addr(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if n := c.unsent(); n != 1000 {
			t.Errorf("%d bytes are unsent before the peer can have them, want 1000", n)
		}
	})
}
