package store

import (
	"slices"
	"time"

	"dnetsim/sim"
)

// watchWait is how long one blocking query of a watch lasts.
const watchWait = 15 * time.Second

// watchPause is how long a watch waits when an answer came before its time and
// told nothing new. libkv asks again at once: there the server's work sets the
// pace, and here who answers may need no time at all.
const watchPause = 100 * time.Millisecond

// Watch calls each with what a key holds, now and whenever it changes; a
// deletion is not told. It ends with the first error, which ended is told, and
// does not begin anew by itself. The callbacks run in the watch's process and
// may block; both may be nil. Stop ends the watch without a call of ended.
func (c *Client) Watch(key string, each func(*Pair), ended func(error)) (stop func()) {
	return c.watch(key, false, func(list []wirePair) {
		if len(list) > 0 && each != nil {
			each(&Pair{list[0].Key, list[0].Value, list[0].ModifyIndex})
		}
	}, ended)
}

// watchTree is Watch for everything whose key begins with dir, except dir
// itself; here deletions are told, as a list without them.
func (c *Client) watchTree(dir string, each func([]Pair), ended func(error)) (stop func()) {
	return c.watch(dir, true, func(list []wirePair) {
		if each != nil {
			each(children(list, dir))
		}
	}, ended)
}

func (c *Client) watch(key string, tree bool, each func([]wirePair), ended func(error)) func() {
	proc := c.t.loop.Go("watch "+key, func(p *sim.Proc) {
		err := c.follow(key, tree, each)
		c.forget(p)
		if ended != nil {
			ended(err)
		}
	})
	c.watches = append(c.watches, proc)
	return func() {
		c.forget(proc)
		proc.Kill()
	}
}

func (c *Client) forget(p *sim.Proc) {
	for i, w := range c.watches {
		if w == p {
			c.watches = slices.Concat(c.watches[:i], c.watches[i+1:])
			return
		}
	}
}

// follow makes blocking queries until one fails.
func (c *Client) follow(key string, tree bool, each func([]wirePair)) error {
	q := query{tree: tree, wait: watchWait}
	for {
		asked := c.t.loop.Now()
		list, index, err := c.read(key, q)
		if err != nil {
			return err
		}
		if index == q.index {
			if c.t.loop.Now()-asked < watchWait {
				if err := c.t.loop.Current().Sleep(watchPause); err != nil {
					return err
				}
			}
			continue // the wait was over
		}
		q.index = index
		each(list)
	}
}
