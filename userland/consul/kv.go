package consul

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// maxValue is the largest value of a key, in bytes.
const maxValue = 512 << 10

// kv is /v1/kv/KEY.
func (q *request) kv(key string) []byte {
	switch q.method {
	case "GET":
		return q.kvGet(key)
	case "PUT":
		return q.kvPut(key)
	case "DELETE":
		return q.kvDelete(key)
	}
	return q.allow("GET", "PUT", "DELETE")
}

func (q *request) kvGet(key string) []byte {
	tree := q.query.Has("recurse")
	if q.query.Has("keys") {
		return q.kvKeys(key)
	}
	if key == "" && !tree {
		return q.fail(400, "Missing key name")
	}
	var found []*entry
	bad, ok := q.blocking(subject{key: key, tree: tree}, func() uint64 {
		if tree {
			list, index := q.a.st.list(key)
			found = list
			return index
		}
		e, index := q.a.st.get(key)
		if found = nil; e != nil {
			found = []*entry{e}
		}
		return index
	})
	if !ok {
		return bad
	}
	switch {
	case len(found) == 0:
		return q.fail(404, "")
	case q.query.Has("raw") && !tree:
		return found[0].Value
	}
	return q.json(found)
}

// kvKeys lists names only, up to the separator if there is one.
func (q *request) kvKeys(prefix string) []byte {
	sep := q.query.Get("separator")
	var keys []string
	bad, ok := q.blocking(subject{key: prefix, tree: true}, func() uint64 {
		list, index := q.a.st.list(prefix)
		keys = nil
		for _, e := range list {
			k := e.Key
			if i := strings.Index(k[len(prefix):], sep); sep != "" && i >= 0 {
				k = k[:len(prefix)+i+len(sep)]
			}
			if len(keys) == 0 || keys[len(keys)-1] != k {
				keys = append(keys, k)
			}
		}
		return index
	})
	if !ok {
		return bad
	}
	if len(keys) == 0 {
		return q.fail(404, "")
	}
	return q.json(keys)
}

// conflict reports whether more than one of these parameters is there.
func (q *request) conflict(names ...string) bool {
	n := 0
	for _, name := range names {
		if q.query.Has(name) {
			n++
		}
	}
	return n > 1
}

func (q *request) kvPut(key string) []byte {
	var flags uint64
	var err error
	switch {
	case key == "":
		return q.fail(400, "Missing key name")
	case q.conflict("cas", "acquire", "release"):
		return q.fail(400, "Conflicting flags: "+q.query.Encode())
	case len(q.body) > maxValue:
		return q.fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("Value exceeds %d byte limit", maxValue))
	}
	if q.query.Has("flags") {
		if flags, err = strconv.ParseUint(q.query.Get("flags"), 10, 64); err != nil {
			return q.fail(500, err.Error())
		}
	}
	value := q.body
	if len(value) == 0 {
		value = nil
	}
	st := q.a.st
	switch {
	case q.query.Has("cas"):
		index, err := strconv.ParseUint(q.query.Get("cas"), 10, 64)
		if err != nil {
			return q.fail(500, err.Error())
		}
		return q.json(st.putIf(key, value, flags, index))
	case q.query.Has("acquire"):
		done, err := st.acquire(key, value, flags, q.query.Get("acquire"))
		if err != nil {
			return q.fail(500, err.Error())
		}
		return q.json(done)
	case q.query.Has("release"):
		return q.json(st.release(key, value, flags, q.query.Get("release")))
	}
	st.put(key, value, flags)
	return q.json(true)
}

func (q *request) kvDelete(key string) []byte {
	st := q.a.st
	tree := q.query.Has("recurse")
	switch {
	case key == "" && !tree:
		return q.fail(400, "Missing key name")
	case q.conflict("recurse", "cas"):
		return q.fail(400, "Conflicting flags: "+q.query.Encode())
	case tree:
		var keys []string
		list, _ := st.list(key)
		for _, e := range list {
			keys = append(keys, e.Key)
		}
		st.remove(keys...)
	case q.query.Has("cas"):
		index, err := strconv.ParseUint(q.query.Get("cas"), 10, 64)
		if err != nil {
			return q.fail(500, err.Error())
		}
		return q.json(st.removeIf(key, index))
	default:
		st.remove(key)
	}
	return q.json(true)
}
