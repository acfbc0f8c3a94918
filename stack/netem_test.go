package stack

import (
	"testing"
	"time"

	"dnetsim/link"
)

// netem delays and loses what an interface sends, and nothing else.
func TestNetemBeforeAnInterface(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	eth0 := l.a.Interface("eth0")
	rtt := func() (d time.Duration, err error) {
		l.do(t, func() {
			ping(l.a, ip("10.0.0.12"), time.Second) // the neighbours
			began := l.loop.Now()
			_, err = ping(l.a, ip("10.0.0.12"), time.Second)
			d = l.loop.Now() - began
		})
		return d, err
	}
	without, _ := rtt()
	SetNetem(eth0, &link.Impairment{Delay: 100 * time.Millisecond})
	if d, err := rtt(); err != nil || d != without+100*time.Millisecond {
		t.Errorf("with 100 ms: %v, %v; without %v", d, err, without)
	}
	SetNetem(eth0, &link.Impairment{Loss: 1})
	if _, err := rtt(); err != ErrTimeout {
		t.Errorf("with all lost: %v", err)
	}
	if _, passed, _ := Netem(eth0); passed.Dropped == 0 {
		t.Error("nothing is counted as dropped")
	}
	SetNetem(eth0, nil)
	if d, err := rtt(); err != nil || d != without {
		t.Errorf("without again: %v, %v", d, err)
	}
}
