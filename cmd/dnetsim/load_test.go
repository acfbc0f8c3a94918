package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The load that make load puts on a lab; go test puts a small one.
var (
	loadClients  = flag.Int("load.clients", 20, "clients at a time")
	loadCommands = flag.Int("load.commands", 12, "commands of each")
	loadTime     = flag.Duration("load.time", 0, "how long the clients stay, their commands spread over it; 0 is one command after the other")
	loadSeed     = flag.Uint64("load.seed", 1, "what the commands follow from")
)

// loadClient is somebody with a docker client, beside many others.
type loadClient struct {
	n          int
	dir, host  string
	http       *http.Client
	rand       *rand.Rand
	containers []string
	made       int
	took       []time.Duration
}

func newLoadClient(dir string, n int, seed uint64) *loadClient {
	c := &loadClient{n: n, dir: dir, host: fmt.Sprintf("h%d", n%2+1), rand: rand.New(rand.NewPCG(seed, uint64(n)))}
	c.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, c.host+".sock"))
	}}}
	return c
}

// ask sends a request; another status than those is an error that a client alone
// would not get.
func (c *loadClient) ask(method, path, body string, want ...int) (string, error) {
	r, err := http.NewRequest(method, "http://docker"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && !slices.Contains(want, res.StatusCode) {
		err = fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return string(text), err
}

// command is one of what people type.
func (c *loadClient) command() error {
	kind := c.rand.IntN(10)
	if len(c.containers) == 0 && kind > 3 {
		kind = 0
	}
	switch kind {
	case 0, 1:
		return c.run()
	case 2:
		_, err := c.ask("GET", `/containers/json?all=1`, "", 200)
		return err
	case 3:
		return c.network()
	case 4:
		return c.logs()
	case 5:
		return c.remove()
	case 6:
		_, err := c.ask("GET", "/containers/"+c.any()+"/json", "", 200)
		return err
	case 7:
		_, err := c.ask("POST", "/containers/"+c.any()+"/restart?t=0", "", 204)
		return err
	}
	return c.exec()
}

func (c *loadClient) any() string { return c.containers[c.rand.IntN(len(c.containers))] }

// run is docker run -d.
func (c *loadClient) run() error {
	c.made++
	name := fmt.Sprintf("load-%d-%d", c.n, c.made)
	if _, err := c.ask("POST", "/containers/create?name="+name, `{"Image":"busybox","Cmd":["sh","-c","echo `+name+`; sleep 100000"]}`, 201); err != nil {
		return err
	}
	c.containers = append(c.containers, name)
	_, err := c.ask("POST", "/containers/"+name+"/start", "", 204)
	return err
}

func (c *loadClient) remove() error {
	name := c.containers[0]
	c.containers = c.containers[1:]
	_, err := c.ask("DELETE", "/containers/"+name+"?force=1&v=1", "", 204)
	return err
}

// network makes a network, puts a container in, and takes both apart.
func (c *loadClient) network() error {
	name := fmt.Sprintf("load-%d", c.n)
	body := fmt.Sprintf(`{"Name":%q,"CheckDuplicate":true,"IPAM":{"Config":[{"Subnet":"10.%d.%d.0/24"}]}}`, name, 100+c.n/250, c.n%250)
	if _, err := c.ask("POST", "/networks/create", body, 201); err != nil {
		return err
	}
	if len(c.containers) > 0 {
		who := fmt.Sprintf(`{"Container":%q,"Force":true}`, c.any())
		for _, verb := range []string{"connect", "disconnect"} {
			if _, err := c.ask("POST", "/networks/"+name+"/"+verb, who, 200); err != nil {
				return err
			}
		}
	}
	_, err := c.ask("DELETE", "/networks/"+name, "", 204)
	return err
}

// logs must be the container's own.
func (c *loadClient) logs() error {
	name := c.any()
	text, err := c.ask("GET", "/containers/"+name+"/logs?stdout=1", "", 200)
	for line := range strings.Lines(payload([]byte(text))) {
		if err == nil && line != name+"\n" {
			err = fmt.Errorf("logs of %s: %q", name, line)
		}
	}
	return err
}

// exec must print what its own command prints.
func (c *loadClient) exec() error {
	word := fmt.Sprint(c.rand.Uint64())
	text, err := c.ask("POST", "/containers/"+c.any()+"/exec", `{"AttachStdout":true,"Cmd":["echo","`+word+`"]}`, 201)
	var made struct{ ID string }
	if err == nil {
		err = json.Unmarshal([]byte(text), &made)
	}
	if err != nil {
		return err
	}
	conn, err := net.Dial("unix", filepath.Join(c.dir, c.host+".sock"))
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /exec/%s/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}", made.ID)
	all, err := io.ReadAll(conn)
	_, stream, _ := strings.Cut(string(all), "\r\n\r\n")
	if got := payload([]byte(stream)); err == nil && got != word+"\n" {
		err = fmt.Errorf("exec echo %s: %q", word, got)
	}
	if err == nil {
		text, err = c.ask("GET", "/exec/"+made.ID+"/json", "", 200)
	}
	if err == nil && !strings.Contains(text, `"ExitCode":0`) {
		err = fmt.Errorf("exec: %s", text)
	}
	return err
}

// work is a client's whole life: its commands one after the other, or spread over a time,
// each client's at moments of its own.
func (c *loadClient) work(commands int, over time.Duration) error {
	defer c.http.CloseIdleConnections()
	start, each := time.Now(), over/time.Duration(commands)
	for i := range commands {
		if each > 0 {
			time.Sleep(time.Until(start.Add(time.Duration(i)*each + time.Duration(c.rand.Int64N(int64(each))))))
		}
		began := time.Now()
		if err := c.command(); err != nil {
			return fmt.Errorf("client %d, command %d: %w", c.n, len(c.took)+1, err)
		}
		c.took = append(c.took, time.Since(began))
	}
	for len(c.containers) > 0 {
		if err := c.remove(); err != nil {
			return err
		}
	}
	return nil
}

// crowd lets clients work at the same time, and returns how long commands took.
func crowd(t *testing.T, dir string, clients, commands int, over time.Duration, seed uint64) (took []time.Duration) {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	for n := range clients {
		c := newLoadClient(dir, n, seed)
		all.Go(func() {
			err := c.work(commands, over)
			mu.Lock()
			defer mu.Unlock()
			if took = append(took, c.took...); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return took
}

// held is the heap in use, and goroutines, when all that is over has gone, which takes as
// long as the machine is busy: until both are within limits.
func held(mostHeap uint64, mostGoroutines int) (heap uint64, goroutines int) {
	for end := time.Now().Add(patienceOfTests); ; time.Sleep(50 * time.Millisecond) {
		heap, goroutines = use()
		if heap <= mostHeap && goroutines <= mostGoroutines || time.Now().After(end) {
			return heap, goroutines
		}
	}
}

// use is the heap in use, and goroutines. Coroutines that wait for a process are not
// counted: a loop keeps some, as many as ran at a time.
func use() (heap uint64, goroutines int) {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	var b strings.Builder
	pprof.Lookup("goroutine").WriteTo(&b, 2)
	for g := range strings.SplitSeq(b.String(), "\n\n") {
		if !strings.Contains(g, "sim.(*coroutine).work(") || strings.Contains(g, "sim.(*Proc).live(") {
			goroutines++
		}
	}
	return m.HeapAlloc, goroutines
}

// Many clients at a time get no error that one alone would not get, nobody sees what
// is another's, and when their containers are gone memory is back where it was.
func TestManyClientsAtATime(t *testing.T) {
	u := bring(t, upScenario, shortDir(t), "--speed", "5")
	defer u.end()
	const spare = 10
	_, idle := use()
	crowd(t, u.dir, *loadClients, 5, 0, *loadSeed+1000) // tables and pools get their size
	heap, goroutines := held(math.MaxUint64, idle+spare)
	began := time.Now()
	took := crowd(t, u.dir, *loadClients, *loadCommands, *loadTime, *loadSeed)
	lasted := time.Since(began)
	// Left are the execs of the last ten minutes and the random streams of names, of
	// which a loop keeps 16,384.
	mostHeap := heap + heap/4 + 6<<20
	heapAfter, goroutinesAfter := held(mostHeap, goroutines+spare)
	if len(took) != *loadClients**loadCommands {
		t.Fatalf("%d commands of %d; again with -load.seed %d", len(took), *loadClients**loadCommands, *loadSeed)
	}
	t.Logf("%d clients, %d commands each, seed %d: %v, %.0f commands/s, median %v, 99%% %v; heap %.1f MB before, %.1f after; goroutines %d, %d",
		*loadClients, *loadCommands, *loadSeed, lasted.Round(time.Millisecond), float64(len(took))/lasted.Seconds(), took[len(took)/2].Round(time.Millisecond),
		took[len(took)*99/100].Round(time.Millisecond), float64(heap)/1e6, float64(heapAfter)/1e6, goroutines, goroutinesAfter)
	if heapAfter > mostHeap {
		t.Errorf("the heap was %.1f MB and is %.1f MB", float64(heap)/1e6, float64(heapAfter)/1e6)
	}
	if goroutinesAfter > goroutines+spare {
		t.Errorf("%d goroutines were there, and %d are", goroutines, goroutinesAfter)
	}
	if _, text := ask(t, u.client("h1"), "GET", "/containers/json?all=1", ""); strings.Count(text, `"Id"`) != 1 {
		t.Errorf("left: %s", text)
	}
}
