package stack

import (
	"testing"

	"gvisor.dev/gvisor/pkg/log"
)

func TestNetstackSaysNothingOnTheRealStandardError(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	l.do(t, func() {
		s, err := l.a.ListenTCP(ap("10.0.0.11:80"))
		must0(t, err)
		s.Close()
	})
	if e := log.Log().Emitter; e != (quiet{}) {
		t.Errorf("netstack logs to %+v", e)
	}
}
