package store

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/stack/socket"
)

func TestParseKnowsConsulAndRefusesTheRestClearly(t *testing.T) {
	e, err := Parse("consul://10.0.0.11:8500/lab/a/")
	if err != nil || e.Addr != "10.0.0.11:8500" || e.Join("docker", "x") != "lab/a/docker/x" {
		t.Fatalf("%+v %v", e, err)
	}
	for url, want := range map[string]string{
		"etcd://a:2379":            `cluster-store "etcd://a:2379": dnetsim simulates Consul as the cluster store (consul://host:port), not etcd`,
		"zk://a:2181/x":            `cluster-store "zk://a:2181/x": dnetsim simulates Consul as the cluster store (consul://host:port), not ZooKeeper`,
		"consul://a:8500,b:8500":   "consul does not support multiple endpoints",
		"redis://a":                `unsupported discovery service: "redis"`,
		"consul:///docker/network": `cluster-store "consul:///docker/network": no host`,
	} {
		if _, err := Parse(url); err == nil || err.Error() != want {
			t.Errorf("%s\ngot:  %v\nwant: %s", url, err, want)
		}
	}
}

func TestOperationsAreLibkvs(t *testing.T) {
	l := newLab(t)
	l.start()
	c, d := l.client(l.one), l.client(l.two)
	l.do(func() {
		_, err := c.Get("a/b/")
		l.is("Get of nothing", err, "Key not found in store")
		l.must(c.Put("a/b/", []byte("x")))
		p, err := d.Get("a/b/")
		l.must(err)
		if p.Key != "a/b/" || string(p.Value) != "x" {
			t.Errorf("got %+v", p)
		}
		q, err := c.atomicPut("a/b/", []byte("y"), p)
		l.must(err)
		_, err = d.atomicPut("a/b/", []byte("z"), p)
		l.is("the slower of two", err, "Unable to complete atomic operation, key modified")
		_, err = d.atomicPut("a/b/", []byte("z"), nil)
		l.is("a key that must not be", err, "Previous K/V pair exists, cannot complete Atomic operation")
		l.is("AtomicDelete of an old one", d.atomicDelete("a/b/", p), "Unable to complete atomic operation, key modified")
		l.must(c.Put("a/", nil))
		list, err := d.List("a/")
		if err != nil || len(list) != 1 || list[0].Index != q.Index {
			t.Errorf("List: %+v %v", list, err)
		}
		l.must(d.atomicDelete("a/b/", q))
		l.is("Delete of nothing", d.Delete("a/b/"), "Key not found in store")
		l.must(d.deleteTree("a/"))
		l.is("DeleteTree of nothing", d.deleteTree("a/"), "Key not found in store")
		there, err := c.exists("a/")
		if there || err != nil {
			t.Errorf("Exists: %v %v", there, err)
		}
	})
}

func TestTwoWritersNeverLoseAnUpdate(t *testing.T) {
	l := newLab(t)
	l.start()
	done, races := 0, 0
	for _, ns := range []*stack.Namespace{l.one, l.two} {
		c := l.client(ns)
		l.loop.Go("writer", func(p *sim.Proc) {
			for range 20 {
				for {
					old, err := c.Get("n")
					n := 0
					if err == nil {
						fmt.Sscan(string(old.Value), &n)
					} else if err != ErrKeyNotFound {
						t.Error(err)
						return
					}
					if _, err = c.atomicPut("n", []byte(fmt.Sprint(n+1)), old); err == nil {
						break
					}
					races++
				}
			}
			done++
		})
	}
	l.must(l.loop.Run(func() bool { return done == 2 }, time.Minute))
	l.do(func() {
		p, err := l.client(l.one).Get("n")
		if err != nil || string(p.Value) != "40" || races == 0 {
			t.Errorf("%+v %v after %d races", p, err, races)
		}
	})
}

func TestAWatchTellsChangesAndEndsWithTheServer(t *testing.T) {
	l := newLab(t)
	l.start()
	var trees, values []string
	var end []error
	c := l.client(l.two)
	c.watchTree("d/", func(ps []Pair) {
		s := ""
		for _, p := range ps {
			s += p.Key + "=" + string(p.Value) + " "
		}
		trees = append(trees, s)
	}, func(err error) { end = append(end, err) })
	stop := c.Watch("d/a", func(p *Pair) { values = append(values, string(p.Value)) }, func(err error) { t.Errorf("a stopped watch ended: %v", err) })
	w := l.client(l.one)
	l.do(func() {
		l.loop.Current().Sleep(time.Minute)
		for _, v := range []string{"1", "1", "2"} {
			l.must(w.Put("d/a", []byte(v)))
			l.loop.Current().Sleep(time.Second)
		}
		l.must(w.Put("d/b", []byte("x")))
		l.loop.Current().Sleep(time.Second)
		l.must(w.Delete("d/a"))
		l.loop.Current().Sleep(time.Second)
	})
	stop()
	if got, want := strings.Join(trees, "|"), "|d/a=1 |d/a=2 |d/a=2 d/b=x |d/b=x "; got != want {
		t.Errorf("tree\ngot:  %s\nwant: %s", got, want)
	}
	if got := strings.Join(values, " "); got != "1 2" {
		t.Errorf("key: %s", got)
	}
	l.stop()
	if len(end) != 1 || end[0] == nil {
		t.Errorf("ended: %v", end)
	}
}

