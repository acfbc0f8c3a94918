package cli

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dnetsim/engine"
)

// pace goes by the wall clock, from the lab's three seconds on.
type pace struct{ start time.Time }

func (p pace) Elapsed() time.Duration { return 3*time.Second + time.Since(p.start) }
func (p pace) Wait(at time.Duration, wake <-chan struct{}) {
	d := time.Hour
	if at >= 0 {
		d = at - p.Elapsed()
	}
	select {
	case <-wake:
	case <-time.After(d):
	}
}

func TestAnyClientCanUseTheApiOfALiveLab(t *testing.T) {
	b := newLab(t, 1)
	ln := engine.NewListener()
	srv := engine.NewServer(b.loop, b.host.Daemon)
	live := engine.NewLive(b.loop)
	go live.Serve(ln, srv)
	defer live.Close()
	var over atomic.Bool
	ended := make(chan struct{})
	go func() {
		b.loop.Live(pace{time.Now()}, over.Load)
		close(ended)
	}()
	defer func() {
		over.Store(true)
		b.loop.Inject(func() {})
		<-ended
		ln.Close()
	}()
	c := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return ln.Dial("x", nil)
	}}}
	for path, part := range map[string]string{
		"/_ping": "OK", "/v1.24/networks": `"Name":"bridge"`, "/v9.99/version": `"ApiVersion":"1.41"`,
		"/containers/nosuch/json": `{"message":"No such container: nosuch"}`,
		"/v1.41/nosuch":           `{"message":"dnetsim does not simulate GET /nosuch"}`,
	} {
		res, err := c.Get("http://docker" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !strings.Contains(string(body), part) {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
	}
}
