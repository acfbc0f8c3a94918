package store

import (
	"encoding/json"
	"net/http"
	"time"
)

const (
	renewTries = 5                // libkv's, before it gives up on sessions
	lockWait   = 15 * time.Second // a holder is waited for in pieces of this
	lockRetry  = 5 * time.Second  // after a lock that was free and not granted
)

// putTTL writes a key that vanishes unless it is written again within ttl. The
// store's session does that; one that the key already has is only renewed,
// whoever made it.
func (c *Client) putTTL(key string, value []byte, ttl time.Duration) error {
	key = normal(key)
	for try := 1; ; try++ {
		err := c.renew(key, ttl)
		if err == nil {
			break
		}
		if c.t.closed {
			return err
		}
		if try == renewTries {
			return errSessionRenew
		}
	}
	return c.Put(key, value)
}

// renew renews the session of a key, or makes one and locks the key with it.
func (c *Client) renew(key string, ttl time.Duration) error {
	list, _, err := c.read(key, query{})
	if err != nil {
		return err
	}
	id := ""
	if len(list) > 0 {
		id = list[0].Session
	}
	if id == "" {
		if id, err = c.session(ttl); err != nil {
			return err
		}
		c.lock(key, id)
	}
	return c.write(http.MethodPut, "/v1/session/renew/"+id, nil, nil, nil)
}

// session makes a session that deletes its keys. The server doubles its time.
func (c *Client) session(ttl time.Duration) (string, error) {
	body, _ := json.Marshal(map[string]string{"Behavior": "delete", "LockDelay": "1ms", "TTL": (ttl / 2).String()})
	var out struct{ ID string }
	err := c.write(http.MethodPut, "/v1/session/create", nil, body, &out)
	return out.ID, err
}

// lock acquires a key for a session, waiting for another holder to end. Errors
// end it: the lock only serves to tie the key to the session.
func (c *Client) lock(key, id string) error {
	q := query{wait: lockWait}
	for {
		list, index, err := c.read(key, q)
		if err != nil {
			return err
		}
		if len(list) > 0 && list[0].Flags != lockFlag {
			return nil // somebody else's key: consul's client refuses to lock it
		}
		if len(list) > 0 && list[0].Session == id {
			return nil
		}
		if len(list) > 0 && list[0].Session != "" {
			q.index = index
			continue
		}
		v := flagged()
		v.Set("acquire", id)
		done := false
		if err := c.write(http.MethodPut, "/v1/kv/"+key, v, nil, &done); err != nil || done {
			return err
		}
		q.index = 0
		if list, _, err = c.read(key, query{consistent: true}); err != nil {
			return err
		}
		if len(list) == 0 || list[0].Session == "" {
			if err := c.t.loop.Current().Sleep(lockRetry); err != nil {
				return err
			}
		}
	}
}
