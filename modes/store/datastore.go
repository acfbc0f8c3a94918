package store

import (
	"encoding/json"
	"strings"
)

// Root is before every key of libnetwork.
const Root = "docker/network/v1.0/"

// Key is a key of libnetwork's.
func Key(parts ...string) string { return Root + strings.Join(parts, "/") + "/" }

// Datastore is libnetwork's way to use the cluster store: JSON objects that are
// written with check and set. All methods block the running process.
type Datastore struct{ KV *Client }

// At is a key below the store's own root.
func (s Datastore) At(key string) string { return s.KV.Endpoint.Join(key) }

// Get reads an object; index is 0 if there is none.
func (s Datastore) Get(key string, into any) (index uint64, err error) {
	p, err := s.KV.Get(s.At(key))
	if err == ErrKeyNotFound {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(p.Value, into); err != nil {
		return 0, err
	}
	return p.Index, nil
}

// Put writes an object that was read with this index (0: that does not exist),
// and returns the new one. A lost race is ErrKeyModified.
func (s Datastore) Put(key string, index uint64, v any) (uint64, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	var previous *Pair
	if index != 0 {
		previous = &Pair{Index: index}
	}
	p, err := s.KV.atomicPut(s.At(key), b, previous)
	if err == errKeyExists {
		err = ErrKeyModified
	}
	if err != nil {
		return 0, err
	}
	return p.Index, nil
}

// List reads all objects below a directory, which it makes if it is missing.
func (s Datastore) List(dir string) ([]Pair, error) {
	there, err := s.KV.exists(s.At(dir))
	if err != nil {
		return nil, err
	}
	if !there {
		if err := s.KV.Put(s.At(dir), nil); err != nil {
			return nil, err
		}
	}
	all, err := s.KV.List(s.At(dir))
	if err == ErrKeyNotFound {
		return nil, nil
	}
	return all, err
}

// Delete removes an object; one that is gone already is no error.
func (s Datastore) Delete(key string) error {
	for {
		p, err := s.KV.Get(s.At(key))
		if err == nil {
			err = s.KV.atomicDelete(s.At(key), p)
		}
		switch err {
		case ErrKeyModified:
		case ErrKeyNotFound:
			return nil
		default:
			return err
		}
	}
}
