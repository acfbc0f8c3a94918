package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/modes"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// direct runs each job on the loop to its end, or for a while of virtual time.
type direct struct{ loop *sim.Loop }

func (d direct) Do(_ *http.Request, job *Job) {
	done := false
	p := d.loop.Go("request", func(*sim.Proc) { job.Run(); done = true })
	d.loop.Run(func() bool { return done }, d.loop.Now()+20*time.Second)
	job.Abandon()
	p.Kill()
	d.loop.RunFor(0)
}

func (direct) Attach(*Job, net.Conn, []byte, *Feed) {}

// bench is a host whose API is called directly.
type bench struct {
	loop *sim.Loop
	srv  *Server
}

func newBench(t *testing.T) *bench {
	l := sim.NewLoop(1)
	ns := stack.New(l, "h1", stack.Options{Host: true})
	eth, err := ns.AddPhysical("eth0", stack.MAC{0, 0x0c, 0x29, 0xab, 0, 0x11}, link.NewWire(l, "lan").A())
	if err != nil {
		t.Fatal(err)
	}
	eth.SetUp(true)
	eth.AddAddr(netip.MustParsePrefix("10.0.0.11/24"), stack.AddrOptions{})
	forever := func(p *userland.Process) int { p.Sleep(1000 * time.Hour); return 0 }
	h := modes.NewHost(l, modes.HostSpec{Name: "h1", NS: ns, Programs: []map[string]userland.Program{{"sh": forever, "sleep": forever}}})
	b := &bench{l, NewServer(l, h.Daemon)}
	l.Go("start", func(*sim.Proc) {
		if err := h.Daemon.Start(); err != nil {
			t.Error(err)
		}
	})
	l.RunFor(3 * time.Second)
	return b
}

func (b *bench) call(method, path string, body []byte) (int, string) {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.srv.ServeHTTP(w, r.WithContext(WithDispatcher(context.Background(), direct{b.loop})))
	return w.Code, w.Body.String()
}

// hostile are values that nobody should send, in JSON.
var hostile = []string{
	`null`, `""`, `"x"`, `"\u0000\n/../%s"`, `[]`, `[null]`, `{}`, `{"":null}`, `true`, `0`, `-1`, `1e400`, `1.5`, `65536`,
	`9223372036854775807`, `-9223372036854775808`, `18446744073709551615`, `"-1"`, `"99999999999999999999"`, `"NaN"`,
	`"0.0.0.0/0"`, `"::/0"`, `"fd00::/128"`, `"255.255.255.255"`, `"0-65535"`, `"65535-1"`, `"container:"`,
	strings.Repeat(`[`, 500) + strings.Repeat(`]`, 500), `"` + strings.Repeat("x", 5000) + `"`,
}

// mutants calls fn with a body for each place of a JSON value and each hostile
// value in that place.
func mutants(v any, fn func(body []byte, where string)) {
	mark := json.RawMessage(`"@@"`)
	var walk func(v any, where string, set func(any))
	emit := func(where string, set func(any), old any) {
		set(mark)
		whole, _ := json.Marshal(v)
		for _, h := range hostile {
			fn(bytes.Replace(whole, mark, []byte(h), 1), where+" = "+h)
		}
		set(old)
	}
	walk = func(x any, where string, set func(any)) {
		emit(where, set, x)
		switch x := x.(type) {
		case map[string]any:
			for _, k := range sortedNames(x) {
				walk(x[k], where+"."+k, func(n any) { x[k] = n })
			}
		case []any:
			for i, old := range x {
				walk(old, where+"[]", func(n any) { x[i] = n })
			}
		}
	}
	top := v.(map[string]any)
	for _, k := range sortedNames(top) {
		walk(top[k], k, func(n any) { top[k] = n })
	}
}

