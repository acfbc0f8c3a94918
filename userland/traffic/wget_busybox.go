package traffic

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"path"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
	"dnetsim/userland/web"
)

// busyboxWget is one run of busybox's wget.
type busyboxWget struct {
	p                           *userland.Process
	quiet, server, spider, cont bool
	output, dir, agent, post    string
	hasPost                     bool
	headers                     []string
	timeout                     time.Duration
}

const busyboxWgetUsage = `BusyBox v1.35.0 multi-call binary.

Usage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]
	[--post-data STR | --post-file FILE] [-Y on/off]
	[-P DIR] [-U AGENT] [-T SEC] URL...

Retrieve files via HTTP or FTP
`

var busyboxWgetLong = map[string]string{
	"quiet": "q", "continue": "c", "spider": "spider", "output-document": "O:",
	"directory-prefix": "P:", "timeout": "T:", "header": "header:", "post-data": "post-data:",
	"user-agent": "U:", "server-response": "S", "no-check-certificate": "~",
	"tries": "t:", "proxy": "~:", "output-file": "!:",
}

// wgetBusybox is the wget of busybox 1.35 for http.
func wgetBusybox(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "cqSO:o:!P:U:T:t:Y:~", busyboxWgetLong)
	if err != nil || len(o.Rest) == 0 {
		if err != nil {
			p.Errorf("wget: %v\n", err)
		}
		p.Errorf("%s", busyboxWgetUsage)
		return 1
	}
	w := &busyboxWget{
		p: p, quiet: o.Has("q"), server: o.Has("S"), spider: o.Has("spider"), cont: o.Has("c"),
		headers: o.All("header"), agent: "Wget", timeout: 900 * time.Second,
	}
	w.output, _ = o.Value("O")
	w.dir, _ = o.Value("P")
	w.post, w.hasPost = o.Value("post-data")
	if v, ok := o.Value("U"); ok {
		w.agent = v
	}
	if v, ok := o.Value("T"); ok {
		n, ok := number(v, 0, 1<<30)
		if !ok {
			p.Errorf("wget: invalid number '%s'\n", v)
			return 1
		}
		w.timeout = time.Duration(n) * time.Second
	}
	for _, u := range o.Rest {
		if !w.fetch(u) {
			return 1
		}
	}
	return 0
}

// die prints the error that ends the program.
func (w *busyboxWget) die(format string, args ...any) bool {
	w.p.Errorf("wget: "+format+"\n", args...)
	return false
}

func (w *busyboxWget) say(format string, args ...any) {
	if !w.quiet {
		w.p.Errorf(format, args...)
	}
}

func (w *busyboxWget) fetch(text string) bool {
	u, err := web.ParseURL(text)
	if err != nil {
		return w.die("bad address '%s'", text)
	}
	if u.Scheme != "http" {
		return w.die("not an http or ftp url: %s", text)
	}
	for range 5 {
		conn, ok := w.connect(u)
		if !ok {
			return false
		}
		next, ok := w.request(u, conn)
		conn.Close()
		if next == "" {
			return ok
		}
		if u, err = u.Follow(next); err != nil {
			return w.die("bad address '%s'", next)
		}
	}
	return w.die("too many redirections")
}

func (w *busyboxWget) connect(u web.URL) (*stack.TCPConn, bool) {
	addrs, _, err := names.Resolve(w.p, u.Host, names.ResolveOptions{})
	if err != nil {
		return nil, w.die("bad address '%s'", u.Host)
	}
	to := netip.AddrPortFrom(busyboxChoice(w.p, addrs), u.Port)
	w.say("Connecting to %s (%s)\n", w.target(u), to)
	conn, err := w.p.DialTCP(netip.AddrPort{}, to, w.timeout)
	if err == nil {
		return conn, true
	}
	if userland.Late(err) && w.timeout < 100*time.Second {
		return nil, w.die("download timed out")
	}
	return nil, w.die("can't connect to remote host (%s): %s", to.Addr(), userland.Reason(err))
}

