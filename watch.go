package dnetsim

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"dnetsim/link/print"
	"dnetsim/link/trail"
)

// Event is one thing that happened to one packet.
type Event struct {
	At     time.Duration // virtual time
	Place  string        // "bdc01/docker0", "bdc01/web/eth0", "bdc01:eth0/a" (a cable's end)
	Verb   string        // "send", "receive", "rewrite", "drop", "deliver", …
	Why    string        // of a drop: the reason, or the rule ("netfilter:filter/FORWARD: -j DROP")
	Packet uint64        // the same for one packet from its first event to its last
	Parent uint64        // of a copy, a piece or an encapsulation: the packet it was made of
	Frame  []byte        // the packet as an Ethernet frame, without its checksums where a card fills them in
}

// String is the event on a line, the packet as tcpdump prints it.
func (e Event) String() string {
	why := ""
	if e.Why != "" {
		why = " (" + e.Why + ")"
	}
	return fmt.Sprintf("%.6f %s %s%s: %s", e.At.Seconds(), e.Place, e.Verb, why, print.Packet(e.Frame, print.Options{NoCheck: true}))
}

// Watcher collects events.
type Watcher struct {
	w       *World
	at      string
	stop    func()
	mu      sync.Mutex
	events  []Event
	dropped int
}

// keptEvents is how many events a Watcher holds at most.
const keptEvents = 1 << 18

// Watch collects from now on what becomes of packets at a place: a machine
// ("bdc01", "bdc01/web"), an interface of it ("bdc01/docker0"), or "" for everywhere.
// Events are there to be taken when the call that made them has returned.
func (w *World) Watch(at string) (*Watcher, error) {
	x := &Watcher{w: w, at: at}
	err := w.do(context.Background(), "watch", func() error {
		x.stop = trail.Of(w.lab.Loop).Listen(x.hear)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}

// hear takes an event in, on the loop.
func (x *Watcher) hear(e *trail.Event) {
	place := e.Place.String()
	if rest, ok := strings.CutPrefix(place, x.at); !ok || x.at != "" && rest != "" && !strings.ContainsAny(rest[:1], "/:") {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.events) == keptEvents {
		x.dropped++
		return
	}
	x.events = append(x.events, Event{
		At: e.At, Place: place, Verb: e.Verb.String(), Why: e.Why(),
		Packet: uint64(e.Packet), Parent: uint64(e.Parent), Frame: append([]byte(nil), e.Frame...),
	})
}

// Take returns the events since the last Take, in order. A Watcher holds a quarter of
// a million of them; lost is how many came after it was full.
func (x *Watcher) Take() (events []Event, lost int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	events, lost = x.events, x.dropped
	x.events, x.dropped = nil, 0
	return events, lost
}

// Stop ends the collecting. What was collected can still be taken.
func (x *Watcher) Stop() {
	x.w.do(context.Background(), "watch", func() error {
		x.stop()
		return nil
	})
}
