package page

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"sync"
	"testing"
	"time"

	"dnetsim/labs"
	"dnetsim/labs/store"

	"github.com/coder/websocket"
)

var (
	classLearners = flag.Int("class.learners", 0, "how many learners work at once in TestAClassAtWork")
	classTime     = flag.Duration("class.time", time.Minute, "for how long")
	classProfile  = flag.String("class.profile", "", "a file for a CPU profile of that")
)

// classLines are what learners type: each answers within some milliseconds of the
// world's own time.
var classLines = []string{
	"docker ps", "ip addr", "ping -c 1 -W 1 127.0.0.1", "docker network ls", "iptables -nvL", "ls /etc", "ip route", "docker network inspect bridge", "cat /etc/hosts",
	"docker exec consul ip addr", "ss -lnt", "bridge fdb", "docker inspect consul", "ip neigh", "echo hello",
}

// clerk is a learner of the load: it types, and measures how long answers take.
type clerk struct {
	ws    *websocket.Conn
	mark  chan string
	times []time.Duration
	lines map[string][]time.Duration
	bytes int
}

func (c *clerk) listen(ctx context.Context) {
	defer close(c.mark)
	for {
		_, b, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		c.bytes += len(b)
		if bytes.HasPrefix(b, []byte(`{"t":"out"`)) {
			for _, w := range bytes.Split(b, []byte("MARK")) {
				if k := bytes.IndexByte(w, '!'); k > 0 && k < 8 {
					select {
					case c.mark <- string(w[:k]):
					default:
					}
				}
			}
		}
	}
}

func (c *clerk) send(ctx context.Context, format string, args ...any) error {
	return c.ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, format, args...))
}

// work types a line every two seconds until the time is over.
func (c *clerk) work(ctx context.Context, seed int) error {
	time.Sleep(time.Duration(seed*37%2000) * time.Millisecond)
	for n := 0; ctx.Err() == nil; n++ {
		line := classLines[(n*7+seed)%len(classLines)]
		start := time.Now()
		if err := c.send(ctx, `{"do":"term.keys","term":1,"data":"%s; echo MA''RK%d!\r"}`, line, n); err != nil {
			return nil
		}
		for {
			select {
			case m, ok := <-c.mark:
				if !ok {
					if ctx.Err() != nil {
						return nil
					}
					return fmt.Errorf("the connection ended")
				}
				if m != fmt.Sprint(n) {
					continue
				}
			case <-ctx.Done():
				return nil
			case <-time.After(30 * time.Second):
				return fmt.Errorf("%q: no answer within 30 s", line)
			}
			break
		}
		c.times = append(c.times, time.Since(start))
		c.lines[line] = append(c.lines[line], time.Since(start))
		select {
		case <-time.After(2*time.Second - time.Since(start)):
		case <-ctx.Done():
		}
	}
	return nil
}

// A class works: N learners with a two-host world each type a line every two seconds.
// It prints what an answer takes, and the memory.
func TestAClassAtWork(t *testing.T) {
	if *classLearners == 0 {
		t.Skip("make class")
	}
	st, err := store.Open(filepath.Join(t.TempDir(), "class.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	l, err := labs.Named("ping-fails")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Options{Labs: []*labs.Lab{l}, Store: st, Class: true, Limits: ClassLimits(10 * time.Minute)})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer debug.SetGCPercent(debug.SetGCPercent(300)) // as dnetsim serve
	var all []*clerk
	came := time.Now()
	for i := range *classLearners {
		c := s.pupil(t, fmt.Sprintf("learner-%d", i+1))
		ws, _, err := s.dial(c, "lab=ping-fails&lang=en", http.Header{"Origin": {s.url}})
		if err != nil {
			t.Fatal(err)
		}
		ws.SetReadLimit(64 << 20)
		k := &clerk{ws: ws, mark: make(chan string, 64), lines: map[string][]time.Duration{}}
		go k.listen(ctx)
		k.send(ctx, `{"id":1,"do":"term.open","place":"bdc01","rows":24,"cols":120}`)
		k.send(ctx, `{"do":"term.keys","term":1,"data":"echo MA''RK-!\r"}`)
		for m := range k.mark {
			if m == "-" {
				break
			}
		}
		all = append(all, k)
	}
	t.Logf("%d learners came in %v", len(all), time.Since(came).Round(time.Millisecond))
	runtime.GC()
	t.Logf("heap with all worlds: %d MB", heap()>>20)
	if *classProfile != "" {
		f, err := os.Create(*classProfile)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	over, stop := context.WithTimeout(ctx, *classTime)
	defer stop()
	var wg sync.WaitGroup
	for i, k := range all {
		wg.Go(func() {
			if err := k.work(over, i); err != nil {
				t.Errorf("learner %d: %v", i+1, err)
			}
		})
	}
	wg.Wait()
	var times []time.Duration
	sent := 0
	for _, k := range all {
		times = append(times, k.times...)
		sent += k.bytes
	}
	for _, line := range classLines {
		var of []time.Duration
		for _, k := range all {
			of = append(of, k.lines[line]...)
		}
		slices.Sort(of)
		if n := len(of); n > 0 {
			t.Logf("%-32s p50 %6.1f ms, p99 %6.1f ms", line, of[n/2].Seconds()*1000, of[n*99/100].Seconds()*1000)
		}
	}
	slices.Sort(times)
	at := func(share float64) time.Duration {
		return times[min(int(float64(len(times))*share), len(times)-1)].Round(100 * time.Microsecond)
	}
	t.Logf("heap at the end: %d MB, what nobody holds any more among it", heap()>>20)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d answers: p50 %v, p90 %v, p99 %v, longest %v; heap %d MB, %d MB from the system; %d KB/s to the pages", len(times), at(0.5), at(0.9), at(0.99), at(1), heap()>>20, m.Sys>>20, sent>>10/int(classTime.Seconds()))
}
