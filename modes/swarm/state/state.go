// Package state is what a manager knows of its swarm: the objects by kind and
// identifier, changed only by batches that all managers apply in the same order. Who
// wants to change something writes a transaction ([State.Update]); one at a time is
// under way, as long as it takes to be agreed on.
package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/sim"
)

// Operations of an action.
const (
	create = "create"
	update = "update"
	remove = "remove"
)

// action is one change of a batch.
type action struct {
	Op     string
	Kind   object.Kind
	ID     string          `json:",omitempty"` // of what is removed
	Object json.RawMessage `json:",omitempty"`
}

// batch is what one entry of the log says.
type batch struct {
	At      time.Time
	Actions []action
}

// Change is one object that all managers have agreed on.
type Change struct {
	Action string        // "create", "update" or "remove"
	Old    object.Object // as it was, nil of a new one
	Now    object.Object // as it is, nil of one that is gone
}

// State is the swarm as the log has it so far.
type State struct {
	loop    *sim.Loop
	wall    func() time.Time
	propose func([]byte) error
	changed func()
	watch   func(Change)

	byID  map[object.Kind]map[string]object.Object
	order map[object.Kind][]object.Object // in the order in which they were made
	busy  bool
	free  sim.Cond
}

// New is an empty one. Propose brings a batch to all managers and returns when
// [State.Apply] has been called with it; changed is told of every batch, and watch of
// each change in it.
func New(l *sim.Loop, wall func() time.Time, propose func([]byte) error, changed func(), watch func(Change)) *State {
	s := &State{loop: l, wall: wall, propose: propose, changed: changed, watch: watch}
	s.clear()
	return s
}

func (s *State) clear() {
	s.byID, s.order = map[object.Kind]map[string]object.Object{}, map[object.Kind][]object.Object{}
	for _, k := range object.Kinds {
		s.byID[k] = map[string]object.Object{}
	}
}

// Reader is what can be read: the state, or a transaction that sees its own
// changes.
type Reader interface {
	get(object.Kind, string) object.Object
	all(object.Kind) []object.Object
}

func (s *State) get(k object.Kind, id string) object.Object { return s.byID[k][id] }
func (s *State) all(k object.Kind) []object.Object          { return s.order[k] }

func kindOf[T object.Object]() object.Kind {
	var zero T
	switch any(zero).(type) {
	case *object.Cluster:
		return object.KindCluster
	case *object.Node:
		return object.KindNode
	case *object.Network:
		return object.KindNetwork
	case *object.Service:
		return object.KindService
	case *object.Task:
		return object.KindTask
	case *object.Secret:
		return object.KindSecret
	case *object.Config:
		return object.KindConfig
	}
	return ""
}

// Get finds an object by its identifier. It must not be changed.
func Get[T object.Object](r Reader, id string) (T, bool) {
	o := r.get(kindOf[T](), id)
	t, ok := o.(T)
	return t, ok
}

// All are the objects of a kind, the oldest first. They must not be changed.
func All[T object.Object](r Reader) []T {
	all := r.all(kindOf[T]())
	out := make([]T, 0, len(all))
	for _, o := range all {
		out = append(out, o.(T))
	}
	return out
}

// Where are those of a kind that match.
func Where[T object.Object](r Reader, match func(T) bool) (out []T) {
	for _, o := range r.all(kindOf[T]()) {
		if t := o.(T); match(t) {
			out = append(out, t)
		}
	}
	return out
}

// Named finds an object by its name.
func Named[T object.Object](r Reader, name string) (T, bool) {
	for _, o := range r.all(kindOf[T]()) {
		if o.Title() == name {
			return o.(T), true
		}
	}
	var zero T
	return zero, false
}

// Cluster is the one cluster, nil before there is one.
func Cluster(r Reader) *object.Cluster {
	for _, c := range All[*object.Cluster](r) {
		return c
	}
	return nil
}

// Tx is a change that is being written.
type Tx struct {
	s    *State
	news map[object.Kind]map[string]object.Object // nil: removed
	made map[object.Kind][]object.Object
	acts []action
}

func (tx *Tx) get(k object.Kind, id string) object.Object {
	if o, ok := tx.news[k][id]; ok {
		return o
	}
	return tx.s.get(k, id)
}

func (tx *Tx) all(k object.Kind) []object.Object {
	if len(tx.news[k]) == 0 {
		return tx.s.all(k)
	}
	var out []object.Object
	for _, o := range append(slices.Clone(tx.s.all(k)), tx.made[k]...) {
		_, id := o.Key()
		if now := tx.get(k, id); now != nil {
			out = append(out, now)
		}
	}
	return out
}

