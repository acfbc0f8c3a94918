package traffic

import (
	"io"
	"strings"
	"time"

	"dnetsim/userland"
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
	method, data, output, agent, writeOut, socket           string
	remoteName, hasData                                     bool
	headers                                                 []string
	connectTimeout, maxTime                                 time.Duration
	family                                                  int
	resolve                                                 []string
	urls                                                    []string
	start                                                   time.Duration
	httpCode, redirects                                     int
	downloaded                                              int64
}

var curlLong = map[string]longOption{
	"silent": {"s", false}, "show-error": {"S", false}, "output": {"o", true}, "remote-name": {"O", false},
	"include": {"i", false}, "head": {"I", false}, "verbose": {"v", false}, "request": {"X", true},
	"data": {"d", true}, "data-raw": {"d", true}, "data-binary": {"d", true}, "header": {"H", true},
	"max-time": {"m", true}, "connect-timeout": {"connect-timeout", true}, "location": {"L", false},
	"fail": {"f", false}, "write-out": {"w", true}, "user-agent": {"A", true}, "insecure": {"k", false},
	"ipv4": {"4", false}, "ipv6": {"6", false}, "resolve": {"resolve", true}, "version": {"V", false},
	"http1.1": {"http1.1", false}, "http1.0": {"0", false}, "noproxy": {"noproxy", true}, "retry": {"retry", true},
	"no-progress-meter": {"no-progress-meter", false}, "interface": {"interface", true}, "url": {"url", true},
	"progress-bar": {"#", false}, "compressed": {"compressed", false}, "globoff": {"g", false},
	"user": {"u", true}, "get": {"G", false}, "no-keepalive": {"nk", false}, "no-buffer": {"N", false},
	"unix-socket": {"unix-socket", true},
}

// curl is Debian 12's curl for http.
func curl(p *userland.Process) int { return runCurl(p, false) }

// curlOld is CentOS 6's.
func curlOld(p *userland.Process) int { return runCurl(p, true) }

func runCurl(p *userland.Process, old bool) int {
	o, err := parseOptions(p.Args[1:], "sSo:OiIvX:d:H:m:Lfw:A:k46V0#gu:Ge:b:c:T:F:x:NqZ", curlLong)
	if err != nil {
		p.Errorf("curl: %s\ncurl: try 'curl --help' or 'curl --manual' for more information\n", curlOptionError(err))
		return 2
	}
	if o.has("V") {
		p.Printf("curl %s (x86_64-pc-linux-gnu) libcurl/%s\nProtocols: http\n", curlVersion, curlVersion)
		return 0
	}
	c := &curlRun{
		p: p, old: old, silent: o.has("s"), showError: o.has("S"), include: o.has("i"), head: o.has("I"),
		verbose: o.has("v"), follow: o.has("L"), fail: o.has("f"), remoteName: o.has("O"),
		headers: o.all("H"), resolve: o.all("resolve"), urls: append(o.all("url"), o.rest...), agent: "curl/" + curlVersion,
	}
	if old {
		c.agent = "curl/" + curlVersionOld
	}
	if v, ok := o.value("A"); ok {
		c.agent = v
	}
	c.output, _ = o.value("o")
	c.socket, _ = o.value("unix-socket")
	c.writeOut, _ = o.value("w")
	c.method, _ = o.value("X")
	c.family = map[bool]int{true: 4}[o.has("4")]
	if o.has("6") {
		c.family = 6
	}
	if status := c.body(o.all("d")); status != 0 {
		return status
	}
	for _, t := range []struct {
		name string
		into *time.Duration
	}{{"m", &c.maxTime}, {"connect-timeout", &c.connectTimeout}} {
		if v, ok := o.value(t.name); ok {
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
