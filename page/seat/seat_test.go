package seat

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
)

// page is a viewer that keeps what it is told.
type page struct {
	mu   sync.Mutex
	told []string
	more chan struct{}
}

func (p *page) Watches() bool { return false }

func (p *page) Send(b []byte) {
	p.mu.Lock()
	p.told = append(p.told, string(b))
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// patience is how long a seat may take for anything, on a machine that is busy.
const patience = 5 * time.Minute

// waits waits until something told contains all texts, and forgets what was told before.
func (p *page) waits(t *testing.T, texts ...string) string {
	t.Helper()
	deadline := time.After(patience)
	for {
		p.mu.Lock()
		for i, m := range p.told {
			all := true
			for _, text := range texts {
				all = all && strings.Contains(m, text)
			}
			if all {
				p.told = p.told[i+1:]
				p.mu.Unlock()
				return m
			}
		}
		p.mu.Unlock()
		select {
		case <-p.more:
		case <-deadline:
			t.Fatalf("nobody told %q", texts)
		}
	}
}

func sit(t *testing.T, l Limits) (*Seat, *page) {
	t.Helper()
	s, err := scenarios.FromLibrary("local-modes")
	if err != nil {
		t.Fatal(err)
	}
	x := New(Config{Scenario: s.Name, World: replay.Options{Scenario: s, Docker: cli.Program}, Limits: l, Asking: make(chan struct{}, 1)})
	t.Cleanup(x.Close)
	p := &page{more: make(chan struct{}, 1)}
	x.Join(p, "en")
	p.waits(t, `"t":"packets"`)
	return x, p
}

// A world that nobody uses is given back, and made again when somebody asks: what was
// on the terminals is there.
func TestAWorldSleepsAndWakes(t *testing.T) {
	x, p := sit(t, Limits{Idle: 300 * time.Millisecond})
	x.Ask(p, Request{ID: 1, Do: "term.open", Place: "bdc01"})
	p.waits(t, `"id":1`)
	x.Ask(p, Request{Do: "term.keys", Term: 1, Data: "echo remem''bered > /root/it\r"})
	p.waits(t, `"t":"clock"`, `"state":"asleep"`)
	if st := x.Status(); st.State != Asleep {
		t.Errorf("the seat is %s", st.State)
	}
	x.Ask(p, Request{Do: "term.keys", Term: 1, Data: "cat /root/it\r"})
	p.waits(t, `"t":"out"`, "remembered\\r\\n")
}

// Nobody is connected, so time stands still; it goes on when somebody comes.
func TestTimeStandsStillWhileNobodyIsThere(t *testing.T) {
	x, p := sit(t, Limits{})
	x.Leave(p)
	now := func() (at time.Duration) {
		done := make(chan struct{})
		x.do(func() { at = x.world.Now(); close(done) })
		<-done
		return at
	}
	before := now()
	time.Sleep(50 * time.Millisecond)
	if after := now(); after != before {
		t.Errorf("time went from %v to %v", before, after)
	}
	x.Join(p, "en")
	m := p.waits(t, `"t":"clock"`)
	var c clock
	if err := json.Unmarshal([]byte(m), &c); err != nil || c.Now > before.Microseconds()+20_000 {
		t.Errorf("it has not stood still: %s, it was %v", m, before)
	}
}

// A bug ends one world with a sentence, and the seat answers.
func TestABugEndsOneWorld(t *testing.T) {
	x, p := sit(t, Limits{})
	x.do(func() { panic("planted") })
	p.waits(t, `"t":"say"`, "a bug of dnetsim", "planted")
	x.Ask(p, Request{ID: 7, Do: "tables", Node: "bdc01"})
	p.waits(t, `"id":7`, `"ok":false`, "stopped")
	if x.Status().State != Over {
		t.Errorf("the seat is %s", x.Status().State)
	}
	x.Stop(nil)
	x.Sleep()
}

// Memory that runs short is got back: who is not there sleeps, the largest is stopped.
func TestAStoppedWorldGoesBack(t *testing.T) {
	x, p := sit(t, Limits{})
	now := x.Status().Now
	x.Stop(scenarios.ErrMemory)
	p.waits(t, `"t":"clock"`, `"state":"over"`, "memory")
	at := now.Microseconds()
	x.Ask(p, Request{ID: 9, Do: "time", Op: "back", At: &at})
	p.waits(t, `"id":9`, `"ok":true`)
	x.Ask(p, Request{ID: 10, Do: "tables", Node: "bdc01"})
	p.waits(t, `"id":10`, `"ok":true`)
}

// Who asks more than can be answered is told so.
func TestQuestionsAreBounded(t *testing.T) {
	x, p := sit(t, Limits{})
	for i := range 20 {
		x.Ask(p, Request{ID: 100 + i, Do: "matrix"})
	}
	p.waits(t, `"ok":false`, "questions are being answered")
	p.waits(t, `"ok":true`)
}

// Who runs to what does not happen is told so, or that they have given it up.
func TestAGoalThatIsNotReachedSaysWhy(t *testing.T) {
	x, p := sit(t, Limits{})
	x.Ask(p, Request{ID: 1, Do: "time", Op: "drop"})
	p.waits(t, `"id":1`, `"ok":false`, "within a minute")
	why := make(chan error, 1)
	x.do(func() {
		x.seek(time.Minute, func() bool { return false }, func(err error) { why <- err })
		x.run(Paused)
	})
	if err := <-why; !errors.Is(err, errGivenUp) {
		t.Errorf("a goal that was given up: %v", err)
	}
}
