package traffic

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
	"dnetsim/userland/web"
)

// gnuWget is one run of GNU Wget 1.21.
type gnuWget struct {
	p                          *userland.Process
	quiet, server, spider      bool
	terse                      bool // -nv
	output, dir, agent, post   string
	hasPost                    bool
	headers                    []string
	timeout                    time.Duration // of connecting and reading, 0: none for connecting
	tries                      int
	retryRefused, hasOutputDoc bool
}

var gnuWgetLong = map[string]string{
	"quiet": "q", "output-document": "O:", "timeout": "T:", "tries": "t:",
	"server-response": "S", "spider": "spider", "header": "header:",
	"post-data": "post-data:", "user-agent": "U:", "directory-prefix": "P:",
	"no-verbose": "nv", "retry-connrefused": "rc", "no-check-certificate": "~",
	"connect-timeout": "T:", "dns-timeout": "!:", "read-timeout": "T:", "no-proxy": "~",
	"continue": "c", "show-progress": "!", "progress": "!:",
}

// wgetGNU is Debian 12's wget for http.
func wgetGNU(p *userland.Process) int {
	args := append([]string(nil), p.Args[1:]...)
	for i, a := range args {
		if a == "-nv" {
			args[i] = "--no-verbose"
		}
	}
	o, err := parseOptions(p, args, "qO:T:t:SU:P:cd!4~6!v~N!", gnuWgetLong)
	if err != nil {
		p.Errorf("wget: %v\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n", err)
		return 2
	}
	if len(o.Rest) == 0 {
		p.Errorf("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n")
		return 1
	}
	w := &gnuWget{
		p: p, quiet: o.Has("q"), terse: o.Has("nv"), server: o.Has("S"), spider: o.Has("spider"),
		headers: o.All("header"), agent: "Wget/1.21.3", tries: 20, retryRefused: o.Has("rc"),
	}
	w.output, w.hasOutputDoc = o.Value("O")
	w.dir, _ = o.Value("P")
	w.post, w.hasPost = o.Value("post-data")
	if v, ok := o.Value("U"); ok {
		w.agent = v
	}
	if v, ok := o.Value("T"); ok {
		if w.timeout, ok = seconds(v); !ok {
			p.Errorf("wget: --timeout: Invalid time period '%s'\n", v)
			return 2
		}
	}
	if v, ok := o.Value("t"); ok {
		if w.tries, ok = number(v, 0, 1<<30); !ok {
			p.Errorf("wget: --tries: Invalid number '%s'.\n", v)
			return 2
		}
		if w.tries == 0 {
			w.tries = 1 << 30
		}
	}
	status := 0
	for _, u := range o.Rest {
		if s := w.fetch(u); s != 0 {
			status = s
		}
	}
	return status
}

// say prints what only the verbose form says.
func (w *gnuWget) say(format string, args ...any) {
	if !w.quiet && !w.terse {
		w.p.Errorf(format, args...)
	}
}

func (w *gnuWget) clock() string { return w.p.Wall().Format("2006-01-02 15:04:05") }

// fetch is one URL with its retries and redirections; the result is an exit
// status.
func (w *gnuWget) fetch(text string) int {
	u, err := web.ParseURL(text)
	if err != nil {
		w.p.Errorf("%s: Invalid host name.\n", text)
		return 1
	}
	if u.Scheme != "http" {
		w.p.Errorf("%s: Unsupported scheme '%s'.\n", text, u.Scheme)
		return 1
	}
	for try, redirects := 1, 0; ; {
		attempt := ""
		if try > 1 {
			attempt = fmt.Sprintf("  (try:%2d)", try)
		}
		w.say("--%s--%s  %s\n", w.clock(), attempt, u)
		next, again, status := w.exchange(u)
		switch {
		case next != "":
			if redirects++; redirects > 20 {
				w.p.Errorf("20 redirections exceeded.\n")
				return 8
			}
			if u, err = u.Follow(next); err != nil {
				return 1
			}
		case !again:
			return status
		case try >= w.tries:
			w.say("Giving up.\n\n")
			return 4
		default:
			w.say("Retrying.\n\n")
			if w.p.Sleep(time.Duration(min(try, 10))*time.Second) != nil {
				return 1
			}
			try++
		}
	}
}

