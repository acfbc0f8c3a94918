// Package store owns learners' records on disk: what was typed, what was done, in one
// file that survives a restart, a kill and a loss of power. It does not own what a
// record means: that is package labs.
//
// Start reading at [Store.Save].
package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"dnetsim/labs"
	"dnetsim/scenarios/replay"

	"go.etcd.io/bbolt"
	refused "go.etcd.io/bbolt/errors"
)

// Store is a file of records. It is safe for concurrent use; one process at a time
// has it open.
type Store struct{ db *bbolt.DB }

// The file: records/LEARNER/LAB has "head", "acts" and "log", a bucket of inputs by
// their number; notes are small values by name.
var (
	records = []byte("records")
	notes   = []byte("notes")
	head    = []byte("head")
	acts    = []byte("acts")
	inputs  = []byte("log")
)

// about is the part of a record that changes with every save.
type about struct {
	Start time.Duration `json:"start"`
	At    time.Duration `json:"at"`
	Saved time.Time     `json:"saved"`
}

// patience is how long to wait for another process that has the file.
const patience = 2 * time.Second

// Open opens the file, or makes it.
func Open(path string) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: patience})
	if err != nil {
		if errors.Is(err, refused.ErrTimeout) {
			err = errors.New("another process has it open")
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{records, notes} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Store{db}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Save keeps records, all of them or none. Of the inputs only those are written that
// are not there yet: a record's log only grows. When it returns, they are on the disk.
func (s *Store) Save(all ...labs.Record) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		for i := range all {
			if err := save(tx, &all[i]); err != nil {
				return fmt.Errorf("the record of %q in %q: %w", all[i].Learner, all[i].Lab, err)
			}
		}
		return nil
	})
}

func save(tx *bbolt.Tx, r *labs.Record) error {
	b := tx.Bucket(records)
	for _, name := range []string{r.Learner, r.Lab} {
		if name == "" {
			return errors.New("it has no learner or no lab")
		}
		var err error
		if b, err = b.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	log, err := b.CreateBucketIfNotExists(inputs)
	if err != nil {
		return err
	}
	have := 0
	if k, _ := log.Cursor().Last(); k != nil {
		have = int(binary.BigEndian.Uint64(k)) + 1
	}
	for i := have; i < len(r.Log); i++ {
		if err := put(log, binary.BigEndian.AppendUint64(nil, uint64(i)), r.Log[i]); err != nil {
			return err
		}
	}
	if err := put(b, acts, r.Acts); err != nil {
		return err
	}
	return put(b, head, about{r.Start, r.At, time.Now()})
}

func put(b *bbolt.Bucket, key []byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, text)
}

// Load is a learner's record in a lab; ok is false if there is none.
func (s *Store) Load(learner, lab string) (r labs.Record, ok bool, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(records)
		for _, name := range []string{learner, lab} {
			if b = b.Bucket([]byte(name)); b == nil {
				return nil
			}
		}
		ok = true
		r, err = load(b, learner, lab)
		return err
	})
	return r, ok, err
}

func load(b *bbolt.Bucket, learner, lab string) (r labs.Record, err error) {
	r = labs.Record{Learner: learner, Lab: lab}
	var a about
	if err := json.Unmarshal(b.Get(head), &a); err != nil {
		return r, err
	}
	r.Start, r.At = a.Start, a.At
	if err := json.Unmarshal(b.Get(acts), &r.Acts); err != nil {
		return r, err
	}
	return r, b.Bucket(inputs).ForEach(func(_, v []byte) error {
		var in replay.Input
		err := json.Unmarshal(v, &in)
		r.Log = append(r.Log, in)
		return err
	})
}

// Kept is a record that is there.
type Kept struct {
	Learner, Lab string
	Saved        time.Time // when it was last saved, by the machine's clock
}

// List is what is there, by learner and lab.
func (s *Store) List() (out []Kept, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		all := tx.Bucket(records)
		return all.ForEachBucket(func(learner []byte) error {
			of := all.Bucket(learner)
			return of.ForEachBucket(func(lab []byte) error {
				var a about
				if err := json.Unmarshal(of.Bucket(lab).Get(head), &a); err != nil {
					return err
				}
				out = append(out, Kept{string(learner), string(lab), a.Saved})
				return nil
			})
		})
	})
	return out, err
}

// Forget removes a learner's record in a lab, so that it begins anew.
func (s *Store) Forget(learner, lab string) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(records).Bucket([]byte(learner))
		if b == nil || b.Bucket([]byte(lab)) == nil {
			return nil
		}
		return b.DeleteBucket([]byte(lab))
	})
}

// Note keeps a small value under a name, as the class's list; nil removes it.
func (s *Store) Note(name string, value []byte) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		if value == nil {
			return tx.Bucket(notes).Delete([]byte(name))
		}
		return tx.Bucket(notes).Put([]byte(name), value)
	})
}

// Noted is what was kept under a name, nil if nothing was.
func (s *Store) Noted(name string) (value []byte, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		value = slices.Clone(tx.Bucket(notes).Get([]byte(name)))
		return nil
	})
	return value, err
}
