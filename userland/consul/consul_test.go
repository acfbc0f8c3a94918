package consul

import (
	"strings"
	"testing"
	"time"

	"dnetsim/userland"
)

func TestKeysAreWrittenReadListedAndDeleted(t *testing.T) {
	l := newLab(t)
	l.serve(serverFlags...)
	l.check("GET /v1/status/leader", `"10.0.0.11:8300"`)
	l.check("PUT /v1/kv/a/b?flags=42 hello", "true")
	l.check("GET /v1/kv/a/b", `[{"LockIndex":0,"Key":"a/b","Flags":42,"Value":"aGVsbG8=","CreateIndex":9,"ModifyIndex":9}]`)
	l.check("GET /v1/kv/a/b?raw", "hello")
	l.check("PUT /v1/kv/a/", "true")
	l.check("PUT /v1/kv/a/c/d x", "true")
	l.check("GET /v1/kv/a/?keys", `["a/","a/b","a/c/d"]`)
	l.check("GET /v1/kv/a/?keys&separator=/", `["a/","a/b","a/c/"]`)
	l.check("GET /v1/kv/a/?recurse&pretty", `[
    {
        "LockIndex": 0,
        "Key": "a/",
        "Flags": 0,
        "Value": null,
        "CreateIndex": 10,
        "ModifyIndex": 10
    },
    {
        "LockIndex": 0,
        "Key": "a/b",
        "Flags": 42,
        "Value": "aGVsbG8=",
        "CreateIndex": 9,
        "ModifyIndex": 9
    },
    {
        "LockIndex": 0,
        "Key": "a/c/d",
        "Flags": 0,
        "Value": "eA==",
        "CreateIndex": 11,
        "ModifyIndex": 11
    }
]
`)
	l.check("DELETE /v1/kv/a/c?recurse", "true")
	l.check("GET /v1/kv/a/c/d", "")
	l.check("GET /v1/kv/", "Missing key name")
	l.check("POST /v1/kv/x", "method POST not allowed")
	l.check("PUT /v1/kv/x?cas=0&acquire=1", "Conflicting flags: acquire=1&cas=0")
	if got := l.run(l.peer, "curl -s -o /dev/null -w %{http_code} http://10.0.0.11:8500/v1/kv/nosuch"); got != "404" {
		t.Errorf("a key that is not there: %s", got)
	}
	if got := l.run(l.peer, "curl -si http://10.0.0.11:8500/v1/kv/a/b?raw"); !strings.Contains(got, "X-Consul-Index: 9\r\nX-Consul-Knownleader: true\r\nX-Consul-Lastcontact: 0\r\n") {
		t.Errorf("headers:\n%s", got)
	}
}

func TestCheckAndSetLetsOneWriterWin(t *testing.T) {
	l := newLab(t)
	l.serve(serverFlags...)
	l.check("PUT /v1/kv/k?cas=0 first", "true")
	l.check("PUT /v1/kv/k?cas=0 second", "false")
	l.check("PUT /v1/kv/k?cas=9 third", "true")
	l.check("PUT /v1/kv/k?cas=9 fourth", "false")
	l.check("GET /v1/kv/k?raw", "third")
	l.check("DELETE /v1/kv/k?cas=9", "false")
	l.check("DELETE /v1/kv/k?cas=11", "true")
	l.check("GET /v1/kv/k", "")
}

func TestABlockingQueryReturnsWithTheChangeOrWhenItsTimeIsOver(t *testing.T) {
	l := newLab(t)
	l.serve(serverFlags...)
	l.check("PUT /v1/kv/d/k one", "true")
	p, out := l.begin(l.peer, "curl -s http://10.0.0.11:8500/v1/kv/d/?recurse&index=9&wait=60s", "")
	l.loop.RunFor(10 * time.Second)
	l.check("PUT /v1/kv/elsewhere x", "true")
	if p.Done() {
		t.Fatalf("answered without a change: %s", out)
	}
	l.check("PUT /v1/kv/d/k one", "true") // the same value is no change
	if p.Done() {
		t.Fatalf("answered a write that changes nothing: %s", out)
	}
	l.check("DELETE /v1/kv/d/k", "true")
	l.loop.RunFor(time.Millisecond)
	if !p.Done() || out.String() != "" {
		t.Fatalf("a deletion: done %v, %s", p.Done(), out)
	}
	before := l.loop.Now()
	l.run(l.peer, "curl -s http://10.0.0.11:8500/v1/kv/elsewhere?index=10&wait=10s")
	if d := l.loop.Now() - before; d < 10*time.Second || d > 11*time.Second {
		t.Errorf("the wait lasted %v", d)
	}
}

func TestASessionEndsAndTakesItsKeysAlong(t *testing.T) {
	l := newLab(t)
	l.serve(serverFlags...)
	id := func(body string) string {
		_, rest, _ := strings.Cut(l.run(l.peer, "curl -s -X PUT http://10.0.0.11:8500/v1/session/create -d "+body), `"ID":"`)
		return strings.TrimSuffix(rest, `"}`)
	}
	one := id(`{"TTL":"30s","Behavior":"delete","LockDelay":"1ms"}`)
	two := id(`{"TTL":"10s"}`)
	l.check("PUT /v1/kv/n?acquire="+one+" x", "true")
	l.check("PUT /v1/kv/n?acquire="+two+" x", "false")
	l.check("PUT /v1/kv/m?acquire="+two+" y", "true")
	l.check("PUT /v1/kv/q?acquire=nobody", `invalid session "nobody"`)
	l.check("PUT /v1/session/renew/nobody", "Session id 'nobody' not found")
	l.check("PUT /v1/session/create {\"TTL\":\"1s\"}", "Invalid Session TTL '1000000000', must be between [10s=24h0m0s]")
	l.check("GET /v1/session/info/"+one, `[{"ID":"`+one+`","Name":"","Node":"kv0","Checks":["serfHealth"],"LockDelay":1000000,"Behavior":"delete","TTL":"30s","CreateIndex":9,"ModifyIndex":9}]`)
	l.loop.RunFor(30 * time.Second) // two is over after twice its ten seconds
	l.check("GET /v1/kv/m?raw", "y")
	l.check("PUT /v1/kv/m?acquire="+one+" z", "false") // in the lock-delay
	l.check("PUT /v1/session/renew/"+one, l.run(l.peer, "curl -s http://10.0.0.11:8500/v1/session/info/"+one))
	l.loop.RunFor(59 * time.Second)
	l.check("GET /v1/kv/n?raw", "x")
	l.loop.RunFor(2 * time.Second)
	l.check("GET /v1/kv/n?raw", "")
	l.check("GET /v1/session/list", "[]")
}