// exchange makes one attempt: next is a redirection, again asks for a retry.
func (w *gnuWget) exchange(u web.URL) (next string, again bool, status int) {
	conn, again, status := w.connect(u)
	if conn == nil {
		return "", again, status
	}
	defer conn.Close()
	method := "GET"
	hs := []web.Header{
		{Name: "Host", Value: u.HostPort()}, {Name: "User-Agent", Value: w.agent}, {Name: "Accept", Value: "*/*"},
		{Name: "Accept-Encoding", Value: "identity"}, {Name: "Connection", Value: "Keep-Alive"},
	}
	switch {
	case w.hasPost:
		method = "POST"
		hs = append(hs, web.Header{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
			web.Header{Name: "Content-Length", Value: strconv.Itoa(len(w.post))})
	case w.spider:
		method = "HEAD"
	}
	for _, h := range w.headers {
		name, value, _ := strings.Cut(h, ":")
		hs = web.SetHeader(hs, web.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	w.say("HTTP request sent, awaiting response... ")
	if _, err := io.WriteString(conn, web.RequestText(method, u.Path, "HTTP/1.1", hs, w.post)); err != nil {
		w.say("%s.\n", userland.Reason(err))
		return "", true, 4
	}
	timeout := w.timeout
	if timeout <= 0 {
		timeout = 900 * time.Second
	}
	conn.SetReadTimeout(timeout)
	resp, err := web.ReadResponse(bufio.NewReader(conn), method)
	if err != nil {
		w.say("%s\n", w.readError(err))
		return "", true, 4
	}
	return w.judge(u, resp)
}

func (w *gnuWget) readError(err error) string {
	switch {
	case err == web.ErrEmptyReply:
		return "No data received."
	case userland.TimedOut(err):
		return "Read error (Connection timed out) in headers."
	}
	return "Read error (" + userland.Reason(err) + ") in headers."
}

func (w *gnuWget) connect(u web.URL) (conn *stack.TCPConn, again bool, status int) {
	_, numeric := names.ParseAddr(u.Host)
	if !numeric {
		w.say("Resolving %s (%s)... ", u.Host, u.Host)
	}
	addrs, _, err := names.Resolve(w.p, u.Host, names.ResolveOptions{})
	if err != nil {
		w.say("failed: %s.\n", userland.Reason(err))
		if !w.quiet {
			w.p.Errorf("wget: unable to resolve host address '%s'\n", u.Host)
		}
		return nil, false, 4
	}
	if !numeric {
		texts := make([]string, 0, 3)
		for i, a := range addrs {
			if i == 3 {
				texts = append(texts, "...")
				break
			}
			texts = append(texts, a.String())
		}
		w.say("%s\n", strings.Join(texts, ", "))
	}
	for _, a := range addrs {
		to := netip.AddrPortFrom(a, u.Port)
		if numeric {
			w.say("Connecting to %s... ", to)
		} else {
			w.say("Connecting to %s (%s)|%s|:%d... ", u.Host, u.Host, a, u.Port)
		}
		conn, err = w.p.DialTCP(netip.AddrPort{}, to, w.timeout)
		if err == nil {
			w.say("connected.\n")
			return conn, false, 0
		}
		if userland.Interrupted(err) {
			return nil, false, 1
		}
		w.say("failed: %s.\n", userland.Reason(err))
	}
	switch err {
	case stack.ErrConnRefused:
		return nil, w.retryRefused, 4
	case stack.ErrNetUnreachable, stack.ErrHostUnreachable:
		return nil, false, 4
	}
	return nil, true, 4
}

// judge acts on the status of an answer.
func (w *gnuWget) judge(u web.URL, resp *web.Response) (next string, again bool, status int) {
	if w.server {
		w.say("\n")
		for _, l := range resp.Lines {
			w.p.Errorf("  %s\n", l)
		}
	} else {
		w.say("%d %s\n", resp.Status, resp.Reason)
	}
	switch to := resp.Header("Location"); {
	case resp.Status/100 == 3 && to != "":
		w.say("Location: %s [following]\n", to)
		return to, false, 0
	case resp.Status/100 != 2:
		if w.terse && !w.quiet {
			w.p.Errorf("%s:\n", u)
		}
		if !w.quiet {
			w.p.Errorf("%s ERROR %d: %s.\n\n", w.clock(), resp.Status, resp.Reason)
		}
		return "", false, 8
	}
	length := "unspecified"
	if resp.Length >= 0 {
		length = strconv.FormatInt(resp.Length, 10)
		if resp.Length >= 1024 {
			length += fmt.Sprintf(" (%s)", gnuSize(resp.Length))
		}
	}
	kind, _, _ := strings.Cut(resp.Header("Content-Type"), ";")
	w.say("Length: %s", length)
	if kind != "" {
		w.say(" [%s]", kind)
	}
	w.say("\n")
	if w.spider {
		w.say("Remote file exists.\n\n")
		return "", false, 0
	}
	return "", false, w.save(u, resp)
}

// gnuSize is wget's human-readable size.
func gnuSize(n int64) string {
	f, unit := float64(n), ""
	for _, u := range []string{"K", "M", "G"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, u
	}
	if f < 10 {
		return fmt.Sprintf("%.1f%s", f, unit)
	}
	return fmt.Sprintf("%.0f%s", f, unit)
}

func (w *gnuWget) save(u web.URL, resp *web.Response) int {
	name, shown := w.output, ""
	var out io.Writer
	switch {
	case name == "-":
		out, shown = w.p.Stdout, "STDOUT"
	default:
		if !w.hasOutputDoc {
			name = w.freeName(path.Join(w.dir, u.FileName("index.html")))
		}
		f, err := w.p.OpenFile(name, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o666)
		if err != nil {
			w.p.Errorf("%s: %s\n", name, userland.Reason(err))
			return 3
		}
		defer f.Close()
		out, shown = f, "'"+name+"'"
	}
	w.say("Saving to: %s\n\n", shown)
	start := w.p.Loop().Now()
	n, err := io.Copy(struct{ io.Writer }{out}, resp.Body)
	took := w.p.Loop().Now() - start
	if err != nil && err != io.EOF {
		w.say("\n%s (%s) - Read error at byte %d (%s).", w.clock(), gnuSpeed(n, took), n, userland.Reason(err))
		return 4
	}
	w.progress(n, took)
	total := ""
	if resp.Length >= 0 {
		total = fmt.Sprintf("/%d", resp.Length)
	}
	verb := "saved"
	if name == "-" {
		shown, verb = "-", "written to stdout"
		w.say("%s (%s) - %s [%d%s]\n\n", w.clock(), gnuSpeed(n, took), verb, n, total)
	} else {
		w.say("%s (%s) - %s %s [%d%s]\n\n", w.clock(), gnuSpeed(n, took), shown, verb, n, total)
	}
	if w.terse && !w.quiet {
		w.p.Errorf("%s URL:%s [%d%s] -> \"%s\" [1]\n", w.clock(), u, n, total, name)
	}
	return 0
}

// progress is the dot display that wget shows when it has no terminal.
func (w *gnuWget) progress(n int64, took time.Duration) {
	const dot, line = 1024, 50
	for at := int64(0); at <= n; at += dot * line {
		dots := min(n-at, dot*line) / dot
		if n == at && at > 0 {
			break
		}
		text := ""
		for i := range int64(line) {
			if i > 0 && i%10 == 0 {
				text += " "
			}
			if i < dots {
				text += "."
			} else {
				text += " "
			}
		}
		percent := int64(100)
		if n > 0 {
			percent = min((at+dot*line)*100/n, 100)
		}
		w.say("%6dK %s%3d%%", at/1024, text, percent)
		if at+dot*line >= n {
			speed := strings.TrimSuffix(strings.ReplaceAll(gnuSpeed(n, took), " ", ""), "B/s")
			w.say(" %s=%s", speed, gnuTime(took))
		}
		w.say("\n")
	}
	w.say("\n")
}

// gnuSpeed is a rate as wget prints it.
func gnuSpeed(n int64, took time.Duration) string {
	if took <= 0 {
		took = time.Microsecond
	}
	f, unit := float64(n)/took.Seconds(), "B/s"
	for _, u := range []string{"KB/s", "MB/s", "GB/s"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, u
	}
	switch {
	case f >= 99.95:
		return fmt.Sprintf("%.0f %s", f, unit)
	case f >= 9.995:
		return fmt.Sprintf("%.1f %s", f, unit)
	}
	return fmt.Sprintf("%.2f %s", f, unit)
}

func gnuTime(took time.Duration) string {
	if s := took.Seconds(); s >= 0.001 {
		return strconv.FormatFloat(s, 'g', 2, 64) + "s"
	}
	return "0s"
}

// freeName is the name, with .1, .2 … if there is such a file.
func (w *gnuWget) freeName(name string) string {
	free := name
	for i := 1; ; i++ {
		if _, err := w.p.Stat(free); err != nil {
			return free
		}
		free = fmt.Sprintf("%s.%d", name, i)
	}
}
