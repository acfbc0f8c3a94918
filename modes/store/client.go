package store

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
)

// lockFlag marks every key that consul's client writes (api.LockFlagValue).
const lockFlag = 0x2ddccbc058a50c18

// Pair is a key with its value and the index to give to an atomic operation.
type Pair struct {
	Key   string
	Value []byte
	Index uint64
}

// Options are what a client needs besides the store's place.
type Options struct {
	// Lookup resolves a host name of the endpoint; it may block. Nil finds none.
	Lookup func(host string) (netip.Addr, error)
}

// Dialer opens a client's sockets: a namespace, or a process in one.
type Dialer interface {
	DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*stack.TCPConn, error)
}

// Client speaks to one store from one network namespace. Several processes may
// use it at once: each request has a connection for itself.
type Client struct {
	Endpoint Endpoint
	t        *transport
	watches  []*sim.Proc
}

// New returns a client; it connects with its first request.
func New(loop *sim.Loop, net Dialer, e Endpoint, o Options) *Client {
	return &Client{Endpoint: e, t: &transport{loop: loop, net: net, addr: e.Addr, lookup: o.Lookup}}
}

// Close ends the watches and every connection.
func (c *Client) Close() {
	ws := c.watches
	c.watches = nil
	for _, w := range ws {
		if w != c.t.loop.Current() {
			w.Kill()
		}
	}
	c.t.close()
}

// wirePair is a pair as the server prints it.
type wirePair struct {
	Key         string
	Value       []byte
	Session     string
	Flags       uint64
	ModifyIndex uint64
}

// normal is a key without the slash before it.
func normal(key string) string { return strings.TrimPrefix(key, "/") }

// query is what a read asks for.
type query struct {
	tree, consistent bool
	index            uint64
	wait             time.Duration
}

// read gets a key or a tree: no pairs if there is none. The index is the
// answer's X-Consul-Index.
func (c *Client) read(key string, q query) ([]wirePair, uint64, error) {
	v := url.Values{}
	if q.tree {
		v.Set("recurse", "")
	}
	if q.consistent {
		v.Set("consistent", "")
	}
	if q.index != 0 {
		v.Set("index", strconv.FormatUint(q.index, 10))
	}
	if q.wait != 0 {
		v.Set("wait", strconv.FormatInt(q.wait.Milliseconds(), 10)+"ms")
	}
	a, err := c.t.do(http.MethodGet, "/v1/kv/"+key, v, nil)
	if err != nil {
		return nil, 0, err
	}
	index, _ := strconv.ParseUint(a.header.Get("X-Consul-Index"), 10, 64)
	switch a.status {
	case http.StatusNotFound:
		return nil, index, nil
	case http.StatusOK:
		var out []wirePair
		err := json.Unmarshal(a.body, &out)
		return out, index, err
	}
	return nil, 0, &statusError{a.status, string(a.body)}
}

// write sends a request that changes something and reads the answer into out.
func (c *Client) write(method, path string, v url.Values, body []byte, out any) error {
	a, err := c.t.do(method, path, v, body)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return &statusError{a.status, string(a.body)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(a.body, out)
}

func flagged() url.Values {
	return url.Values{"flags": {strconv.FormatUint(lockFlag, 10)}}
}

// Get reads a key. It returns ErrKeyNotFound if there is none.
func (c *Client) Get(key string) (*Pair, error) {
	list, index, err := c.read(normal(key), query{consistent: true})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrKeyNotFound
	}
	return &Pair{list[0].Key, list[0].Value, index}, nil
}

// exists reports whether there is such a key.
func (c *Client) exists(key string) (bool, error) {
	_, err := c.Get(key)
	if err == ErrKeyNotFound {
		return false, nil
	}
	return err == nil, err
}

// Put writes a key whatever it held.
func (c *Client) Put(key string, value []byte) error {
	return c.write(http.MethodPut, "/v1/kv/"+normal(key), flagged(), value, nil)
}

// atomicPut writes a key if nobody has changed it since previous was read, or,
// with previous nil, if there is no such key. It returns ErrKeyModified or
// errKeyExists if that is not so, and otherwise what the key now is.
func (c *Client) atomicPut(key string, value []byte, previous *Pair) (*Pair, error) {
	v := flagged()
	v.Set("cas", "0")
	if previous != nil {
		v.Set("cas", strconv.FormatUint(previous.Index, 10))
	}
	done := false
	if err := c.write(http.MethodPut, "/v1/kv/"+normal(key), v, value, &done); err != nil {
		return nil, err
	}
	switch {
	case !done && previous == nil:
		return nil, errKeyExists
	case !done:
		return nil, ErrKeyModified
	}
	return c.Get(key)
}

// atomicDelete removes a key that nobody has changed since previous was read.
func (c *Client) atomicDelete(key string, previous *Pair) error {
	if previous == nil {
		return errNoPrevious
	}
	if _, err := c.Get(key); err == ErrKeyNotFound {
		return err
	}
	done := false
	v := url.Values{"cas": {strconv.FormatUint(previous.Index, 10)}}
	if err := c.write(http.MethodDelete, "/v1/kv/"+normal(key), v, nil, &done); err != nil {
		return err
	}
	if !done {
		return ErrKeyModified
	}
	return nil
}

// Delete removes a key. It returns ErrKeyNotFound if there is none.
func (c *Client) Delete(key string) error {
	if _, err := c.Get(key); err != nil {
		return err
	}
	return c.write(http.MethodDelete, "/v1/kv/"+normal(key), nil, nil, nil)
}

// List reads everything whose key begins with dir, except dir itself. It
// returns ErrKeyNotFound if there is nothing at all.
func (c *Client) List(dir string) ([]Pair, error) {
	list, _, err := c.read(normal(dir), query{tree: true})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrKeyNotFound
	}
	return children(list, dir), nil
}

func children(list []wirePair, dir string) []Pair {
	out := []Pair{}
	for _, p := range list {
		if p.Key != dir {
			out = append(out, Pair{p.Key, p.Value, p.ModifyIndex})
		}
	}
	return out
}

// deleteTree removes everything whose key begins with dir. It returns
// ErrKeyNotFound if there is nothing.
func (c *Client) deleteTree(dir string) error {
	if _, err := c.List(dir); err != nil {
		return err
	}
	return c.write(http.MethodDelete, "/v1/kv/"+normal(dir), url.Values{"recurse": {""}}, nil, nil)
}
