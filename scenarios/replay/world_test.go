package replay

import (
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/explain"
	"dnetsim/link/trail"
	"dnetsim/scenarios"
)

// watched is a world whose packets somebody counts.
type watched struct {
	*World
	events int
	sum    uint64
}

func options(t *testing.T, name string, moment scenarios.Moment, seen *watched) Options {
	t.Helper()
	s, err := scenarios.FromLibrary(name)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Scenario: s, Docker: cli.Program, Moment: moment, Built: func(l *scenarios.Lab) {
		trail.Of(l.Loop).Listen(func(e *trail.Event) {
			h := fnv.New64a()
			fmt.Fprint(h, seen.sum, e.At, e.Place, e.Verb, e.Why(), e.Packet, e.Parent, e.Frame)
			seen.sum = h.Sum64()
			seen.events++
		})
	}}
}

func do(t *testing.T, w *World, in Input) {
	t.Helper()
	if err := w.Do(in); err != nil {
		t.Fatal(err)
	}
}

func pass(t *testing.T, w *World, d time.Duration) {
	t.Helper()
	if err := w.Run(w.Now()+d, never); err != nil {
		t.Fatal(err)
	}
}

// work is somebody's: two terminals, one in a container, keys in the middle of a
// ping, a docker command, a pause within an instant.
func work(t *testing.T, w *World) {
	do(t, w, Input{Kind: OpenTerminal, Place: "bdc01/c1", Rows: 24, Cols: 80})
	do(t, w, Input{Kind: OpenTerminal, Place: "bdc02", Rows: 24, Cols: 80})
	pass(t, w, 300*time.Millisecond)
	do(t, w, Input{Kind: TypeKeys, Terminal: 1, Data: "ping 172.16.0.2\r"})
	pass(t, w, 1234567*time.Microsecond)
	do(t, w, Input{Kind: TypeKeys, Terminal: 2, Data: "docker run -d --name web -p 80:80 nginx && docker ps\r"})
	hops := 0
	if err := w.Run(w.Now()+time.Minute, func() bool { hops++; return hops > 40 }); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Step(); err != nil {
		t.Fatal(err)
	}
	do(t, w, Input{Kind: TypeKeys, Terminal: 1, Data: "\x03"})
	do(t, w, Input{Kind: Resize, Terminal: 2, Rows: 30, Cols: 100})
	pass(t, w, 2*time.Second)
	do(t, w, Input{Kind: TypeKeys, Terminal: 2, Data: "stty size; ip neigh\r"})
	do(t, w, Input{Kind: RunLine, Place: "bdc01", Data: "read x; echo got $x; cat; ping -c 9 10.0.0.12"})
	do(t, w, Input{Kind: TypeKeys, Terminal: 3, Data: "one\ntwo\n"})
	do(t, w, Input{Kind: EndInput, Terminal: 3})
	pass(t, w, 2*time.Second)
	if got := string(w.Shown(3)); !strings.HasPrefix(got, "got one\ntwo\nPING 10.0.0.12") || w.Ended(3) {
		t.Errorf("a line without a terminal: %q", got)
	}
	do(t, w, Input{Kind: Hangup, Terminal: 3})
	pass(t, w, time.Second)
	if !w.Ended(3) {
		t.Error("who has something run goes away, and it goes on")
	}
}

func TestAWorldIsMadeAgainFromItsLog(t *testing.T) {
	var first, again, third watched
	var err error
	if first.World, err = Open(options(t, "overlay-ping", scenarios.End, &first)); err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	work(t, first.World)
	if again.World, err = options(t, "overlay-ping", scenarios.End, &again).Replay(first.Log(), first.Now()); err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	same(t, &first, &again)
	if !strings.Contains(string(first.Shown(1)), "packets transmitted") || !strings.Contains(string(first.Shown(2)), "30 100") {
		t.Errorf("the terminals show %q and %q", first.Shown(1), first.Shown(2))
	}

	// It goes on alike.
	for _, w := range []*World{first.World, again.World} {
		do(t, w, Input{Kind: TypeKeys, Terminal: 2, Data: "docker rm -f web\r"})
		pass(t, w, 12*time.Second)
	}
	same(t, &first, &again)

	// Going back is a replay of what had come in by then.
	middle := first.Log()[4].At
	if third.World, err = options(t, "overlay-ping", scenarios.End, &third).Replay(first.Log(), middle-time.Millisecond); err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if third.Inputs() != 4 || third.Now() != middle-time.Millisecond {
		t.Errorf("%d inputs at %v, want those four of before %v", third.Inputs(), third.Now(), middle)
	}
}