// target is the host as the URL had it.
func (w *busyboxWget) target(u web.URL) string {
	if u.Explicit {
		return fmt.Sprintf("%s:%d", u.Bracketed(), u.Port)
	}
	return u.Bracketed()
}

func (w *busyboxWget) request(u web.URL, conn *stack.TCPConn) (next string, ok bool) {
	method := "GET"
	hs := []web.Header{{Name: "Host", Value: w.target(u)}, {Name: "User-Agent", Value: w.agent}}
	if w.hasPost {
		method = "POST"
		hs = append(hs, web.Header{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
			web.Header{Name: "Content-Length", Value: fmt.Sprint(len(w.post))})
	}
	for _, h := range w.headers {
		name, value, _ := strings.Cut(h, ":")
		hs = web.SetHeader(hs, web.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	hs = append(hs, web.Header{Name: "Connection", Value: "close"})
	if _, err := io.WriteString(conn, web.RequestText(method, u.Path, "HTTP/1.1", hs, w.post)); err != nil {
		return "", w.die("write error: %s", userland.Reason(err))
	}
	conn.SetReadTimeout(w.timeout)
	resp, err := web.ReadResponse(bufio.NewReader(conn), method)
	if err != nil {
		return "", w.readError(err)
	}
	if w.server {
		for _, l := range resp.Lines {
			w.p.Errorf("  %s\n", l)
		}
	}
	switch {
	case resp.Status == 301 || resp.Status == 302 || resp.Status == 303 || resp.Status == 307:
		if to := resp.Header("Location"); to != "" {
			return to, true
		}
		return "", w.die("server returned error: %s", resp.Lines[0])
	case resp.Status < 200 || resp.Status > 299:
		return "", w.die("server returned error: %s", resp.Lines[0])
	case w.spider:
		w.say("remote file exists\n")
		return "", true
	}
	return "", w.save(u, resp)
}

func (w *busyboxWget) readError(err error) bool {
	switch {
	case userland.TimedOut(err):
		return w.die("download timed out")
	case err == web.ErrEmptyReply || err == web.ErrNotHTTP:
		return w.die("error getting response")
	}
	return w.die("read error: %s", userland.Reason(err))
}

// save writes the body to the file, or to standard output for "-".
func (w *busyboxWget) save(u web.URL, resp *web.Response) bool {
	name, label := w.output, w.output
	var out io.Writer
	switch name {
	case "-":
		out = w.p.Stdout
		w.say("writing to stdout\n")
	case "":
		name = u.FileName("index.html")
		if w.dir != "" {
			name = path.Join(w.dir, name)
		}
		if _, err := w.p.Stat(name); err == nil && !w.cont {
			return w.die("can't open '%s': File exists", name)
		}
		fallthrough
	default:
		label = path.Base(name)
		f, err := w.p.OpenFile(name, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o666)
		if err != nil {
			return w.die("can't open '%s': %s", name, userland.Reason(err))
		}
		defer f.Close()
		out = f
		w.say("saving to '%s'\n", name)
	}
	n, err := io.Copy(struct{ io.Writer }{out}, resp.Body)
	if err != nil {
		return w.readError(err)
	}
	if resp.Length > n {
		return w.die("connection closed prematurely")
	}
	w.say("%s\n", busyboxProgress(label, n))
	if name == "-" {
		w.say("written to stdout\n")
	} else {
		w.say("'%s' saved\n", name)
	}
	return true
}

// busyboxProgress is the finished progress bar on 80 columns.
func busyboxProgress(name string, size int64) string {
	if len(name) > 20 {
		name = name[:20]
	}
	scaled, unit := size, " "
	for _, u := range []string{"k", "M", "G"} {
		if scaled < 100000 {
			break
		}
		scaled, unit = scaled/1024, u
	}
	return fmt.Sprintf("%-20s 100%% |********************************| %5d%s 0:00:00 ETA", name, scaled, unit)
}