func TestDataLivesInTheDataDirectory(t *testing.T) {
	l := newLab(t)
	l.serve(serverFlags...)
	l.check("PUT /v1/kv/k v", "true")
	l.check("PUT /v1/kv/gone v", "true")
	l.check("DELETE /v1/kv/gone", "true")
	l.stop()
	if !l.server.Done() || l.server.Status() != 1 {
		t.Fatalf("SIGTERM: done %v status %d", l.server.Done(), l.server.Status())
	}
	l.serve(serverFlags...)
	l.check("GET /v1/kv/?keys", `["k"]`)
	l.check("PUT /v1/kv/k2 v", "true")
	l.check("GET /v1/kv/k2", `[{"LockIndex":0,"Key":"k2","Flags":0,"Value":"dg==","CreateIndex":12,"ModifyIndex":12}]`)
	l.stop()
	l.must(l.kv.FS().RemoveAll("/data"))
	l.serve(serverFlags...)
	l.check("GET /v1/kv/?keys", "")
	l.stop()
	l.serve("-dev", "-client=0.0.0.0")
	l.check("PUT /v1/kv/k v", "true\n")
	l.stop()
	l.serve("-dev", "-client=0.0.0.0")
	l.check("GET /v1/kv/k?raw", "")
}

func TestWithoutALeaderThereIsNoStore(t *testing.T) {
	l := newLab(t)
	l.serve("-server", "-client=0.0.0.0", "-data-dir=/data")
	l.check("GET /v1/kv/?recurse", "No cluster leader")
	l.check("GET /v1/status/leader", `""`)
	l.stop()
	l.serve("-server", "-bootstrap", "-data-dir=/data") // listens on the loopback only
	l.check("GET /v1/kv/k", "")
	if got := l.run(l.kv, "consul members"); got != "Node  Address         Status  Type    Build  Protocol  DC   Segment\nkv0   10.0.0.11:8301  alive   server  1.5.3  2         dc1  <all>\n" {
		t.Errorf("members:\n%s", got)
	}
	if got := l.run(l.kv, "consul kv put a/b hello") + l.run(l.kv, "consul kv get a/b"); got != "Success! Data written to: a/b\nhello\n" {
		t.Errorf("kv:\n%s", got)
	}
}

func TestWrongCommandLinesAreRefused(t *testing.T) {
	l := newLab(t)
	for line, want := range map[string]string{
		"consul agent -sever":                             "flag provided but not defined: -sever\n",
		"consul agent -data-dir":                          "flag needs an argument: -data-dir\n",
		"consul agent -server -bootstrap":                 "==> data_dir cannot be empty\n",
		"consul agent -bootstrap -data-dir=/d":            "==> 'bootstrap = true' requires 'server = true'\n",
		"consul agent -server -data-dir=/d -client=x":     "==> client_addr: invalid ip address: x\n",
		"consul agent -server -data-dir=/d -join=1.2.3.4": "==> dnetsim simulates one consul server: joining others (1.2.3.4) is not simulated\n",
	} {
		if got := l.run(l.kv, line); !strings.HasPrefix(got, want) {
			t.Errorf("%s\ngot:  %s\nwant: %s", line, got, want)
		}
	}
}

func TestTheImageStartsAsTheWalkthroughStartsIt(t *testing.T) {
	l := newLab(t)
	for name, text := range ImageFiles() {
		l.must(l.kv.FS().MkdirAll(name[:strings.LastIndexByte(name, '/')], 0o755))
		l.must(l.kv.FS().WriteFile(name, []byte(text), 0o644))
	}
	p, out := l.begin(l.kv, "start -server -bootstrap", "")
	l.loop.RunFor(3 * time.Second)
	for _, want := range []string{
		"bootstrap = true: do not enable unless necessary\n==> Starting Consul agent...\n==> Consul agent running!\n           Version: 'v1.5.3'\n",
		"         Node name: 'kv0'\n        Datacenter: 'dc1' (Segment: '<all>')\n            Server: true (Bootstrap: true)\n       Client Addr: [0.0.0.0] (HTTP: 8500, HTTPS: -1, gRPC: -1, DNS: 53)\n      Cluster Addr: 10.0.0.11 (LAN: 8301, WAN: 8302)\n",
		"    2026/01/05 08:00:00 [INFO] serf: EventMemberJoin: kv0 10.0.0.11\n",
		" [INFO] consul: cluster leadership acquired\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	l.check("GET /v1/catalog/services", `{"consul":[]}`)
	p.Signal(userland.SIGKILL)
	l.loop.RunFor(time.Second)
	if got := l.run(l.peer, "curl -s -w %{http_code} http://10.0.0.11:8500/v1/status/leader"); got != "" && got != "000" {
		t.Errorf("after its end: %q", got)
	}
}
