package seat

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"

	"dnetsim/labs"
	"dnetsim/link/trail"
	"dnetsim/page/packets"
	"dnetsim/page/view"
	"dnetsim/scenarios/replay"
	"dnetsim/sim"
)

// Limits bound what one seat costs. Zero values are the defaults.
type Limits struct {
	Packets    int           // bytes of packets that are kept: 8 MB
	Terminals  int           // open at a time: 16
	Containers int           // on all hosts together: 60
	Work       float64       // how far a world may be behind its clock: 1 is half a minute of a processor
	Log        int           // bytes of inputs: 4 MB
	Gentle     bool          // a world that computes without end leaves half of a processor to others
	Idle       time.Duration // without a request until the world is put to sleep: 10 min
}

func (l Limits) orDefaults() Limits {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&l.Packets, 8<<20)
	set(&l.Terminals, 16)
	set(&l.Containers, 60)
	set(&l.Log, 4<<20)
	if l.Idle == 0 {
		l.Idle = 10 * time.Minute
	}
	return l
}

// Config says what a seat is made of.
type Config struct {
	Scenario string // its name, for the page
	Learner  string
	World    replay.Options // of a scenario, or
	Variant  *labs.Variant  // a lab, and
	Record   labs.Record    // what the learner has done of it so far
	// Keep puts a record away: at once, before it returns, or soon. Nil keeps none.
	Keep   func(r labs.Record, now bool)
	Limits Limits
	// Asking has room for as many questions as are answered at a time, all seats
	// together: each needs copies of a world.
	Asking chan struct{}
}

// Viewer is who is connected to a seat. Its methods may be called at any time by the
// seat's goroutine and never block.
type Viewer interface {
	// Send gives it a message; who cannot take it is gone.
	Send(message []byte)
	// Watches reports whether it only looks: a teacher.
	Watches() bool
}

// State is what a seat's time does.
type State string

// The states.
const (
	Running State = "running"
	Paused  State = "paused"
	Busy    State = "busy" // it runs to something that was asked for, or a world is being made again
	Asleep  State = "asleep"
	Over    State = "over" // the world came down
)

// Seat is one learner's world. Its methods may be called from any goroutine.
type Seat struct {
	config Config
	jobs   chan func()
	quit   chan struct{}
	done   chan struct{}
	status atomic.Pointer[Status]

	// The rest belongs to the seat's goroutine.
	world   *replay.World // nil while it sleeps, and before it was needed
	sitting *labs.Sitting // whose world it is, or nil without a lab
	desk    desk
	rec     *packets.Recorder
	viewers map[Viewer]*viewer
	players int // of the viewers: those that do not only look
	state   State
	speed   float64
	pace    pace
	goal    *goal
	follow  trail.ID
	last    *step
	end     time.Duration // the furthest that time came before it went back
	err     error
	used    time.Time
	screens []*screen
	lines   []mark
	logged  int      // bytes
	tired   bool     // it ran for a whole slice
	asked   int      // questions whose answers are being found in copies
	typed   struct { // by typeLine
		term int
		at   time.Time
	}
	rest   rest
	teller teller
}

// rest is what a world that sleeps is made again from.
type rest struct {
	log    []replay.Input
	now    time.Duration
	record labs.Record // of a lab
}

// Status is what others may know of a seat at any time.
type Status struct {
	State   State
	Now     time.Duration
	Line    string // the last that was typed
	Place   string
	Used    time.Time
	Kept    int // bytes of packets
	Weight  int // how much it holds, about, to compare with others
	Viewers int
	Task    string    // the one that the learner is at
	Since   time.Time // when they came to it
	Done    int       // tasks
	Hints   int
	DeadEnd bool
	Says    string // the situation, in plain English
}

// New makes a seat; its world is made when somebody comes.
func New(c Config) *Seat {
	c.Limits = c.Limits.orDefaults()
	s := &Seat{
		config: c, jobs: make(chan func(), 64), quit: make(chan struct{}), done: make(chan struct{}), viewers: map[Viewer]*viewer{},
		state: Running, speed: 1, used: time.Now(),
	}
	s.desk.seat, s.teller.seat, s.teller.seed = s, s, maphash.MakeSeed()
	if s.rest.record = c.Record; c.Variant != nil {
		s.rest.now = c.Record.At
	}
	s.publish()
	go s.serve()
	return s
}

