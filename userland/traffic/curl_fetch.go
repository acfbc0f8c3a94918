package traffic

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
	"dnetsim/userland/web"
)

// fetch gets one URL, and those that it redirects to, and returns curl's exit
// status.
func (c *curlRun) fetch(text string) int {
	c.start = c.p.Loop().Now()
	if scheme, _, ok := strings.Cut(text, "://"); ok && !strings.EqualFold(scheme, "http") {
		return c.problem(1, fmt.Sprintf("Protocol \"%s\" not supported or disabled in libcurl", scheme))
	}
	u, err := web.ParseURL(text)
	if err != nil {
		return c.problem(3, "URL using bad/illegal format or missing URL")
	}
	u = c.target(u)
	out, status := c.open(u)
	if status != 0 {
		return status
	}
	if f, ok := out.(*userland.File); ok && out != c.p.Stdout {
		defer f.Close()
	}
	for range 50 {
		next, status := c.exchange(u, out)
		if next == "" {
			c.report(u)
			return status
		}
		if u, err = u.Follow(next); err != nil {
			return c.problem(3, "URL using bad/illegal format or missing URL")
		}
		c.redirects++
		c.note("*", "Issue another request to this URL: '"+u.String()+"'")
	}
	return c.problem(47, "Maximum (50) redirects followed")
}

// open returns where the body goes: standard output or a file.
func (c *curlRun) open(u web.URL) (io.Writer, int) {
	name := c.output
	if c.remoteName {
		if name = u.FileName(""); name == "" {
			return nil, c.problem(23, "Remote file name has no length!")
		}
	}
	if name == "" || name == "-" {
		c.meterHead(redirected(c.p.Stdout))
		return c.p.Stdout, 0
	}
	f, err := c.p.OpenFile(name, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o666)
	if err != nil {
		c.p.Errorf("Warning: Failed to open the file %s: %s\n", name, userland.Reason(err))
		return nil, c.problem(23, "Failure writing output to destination")
	}
	c.meterHead(true)
	return f, 0
}

// redirected reports whether standard output is a file or another program's input.
// What a machine's console or a container's log takes down counts as a terminal
// there: what is typed at it has no meter.
func redirected(w io.Writer) bool {
	switch w.(type) {
	case *userland.File, *userland.PipeWriter:
		return !userland.IsTTY(w)
	}
	return false
}

// meterHead begins the progress meter, which -s and a terminal as the output do
// without.
func (c *curlRun) meterHead(shown bool) {
	if !shown || c.silent || c.metered {
		return
	}
	c.metered = true
	c.p.Errorf("  %% Total    %% Received %% Xferd  Average Speed   Time    Time     Time  Current\n" +
		"                                 Dload  Upload   Total   Spent    Left  Speed\n")
}

// exchange makes one request. A redirection to follow comes back as next.
func (c *curlRun) exchange(u web.URL, out io.Writer) (next string, status int) {
	conn, status := c.connect(u)
	if conn == nil {
		return "", status
	}
	defer conn.Close()
	method := c.request()
	at, headers := u.Path, c.requestHeaders(u)
	if c.proxied(u) {
		at, headers = u.String(), append(headers, web.Header{Name: "Proxy-Connection", Value: "Keep-Alive"})
	}
	text := web.RequestText(method, at, c.version, headers, "")
	for _, l := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		c.note(">", l)
	}
	if _, err := io.WriteString(conn, text+c.data); err != nil {
		return "", c.receiveError(err)
	}
	r := &web.DeadlineReader{P: c.p, Conn: conn}
	if c.maxTime > 0 {
		r.End = c.start + c.maxTime
	}
	resp, err := web.ReadResponse(bufio.NewReader(r), method)
	if err != nil {
		return "", c.receiveError(err)
	}
	c.httpCode, c.got, c.answered = resp.Status, resp, c.p.Loop().Now()-c.start
	for _, l := range resp.Lines {
		c.note("<", l)
	}
	c.note("<", "")
	if c.include || c.head {
		io.WriteString(out, strings.Join(resp.Lines, "\r\n")+"\r\n\r\n")
	}
	if to := resp.Header("Location"); c.follow && resp.Status/100 == 3 && to != "" {
		io.Copy(io.Discard, resp.Body)
		return to, 0
	}
	return "", c.download(resp, out, u)
}

// download copies the body and judges the result.
func (c *curlRun) download(resp *web.Response, out io.Writer, u web.URL) int {
	if c.fail && resp.Status >= 400 {
		return c.problem(22, fmt.Sprintf("The requested URL returned error: %d", resp.Status))
	}
	n, err := io.Copy(struct{ io.Writer }{out}, resp.Body)
	c.downloaded += n
	c.meter(resp.Length, n)
	switch {
	case userland.TimedOut(err) || err != nil && n < resp.Length && errors.Is(err, stack.ErrConnReset):
		return c.receiveError(err)
	case err == nil && resp.Length > n && !c.head:
		return c.problem(18, fmt.Sprintf("transfer closed with %d bytes remaining to read", resp.Length-n))
	case err != nil && !errors.Is(err, io.EOF):
		return c.receiveError(err)
	}
	if strings.EqualFold(resp.Header("Connection"), "close") || resp.Length < 0 {
		c.note("*", "Closing connection 0")
	} else {
		c.note("*", "Connection #0 to host "+u.Host+" left intact")
	}
	return 0
}