func TestErrorsAreGosHTTPClients(t *testing.T) {
	l := newLab(t)
	const get, put = `Get "http://10.0.0.10:8500/v1/kv/k?consistent=": `, `Put "http://10.0.0.10:8500/v1/kv/k?flags=3304740253564472344": `
	try := func(fn func(c *Client) error, within time.Duration, want string) {
		t.Helper()
		c := l.client(l.one)
		var err error
		if d := l.do(func() { err = fn(c) }); d > within {
			t.Errorf("took %v: %v", d, err)
		}
		l.is("error", err, want)
	}
	read := func(c *Client) error { _, err := c.Get("k"); return err }
	write := func(c *Client) error { return c.Put("k", nil) }
	try(read, time.Second, get+"dial tcp 10.0.0.10:8500: connect: connection refused")
	try(write, time.Second, put+"dial tcp 10.0.0.10:8500: connect: connection refused")
	l.server = l.kv.Start(l.kvSpec("-server"))
	l.loop.RunFor(3 * time.Second)
	try(write, time.Second, "Unexpected response code: 500 (No cluster leader)")
	l.restart()
	l.iptables("-A INPUT -p tcp --dport 8500 -j DROP")
	try(read, 31*time.Second, get+"dial tcp 10.0.0.10:8500: i/o timeout")
	l.iptables("-F")
	l.cut("kv", true)
	l.one.FlushNeighbours("eth0")
	try(read, 4*time.Second, get+"dial tcp 10.0.0.10:8500: connect: no route to host")
	l.cut("kv", false)
	try(write, 5*time.Second, "")
}

func TestConnectionsAreKeptAndAClosedOneIsReplaced(t *testing.T) {
	l := newLab(t)
	l.start()
	c := l.client(l.one)
	count := func() int {
		n := 0
		for _, s := range l.one.Sockets() {
			if s.State == socket.Established {
				n++
			}
		}
		return n
	}
	l.do(func() {
		for range 5 {
			l.must(c.Put("k", []byte("v")))
		}
	})
	if count() != 1 {
		t.Errorf("%d connections for five requests in a row", count())
	}
	l.restart()
	l.do(func() { l.must(c.Put("k", []byte("w"))) })
	l.loop.RunFor(2 * time.Minute)
	if count() != 0 {
		t.Errorf("%d connections after two idle minutes", count())
	}
}

// node is a discovery with what it told.
type node struct {
	*Discovery
	c     *Client
	lines []string
}

func (l *lab) node(ns *stack.Namespace, advertise string) *node {
	n := &node{c: l.client(ns)}
	n.Discovery = NewDiscovery(n.c, DiscoveryOptions{
		Advertise: advertise,
		Log: func(level, text string) {
			n.lines = append(n.lines, fmt.Sprintf("%.1f %s %s", l.loop.Now().Seconds(), level, text))
		},
		OnChange: func(joined, left []netip.Addr) {
			n.lines = append(n.lines, fmt.Sprintf("%.1f joined %v left %v", l.loop.Now().Seconds(), joined, left))
		},
	})
	n.Advertise()
	n.Watch()
	return n
}

