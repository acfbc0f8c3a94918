package nginx

import (
	"net/netip"
	"path"
	"regexp"
	"strings"
	"time"
)

// prefix is where relative names of the configuration begin.
const prefix = "/etc/nginx"

// source is a file that was read, for nginx -T.
type source struct{ name, text string }

// config is a configuration that was read and found good.
type config struct {
	files     []source
	main      settings
	http      *settings
	daemon    bool
	events    bool
	pid       string
	user      string
	limit     int               // worker_connections: how many a worker has open, upstreams among them
	types     map[string]string // ending to content type; nil: nginx's own few
	formats   map[string]string
	servers   []*server
	upstreams []*upstream
	warnings  []string
	words     map[string]word
}

// abs is a name of the configuration in full.
func (c *config) abs(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return path.Join(prefix, name)
}

// upstream finds a group by its name.
func (c *config) upstream(name string) *upstream {
	for _, u := range c.upstreams {
		if strings.EqualFold(u.name, name) {
			return u
		}
	}
	return nil
}

// server is one server block.
type server struct {
	settings
	listen    []listen
	names     []string
	regexps   []*regexp.Regexp
	locations []*location
	ops       []op
	d         *directive
}

// name is what $server_name is.
func (s *server) name() string {
	if len(s.names) == 0 {
		return ""
	}
	return s.names[0]
}

// listen is an address that a server answers at.
type listen struct {
	at   netip.AddrPort
	main bool // default_server
	d    *directive
}

// location is one location block.
type location struct {
	settings
	modifier string // "", "=", "^~", "~", "~*" or "@"
	pattern  string
	re       *regexp.Regexp
	nested   []*location
	ops      []op
	try      []string
	pass     *pass
	internal bool
}

// settings are what an inner block has from the outer one unless it says
// otherwise: nil and "" mean that it does not.
type settings struct {
	root, alias   string
	index         []string
	defaultType   string
	accessLogs    []accessLog // empty but not nil: off
	errorLog      string
	errorLevel    string // of levels
	errorPages    []errorPage
	addHeaders    []field
	access        []accessRule
	proxyHeaders  []field
	proxyVersion  string
	proxyRedirect []string // "off", or "default", or from and to
	nextUpstream  []string
	connect, read *time.Duration
	keepalive     *time.Duration
	maxBody       *int64
	autoindex     *bool
	intercept     *bool
	tokens        *bool
	resolver      *resolver
}

type field struct {
	name, value string
	always      bool
}

type accessLog struct{ file, format string }

type errorPage struct {
	codes []int
	uri   string
	as    int // "=200", -1: as the answer of uri says, 0: as before
}

type accessRule struct {
	allow  bool
	prefix netip.Prefix
}

func (a accessRule) matches(addr netip.Addr) bool {
	return !a.prefix.IsValid() || a.prefix.Contains(addr.Unmap())
}

// inherit takes from the outer block what the inner one does not say.
func (s *settings) inherit(o *settings) {
	if s.root == "" && s.alias == "" {
		s.root, s.alias = o.root, o.alias
	}
	orString(&s.defaultType, o.defaultType)
	orString(&s.errorLog, o.errorLog)
	orString(&s.errorLevel, o.errorLevel)
	orString(&s.proxyVersion, o.proxyVersion)
	orSlice(&s.index, o.index)
	orSlice(&s.accessLogs, o.accessLogs)
	orSlice(&s.errorPages, o.errorPages)
	orSlice(&s.addHeaders, o.addHeaders)
	orSlice(&s.access, o.access)
	orSlice(&s.proxyHeaders, o.proxyHeaders)
	orSlice(&s.proxyRedirect, o.proxyRedirect)
	orSlice(&s.nextUpstream, o.nextUpstream)
	orPointer(&s.connect, o.connect)
	orPointer(&s.read, o.read)
	orPointer(&s.keepalive, o.keepalive)
	orPointer(&s.maxBody, o.maxBody)
	orPointer(&s.autoindex, o.autoindex)
	orPointer(&s.intercept, o.intercept)
	orPointer(&s.tokens, o.tokens)
	orPointer(&s.resolver, o.resolver)
}

func orString(s *string, o string) {
	if *s == "" {
		*s = o
	}
}

func orSlice[T any](s *[]T, o []T) {
	if *s == nil {
		*s = o
	}
}

func orPointer[T any](s **T, o *T) {
	if *s == nil {
		*s = o
	}
}

// defaults are what holds when no block says otherwise.
func defaults() *settings {
	minute, keep, mega, no, yes := time.Minute, 75*time.Second, int64(1<<20), false, true
	return &settings{
		root: "html", index: []string{"index.html"}, defaultType: "text/plain", errorLog: "/var/log/nginx/error.log", errorLevel: "error",
		accessLogs: []accessLog{{"/var/log/nginx/access.log", "combined"}}, proxyVersion: "1.0", proxyRedirect: []string{"default"},
		nextUpstream: []string{"error", "timeout"}, connect: &minute, read: &minute, keepalive: &keep, maxBody: &mega,
		autoindex: &no, intercept: &no, tokens: &yes,
	}
}

// settle hands the settings down from the outermost block.
func (c *config) settle() {
	top := defaults()
	if c.http != nil {
		outer := *c.http
		outer.inherit(&c.main)
		outer.inherit(top)
		top = &outer
	}
	for _, s := range c.servers {
		s.inherit(top)
		if len(s.listen) == 0 {
			s.listen = []listen{{at: netip.AddrPortFrom(netip.IPv4Unspecified(), 80), d: s.d}}
		}
		for _, l := range s.locations {
			l.settle(&s.settings)
		}
	}
	c.main.inherit(defaults())
}

func (l *location) settle(outer *settings) {
	l.inherit(outer)
	for _, in := range l.nested {
		in.settle(&l.settings)
	}
}
