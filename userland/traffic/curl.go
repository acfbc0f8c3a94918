package traffic

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
	"path"
	"strings"
	"time"

	"dnetsim/userland"
	"dnetsim/userland/getopt"
	"dnetsim/userland/web"
)

// curlVersion is Debian 12's; CentOS 6 has an older one with other words.
const (
	curlVersion    = "7.88.1"
	curlVersionOld = "7.19.7"
)

// curlRun is one run of curl.
type curlRun struct {
	p   *userland.Process
	old bool // CentOS 6's texts

	silent, showError, include, head, verbose, follow, fail bool
	metered                                                 bool // a progress meter has begun
	method, data, output, agent, writeOut, socket           string
	remoteName, hasData                                     bool
	version, contentType, upload, query, noProxy            string
	more                                                    []web.Header // Authorization, Referer, Cookie
	proxy                                                   *web.URL
	headers                                                 []string
	connectTimeout, maxTime                                 time.Duration
	family                                                  int
	resolve                                                 []string
	urls                                                    []string
	start                                                   time.Duration
	httpCode, redirects                                     int
	downloaded                                              int64
	resolved, connected, answered                           time.Duration // since the start
	local, remote                                           netip.AddrPort
	got                                                     *web.Response
}

var curlLong = map[string]string{
	"silent": "s", "show-error": "S", "output": "o:", "remote-name": "O",
	"include": "i", "head": "I", "verbose": "v", "request": "X:",
	"data": "d:", "data-raw": "d:", "data-binary": "d:", "header": "H:",
	"max-time": "m:", "connect-timeout": "connect-timeout:", "location": "L",
	"fail": "f", "write-out": "w:", "user-agent": "A:", "insecure": "~",
	"ipv4": "4", "ipv6": "6", "resolve": "resolve:", "version": "V",
	"http1.1": "~", "http1.0": "0", "noproxy": "noproxy:", "retry": "!:",
	"no-progress-meter": "no-progress-meter", "interface": "!:", "url": "url:",
	"progress-bar": "!", "compressed": "compressed", "globoff": "~",
	"user": "u:", "get": "G", "no-keepalive": "~", "no-buffer": "~",
	"unix-socket": "unix-socket:", "upload-file": "T:", "form": "F:", "cookie": "b:", "cookie-jar": "!:", "referer": "e:",
	"proxy": "x:",
}

// curl is Debian 12's curl for http.
func curl(p *userland.Process) int { return runCurl(p, false) }

// curlOld is CentOS 6's.
func curlOld(p *userland.Process) int { return runCurl(p, true) }

func runCurl(p *userland.Process, old bool) int {
	o, err := parseOptions(p, p.Args[1:], "sSo:OiIvX:d:H:m:Lfw:A:k~46V0#!g~u:Ge:b:c:!T:F:x:N~q~Z!", curlLong)
	if err != nil {
		p.Errorf("curl: %s\ncurl: try 'curl --help' or 'curl --manual' for more information\n", curlOptionError(err))
		return 2
	}
	if o.Has("V") {
		p.Printf("curl %s (x86_64-pc-linux-gnu) libcurl/%s\nProtocols: http\n", curlVersion, curlVersion)
		return 0
	}
	c := &curlRun{
		p: p, old: old, silent: o.Has("s"), showError: o.Has("S"), include: o.Has("i"), head: o.Has("I"),
		verbose: o.Has("v"), follow: o.Has("L"), fail: o.Has("f"), remoteName: o.Has("O"),
		headers: o.All("H"), resolve: o.All("resolve"), urls: append(o.All("url"), o.Rest...), agent: "curl/" + curlVersion,
	}
	if old {
		c.agent = "curl/" + curlVersionOld
	}
	if v, ok := o.Value("A"); ok {
		c.agent = v
	}
	c.output, _ = o.Value("o")
	c.socket, _ = o.Value("unix-socket")
	c.writeOut, _ = o.Value("w")
	c.method, _ = o.Value("X")
	c.family = map[bool]int{true: 4}[o.Has("4")]
	if o.Has("6") {
		c.family = 6
	}
	if status := c.body(o.All("d")); status != 0 {
		return status
	}
	if status := c.extras(o); status != 0 {
		return status
	}
	for _, t := range []struct {
		name string
		into *time.Duration
	}{{"m", &c.maxTime}, {"connect-timeout", &c.connectTimeout}} {
		if v, ok := o.Value(t.name); ok {
			if *t.into, ok = seconds(v); !ok {
				p.Errorf("curl: option %s: expected a proper numerical parameter\ncurl: try 'curl --help' or 'curl --manual' for more information\n", t.name)
				return 2
			}
		}
	}
	if len(c.urls) == 0 {
		p.Errorf("curl: no URL specified!\ncurl: try 'curl --help' or 'curl --manual' for more information\n")
		return 2
	}
	status := 0
	for _, u := range c.urls {
		status = c.fetch(u)
	}
	return status
}

