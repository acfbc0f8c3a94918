package page

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"dnetsim/labs"
	"dnetsim/labs/store"
)

// class is what is known of learners beyond their seats: their names, and the records
// of their work, which a goroutine of its own writes to the store.
type class struct {
	store  *store.Store // nil: nothing outlives the server
	secret []byte

	mu      sync.Mutex
	names   []string
	records map[place]labs.Record // the newest of each
	unsaved map[place]bool
	waiting []chan error // for what is unsaved to be on disk
	wake    chan struct{}
	ending  chan struct{}
	ended   chan struct{}
}

// saveEvery is how soon what was typed is on disk.
const saveEvery = 200 * time.Millisecond

// The notes of a class in its store.
const (
	secretNote = "page/secret"
	namesNote  = "page/learners"
)

func newClass(st *store.Store) (*class, error) {
	c := &class{
		store: st, records: map[place]labs.Record{}, unsaved: map[place]bool{},
		wake: make(chan struct{}, 1), ending: make(chan struct{}), ended: make(chan struct{}),
	}
	if st == nil {
		close(c.ended)
		return c, nil
	}
	var err error
	if c.secret, err = st.Noted(secretNote); err == nil && c.secret == nil {
		c.secret = make([]byte, 32)
		rand.Read(c.secret)
		err = st.Note(secretNote, c.secret)
	}
	if err != nil {
		return nil, err
	}
	text, err := st.Noted(namesNote)
	if err == nil && text != nil {
		err = json.Unmarshal(text, &c.names)
	}
	if err != nil {
		return nil, err
	}
	kept, err := st.List()
	if err != nil {
		return nil, err
	}
	for _, k := range kept {
		r, ok, err := st.Load(k.Learner, k.Lab)
		if err != nil {
			return nil, err
		}
		if ok {
			c.records[place{k.Learner, k.Lab}] = r
		}
	}
	go c.save()
	return c, nil
}

// claim takes a name for a learner who is new; false if somebody has it.
func (c *class) claim(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.names, name) || len(c.names) >= mostLearners {
		return false
	}
	names := append(slices.Clone(c.names), name)
	if c.store != nil {
		text, err := json.Marshal(names)
		if err != nil || c.store.Note(namesNote, text) != nil {
			return false
		}
	}
	c.names = names
	return true
}

// mostLearners is how many a class has.
const mostLearners = 2000

// learners are their names, as they came.
func (c *class) learners() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.names)
}

// record is the newest of a learner in a lab.
func (c *class) record(at place) (labs.Record, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.records[at]
	return r, ok
}

// keep takes a record to be put away: soon, or before it returns.
func (c *class) keep(r labs.Record, now bool) {
	at := place{r.Learner, r.Lab}
	c.mu.Lock()
	c.records[at] = r
	if c.store == nil {
		c.mu.Unlock()
		return
	}
	c.unsaved[at] = true
	var done chan error
	if now {
		done = make(chan error, 1)
		c.waiting = append(c.waiting, done)
	}
	c.mu.Unlock()
	if !now {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	select {
	case <-done:
	case <-c.ended:
	}
}

// save writes what is to be put away, all of it at once.
func (c *class) save() {
	defer close(c.ended)
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-c.wake:
		case <-c.ending:
			c.write()
			return
		}
		c.write()
	}
}

func (c *class) write() {
	c.mu.Lock()
	var all []labs.Record
	for at := range c.unsaved {
		all = append(all, c.records[at])
	}
	waiting := c.waiting
	c.unsaved, c.waiting = map[place]bool{}, nil
	c.mu.Unlock()
	var err error
	if len(all) > 0 {
		err = c.store.Save(all...)
	}
	if err != nil { // one that cannot be written keeps nobody else's from the disk
		err = nil
		for _, r := range all {
			err = errors.Join(err, c.store.Save(r))
		}
	}
	for _, w := range waiting {
		w <- err
	}
}

func (c *class) close() {
	if c.store != nil {
		close(c.ending)
		<-c.ended
	}
}