func (n *node) check(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(n.lines, want) {
		t.Errorf("\ngot:\n%s\nwant:\n%s", strings.Join(n.lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestDiscoveryForgetsANodeWhoseCableIsCut(t *testing.T) {
	l := newLab(t)
	l.start() // until 3.0
	a, b := l.node(l.one, "10.0.0.11:2376"), l.node(l.two, "10.0.0.12:2376")
	l.loop.RunFor(67 * time.Second)
	if !a.ready || fmt.Sprint(a.Entries()) != "[10.0.0.11:2376 10.0.0.12:2376]" {
		t.Fatalf("ready %v, %v", a.ready, a.Entries())
	}
	l.cut("two", true) // at 70.0: b's session was renewed at 63 for the last time
	l.loop.RunFor(70 * time.Second)
	l.cut("two", false)
	l.loop.RunFor(3 * time.Minute)
	a.check(t, "3.0 info Initializing discovery without TLS",
		"3.5 joined [10.0.0.11 10.0.0.12] left []",
		"123.0 joined [] left [10.0.0.12]", a.lines[len(a.lines)-1])
	if !strings.HasSuffix(a.lines[len(a.lines)-1], " joined [10.0.0.12] left []") {
		t.Errorf("it came back: %s", a.lines[len(a.lines)-1])
	}
	_ = b
}

func TestTwoNodesThatAdvertiseOneAddressAreOne(t *testing.T) {
	l := newLab(t)
	l.start()
	a, b := l.node(l.one, "10.0.0.11:2376"), l.node(l.two, "10.0.0.11:2376")
	l.loop.RunFor(5 * time.Minute)
	for _, n := range []*node{a, b} {
		n.check(t, "3.0 info Initializing discovery without TLS", "3.5 joined [10.0.0.11] left []")
	}
}

func TestDiscoveryOutlivesTheStore(t *testing.T) {
	l := newLab(t)
	a := l.node(l.one, "10.0.0.11:2376") // before there is a store
	l.loop.RunFor(25 * time.Second)
	l.start() // until 28.0
	l.loop.RunFor(22 * time.Second)
	if !a.ready {
		t.Error("not ready")
	}
	l.stop() // 51.0
	l.loop.RunFor(30 * time.Second)
	refused := `Get "http://10.0.0.10:8500/v1/kv/docker/nodes?consistent=": dial tcp 10.0.0.10:8500: connect: connection refused`
	put := `Put "http://10.0.0.10:8500/v1/kv/docker/nodes?flags=3304740253564472344": dial tcp 10.0.0.10:8500: connect: connection refused`
	a.check(t, "0.0 info Initializing discovery without TLS",
		"0.0 error discovery error: "+refused, "0.0 error discovery error: "+put, "0.0 error discovery error: Unexpected watch error",
		"20.0 error discovery error: "+refused, "20.0 error discovery error: "+put, "20.0 error discovery error: Unexpected watch error",
		"40.0 joined [10.0.0.11] left []",
		"50.0 error discovery error: Unexpected watch error",
		`60.0 warning Registering as "10.0.0.11:2376" in discovery failed: cannot set or renew session for ttl, unable to operate on sessions`,
		"70.0 error discovery error: "+refused, "70.0 error discovery error: "+put, "70.0 error discovery error: Unexpected watch error",
		`80.0 warning Registering as "10.0.0.11:2376" in discovery failed: cannot set or renew session for ttl, unable to operate on sessions`,
	)
	if fmt.Sprint(a.Entries()) != "[10.0.0.11:2376]" {
		t.Errorf("the set did not survive: %v", a.Entries())
	}
	a.Stop()
	a.c.Close()
	l.loop.RunFor(10 * time.Minute)
	if n := len(a.lines); n != 14 {
		t.Errorf("a stopped discovery speaks: %v", a.lines[14:])
	}
}

func TestHostNamesAreLookedUp(t *testing.T) {
	l := newLab(t)
	l.start()
	e, err := Parse("consul://store:8500")
	l.must(err)
	c := New(l.loop, l.one, e, Options{Lookup: func(name string) (netip.Addr, error) {
		if name == "store" {
			return netip.MustParseAddr("10.0.0.10"), nil
		}
		return netip.Addr{}, errors.New("no such host")
	}})
	l.do(func() { l.must(c.Put("k", nil)) })
	l.do(func() {
		l.is("no resolver", New(l.loop, l.one, e, Options{}).Put("k", nil),
			`Put "http://store:8500/v1/kv/k?flags=3304740253564472344": dial tcp: lookup store: no such host`)
	})
}

func TestAnIdleHourCostsLittleAndLeavesNothingBehind(t *testing.T) {
	l := newLab(t)
	l.start()
	l.node(l.one, "10.0.0.11:2376")
	l.node(l.two, "10.0.0.12:2376")
	l.loop.RunFor(10 * time.Minute)
	procs, fired := l.loop.Procs(), l.loop.Fired()
	info, err := l.kv.FS().Stat("/data/raft/raft.db")
	l.must(err)
	l.loop.RunFor(time.Hour)
	after, err := l.kv.FS().Stat("/data/raft/raft.db")
	l.must(err)
	if n := l.loop.Procs() - procs; n > 1 || n < -1 {
		t.Errorf("%d more processes", n)
	}
	if info.Size != after.Size {
		t.Errorf("the log grew from %d to %d bytes", info.Size, after.Size)
	}
	if n := l.loop.Fired() - fired; n > 60_000 {
		t.Errorf("%d events in an idle hour", n)
	}
	t.Logf("%d events", l.loop.Fired()-fired)
}
