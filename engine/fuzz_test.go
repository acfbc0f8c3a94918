package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dnetsim/modes"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/traffic"
)

// fuzzed is an engine with a container and a network, which calls are made of.
type fuzzed struct {
	loop *sim.Loop
	host *modes.Host
	srv  *Server
	made int // calls that may have changed it
}

func newFuzzed(t testing.TB) *fuzzed {
	f := &fuzzed{loop: sim.NewLoop(1)}
	f.host = modes.NewHost(f.loop, modes.HostSpec{
		Name: "h", NS: stack.New(f.loop, "h", stack.Options{Host: true}), Programs: []map[string]userland.Program{traffic.Host()},
	})
	f.srv = NewServer(f.loop, f.host.Daemon)
	var err error
	p := f.loop.Go("start", func(*sim.Proc) { err = f.host.Daemon.Start() })
	if e := f.loop.Run(p.Done, time.Minute); e != nil || err != nil {
		t.Fatal(e, err)
	}
	f.call("POST", "/containers/create?name=c1", `{"Image":"busybox","Cmd":["sleep","1000"],"Tty":true,"OpenStdin":true}`)
	f.call("POST", "/containers/c1/start", "")
	f.call("POST", "/networks/create", `{"Name":"n1"}`)
	return f
}

func (f *fuzzed) close() {
	f.host.KillAll()
	f.loop.RunFor(0)
	f.host.Close()
	f.host.NS().Close()
	f.loop.Close()
}

// Do runs a job on the loop, for ten minutes of virtual time at most.
func (f *fuzzed) Do(_ *http.Request, j *Job) {
	p := f.loop.Go(j.Path, func(*sim.Proc) { j.Run() })
	f.loop.Run(p.Done, f.loop.Now()+10*time.Minute)
	j.Abandon()
	p.Kill() // events, logs and waits may go on for ever
	f.loop.RunFor(0)
}

// Attach is the end of what the client sends: it has nothing to say.
func (f *fuzzed) Attach(_ *Job, _ net.Conn, early []byte, feed *Feed) { feed.Put(early, true) }

// recorder is a recorder whose connection can be taken over.
type recorder struct{ *httptest.ResponseRecorder }

func (r recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	_, s := pipe("client", nil)
	return s, bufio.NewReadWriter(bufio.NewReader(s), bufio.NewWriter(s)), nil
}

func (f *fuzzed) call(method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r, err := http.NewRequest(method, "http://docker/v1.41"+target, strings.NewReader(body))
	if err != nil {
		return nil
	}
	r.Header.Set("Content-Type", "application/json")
	f.srv.ServeHTTP(recorder{w}, r.WithContext(WithDispatcher(context.Background(), f)))
	return w
}

// FuzzAPI calls any route with any query and body. An answer has a status that
// HTTP knows, and a body that is JSON where it says so; the daemon answers the
// next call. A first line is the method and the target, the rest is the body.
func FuzzAPI(f *testing.F) {
	for _, s := range []string{
		"GET /containers/json?all=1&limit=-1&filters={\"name\":{\"c\":true},\"status\":[\"x\"]}",                                                                               // filters in both of their forms
		"POST /containers/create?name=/x/\n{\"Image\":\"busybox\",\"HostConfig\":{\"PortBindings\":{\"99999/tcp\":[{\"HostPort\":\"-1\"}]},\"NetworkMode\":\"container:c1\"}}", // a port beyond ports
		"POST /containers/create\n{\"Image\":\"busybox\",\"NetworkingConfig\":{\"EndpointsConfig\":{\"n1\":{\"IPAMConfig\":{\"IPv4Address\":\"1.2.3\"},\"Aliases\":[null]}}},\"HostConfig\":{\"ExtraHosts\":[\":\"],\"Dns\":[\"\"],\"Sysctls\":{\"\":\"\"},\"Memory\":-1}}",
		"POST /containers/create\n[", "POST /containers/create\nnull", "POST /containers/create\n{\"Image\":1}{}", // no JSON, nothing, two
		"POST /containers/c1/exec\n{\"Cmd\":[\"\"],\"Env\":[\"=\"],\"WorkingDir\":\"..\",\"DetachKeys\":\"ctrl-\"}", // words of no letters
		"POST /containers/c1/resize?h=-1&w=99999999999", "POST /containers/c1/kill?signal=SIG", "POST /containers/c1/stop?t=-99999999999",
		"POST /containers/c1/attach?stream=1&logs=1&detachKeys=x,,", "GET /containers/c1/logs?stdout=1&since=1e9&until=-1.9999999999&tail=-7", // times and counts
		"POST /containers/c1/wait?condition=removed", "GET /containers/c1/stats?stream=false&one-shot=x", "POST /containers/c1/rename?name=.", "GET /containers/c1/top?ps_args=-o%20", "POST /containers/c1/update\n{\"RestartPolicy\":{\"Name\":\"x\",\"MaximumRetryCount\":-1}}",
		"POST /networks/create\n{\"Name\":\"a\",\"Driver\":\"bridge\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/33\",\"IPRange\":\"::/0\",\"AuxAddress\":{\"a\":\"b\"}}]},\"EnableIPv6\":true,\"Options\":{\"com.docker.network.driver.mtu\":\"-1\"}}",
		"POST /networks/create\n{\"Name\":\"m\",\"Driver\":\"macvlan\",\"Options\":{\"parent\":\"eth0.4095\"}}", "POST /networks/create\n{\"Name\":\"o\",\"Driver\":\"overlay\"}", // without a parent, without a store
		"POST /networks/n1/connect\n{\"Container\":\"c1\",\"EndpointConfig\":{\"MacAddress\":\"01:00\",\"Links\":[\":\"]}}", "POST /networks/n1/disconnect\n{\"Container\":\"\"}", "DELETE /networks/bridge",
		"GET /images/json?filters={", "POST /images/create?fromImage=a/b/c@sha256:0&tag=:", "POST /images/busybox/tag?repo=UPPER", "DELETE /images/busybox?force=1", "GET /events?since=0&until=1&filters={\"type\":null}", // names of images, an end in the past
		"GET /system/df", "GET /info", "POST /auth\n{}", "GET /_ping", "HEAD /_ping", "POST /build", "PUT /x", "POST /containers/prune?filters={\"until\":[\"x\"]}", "GET /containers/%2e%2e/json",
	} {
		f.Add(s)
	}
	w := newFuzzed(f)
	f.Fuzz(func(t *testing.T, text string) {
		head, body, _ := strings.Cut(text, "\n")
		method, target, _ := strings.Cut(head, " ")
		if !strings.HasPrefix(target, "/") {
			return
		}
		if w.made > 200 {
			w.close()
			w = newFuzzed(t)
		}
		r := w.call(method, target, body)
		if r == nil {
			return
		}
		if method != "GET" && r.Code < 300 { // what one input changes does not decide about the next
			w.made = 1000
		}
		w.made++
		if http.StatusText(r.Code) == "" {
			t.Errorf("%s: status %d", text, r.Code)
		}
		kind := r.Header().Get("Content-Type")
		for d := json.NewDecoder(bytes.NewReader(r.Body.Bytes())); strings.HasPrefix(kind, "application/json") && d.More(); {
			var v any
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%s: %v in %q", text, err, r.Body.Bytes())
			}
		}
		if r := w.call("GET", "/_ping", ""); r.Code != 200 {
			t.Errorf("%s: after it the daemon answers %d %s", text, r.Code, r.Body)
		}
	})
}