func (tx *Tx) put(op string, o object.Object) {
	k, id := o.Key()
	if tx.news[k] == nil {
		tx.news[k] = map[string]object.Object{}
	}
	tx.news[k][id] = o
	tx.acts = append(tx.acts, action{Op: op, Kind: k, Object: object.Encode(o)})
}

// Create adds an object.
func (tx *Tx) Create(o object.Object) {
	k, _ := o.Key()
	tx.made[k] = append(tx.made[k], o)
	tx.put(create, o)
}

// Update replaces an object by a changed clone of it. One that has been removed
// meanwhile stays removed.
func (tx *Tx) Update(o object.Object) {
	if k, id := o.Key(); tx.get(k, id) != nil {
		tx.put(update, o)
	}
}

// Remove removes an object.
func (tx *Tx) Remove(k object.Kind, id string) {
	if tx.get(k, id) == nil {
		return
	}
	if tx.news[k] == nil {
		tx.news[k] = map[string]object.Object{}
	}
	tx.news[k][id] = nil
	tx.acts = append(tx.acts, action{Op: remove, Kind: k, ID: id})
}

// Update runs fn on a transaction and has it agreed on. It blocks the running
// process; an error of fn, or of the managers, leaves everything as it was. A
// transaction that changes nothing asks nobody.
func (s *State) Update(fn func(*Tx) error) error {
	for s.busy {
		if err := s.free.Wait(s.loop); err != nil {
			return err
		}
	}
	s.busy = true
	defer func() {
		s.busy = false
		s.free.Signal()
	}()
	tx := &Tx{s: s, news: map[object.Kind]map[string]object.Object{}, made: map[object.Kind][]object.Object{}}
	if err := fn(tx); err != nil {
		return err
	}
	if len(tx.acts) == 0 {
		return nil
	}
	b, err := json.Marshal(batch{At: s.wall().UTC(), Actions: tx.acts})
	if err != nil {
		return err
	}
	return s.propose(b)
}

// Apply takes in a batch that has been agreed on. What is malformed changes nothing.
func (s *State) Apply(index uint64, b []byte) {
	var in batch
	if json.Unmarshal(b, &in) != nil {
		return
	}
	for _, a := range in.Actions {
		switch a.Op {
		case remove:
			if old := s.get(a.Kind, a.ID); old != nil {
				s.drop(a.Kind, a.ID)
				s.watch(Change{a.Op, old, nil})
			}
		case create, update:
			o, err := object.Decode(a.Kind, a.Object)
			if err != nil {
				continue
			}
			h := o.Head()
			h.Version.Index, h.UpdatedAt = index, in.At
			if a.Op == create {
				h.CreatedAt = in.At
			}
			_, id := o.Key()
			old := s.get(a.Kind, id)
			s.set(o)
			s.watch(Change{a.Op, old, o})
		}
	}
	s.changed()
}

func (s *State) set(o object.Object) {
	k, id := o.Key()
	if s.byID[k] == nil {
		return
	}
	if s.byID[k][id] == nil {
		s.order[k] = append(s.order[k], o)
	} else {
		i := slices.IndexFunc(s.order[k], func(x object.Object) bool { _, xid := x.Key(); return xid == id })
		s.order[k] = slices.Clone(s.order[k])
		s.order[k][i] = o
	}
	s.byID[k][id] = o
}

func (s *State) drop(k object.Kind, id string) {
	if s.byID[k][id] == nil {
		return
	}
	delete(s.byID[k], id)
	i := slices.IndexFunc(s.order[k], func(x object.Object) bool { _, xid := x.Key(); return xid == id })
	s.order[k] = slices.Concat(s.order[k][:i], s.order[k][i+1:])
}

// Snapshot is the whole state.
func (s *State) Snapshot() []byte {
	all := map[object.Kind][]json.RawMessage{}
	for _, k := range object.Kinds {
		for _, o := range s.order[k] {
			all[k] = append(all[k], object.Encode(o))
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("swarm: the state has no JSON: %v", err))
	}
	return b
}

// Restore takes a snapshot instead of what there is.
func (s *State) Restore(b []byte) {
	var all map[object.Kind][]json.RawMessage
	if json.NewDecoder(bytes.NewReader(b)).Decode(&all) != nil {
		return
	}
	s.clear()
	for _, k := range object.Kinds {
		for _, raw := range all[k] {
			if o, err := object.Decode(k, raw); err == nil {
				s.set(o)
			}
		}
	}
	s.changed()
}

// ErrSequence is the refusal of a change that was made from an old version.
var ErrSequence = errors.New("update out of sequence")

// Changed reports whether the transaction has changed anything so far.
func (tx *Tx) Changed() bool { return len(tx.acts) > 0 }
