package gate

import "time"

// reach is how far, in virtual time, a call that waits for bytes makes who drives
// the loop hurry. One that waits longer is a connection that lies idle.
const reach = time.Minute

// urgency is how much a waiting call wants time to pass.
type urgency int

const (
	always   urgency = iota // until it ends
	reaching                // as far as reach goes
	never                   // it waits for somebody to come
)

// call is a call of a goroutine that waits.
type call struct {
	urgency urgency
	since   time.Duration
	began   time.Time
}

// wait says that a call waits, until the result is called.
func (g *Gate) wait(u urgency) (over func()) {
	c := &call{urgency: u, began: time.Now()}
	if u != always {
		g.loop.Inject(func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			c.since = g.loop.Now()
		})
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c.since = g.loop.Clock()
	g.calls[c] = true
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if delete(g.calls, c); u != always {
			return
		}
		for c := range g.turns { // whoever called has something to go on with
			g.turns[c] = time.Now()
		}
	}
}

// Wanted reports, on the loop, whether a call waits for virtual time to pass:
// hurry, if it is worth jumping to the next event. Without any, nobody needs time
// to pass at all.
func (g *Gate) Wanted() (any, hurry bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.calls {
		any = true
		if c.urgency == always || c.urgency == reaching && g.loop.Now()-c.since < reach {
			return true, true
		}
	}
	return any, false
}

// Turn reports whether it is a goroutine's turn: a connection has given it
// something, or it has written, no longer than patience ago, and it has neither
// closed the connection nor come back to read what is the answer. A call that was
// made later than that and wants time to pass has precedence, and the turn goes on
// after it.
func (g *Gate) Turn(patience time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	var last time.Time
	for _, since := range g.turns {
		if since.After(last) {
			last = since
		}
	}
	for c := range g.calls {
		if c.urgency == always && c.began.After(last) {
			return false
		}
	}
	for c, since := range g.turns {
		if time.Since(since) > patience {
			delete(g.turns, c)
		}
	}
	return len(g.turns) > 0
}

// turn says that a connection has given its goroutine something.
func (g *Gate) turn(c *Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turns[c], c.wrote = time.Now(), false
}

// written says that the goroutine has answered; there may be more to come.
func (g *Gate) written(c *Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turns[c], c.wrote = time.Now(), true
}

// back says that the goroutine waits for what the peer says to what it wrote.
func (g *Gate) back(c *Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.wrote {
		delete(g.turns, c)
	}
}

// leave forgets a connection or a listener that its goroutine has closed.
func (g *Gate) leave(m member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.members, m)
	if c, ok := m.(*Conn); ok {
		delete(g.turns, c)
	}
}

// enter takes a connection or a listener in; a gate that is closed shuts it.
func (g *Gate) enter(m member) {
	g.mu.Lock()
	g.members[m] = true
	g.mu.Unlock()
	select {
	case <-g.over:
		m.shut()
	default:
	}
}
