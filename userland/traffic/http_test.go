package traffic

import (
	"strings"
	"testing"
	"time"

	"dnetsim/userland"
	"dnetsim/userland/web"
)

// site makes bbox1 serve one page.
func (l *lab) site(line string) *userland.Process {
	l.must(l.bbox1.FS().MkdirAll("/var/www", 0o755))
	l.file(l.bbox1, "/var/www/index.html", "hello from web1\n")
	p, _ := l.spawn(l.bbox1, line, "")
	l.loop.RunFor(time.Second)
	return p
}

func TestHttpdAnswersAsCaptured(t *testing.T) {
	l := newLab(t)
	l.site("httpd -f -p 80 -h /var/www")
	l.check(l.bbox2, "nc -w 3 172.17.0.2 80", "GET / HTTP/1.0\r\n\r\n", 0, strings.ReplaceAll(`HTTP/1.1 200 OK
Date: Mon, 05 Jan 2026 08:00:06 GMT
Connection: close
Content-type: text/html
Accept-Ranges: bytes
Last-Modified: Mon, 05 Jan 2026 08:00:05 GMT
ETag: "695b6f85-10"
Content-Length: 16

`, "\n", "\r\n")+"hello from web1\n")
	l.check(l.bbox2, "nc -w 3 172.17.0.2 80", "GET /x HTTP/1.0\r\n\r\n", 0, strings.ReplaceAll(`HTTP/1.1 404 Not Found
Date: Mon, 05 Jan 2026 08:00:06 GMT
Connection: close
Content-type: text/html

`, "\n", "\r\n")+`<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>
<BODY><H1>404 Not Found</H1>
The requested URL was not found
</BODY></HTML>
`)
	l.check(l.bbox1, "httpd -f -p 80", "", 1, "httpd: bind: Address already in use\n")
}

func TestHttpdWithoutForegroundLeavesADaemon(t *testing.T) {
	l := newLab(t)
	p := l.site("httpd -h /var/www")
	if !p.Done() || p.Status() != 0 {
		t.Fatal("httpd stays in the foreground")
	}
	l.check(l.tools, "curl -s http://172.17.0.2/", "", 0, "hello from web1\n")
	for _, d := range l.bbox1.Processes() {
		d.Signal(userland.SIGTERM)
	}
	l.loop.RunFor(time.Second)
	l.check(l.tools, "curl http://172.17.0.2/", "", 7,
		"curl: (7) Failed to connect to 172.17.0.2 port 80 after 0 ms: Couldn't connect to server\n")
}

func TestCurlErrorsAndHeaders(t *testing.T) {
	l := newLab(t)
	l.site("httpd -f -p 80 -h /var/www")
	l.check(l.tools, "curl http://nosuch/", "", 6, "curl: (6) Could not resolve host: nosuch\n")
	l.check(l.tools, "curl --connect-timeout 2 http://172.17.0.99/", "", 28,
		"curl: (28) Failed to connect to 172.17.0.99 port 80 after <n> ms: Timeout was reached\n")
	got, _ := l.run(l.tools, "curl -v http://172.17.0.2/", "")
	for _, want := range []string{
		"*   Trying 172.17.0.2:80...\n* Connected to 172.17.0.2 (172.17.0.2) port 80 (#0)\n> GET / HTTP/1.1\n> Host: 172.17.0.2\n> User-Agent: curl/7.88.1\n> Accept: */*\n> \n",
		"< HTTP/1.1 200 OK\n", "hello from web1\n", "* Closing connection 0\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("curl -v lacks %q in\n%s", want, got)
		}
	}
	l.check(l.tools, "curl -s -o /dev/null -w %{http_code}\\n http://172.17.0.2/x", "", 0, "404\n")
	l.check(l.tools, "curl -s -o /dev/null -w %{remote_ip}:%{remote_port},%{scheme},%{time_appconnect} http://172.17.0.2/x", "", 0, "172.17.0.2:80,HTTP,0.000000")
	l.start(l.bbox2, func(p *userland.Process) int { return ncBusybox(p) }, "nc", "-l", "-p", "80")
	l.check(l.tools, "curl http://172.17.0.3/", "", 52, "curl: (52) Empty reply from server\n")
}

func TestWgetForms(t *testing.T) {
	l := newLab(t)
	l.site("httpd -f -p 80 -h /var/www")
	l.check(l.tools, "wget -q -O - http://172.17.0.2:80/", "", 0, "hello from web1\n")
	l.check(l.tools, "wget -T 3 -t 1 -O - http://172.17.0.3:7777/", "", 4,
		"--2026-01-05 08:00:06--  http://172.17.0.3:7777/\nConnecting to 172.17.0.3:7777... failed: Connection refused.\n")
	l.check(l.tools, "wget -q -O /dev/null http://172.17.0.2/x", "", 8, "")
	l.check(l.tools, "wget http://172.17.0.2/", "", 0, `--2026-01-05 08:00:06--  http://172.17.0.2/
Connecting to 172.17.0.2:80... connected.
HTTP request sent, awaiting response... 200 OK
Length: 16 [text/html]
Saving to: 'index.html'

     0K                                                       100% <n>M=0s

2026-01-05 08:00:06 (<n> MB/s) - 'index.html' saved [16/16]

`)
	l.check(l.bbox2, "wget -O - http://172.17.0.2/", "", 0, `Connecting to 172.17.0.2 (172.17.0.2:80)
writing to stdout
hello from web1
-                    100% |********************************|    16  0:00:00 ETA
written to stdout
`)
	l.check(l.bbox2, "wget http://172.17.0.3/", "", 1,
		"Connecting to 172.17.0.3 (172.17.0.3:80)\nwget: can't connect to remote host (172.17.0.3): Connection refused\n")
	l.check(l.bbox2, "wget -q http://172.17.0.2/x", "", 1, "wget: server returned error: HTTP/1.1 404 Not Found\n")
}

func TestWebServerLogsItsRequests(t *testing.T) {
	l := newLab(t)
	_, log := l.start(l.bbox1, (&web.Server{Index: "<h1>Welcome to nginx!</h1>\n"}).Run, "nginx")
	l.check(l.tools, "curl -s http://172.17.0.2/", "", 0, "<h1>Welcome to nginx!</h1>\n")
	compare(t, "log", log.String(), "172.17.0.4 - - [05/Jan/2026:08:00:05 +0000] \"GET / HTTP/1.1\" 200 27 \"-\" \"curl/7.88.1\" \"-\"\n")
}

func TestCurlSendsWhatItReads(t *testing.T) {
	l := newLab(t)
	server, out := l.spawn(l.bbox1, "nc -l -p 90", "")
	l.loop.RunFor(time.Second)
	p, _ := l.spawn(l.tools, "curl -s -d @- http://172.17.0.2:90/", "one\ntwo\n")
	l.loop.RunFor(5 * time.Second)
	p.Signal(userland.SIGTERM)
	server.Signal(userland.SIGTERM)
	l.loop.RunFor(time.Second)
	if !strings.Contains(out.String(), "Content-Length: 6\r\n") || !strings.HasSuffix(out.String(), "\r\n\r\nonetwo") {
		t.Errorf("the server got %q", out)
	}
}
