package transport

import (
	"testing"

	"gvisor.dev/gvisor/pkg/log"
)

func TestNetstackSaysNothingOnTheRealStandardError(t *testing.T) {
	p := newPair()
	defer p.close()
	p.do(t, func() {
		s, err := p.hosts[0].ListenTCP(nil, ap("10.0.0.1:80"))
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	})
	if e := log.Log().Emitter; e != (quiet{}) {
		t.Errorf("netstack logs to %+v", e)
	}
}