// meter is the last line of the progress meter.
func (c *curlRun) meter(total, got int64) {
	if !c.metered {
		return
	}
	c.metered = false
	percent := 0
	if total < 0 {
		total = got
	}
	if total > 0 {
		percent = int(got * 100 / total)
	}
	speed, whole := got, time.Duration(0)
	t := c.p.Loop().Now() - c.start
	if t > 0 {
		speed = int64(float64(got) / t.Seconds())
	}
	if speed > 0 {
		whole = time.Duration(float64(total) / float64(speed) * 1e9)
	}
	c.p.Errorf("\r%3d %5s  %3d %5s    0     0  %5s      0 %s %s %s %5s\n", percent, meterSize(total), percent, meterSize(got),
		meterSize(speed), meterTime(whole), meterTime(t), meterTime(whole-t), meterSize(speed))
}

// meterTime is a time in curl's eight columns.
func meterTime(d time.Duration) string {
	s := int(d / time.Second)
	if s <= 0 {
		return "--:--:--"
	}
	return fmt.Sprintf("%2d:%02d:%02d", s/3600, s/60%60, s%60)
}

// meterSize is a number in curl's five columns.
func meterSize(n int64) string {
	switch {
	case n < 100000:
		return strconv.FormatInt(n, 10)
	case n < 10000<<10:
		return strconv.FormatInt(n>>10, 10) + "k"
	case n < 10000<<20:
		return strconv.FormatInt(n>>20, 10) + "M"
	}
	return strconv.FormatInt(n>>30, 10) + "G"
}

func (c *curlRun) request() string {
	switch {
	case c.method != "":
		return c.method
	case c.head:
		return "HEAD"
	case c.upload != "":
		return "PUT"
	case c.hasData:
		return "POST"
	}
	return "GET"
}