func same(t *testing.T, a, b *watched) {
	t.Helper()
	if a.Now() != b.Now() || a.events != b.events || a.sum != b.sum {
		t.Errorf("at %v after %d events, then at %v after %d; same: %v", a.Now(), a.events, b.Now(), b.events, a.sum == b.sum)
	}
	for n := 1; n <= a.Terminals(); n++ {
		if x, y := string(a.Shown(n)), string(b.Shown(n)); x != y {
			t.Errorf("terminal %d shows %q, then %q", n, x, y)
		}
	}
}

func TestExplainingLeavesTheWorldAlone(t *testing.T) {
	var seen watched
	var err error
	if seen.World, err = Open(options(t, "overlay-ping", scenarios.End, &seen)); err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	work(t, seen.World)
	at, events := seen.Now(), seen.events
	r, err := seen.Explain(explain.Flow{From: "bdc01/c1", To: "bdc02/c2"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Works() || len(r.Causes) == 0 || !strings.HasPrefix(string(r.Causes[0].Code), "OVERLAY-ADVERTISE") || r.Causes[0].Cure == nil {
		t.Errorf("the report: %+v", r)
	}
	if seen.Now() != at || seen.events != events {
		t.Errorf("explaining took the world from %v to %v, %d events", at, seen.Now(), seen.events-events)
	}
}

func TestInputsThatMakeNoSenseAreRefused(t *testing.T) {
	var seen watched
	w, err := Open(options(t, "overlay-ping", scenarios.Moment{}, &seen))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, in := range []Input{
		{Kind: TypeKeys, Terminal: 1, Data: "x"}, {Kind: OpenTerminal, Place: "bdc09"}, {Kind: RunLine, Place: "bdc09"}, {Kind: "jump", Terminal: 1}, {Kind: TypeKeys, Terminal: -1},
	} {
		if err := w.Do(in); err == nil {
			t.Errorf("%+v is taken", in)
		}
	}
	if w.Inputs() != 0 {
		t.Errorf("the log has %+v", w.Log())
	}
	do(t, w, Input{Kind: OpenTerminal, Place: "bdc01/nobody"})
	pass(t, w, time.Second)
	if !w.Ended(1) || !strings.Contains(string(w.Shown(1)), "nobody") {
		t.Errorf("a terminal in a container that is not there: ended %v, shows %q", w.Ended(1), w.Shown(1))
	}
}

// TestAQuestionTypedInTheWorldTriesItsCures: explain at a terminal has copies of the
// world to try cures in, and leaves the world as it was.
func TestAQuestionTypedInTheWorldTriesItsCures(t *testing.T) {
	var seen watched
	var err error
	if seen.World, err = Open(options(t, "overlay-ping", scenarios.End, &seen)); err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	do(t, seen.World, Input{Kind: OpenTerminal, Place: "bdc01", Rows: 24, Cols: 80})
	pass(t, seen.World, time.Second)
	do(t, seen.World, Input{Kind: TypeKeys, Terminal: 1, Data: "explain c1 c2\r"})
	pass(t, seen.World, 20*time.Second)
	if s := string(seen.Shown(1)); !strings.Contains(s, "OVERLAY-ADVERTISE") || !strings.Contains(s, "tried in a copy of the run: delivered") {
		t.Errorf("it says %s", s)
	}
	again, err := seen.Options().Replay(seen.Log(), seen.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Now() != seen.Now() {
		t.Errorf("at %v, made again at %v", seen.Now(), again.Now())
	}
}
