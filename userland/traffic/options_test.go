package traffic

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	shortTable = regexp.MustCompile(`parseOptions\(p, [^"\n]*"([^"]*)"`)
	longTable  = regexp.MustCompile(`"[a-z0-9.-]+": "([A-Za-z0-9#!~.-]+:?)"`)
	letter     = regexp.MustCompile(`([^:!~+]):?([!~]?)`)
)

// Each option of each program's table is read by the program's files, or has
// the mark that it is not simulated, or that there is nothing to do for it.
func TestEveryOptionIsReadOrMarked(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{} // of a program's files, by the name before _
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if program, _, _ := strings.Cut(strings.TrimSuffix(f, ".go"), "_"); !strings.HasSuffix(f, "_test.go") {
			text[program] += string(b)
		}
	}
	tables := 0
	for program, src := range text {
		reads := longTable.ReplaceAllString(src, "")
		check := func(option string) {
			if !strings.Contains(reads, `"`+option+`"`) {
				t.Errorf("%s: nobody reads -%s: read it, or mark it with ! (not simulated) or ~ (nothing to do)", program, option)
			}
		}
		for _, m := range shortTable.FindAllStringSubmatch(src, -1) {
			tables++
			for _, l := range letter.FindAllStringSubmatch(m[1], -1) {
				if l[2] == "" {
					check(l[1])
				}
			}
			for _, l := range longTable.FindAllStringSubmatch(src, -1) {
				if as := strings.TrimSuffix(l[1], ":"); as != "!" && as != "~" {
					check(as)
				}
			}
		}
	}
	if tables < 15 {
		t.Errorf("only %d tables found", tables)
	}
}

// An option that is not simulated is an error that says so.
func TestOptionsThatAreNotSimulatedSaySo(t *testing.T) {
	l := newLab(t)
	for line, want := range map[string]string{
		"curl -s --retry 3 http://172.17.0.2/": "curl: dnetsim does not simulate --retry\n",
		"curl -c jar http://172.17.0.2/":       "curl: dnetsim does not simulate -c\n",
		"curl -b jar http://172.17.0.2/":       "curl: dnetsim does not simulate -b with a file of cookies\n",
		"dig +trace www.baidu.com":             "dig: dnetsim does not simulate +trace\n",
		"dig +norecurse www.baidu.com":         "dig: dnetsim does not simulate +norecurse\n",
		"ping -c1 -R 172.17.0.2":               "ping: dnetsim does not simulate -R\n",
		"tcpdump -d icmp":                      "tcpdump: dnetsim does not simulate -d\n",
		"traceroute -A 172.17.0.2":             "traceroute: dnetsim does not simulate -A\n",
	} {
		if out, status := l.run(l.tools, line, ""); out != want || status != notSimulated {
			t.Errorf("%s: %d %q, want %q", line, status, out, want)
		}
	}
	if out, status := l.run(l.tools, "dig +nosuch www.baidu.com", ""); status != 1 || !strings.HasPrefix(out, "Invalid option: +nosuch\n") {
		t.Errorf("dig +nosuch: %d %q", status, out)
	}
}

// What curl sends for its options: a listener prints it.
func TestCurlSendsWhatItsOptionsSay(t *testing.T) {
	head := "Host: 172.17.0.2\n"
	agent := "User-Agent: curl/7.88.1\nAccept: */*\n"
	for line, want := range map[string]string{
		"curl -G -d a=1 -d b=2 http://172.17.0.2/q?x=y":               "GET /q?x=y&a=1&b=2 HTTP/1.1\n" + head + agent + "\n",
		"curl -u joe:secret -e http://x/ -b k=v -0 http://172.17.0.2": "GET / HTTP/1.0\n" + head + "Authorization: Basic am9lOnNlY3JldA==\n" + agent + "Referer: http://x/\nCookie: k=v\n\n",
		"curl -T /etc/put http://172.17.0.2/d/":                       "PUT /d/put HTTP/1.1\n" + head + agent + "Content-Length: 5\n\nhello",
		"curl -x 172.17.0.2:80 http://www.baidu.com/a":                "GET http://www.baidu.com/a HTTP/1.1\nHost: www.baidu.com\n" + agent + "Proxy-Connection: Keep-Alive\n\n",
		"curl -F a=b -F f=@/etc/put http://172.17.0.2/": "POST / HTTP/1.1\n" + head + agent + "Content-Length: 288\nContent-Type: multipart/form-data; boundary=B\n\n" +
			"--B\nContent-Disposition: form-data; name=\"a\"\n\nb\n--B\nContent-Disposition: form-data; name=\"f\"; filename=\"put\"\nContent-Type: application/octet-stream\n\nhello\n--B--\n",
	} {
		l := newLab(t)
		l.file(l.tools, "/etc/put", "hello")
		server, got := l.spawn(l.bbox1, "nc -l -p 80", "")
		l.spawn(l.tools, line+" -s -m 2", "")
		l.loop.RunFor(3e9)
		text := strings.ReplaceAll(got.String(), "\r\n", "\n")
		text = regexp.MustCompile(`-{24}[0-9a-f]{16}`).ReplaceAllString(text, "B")
		if _, sent, _ := strings.Cut(text, " ...\n"); sent != want && text != want {
			t.Errorf("%s\ngot  %q\nwant %q", line, text, want)
		}
		server.Signal(9)
	}
}
