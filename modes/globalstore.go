package modes

import (
	"encoding/json"
	"strings"

	"dnetsim/modes/store"
)

// storeRoot is before every key of libnetwork.
const storeRoot = "docker/network/v1.0/"

func storeKey(parts ...string) string { return storeRoot + strings.Join(parts, "/") + "/" }

// datastore is libnetwork's way to use the cluster store: JSON objects that are
// written with check and set. All methods block the running process.
type datastore struct{ kv *store.Client }

func (s datastore) at(key string) string { return s.kv.Endpoint.Join(key) }

// get reads an object; index is 0 if there is none.
func (s datastore) get(key string, into any) (index uint64, err error) {
	p, err := s.kv.Get(s.at(key))
	if err == store.ErrKeyNotFound {
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

// put writes an object that was read with this index (0: that does not exist),
// and returns the new one. A lost race is store.ErrKeyModified.
func (s datastore) put(key string, index uint64, v any) (uint64, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	var previous *store.Pair
	if index != 0 {
		previous = &store.Pair{Index: index}
	}
	p, err := s.kv.AtomicPut(s.at(key), b, previous)
	if err == store.ErrKeyExists {
		err = store.ErrKeyModified
	}
	if err != nil {
		return 0, err
	}
	return p.Index, nil
}

// list reads all objects below a directory, which it makes if it is missing.
func (s datastore) list(dir string) ([]store.Pair, error) {
	there, err := s.kv.Exists(s.at(dir))
	if err != nil {
		return nil, err
	}
	if !there {
		if err := s.kv.Put(s.at(dir), nil); err != nil {
			return nil, err
		}
	}
	all, err := s.kv.List(s.at(dir))
	if err == store.ErrKeyNotFound {
		return nil, nil
	}
	return all, err
}

// delete removes an object; one that is gone already is no error.
func (s datastore) delete(key string) error {
	for {
		p, err := s.kv.Get(s.at(key))
		if err == nil {
			err = s.kv.AtomicDelete(s.at(key), p)
		}
		switch err {
		case store.ErrKeyModified:
		case store.ErrKeyNotFound:
			return nil
		default:
			return err
		}
	}
}
