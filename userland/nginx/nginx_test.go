package nginx

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/traffic"
	"dnetsim/userland/web"
)

// box is a machine with the image's files, on its loopback device.
type box struct {
	t    *testing.T
	loop *sim.Loop
	m    *userland.Machine
	out  bytes.Buffer // nginx's standard output: the access log
	err  bytes.Buffer // the error log, and nginx's own words
	p    *userland.Process
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{t: t, loop: sim.NewLoop(1)}
	ns := stack.New(b.loop, "box", stack.Options{Host: true})
	b.m = userland.NewMachine(b.loop, "box", ns)
	for name, text := range ImageFiles("") {
		b.file(name, text)
	}
	for name, to := range ImageLinks() {
		b.m.FS().MkdirAll(name[:strings.LastIndexByte(name, '/')], 0o755)
		b.m.FS().Symlink(to, name)
	}
	b.file("/etc/hosts", "127.0.0.1 localhost\n127.0.0.2 web\n127.0.0.3 two\n127.0.0.2 pair\n127.0.0.3 pair\n")
	b.m.Install(traffic.Host(), Programs())
	return b
}

func (b *box) file(name, text string) {
	b.t.Helper()
	b.m.FS().MkdirAll(name[:strings.LastIndexByte(name, '/')+1], 0o755)
	if err := b.m.FS().WriteFile(name, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// site is the only file of conf.d.
func (b *box) site(text string) { b.file("/etc/nginx/conf.d/default.conf", text) }

// start runs nginx in the foreground.
func (b *box) start() {
	b.p = b.m.Start(userland.ProcSpec{Program: start, Args: []string{"nginx", "-g", "daemon off;"}, Stdout: &b.out, Stderr: &b.err})
	b.loop.RunFor(time.Second)
}

// backend answers at an address with its name.
func (b *box) backend(at, name string) *userland.Process {
	a := netip.MustParseAddrPort(at)
	s := &web.Server{Addr: a.Addr(), Port: a.Port(), Index: name + "\n"}
	p := b.m.Start(userland.ProcSpec{Program: s.Run, Args: []string{"backend"}})
	b.loop.RunFor(time.Millisecond)
	return p
}

// run is what a command line prints.
func (b *box) run(line string) string {
	b.t.Helper()
	var out bytes.Buffer
	args := strings.Fields(line)
	p := b.m.Start(userland.ProcSpec{Program: b.m.Programs[args[0]], Args: args, Stdout: &out, Stderr: &out})
	if err := b.loop.Run(p.Done, b.loop.Now()+time.Hour); err != nil {
		b.t.Fatalf("%s: %v", line, err)
	}
	return out.String()
}

func (b *box) want(line, want string) {
	b.t.Helper()
	if got := b.run(line); got != want {
		b.t.Errorf("%s: got\n%s\nwant\n%s", line, got, want)
	}
}

func TestWrongConfigurationsAreRefusedInNginxsWords(t *testing.T) {
	for _, c := range []struct{ conf, want string }{
		{"upstream u {\n  server app;\n}", `host not found in upstream "app" in F:2`},
		{"upstream u {\n  server app:8080;\n}", `host not found in upstream "app:8080" in F:2`},
		{"server {\n  listen 80;\n  location / { proxy_pass http://app:8080; }\n}", `host not found in upstream "app" in F:3`},
		{"server { listen 80\n  server_name x;\n}", `invalid parameter "server_name" in F:2`},
		{"server { listen 80;", `unexpected end of file, expecting "}" in F:1`},
		{"server { listen 80; }\n}", `unexpected "}" in F:2`},
		{"server { listen 80 }", `unexpected "}" in F:1`},
		{"server { listen 80", `unexpected end of file, expecting ";" or "}" in F:1`},
		{"server { lissten 80; }", `unknown directive "lissten" in F:1`},
		{"listen 80;", `"listen" directive is not allowed here in F:1`},
		{"server;", `directive "server" has no opening "{" in F:1`},
		{"server { root {", `directive "root" is not terminated by ";" in F:1`},
		{"server { root a b; }", `invalid number of arguments in "root" directive in F:1`},
		{"server { listen 99999; }", `invalid port in "99999" of the "listen" directive in F:1`},
		{"server { location / { } location / { } }", `duplicate location "/" in F:1`},
		{"upstream u { }", `no servers are inside upstream in F:1`},
		{"server { location / { proxy_pass app; } }", `invalid URL prefix in F:1`},
		{"server { return 200 $nosuch; }", `unknown "nosuch" variable in F:1`},
		{"server { access_log /l nosuch; }", `unknown log format "nosuch" in F:1`},
		{"server { listen 80 default_server; }\nserver { listen 80 default_server; }", `a duplicate default server for 0.0.0.0:80 in F:2`},
		{"include /nosuch.conf;", `open() "/nosuch.conf" failed (2: No such file or directory) in F:1`},
	} {
		b := newBox(t)
		b.site(c.conf)
		want := strings.ReplaceAll(c.want, "F:", "/etc/nginx/conf.d/default.conf:")
		stamp := "2026/01/05 08:00:00 [emerg] 1#1: "
		if got := b.run("nginx -t"); !strings.HasSuffix(got, "nginx: [emerg] "+want+"\nnginx: configuration file /etc/nginx/nginx.conf test failed\n") || !strings.HasPrefix(got, stamp[:19]) {
			t.Errorf("%q:\ngot  %swant %s", c.conf, got, want)
		}
	}
}

func TestTheImagesOwnConfigurationServesItsPage(t *testing.T) {
	b := newBox(t)
	b.want("nginx -t", "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n")
	b.start()
	if got := b.run("curl -s http://127.0.0.1/"); !strings.Contains(got, "Welcome to nginx!") {
		t.Errorf("got %s", got)
	}
	b.run("curl -s http://127.0.0.1/nosuch")
	if want := `open() "/usr/share/nginx/html/nosuch" failed (2: No such file or directory), client: 127.0.0.1, server: localhost, request: "GET /nosuch HTTP/1.1", host: "127.0.0.1"`; !strings.Contains(b.err.String(), want) {
		t.Errorf("error log: got %s, want %s", &b.err, want)
	}
	if want := "127.0.0.1 - - [05/Jan/2026:08:00:01 +0000] \"GET / HTTP/1.1\" 200 615 \"-\" \"curl/7.88.1\" \"-\"\n"; !strings.HasPrefix(b.out.String(), want) {
		t.Errorf("access log: got %s, want %s", &b.out, want)
	}
}

func TestARequestFindsItsServerAndLocation(t *testing.T) {
	b := newBox(t)
	b.site(`
server { listen 80; server_name one.example; return 200 one; }
server { listen 80 default_server; server_name _;
  location / { return 200 rest; }
  location = /x { return 200 exact; }
  location /pre { return 200 prefix; }
  location ^~ /fix { return 200 fixed; }
  location ~ \.php$ { return 200 "script $1 $uri"; }
  location ~* \.PNG$ { return 200 picture; }
  location /old { return 301 /new?a=1; }
  location /re { rewrite ^/re/(.*)$ /pre/$1 last; }
  location /no { deny all; }
  location /as { alias /data; index a.txt; }
  location /try { root /data; try_files $uri @named; }
  location @named { return 404 "none of $uri\n"; }
  if ($arg_q = yes) { return 418 tea; }
}
server { listen 80; server_name *.wild.example; return 200 "wild $host"; }
server { listen 81; server_name ~^r[0-9]$; return 200 pattern; }
`)
	b.file("/data/a.txt", "a\n")
	b.start()
	for _, c := range []struct{ args, want string }{
		{"http://127.0.0.1/", "rest"}, {"http://127.0.0.1/x", "exact"}, {"http://127.0.0.1/x/", "rest"}, {"http://127.0.0.1/prefixed", "prefix"},
		{"http://127.0.0.1/fix.php", "fixed"}, {"http://127.0.0.1/pre.php", "script  /pre.php"}, {"http://127.0.0.1/a.png", "picture"},
		{"-H Host:one.example http://127.0.0.1/x", "one"}, {"-H Host:a.wild.example:99 http://127.0.0.1/", "wild a.wild.example"},
		{"http://127.0.0.1:81/", "pattern"}, {"http://127.0.0.1/re/a", "prefix"}, {"http://127.0.0.1/?q=yes", "tea"},
		{"http://127.0.0.1/as/", "a\n"}, {"http://127.0.0.1/as/a.txt", "a\n"}, {"http://127.0.0.1/try/no", "none of /try/no\n"},
		{"-o /dev/null -w %{http_code} http://127.0.0.1/no", "403"}, {"-o /dev/null -w %{http_code} -X POST http://127.0.0.1/as/a.txt", "405"},
	} {
		b.want("curl -s "+c.args, c.want)
	}
	if got := b.run("curl -si http://127.0.0.1:80/old"); !strings.Contains(got, "HTTP/1.1 301 Moved Permanently\r\n") || !strings.Contains(got, "Location: http://127.0.0.1/new?a=1\r\n") {
		t.Errorf("got %s", got)
	}
}

func TestAReverseProxy(t *testing.T) {
	b := newBox(t)
	b.site(`
upstream group { server web:8080 max_fails=1 fail_timeout=10s; server two:8080; }
upstream spare { server web:8080; server two:8080 backup; }
server { listen 80;
  location / { proxy_pass http://group; }
  location /spare { proxy_pass http://spare/; }
  location /pair/ { proxy_pass http://pair:8080/; }
  location /none { proxy_pass http://127.0.0.9:8080; }
  location /slow { proxy_pass http://127.0.0.8:8080; proxy_read_timeout 2s; }
  location /var { set $to nosuch.example; proxy_pass http://$to; }
}`)
	b.backend("127.0.0.2:8080", "web")
	second := b.backend("127.0.0.3:8080", "two")
	b.start()
	b.want("curl -s http://127.0.0.1/", "web\n")
	b.want("curl -s http://127.0.0.1/", "two\n")
	b.want("curl -s http://127.0.0.1/spare", "web\n")
	b.want("curl -s http://127.0.0.1/pair/", "web\n")
	b.want("curl -s http://127.0.0.1/pair/", "two\n")
	if got := b.run("curl -si http://127.0.0.1/"); !strings.Contains(got, "Server: nginx/1.25.3") || strings.Count(got, "Date:") != 1 {
		t.Errorf("got %s", got)
	}
	second.Signal(userland.SIGKILL)
	b.loop.RunFor(time.Second)
	for range 3 { // it is tried once, and then left alone
		b.want("curl -s http://127.0.0.1/", "web\n")
	}
	refused := `[error] 4#4: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://127.0.0.3:8080/", host: "127.0.0.1"`
	if n := strings.Count(b.err.String(), "Connection refused"); n != 1 || !strings.Contains(b.err.String(), refused) {
		t.Errorf("error log: %d refusals in %s, want 1: %s", n, &b.err, refused)
	}
	b.want("curl -s -o /dev/null -w %{http_code} http://127.0.0.1/none", "502")
	b.want("curl -s -o /dev/null -w %{http_code} http://127.0.0.1/var", "502")
	if want := "no resolver defined to resolve nosuch.example, client"; !strings.Contains(b.err.String(), want) {
		t.Errorf("error log: got %s, want %s", &b.err, want)
	}
	silent := b.m.Start(userland.ProcSpec{Args: []string{"silent"}, Program: func(p *userland.Process) int {
		l, err := p.ListenTCP(netip.MustParseAddrPort("127.0.0.8:8080"))
		if err != nil {
			return 1
		}
		userland.Accept(p, l, func(*stack.TCPConn) { p.Sleep(time.Hour) })
		return 0
	}})
	b.want("curl -s -o /dev/null -w %{http_code} http://127.0.0.1/slow", "504")
	silent.Signal(userland.SIGKILL)
	if want := "upstream timed out (110: Connection timed out) while reading response header from upstream"; !strings.Contains(b.err.String(), want) {
		t.Errorf("error log: got %s, want %s", &b.err, want)
	}
}

func TestWhatTheUpstreamGets(t *testing.T) {
	b := newBox(t)
	b.site(`server { listen 80;
  location / { proxy_pass http://127.0.0.2:8080; }
  location /api/ { proxy_pass http://127.0.0.2:8080/v1/; proxy_http_version 1.1;
    proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header User-Agent ""; }
}`)
	var got string
	b.m.Start(userland.ProcSpec{Args: []string{"echo"}, Program: func(p *userland.Process) int {
		l, _ := p.ListenTCP(netip.MustParseAddrPort("127.0.0.2:8080"))
		userland.Accept(p, l, func(c *stack.TCPConn) {
			buf := make([]byte, 4096)
			n, _ := c.Read(buf)
			got = string(buf[:n])
			c.Write([]byte("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:8080/v1/x\r\nX-Own: 1\r\n\r\n"))
		})
		return 0
	}})
	b.start()
	b.run("curl -s http://127.0.0.1/a?b=c")
	if want := "GET /a?b=c HTTP/1.0\r\nHost: 127.0.0.2:8080\r\nConnection: close\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	head := b.run("curl -s -i -d xy -H X-Forwarded-For:9.9.9.9 http://127.0.0.1/api/y")
	if want := "POST /v1/y HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 9.9.9.9, 127.0.0.1\r\nX-Forwarded-Proto: http\r\nConnection: close\r\nContent-Length: 2\r\nAccept: */*\r\n" +
		"Content-Type: application/x-www-form-urlencoded\r\n\r\nxy"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, want := range []string{"HTTP/1.1 302 Found\r\n", "Location: http://127.0.0.1/api/x\r\n", "X-Own: 1\r\n"} {
		if !strings.Contains(head, want) {
			t.Errorf("got %s, want %s", head, want)
		}
	}
}

func TestReloadKeepsWhatIsGood(t *testing.T) {
	b := newBox(t)
	b.site("server { listen 80; return 200 first; }")
	b.start()
	b.want("curl -s http://127.0.0.1/", "first")
	b.site("server { listen 80; return 200 second; }\nserver { listen 81; return 200 other; }")
	b.run("nginx -s reload")
	b.loop.RunFor(time.Second)
	b.want("curl -s http://127.0.0.1/", "second")
	b.want("curl -s http://127.0.0.1:81/", "other")
	b.site("server { nonsense; }")
	if got := b.run("nginx -s reload"); !strings.Contains(got, "unknown directive") {
		t.Errorf("got %s", got)
	}
	b.p.Signal(userland.SIGHUP)
	b.loop.RunFor(time.Second)
	b.want("curl -s http://127.0.0.1/", "second")
	b.site("server { listen 81; return 200 only; }")
	b.run("nginx -s reload")
	b.loop.RunFor(time.Second)
	b.want("curl -s -o /dev/null -w %{http_code} http://127.0.0.1/", "000")
	b.want("curl -s http://127.0.0.1:81/", "only")
	b.run("nginx -s quit")
	b.loop.RunFor(time.Second)
	if !b.p.Done() || b.p.Status() != 0 {
		t.Errorf("after quit: done %v, status %d", b.p.Done(), b.p.Status())
	}
	if got := b.run("nginx -s reload"); !strings.HasSuffix(got, "nginx: [error] open() \"/var/run/nginx.pid\" failed (2: No such file or directory)\n") {
		t.Errorf("got %s", got)
	}
}

func TestAWorkerThatIsKilledIsReplaced(t *testing.T) {
	b := newBox(t)
	b.start()
	w, _ := b.m.Process(2)
	w.Signal(userland.SIGKILL)
	b.loop.RunFor(time.Second)
	if want := "[alert] 1#1: worker process 2 exited on signal 9\n"; !strings.Contains(b.err.String(), want) {
		t.Errorf("got %s, want %s", &b.err, want)
	}
	b.want("curl -s -o /dev/null -w %{http_code} http://127.0.0.1/", "200")
}

// A proxy that passes to itself ends when the worker has no connection left, as
// the real one does: the last connection is not accepted, which is a bad gateway to
// all before it, and an alert in the error log.
func TestAProxyOfItselfEnds(t *testing.T) {
	b := newBox(t)
	b.site("server { listen 80; location / { proxy_pass http://127.0.0.1; } }")
	b.start()
	if got := b.run("curl -s -o /dev/null -w %{http_code} http://127.0.0.1/"); got != "502" {
		t.Errorf("the client gets %s", got)
	}
	if want := "1024 worker_connections are not enough"; !strings.Contains(b.err.String(), want) {
		t.Errorf("no %q in the error log:\n%s", want, b.err.String())
	}
}

// The log of the end, as nginx has it: master and worker, gracefully or not.
func TestTheLogTellsOfTheEnd(t *testing.T) {
	for _, c := range []struct {
		signal userland.Signal
		want   string
	}{
		{userland.SIGQUIT, "1#1: signal 3 (SIGQUIT) received, shutting down|2#2: gracefully shutting down|2#2: exiting|2#2: exit|1#1: signal 17 (SIGCHLD) received from 2|1#1: worker process 2 exited with code 0|1#1: exit"},
		{userland.SIGINT, "1#1: signal 2 (SIGINT) received, exiting|2#2: exiting|2#2: exit|1#1: signal 17 (SIGCHLD) received from 2|1#1: worker process 2 exited with code 0|1#1: exit"},
	} {
		b := newBox(t)
		b.start()
		before := b.err.Len()
		b.p.Signal(c.signal)
		b.loop.RunFor(time.Second)
		var got []string
		for _, l := range strings.Split(strings.TrimSpace(b.err.String()[before:]), "\n") {
			got = append(got, l[strings.Index(l, "] ")+2:])
		}
		if g := strings.Join(got, "|"); g != c.want || !b.p.Done() || b.p.Status() != 0 {
			t.Errorf("%v: got\n%s\nwant\n%s", c.signal, g, c.want)
		}
	}
}