// Close ends the seat and its world.
func (s *Seat) Close() {
	select {
	case <-s.quit:
	default:
		close(s.quit)
	}
	<-s.done
}

// Status is the seat's, as it was when it last looked.
func (s *Seat) Status() Status { return *s.status.Load() }

// do runs fn on the seat's goroutine, without waiting for it; false if the seat has
// ended.
func (s *Seat) do(fn func()) bool {
	select {
	case s.jobs <- fn:
		return true
	case <-s.done:
		return false
	}
}

// Join connects a viewer. It is told everything from the beginning.
func (s *Seat) Join(v Viewer, lang string) {
	s.do(func() {
		s.viewers[v] = &viewer{Viewer: v, lang: language(lang), tables: map[string]view.Seen{}}
		s.used = time.Now()
		s.count()
		s.wake()
		if s.world != nil && !v.Watches() {
			s.pace.reset(s.world.Now(), s.speed)
		}
		s.teller.welcome(s.viewers[v])
	})
}

// Leave is the end of that. Nothing is sent to the viewer after it returns.
func (s *Seat) Leave(v Viewer) {
	left := make(chan struct{})
	if s.do(func() { delete(s.viewers, v); s.count(); close(left) }) {
		select {
		case <-left:
		case <-s.done:
		}
	}
}

// count counts those who work here: while there is nobody, time stands still.
func (s *Seat) count() {
	s.players = 0
	for v := range s.viewers {
		if !v.Watches() {
			s.players++
		}
	}
	s.desk.unkept = s.desk.unkept || s.players == 0
	s.publish()
}

// Ask carries a request out; the answer is a message to the viewer. It waits while
// the seat has more to do than it can keep in mind, so a connection that asks too much
// slows itself down.
func (s *Seat) Ask(v Viewer, r Request) {
	s.do(func() {
		if x := s.viewers[v]; x != nil {
			s.used = time.Now()
			s.request(x, r)
		}
	})
}

// Sleep puts the world to sleep now, if nobody is connected.
func (s *Seat) Sleep() {
	s.do(func() {
		if len(s.viewers) == 0 && s.world != nil && s.err == nil {
			s.sleep()
		}
	})
}

// Stop stops the world for a reason. Going back makes it again as it was before.
func (s *Seat) Stop(why error) {
	s.do(func() {
		if s.world != nil && s.err == nil {
			s.sleep()
			s.fails(why)
		}
	})
}

// Say tells everybody who is connected something.
func (s *Seat) Say(level, text string) {
	s.do(func() { s.teller.all(say{"say", level, text}) })
}

// Capture writes the packets that a filter lets through as a pcapng file.
func (s *Seat) Capture(filter string) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	ok := s.do(func() {
		b, err := s.capture(filter)
		done <- result{b, err}
	})
	if ok {
		select {
		case r := <-done:
			return r.b, r.err
		case <-s.done:
		}
	}
	return nil, fmt.Errorf("the lab has ended")
}

func (s *Seat) capture(filter string) ([]byte, error) {
	f, err := packets.ParseFilter(filter)
	if err != nil {
		return nil, err
	}
	if s.wake(); s.rec == nil {
		return nil, fmt.Errorf("there is no world")
	}
	var b strings.Builder
	err = s.rec.WriteCapture(&b, f)
	return []byte(b.String()), err
}

// viewer is a connection and what it has seen.
type viewer struct {
	Viewer
	lang   string
	filter *packets.Filter
	tables map[string]view.Seen // by node
}

// language is one of the page's.
func language(lang string) string {
	if lang == labs.Chinese {
		return lang
	}
	return labs.English
}

// serve is the seat's goroutine.
func (s *Seat) serve() {
	defer close(s.done)
	defer guard(s, func() {
		s.desk.keep(true)
		s.drop()
	})
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		guard(s, func() { wait = min(s.pass(), s.teller.tell(), s.desk.look(), s.doze()) })
		timer.Reset(max(wait, 0))
		select {
		case <-s.quit:
			return
		case fn := <-s.jobs:
			guard(s, fn)
		case <-timer.C:
		}
	}
}