func (c *curlRun) requestHeaders(u web.URL) []web.Header {
	hs := []web.Header{{Name: "Host", Value: u.HostPort()}, {Name: "User-Agent", Value: c.agent}, {Name: "Accept", Value: "*/*"}}
	if c.old {
		hs = []web.Header{{Name: "User-Agent", Value: c.agent}, {Name: "Host", Value: u.HostPort()}, {Name: "Accept", Value: "*/*"}}
	}
	for _, h := range c.more {
		if h.Name == "Authorization" { // comes right after Host
			at := slices.IndexFunc(hs, func(h web.Header) bool { return h.Name == "Host" }) + 1
			hs = slices.Insert(hs, at, h)
			continue
		}
		hs = append(hs, h)
	}
	if c.hasData {
		hs = append(hs, web.Header{Name: "Content-Length", Value: strconv.Itoa(len(c.data))})
		kind := c.contentType
		if kind == "" && c.upload == "" {
			kind = "application/x-www-form-urlencoded"
		}
		if kind != "" {
			hs = append(hs, web.Header{Name: "Content-Type", Value: kind})
		}
	}
	for _, h := range c.headers {
		name, value, _ := strings.Cut(h, ":")
		hs = web.SetHeader(hs, web.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	return hs
}

// addresses are where the URL's host is: by --resolve, or looked up.
func (c *curlRun) addresses(u web.URL) ([]netip.Addr, error) {
	for _, r := range c.resolve {
		f := strings.SplitN(r, ":", 3)
		if len(f) == 3 && strings.EqualFold(f[0], u.Host) && f[1] == strconv.Itoa(int(u.Port)) {
			if a, err := netip.ParseAddr(strings.Trim(f[2], "[]")); err == nil {
				return []netip.Addr{a}, nil
			}
		}
	}
	addrs, _, err := names.Resolve(c.p, u.Host, names.ResolveOptions{Family: c.family})
	return addrs, err
}

func (c *curlRun) connect(u web.URL) (io.ReadWriteCloser, int) {
	if c.socket != "" {
		return c.connectUnix()
	}
	if c.proxied(u) {
		u = *c.proxy
	}
	addrs, err := c.addresses(u)
	if err != nil {
		text := "Could not resolve host: " + u.Host
		if c.old {
			text = "Couldn't resolve host '" + u.Host + "'"
		}
		c.note("*", "Could not resolve host: "+u.Host)
		return nil, c.problem(6, text)
	}
	c.resolved = c.p.Loop().Now() - c.start
	timeout, whole := c.connectTimeout, false
	if c.maxTime > 0 {
		if left := c.start + c.maxTime - c.p.Loop().Now(); timeout <= 0 || left < timeout {
			timeout, whole = max(left, 1), true
		}
	}
	limit := timeout
	if limit <= 0 {
		limit = 5 * time.Minute
	}
	conn, err := web.DialFirst(c.p, addrs, u.Port, limit, func(to netip.AddrPort) {
		c.note("*", "  Trying "+to.String()+"...")
	})
	if err == nil {
		c.connected, c.local, c.remote = c.p.Loop().Now()-c.start, conn.LocalAddr(), conn.RemoteAddr()
		c.note("*", fmt.Sprintf("Connected to %s (%s) port %d (#0)", u.Host, conn.RemoteAddr().Addr(), u.Port))
		return conn, 0
	}
	return nil, c.connectError(u, addrs, err, timeout, whole)
}

// connectUnix connects to the socket that --unix-socket names.
func (c *curlRun) connectUnix() (io.ReadWriteCloser, int) {
	c.note("*", "  Trying "+c.socket+"...")
	conn, err := c.p.DialUnix(c.socket)
	if err == nil {
		c.note("*", "Connected to localhost ("+c.socket+") port 80 (#0)")
		return conn, 0
	}
	c.note("*", "Immediate connect fail for "+c.socket+": "+err.Error())
	c.note("*", "Closing connection 0")
	return nil, c.problem(7, fmt.Sprintf("Failed to connect to localhost port 80 after %d ms: Couldn't connect to server", c.passed()))
}

func (c *curlRun) connectError(u web.URL, addrs []netip.Addr, err error, timeout time.Duration, whole bool) int {
	took := c.passed()
	slow := userland.Late(err)
	switch {
	case userland.Interrupted(err):
		return 130
	case c.old && slow && timeout > 0:
		return c.problem(28, "connect() timed out!")
	case c.old:
		return c.problem(7, "couldn't connect to host")
	case slow && whole && took >= int(timeout/time.Millisecond):
		return c.problem(28, fmt.Sprintf("Connection timed out after %d milliseconds", took))
	case slow && timeout > 0:
		return c.problem(28, fmt.Sprintf("Failed to connect to %s port %d after %d ms: Timeout was reached", u.Host, u.Port, took))
	case slow:
		return c.problem(28, fmt.Sprintf("Failed to connect to %s port %d after %d ms: Couldn't connect to server", u.Host, u.Port, took))
	}
	last := addrs[len(addrs)-1]
	c.note("*", fmt.Sprintf("connect to %s port %d failed: %s", last, u.Port, userland.Reason(err)))
	text := fmt.Sprintf("Failed to connect to %s port %d after %d ms: Couldn't connect to server", u.Host, u.Port, took)
	c.note("*", text)
	c.note("*", "Closing connection 0")
	return c.problem(7, text)
}

func (c *curlRun) receiveError(err error) int {
	switch {
	case err == web.ErrEmptyReply:
		if c.old {
			return c.problem(52, "Empty reply from server")
		}
		c.note("*", "Empty reply from server")
		c.note("*", "Closing connection 0")
		return c.problem(52, "Empty reply from server")
	case err == web.ErrNotHTTP:
		return c.problem(1, "Received HTTP/0.9 when not allowed")
	case userland.TimedOut(err):
		return c.problem(28, fmt.Sprintf("Operation timed out after %d milliseconds with %d bytes received", c.passed(), c.downloaded))
	case userland.Interrupted(err):
		return 130
	}
	return c.problem(56, "Recv failure: "+userland.Reason(err))
}

// report prints what -w asks for.
func (c *curlRun) report(u web.URL) {
	if c.writeOut == "" {
		return
	}
	total := c.p.Loop().Now() - c.start
	took := func(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
	values := map[string]string{
		"http_code": fmt.Sprintf("%03d", c.httpCode), "response_code": fmt.Sprintf("%03d", c.httpCode),
		"time_total": took(total), "time_namelookup": took(c.resolved), "time_connect": took(c.connected), "time_appconnect": took(0),
		"time_pretransfer": took(c.connected), "time_starttransfer": took(c.answered),
		"size_download": strconv.FormatInt(c.downloaded, 10), "num_redirects": strconv.Itoa(c.redirects), "url_effective": u.String(),
		"scheme": strings.ToUpper(u.Scheme), "content_type": "",
	}
	if c.remote.IsValid() {
		values["remote_ip"], values["remote_port"] = c.remote.Addr().String(), strconv.Itoa(int(c.remote.Port()))
		values["local_ip"], values["local_port"] = c.local.Addr().String(), strconv.Itoa(int(c.local.Port()))
	}
	if c.got != nil {
		values["content_type"] = c.got.Header("Content-Type")
	}
	pairs := []string{`\n`, "\n", `\t`, "\t", `\r`, "\r", "%%", "%"}
	for name, v := range values {
		pairs = append(pairs, "%{"+name+"}", v)
	}
	io.WriteString(c.p.Stdout, strings.NewReplacer(pairs...).Replace(c.writeOut))
}