func sortedNames(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Whatever is in a body, the answer has a status, and an error says something.
func TestHostileBodiesGetAnAnswer(t *testing.T) {
	b := newBench(t)
	b.call("POST", "/networks/create", []byte(`{"Name":"n1","IPAM":{"Config":[{"Subnet":"10.77.0.0/24"}]}}`))
	b.call("POST", "/containers/create?name=web", []byte(`{"Image":"busybox","Cmd":["sleep","100000"]}`))
	b.call("POST", "/containers/web/start", nil)
	sweep := func() { // whatever its name is now
		var all []struct{ Name, ID string }
		_, text := b.call("GET", "/networks", nil)
		json.Unmarshal([]byte(text), &all)
		for _, n := range all {
			if n.Name != "n1" {
				b.call("DELETE", "/networks/"+n.ID, nil)
			}
		}
	}
	n := 0
	for _, c := range []struct {
		path, body string
		after      func()
	}{
		{"/containers/create?name=c1", `{"Image":"busybox","Cmd":["sleep","9"],"Hostname":"h","Domainname":"d","User":"0","Env":["A=1"],"ExposedPorts":{"80/tcp":{}},
			"Tty":false,"Labels":{"a":"b"},"StopSignal":"SIGTERM","StopTimeout":3,"MacAddress":"02:42:ac:11:00:09","WorkingDir":"/","Entrypoint":["sleep"],
			"Volumes":{"/v":{}},"HostConfig":{"Binds":["/a:/b"],"NetworkMode":"n1","PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]},
			"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":2},"Dns":["1.1.1.1"],"DnsSearch":["x"],"ExtraHosts":["a:1.2.3.4"],"Links":["web:w"],"PidMode":"","IpcMode":"",
			"UTSMode":"","ShmSize":9,"Memory":9000000,"Sysctls":{"net.ipv4.ip_forward":"1"},"CapAdd":["NET_ADMIN"],"Mounts":[{"Type":"volume","Source":"s","Target":"/t"}],
			"ConsoleSize":[1,2],"PidsLimit":1,"MemorySwappiness":1,"Ulimits":[{"Name":"nofile","Soft":1,"Hard":2}],"Devices":[{"PathOnHost":"/dev/null"}]},
			"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"IPv4Address":"10.77.0.9","IPv6Address":"","LinkLocalIPs":["169.254.1.1"]},"Aliases":["a"],"Links":["web:l"],"MacAddress":"","DriverOpts":{"a":"b"},"IPPrefixLen":24}}}}`,
			func() {
				b.call("POST", "/containers/c1/start", nil)
				b.call("GET", "/containers/c1/json", nil)
				b.call("DELETE", "/containers/c1?force=1&v=1", nil)
			}},
		{"/networks/create", `{"Name":"n2","CheckDuplicate":true,"Driver":"bridge","Scope":"local","EnableIPv6":true,"Internal":false,"ConfigFrom":{"Network":""},
			"IPAM":{"Driver":"default","Options":{"a":"b"},"Config":[{"Subnet":"10.78.0.0/24","IPRange":"10.78.0.128/25","Gateway":"10.78.0.254","AuxiliaryAddresses":{"r":"10.78.0.2"}},{"Subnet":"fd01::/64","Gateway":"fd01::1"}]},
			"Options":{"com.docker.network.driver.mtu":"1400","com.docker.network.bridge.name":"br9","com.docker.network.bridge.host_binding_ipv4":"0.0.0.0"},"Labels":{"a":"b"}}`,
			sweep},
		{"/networks/create", `{"Name":"n3","Driver":"macvlan","IPAM":{"Config":[{"Subnet":"10.79.0.0/24"}]},"Options":{"parent":"eth0.77","macvlan_mode":"bridge"}}`,
			sweep},
		{"/networks/n1/connect", `{"Container":"web","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.77.0.7","IPv6Address":"fd00::1"},"Aliases":["x"],"MacAddress":"02:00:00:00:00:01","NetworkID":"","IPPrefixLen":1}}`,
			func() { b.call("POST", "/networks/n1/disconnect", []byte(`{"Container":"web","Force":true}`)) }},
		{"/networks/n1/disconnect", `{"Container":"web","Force":true}`, func() {}},
		{"/containers/web/exec", `{"Cmd":["sleep","0"],"Env":["A=1"],"User":"0","WorkingDir":"/","Tty":false,"AttachStdout":true,"DetachKeys":"ctrl-p"}`, func() {}},
		{"/containers/web/update", `{"Memory":1,"RestartPolicy":{"Name":"always","MaximumRetryCount":0}}`, func() {}},
	} {
		var v any
		if err := json.Unmarshal([]byte(c.body), &v); err != nil {
			t.Fatal(err)
		}
		mutants(v, func(body []byte, where string) {
			n++
			code, text := b.call("POST", c.path, body)
			if code < 200 || code > 599 || code >= 400 && !strings.Contains(text, `"message":"`) || strings.Contains(text, "runtime error") {
				t.Errorf("POST %s with %.120s: %d %.300s", c.path, where, code, text)
			}
			c.after()
		})
	}
	if code, text := b.call("GET", "/networks", nil); code != 200 {
		t.Errorf("after %d bodies: %d %s", n, code, text)
	}
}

// Parameters and paths are as much from outside as bodies.
func TestHostileParametersGetAnAnswer(t *testing.T) {
	b := newBench(t)
	b.call("POST", "/containers/create?name=web", []byte(`{"Image":"busybox","Cmd":["sleep","100000"]}`))
	b.call("POST", "/containers/web/start", nil)
	for _, path := range []string{
		"POST /containers/web/stop?t=", "POST /containers/web/restart?t=", "POST /containers/web/kill?signal=", "POST /containers/web/resize?w=1&h=", "POST /containers/web/start?detachKeys=",
		"GET /containers/web/logs?stdout=1&tail=", "GET /containers/web/logs?stdout=1&since=", "GET /containers/web/logs?stdout=1&until=", "GET /containers/json?limit=", "GET /containers/json?filters=",
		"GET /containers/web/top?ps_args=", "GET /images/json?filters=", "GET /networks?filters=", "POST /networks/prune?filters=", "POST /containers/prune?filters=",
		"GET /events?until=1&since=", "GET /events?until=1&filters=", "POST /images/create?fromImage=", "GET /containers/web/stats?stream=", "POST /containers/web/rename?name=",
		"POST /containers/create?name=", "GET /images/search?limit=", "DELETE /containers/none?force=", "GET /containers/", "GET /networks/", "DELETE /networks/", "GET /images/", "GET /exec/",
	} {
		method, path, _ := strings.Cut(path, " ")
		for _, h := range append([]string{`{"a":1}`, `{"until":["-1"]}`, `{"label":{"":true}}`, `{"name":{"[":true}}`, "99999999999999999999", "-9223372036854775808", "1.0000000001"}, hostile...) {
			at := path + url.QueryEscape(strings.Trim(h, `"`))
			if code, text := b.call(method, at, nil); code < 200 || code > 599 || strings.Contains(text, "runtime error") {
				t.Errorf("%s %.100s: %d %.300s", method, at, code, text)
			}
			b.call("POST", "/containers/web/start", nil)
		}
	}
}