// guard runs fn and makes a panic, which is a bug of ours, the end of this world and of
// no other. Nothing of the world is touched any more then.
func guard(s *Seat, fn func()) {
	defer func() {
		if r := recover(); r != nil {
			bug := sim.Caught(nil, r)
			s.world, s.sitting, s.rec = nil, nil, nil
			s.fails(fmt.Errorf("a bug of dnetsim: %w", bug))
		}
	}()
	fn()
}

// doze puts a world to sleep that nobody has used for long, and says when to look
// again.
func (s *Seat) doze() time.Duration {
	if s.world == nil || s.goal != nil {
		return time.Hour
	}
	left := s.config.Limits.Idle - time.Since(s.used)
	if left > 0 {
		return left
	}
	s.sleep()
	return time.Hour
}

// sleep keeps what the world is made again from, and gives it back.
func (s *Seat) sleep() {
	s.rest.log, s.rest.now = s.world.Log(), s.world.Now()
	if s.sitting != nil {
		s.rest.record = s.sitting.Record()
		s.desk.keep(true)
	}
	s.drop()
	s.teller.clock()
	s.publish()
}

// drop gives the world back.
func (s *Seat) drop() {
	switch {
	case s.sitting != nil:
		s.sitting.Close()
	case s.world != nil:
		s.world.Close()
	}
	s.world, s.sitting, s.rec = nil, nil, nil
}

// wake makes the world if there is none.
func (s *Seat) wake() {
	if s.world != nil || s.err != nil {
		return
	}
	if s.config.Variant != nil {
		s.desk.sit()
		return
	}
	s.make(s.rest.log, s.rest.now)
}

// make makes the world as it was at a time, from the inputs up to then.
func (s *Seat) make(log []replay.Input, now time.Duration) {
	s.drop()
	o := s.config.World
	o.Built = s.listen
	var w *replay.World
	var err error
	if log == nil && now == 0 {
		w, err = replay.Open(o)
	} else {
		w, err = o.Replay(log, now)
	}
	if err != nil {
		s.fails(err)
		return
	}
	s.begin(w)
}

// begin works in a world from now on.
func (s *Seat) begin(w *replay.World) {
	s.world, s.follow, s.last, s.goal = w, 0, nil, nil
	s.end = max(s.end, w.Now())
	s.logged = 0
	for _, in := range w.Log() {
		s.logged += weight(in)
	}
	s.attach()
	s.pace.reset(w.Now(), s.speed)
	if err := w.Err(); err != nil {
		s.fails(err)
	}
	s.publish()
}

// weight is what an input costs in a log, about, in bytes.
func weight(in replay.Input) int { return 60 + len(in.Data) + len(in.Place) }

// attach listens to the terminals of a new world.
func (s *Seat) attach() {
	s.screens, s.lines, s.typed.term = nil, nil, 0
	for n := 1; n <= s.world.Terminals(); n++ {
		s.screen(n)
	}
	for _, in := range s.world.Log() {
		s.noted(in)
	}
}

// fails stops everything: the world came down, or could not be made.
func (s *Seat) fails(err error) {
	s.err, s.goal = err, nil
	s.teller.all(say{"say", "error", "the world has stopped: " + err.Error()})
	s.teller.clock()
	s.publish()
}

// publish tells others how the seat is.
func (s *Seat) publish() {
	st := Status{State: s.shown(), Used: s.used, Viewers: s.players}
	if s.world != nil {
		st.Now = s.world.Now()
		st.Kept = s.rec.Kept()
		loop := s.world.Lab().Loop
		st.Weight = st.Kept + loop.Pending()*200 + loop.Procs()*20_000
	}
	if n := len(s.lines); n > 0 {
		st.Line = s.lines[n-1].Text
	}
	s.desk.describe(&st)
	s.status.Store(&st)
}

// shown is the state in the page's words.
func (s *Seat) shown() State {
	switch {
	case s.err != nil:
		return Over
	case s.world == nil:
		return Asleep
	case s.goal != nil:
		return Busy
	}
	return s.state
}