// curlOptionError is a wrong option in curl's words.
func curlOptionError(err error) string {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "unrecognized option '"); ok {
		return "option " + strings.TrimSuffix(name, "'") + ": is unknown"
	}
	if name, ok := strings.CutPrefix(text, "invalid option -- '"); ok {
		return "option -" + strings.TrimSuffix(name, "'") + ": is unknown"
	}
	if name, ok := strings.CutPrefix(text, "option requires an argument -- '"); ok {
		return "option -" + strings.TrimSuffix(name, "'") + ": requires parameter"
	}
	return text
}

// body joins the -d values; @FILE reads a file without its line ends, @- the
// standard input.
func (c *curlRun) body(values []string) int {
	for i, v := range values {
		if name, ok := strings.CutPrefix(v, "@"); ok {
			var data []byte
			var err error
			if name == "-" {
				data, err = io.ReadAll(c.p.Stdin)
			} else {
				data, err = c.p.ReadFile(name)
			}
			if err != nil {
				c.p.Errorf("curl: Failed to open %s\ncurl: option -d: error encountered when reading a file\n", name)
				return 26
			}
			v = strings.NewReplacer("\r", "", "\n", "").Replace(string(data))
		}
		if i > 0 {
			c.data += "&"
		}
		c.data += v
		c.hasData = true
	}
	return 0
}

// problem prints an error and gives its exit status.
func (c *curlRun) problem(status int, text string) int {
	c.meter(0, 0)
	if !c.silent || c.showError {
		c.p.Errorf("curl: (%d) %s\n", status, text)
	}
	return status
}

// note prints a line of -v.
func (c *curlRun) note(mark, text string) {
	if c.verbose {
		c.p.Errorf("%s %s\n", mark, text)
	}
}

// passed is how many milliseconds the transfer has taken.
func (c *curlRun) passed() int { return int((c.p.Loop().Now() - c.start) / time.Millisecond) }

// extras reads the options that change what is sent, -d apart.
func (c *curlRun) extras(o *options) int {
	c.version = "HTTP/1.1"
	if o.Has("0") {
		c.version = "HTTP/1.0"
	}
	if o.Has("no-progress-meter") {
		c.silent, c.showError = true, true
	}
	if v, ok := o.Value("u"); ok {
		if !strings.Contains(v, ":") {
			v += ":" // nobody is there to be asked for a password
		}
		c.more = append(c.more, web.Header{Name: "Authorization", Value: "Basic " + base64.StdEncoding.EncodeToString([]byte(v))})
	}
	if o.Has("compressed") {
		c.more = append(c.more, web.Header{Name: "Accept-Encoding", Value: "deflate, gzip, br, zstd"})
	}
	if v, ok := o.Value("e"); ok {
		c.more = append(c.more, web.Header{Name: "Referer", Value: strings.TrimSuffix(v, ";auto")})
	}
	if vs := o.All("b"); len(vs) > 0 {
		for _, v := range vs {
			if !strings.Contains(v, "=") {
				return c.notSimulated("-b with a file of cookies")
			}
		}
		c.more = append(c.more, web.Header{Name: "Cookie", Value: strings.Join(vs, "; ")})
	}
	if v, ok := o.Value("x"); ok && v != "" {
		u, err := web.ParseURL(v)
		if err != nil {
			return c.problem(5, "Unsupported proxy syntax in '"+v+"'")
		}
		if u.Scheme != "http" {
			return c.notSimulated("-x with " + u.Scheme)
		}
		if !u.Explicit {
			u.Port = 1080
		}
		c.proxy = &u
	}
	c.noProxy, _ = o.Value("noproxy")
	if o.Has("G") {
		c.query, c.data, c.hasData = c.data, "", false
	}
	if vs := o.All("F"); len(vs) > 0 {
		if status := c.form(vs); status != 0 {
			return status
		}
	}
	if v, ok := o.Value("T"); ok {
		return c.uploads(v)
	}
	return 0
}

