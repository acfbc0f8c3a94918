package consul

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"dnetsim/sim"
)

// entry is one key as the API prints it.
type entry struct {
	LockIndex   uint64
	Key         string
	Flags       uint64
	Value       []byte
	Session     string `json:",omitempty"`
	CreateIndex uint64
	ModifyIndex uint64
}

// same reports whether writing o over e would change nothing: such a write
// wakes nobody.
func (e *entry) same(o *entry) bool {
	return e.LockIndex == o.LockIndex && e.Flags == o.Flags && e.Session == o.Session && bytes.Equal(e.Value, o.Value)
}

// tombstoneTTL is how long a deleted key is remembered for blocking queries.
const tombstoneTTL = 15 * time.Minute

// tombstone is a key that was deleted.
type tombstone struct {
	key   string
	index uint64
	at    time.Duration
}

// state is what the agent knows.
type state struct {
	loop     *sim.Loop
	index    uint64 // of the last write
	keys     []string
	entries  map[string]*entry
	kvIndex  uint64 // of the last change of any key
	graves   []tombstone
	sessions []*session
	sesIndex uint64
	delays   map[string]time.Duration // keys in lock-delay, until when
	waiters  []*waiter
	// changed is called for every record that has to outlive the process.
	changed func(record)
	// expiry wakes the thread that ends sessions.
	expiry sim.Cond
}

// firstIndex is the log's index once a new cluster has elected its leader and
// registered itself.
const firstIndex = 8

func newState(l *sim.Loop) *state {
	return &state{
		loop: l, index: firstIndex, entries: map[string]*entry{}, delays: map[string]time.Duration{},
		kvIndex: 0, changed: func(record) {},
	}
}

// what a blocking query waits for.
type subject struct {
	sessions bool
	key      string
	tree     bool
}

func (s subject) covers(key string) bool {
	return !s.sessions && (s.key == key || s.tree && strings.HasPrefix(key, s.key))
}

type waiter struct {
	on    subject
	fired bool
	cond  sim.Cond
}

// wait blocks the running process until the subject changes or limit passes.
func (st *state) wait(on subject, limit time.Duration) error {
	w := &waiter{on: on}
	st.waiters = append(st.waiters, w)
	defer func() {
		st.waiters = slices.DeleteFunc(st.waiters, func(x *waiter) bool { return x == w })
	}()
	end := st.loop.Now() + limit
	for !w.fired {
		left := end - st.loop.Now()
		if left <= 0 {
			return sim.ErrTimeout
		}
		if err := w.cond.WaitFor(st.loop, left); err != nil {
			return err
		}
	}
	return nil
}

func (st *state) tell(match func(subject) bool) {
	for _, w := range st.waiters {
		if !w.fired && match(w.on) {
			w.fired = true
			w.cond.Signal()
		}
	}
}

// get finds a key and the index that its watchers compare.
func (st *state) get(key string) (*entry, uint64) {
	if e := st.entries[key]; e != nil {
		return e, e.ModifyIndex
	}
	return nil, st.kvIndex
}

// list finds the keys below a prefix, in order, and the index of the newest
// change there, deletions included.
func (st *state) list(prefix string) ([]*entry, uint64) {
	var out []*entry
	var index uint64
	i, _ := slices.BinarySearch(st.keys, prefix)
	for ; i < len(st.keys) && strings.HasPrefix(st.keys[i], prefix); i++ {
		e := st.entries[st.keys[i]]
		out = append(out, e)
		index = max(index, e.ModifyIndex)
	}
	st.reapGraves()
	for _, g := range st.graves {
		if strings.HasPrefix(g.key, prefix) {
			index = max(index, g.index)
		}
	}
	if prefix == "" || index == 0 {
		index = st.kvIndex
	}
	return out, index
}

func (st *state) reapGraves() {
	n := 0
	for n < len(st.graves) && st.graves[n].at+tombstoneTTL < st.loop.Now() {
		n++
	}
	st.graves = st.graves[n:]
}

// set writes an entry as a new index. A write that changes nothing leaves the
// key's index as it is.
func (st *state) set(e entry) {
	st.index++
	old := st.entries[e.Key]
	if old != nil {
		if old.same(&e) {
			return
		}
		e.CreateIndex = old.CreateIndex
	} else {
		e.CreateIndex = st.index
	}
	e.ModifyIndex = st.index
	st.place(&e)
	st.changed(record{Set: &e})
	st.tell(func(s subject) bool { return s.covers(e.Key) })
}

// place puts an entry into the tables.
func (st *state) place(e *entry) {
	if _, known := st.entries[e.Key]; !known {
		i, _ := slices.BinarySearch(st.keys, e.Key)
		st.keys = slices.Insert(st.keys, i, e.Key)
	}
	st.entries[e.Key] = e
	st.kvIndex = e.ModifyIndex
}

// remove deletes keys as one write.
func (st *state) remove(keys ...string) {
	st.index++
	for _, k := range keys {
		if st.entries[k] == nil {
			continue
		}
		st.take(k, st.index)
		st.changed(record{Delete: k, Index: st.index})
	}
	st.tell(func(s subject) bool { return slices.ContainsFunc(keys, s.covers) })
}

func (st *state) take(key string, index uint64) {
	delete(st.entries, key)
	if i, ok := slices.BinarySearch(st.keys, key); ok {
		st.keys = slices.Delete(st.keys, i, i+1)
	}
	st.reapGraves()
	st.graves = append(st.graves, tombstone{key, index, st.loop.Now()})
	st.kvIndex = index
}

// put is a plain write: a lock's holder stays.
func (st *state) put(key string, value []byte, flags uint64) {
	e := entry{Key: key, Value: value, Flags: flags}
	if old := st.entries[key]; old != nil {
		e.Session = old.Session
	}
	st.set(e)
}

// putIf is put if the key is still at an index; zero: if there is no such key.
func (st *state) putIf(key string, value []byte, flags, index uint64) bool {
	old := st.entries[key]
	if index == 0 && old != nil || index != 0 && (old == nil || old.ModifyIndex != index) {
		st.index++
		return false
	}
	st.put(key, value, flags)
	return true
}

// removeIf deletes a key that is still at an index. A key that is not there is
// as good as deleted.
func (st *state) removeIf(key string, index uint64) bool {
	e := st.entries[key]
	if e == nil {
		return true
	}
	if e.ModifyIndex != index {
		return false
	}
	st.remove(key)
	return true
}

// acquire writes and locks a key for a session; it fails while another session
// has it, or in the time of the lock-delay.
func (st *state) acquire(key string, value []byte, flags uint64, id string) (bool, error) {
	if st.session(id) == nil {
		return false, fmt.Errorf("invalid session %q", id)
	}
	if until, ok := st.delays[key]; ok {
		if st.loop.Now() < until {
			return false, nil
		}
		delete(st.delays, key)
	}
	e := entry{Key: key, Value: value, Flags: flags, Session: id, LockIndex: 1}
	if old := st.entries[key]; old != nil {
		switch old.Session {
		case "":
			e.LockIndex = old.LockIndex + 1
		case id:
			e.LockIndex = old.LockIndex
		default:
			return false, nil
		}
	}
	st.set(e)
	return true, nil
}

// release writes and unlocks a key that the session holds.
func (st *state) release(key string, value []byte, flags uint64, id string) bool {
	old := st.entries[key]
	if old == nil || old.Session != id || id == "" {
		return false
	}
	st.set(entry{Key: key, Value: value, Flags: flags, LockIndex: old.LockIndex})
	return true
}
