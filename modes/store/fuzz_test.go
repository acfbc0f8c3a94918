package store

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"dnetsim/userland"
)

// forger is a lab whose store says whatever it is told to.
type forger struct {
	*lab
	answer []byte
	asked  int
}

func newForger(t testing.TB) *forger {
	f := &forger{lab: newLab(t)}
	f.kv.Start(userland.ProcSpec{Args: []string{"server"}, Program: func(p *userland.Process) int {
		s, err := p.NS().ListenTCP(netip.MustParseAddrPort(storeAddr))
		if err != nil {
			t.Error(err)
			return 1
		}
		for {
			c, err := s.Accept()
			if err != nil {
				return 0
			}
			p.Go(func() {
				defer c.Close()
				b := make([]byte, 4096)
				for n, err := c.Read(b); err == nil; n, err = c.Read(b) {
					f.asked += bytes.Count(b[:n], []byte("HTTP/1.1\r\n"))
					if _, err := c.Write(f.answer); err != nil || !keeps(f.answer) {
						return
					}
				}
			})
		}
	}})
	f.loop.RunFor(time.Second)
	return f
}

// keeps reports whether the forger waits for another request after an answer:
// else it closes, as the end of a body without a length.
func keeps(answer []byte) bool { return bytes.HasPrefix(answer, []byte("HTTP/1.1 200 OK\r\nX")) }

func (f *forger) close() {
	f.kv.KillAll()
	f.loop.RunFor(0)
	f.one.Close()
	f.two.Close()
	f.kv.NS().Close()
	f.loop.Close()
}

// watched is how often a client asks within d while the answer is the same.
func (f *forger) watched(d time.Duration) (asked int, ended error) {
	c := f.client(f.one)
	defer c.Close()
	was := f.asked
	stop := c.Watch("a", nil, func(err error) { ended = err })
	f.loop.RunFor(d)
	stop()
	return f.asked - was, ended
}

// Who listens at the store's address may be no store: an answer that does not
// wait, and has no index or always the same, is not asked for again at once.
func TestWatchOfWhatDoesNotWaitIsNoFlood(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX-Consul-Index: 5\r\nContent-Length: 2\r\n\r\n[]", "HTTP/1.1 200 OK\r\nX-Consul-Index: -1\r\nContent-Length: 2\r\n\r\n[]",
	} {
		f := newForger(t)
		f.answer = []byte(answer)
		if asked, err := f.watched(time.Minute); err != nil || asked < 2 || asked > 620 {
			t.Errorf("%q: asked %d times in a minute, %v", answer, asked, err)
		}
		f.close()
	}
}

// FuzzAnswer lets a server answer every request with the same bytes: a client's
// get, list, put and delete end with a result or an error, and a watch neither
// stops asking without an error nor floods.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nX-Consul-Index: 5\r\nContent-Length: 69\r\n\r\n" + `[{"Key":"a","Value":"eA==","Flags":0,"ModifyIndex":5,"CreateIndex":1}]`, // as it is
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n[null,1]", // nothing, none, no object
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", // lengths that are none
		"HTTP/1.1 404 Not Found\r\nX-Consul-Index: -1\r\n\r\n", "HTTP/1.1 500 x\r\nContent-Length: 99\r\n\r\nshort", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/9.9 000\r\n", // statuses, a cut body
		"", "\r\n", "SSH-2.0-OpenSSH\r\n", "[", // another service
	} {
		f.Add([]byte(s))
	}
	l, n := newForger(f), 0
	f.Fuzz(func(t *testing.T, answer []byte) {
		if n++; n%256 == 0 { // connections in TIME-WAIT, a clock
			l.close()
			l = newForger(t)
		}
		l.t, l.answer = t, answer
		c := l.client(l.one)
		defer c.Close()
		p := l.kv.Start(userland.ProcSpec{Args: []string{"client"}, Program: func(*userland.Process) int {
			v, err := c.Get("a")
			if (v == nil) == (err == nil) {
				t.Errorf("%q: value %v and error %v", answer, v, err)
			}
			if list, err := c.List("a"); err == nil && list == nil {
				t.Errorf("%q: neither a list nor an error", answer)
			}
			c.Put("a", []byte("x"))
			c.Delete("a")
			return 0
		}})
		if err := l.loop.Run(p.Done, l.loop.Now()+time.Hour); err != nil {
			t.Errorf("%q: %v", answer, err)
		}
		if asked, err := l.watched(time.Second); asked > 15 || asked == 0 && err == nil {
			t.Errorf("%q: a watch asks %d times in a second, %v", answer, asked, err)
		}
	})
}