func (c *curlRun) notSimulated(what string) int {
	c.p.Errorf("curl: %v\n", getopt.NotSimulated(what))
	return notSimulated
}

// read is a file's content, or standard input's for "-".
func (c *curlRun) read(name string) (string, error) {
	if name == "-" {
		b, err := io.ReadAll(c.p.Stdin)
		return string(b), err
	}
	b, err := c.p.ReadFile(name)
	return string(b), err
}

// uploads makes the request a PUT of a file.
func (c *curlRun) uploads(name string) int {
	data, err := c.read(name)
	if err != nil {
		c.p.Errorf("curl: Can't open '%s'!\n", name)
		c.p.Errorf("curl: try 'curl --help' or 'curl --manual' for more information\n")
		return 26
	}
	c.upload, c.data, c.hasData = name, data, true
	return 0
}

// form makes the body of -F's parts (RFC 7578): NAME=TEXT, NAME=@FILE,
// NAME=<FILE.
func (c *curlRun) form(parts []string) int {
	r := c.p.Loop().Stream("traffic/curl/" + c.p.Machine.Name)
	boundary := fmt.Sprintf("------------------------%08x%08x", r.Uint32(), r.Uint32())
	var b strings.Builder
	for _, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			c.p.Errorf("Warning: Illegally formatted input field!\ncurl: option -F: is badly used here\n")
			return 2
		}
		about := fmt.Sprintf("Content-Disposition: form-data; name=%q", name)
		if file, ok := strings.CutPrefix(value, "@"); ok {
			about += fmt.Sprintf("; filename=%q\r\nContent-Type: %s", path.Base(file), formType(file))
		}
		if file := strings.TrimLeft(value, "@<"); file != value {
			text, err := c.read(file)
			if err != nil {
				return c.problem(26, "Failed to open/read local data from file/application")
			}
			value = text
		}
		fmt.Fprintf(&b, "--%s\r\n%s\r\n\r\n%s\r\n", boundary, about, value)
	}
	c.data, c.hasData = b.String()+"--"+boundary+"--\r\n", true
	c.contentType = "multipart/form-data; boundary=" + boundary
	return 0
}

// formType is a file's type by its name, as curl's own table has it.
func formType(name string) string {
	switch path.Ext(name) {
	case ".gif", ".png":
		return "image/" + path.Ext(name)[1:]
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain"
	case ".htm", ".html":
		return "text/html"
	case ".pdf", ".xml":
		return "application/" + path.Ext(name)[1:]
	}
	return "application/octet-stream"
}

// proxied reports whether the URL is asked of the proxy.
func (c *curlRun) proxied(u web.URL) bool {
	if c.proxy == nil {
		return false
	}
	for _, h := range strings.Split(c.noProxy, ",") {
		if h = strings.TrimSpace(h); h == "*" || strings.EqualFold(h, u.Host) {
			return false
		}
	}
	return true
}

// target is the URL as the options change it: -G's query, and the file's name
// that -T adds to a directory.
func (c *curlRun) target(u web.URL) web.URL {
	if c.upload != "" && c.upload != "-" && strings.HasSuffix(u.Path, "/") {
		u.Path += path.Base(c.upload)
	}
	if c.query != "" {
		sep := "?"
		if strings.Contains(u.Path, "?") {
			sep = "&"
		}
		u.Path += sep + c.query
	}
	return u
}
