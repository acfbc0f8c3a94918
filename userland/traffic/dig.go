package traffic

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dnetsim/userland"
	"dnetsim/userland/getopt"
	"dnetsim/userland/names"

	"github.com/miekg/dns"
)

// digVersion is what Debian 12's dig calls itself.
const digVersion = "9.18.49-1~deb12u1-Debian"

// digRun is dig with one name.
type digRun struct {
	p    *userland.Process
	c    *bindClient
	name string
	kind string
	at   bool // @server was given
	// greeted says that another run of the command line has printed the banner.
	greeted bool

	short, cmd, comments, question, answer, authority, stats, search bool
	edns                                                             bool
	port                                                             uint16
	server                                                           string
}

// dig is BIND 9.18's dig. What comes before the first name is for all of them,
// what follows a name for that one.
func dig(p *userland.Process) int {
	all := &digRun{
		p: p, c: newBindClient(p), kind: "A", port: 53,
		cmd: true, comments: true, question: true, answer: true, authority: true, stats: true, edns: true,
	}
	lookups, status := all.parse(p.Args[1:])
	if status != 0 {
		return status
	}
	for i, d := range lookups {
		d.greeted = i > 0
		if s := d.run(); s != 0 {
			status = s
		}
	}
	return status
}

// run asks one name and prints the answer.
func (d *digRun) run() int {
	p := d.p
	if d.server != "" {
		d.at = true
		if err := d.c.use(d.server, d.port); err != nil {
			p.Errorf("dig: couldn't get address for '%s': not found\n", d.server)
			return 1
		}
	}
	code, ok := dns.StringToType[d.kind]
	if !ok {
		p.Errorf("dig: unknown type %s\n", d.kind)
		return 1
	}
	d.c.edns = d.edns
	full := []string{d.name}
	if d.search {
		conf := names.ReadConfig(p)
		full = conf.Candidates(d.name)
	}
	var m *dns.Msg
	for _, n := range full {
		q := names.NewQuery(p, n, code)
		q.AuthenticatedData = true
		if m = d.c.ask(q); m == nil || m.Rcode != dns.RcodeNameError {
			break
		}
	}
	return d.print(m)
}

// lookup is a run for a name with the options so far.
func (d *digRun) lookup(name string) *digRun {
	x, c := *d, *d.c
	x.c, x.name = &c, name
	return &x
}

// parse reads a command line into its lookups.
func (d *digRun) parse(args []string) (lookups []*digRun, status int) {
	now := d // whose options come
	begin := func(name string) {
		now = d.lookup(name)
		lookups = append(lookups, now)
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		value := func() string {
			if len(a) > 2 {
				return a[2:]
			}
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return ""
		}
		switch {
		case strings.HasPrefix(a, "@"):
			now.server = a[1:]
		case strings.HasPrefix(a, "+"):
			if status := now.flag(a[1:]); status != 0 {
				return nil, status
			}
		case a == "-4" || a == "-6" || a == "-r":
		case strings.HasPrefix(a, "-x"):
			v := value()
			addr, err := netip.ParseAddr(v)
			if err != nil {
				d.p.Errorf("dig: invalid address '%s'\n", v)
				return nil, 1
			}
			begin(names.ReverseName(addr))
			now.kind = "PTR"
		case strings.HasPrefix(a, "-t"):
			now.kind = strings.ToUpper(value())
		case strings.HasPrefix(a, "-q"):
			begin(value())
		case strings.HasPrefix(a, "-p"):
			n, _ := number(value(), 1, 65535)
			now.port = uint16(n)
		case strings.HasPrefix(a, "-"):
			d.p.Errorf("Invalid option: %s\nUsage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}\n", a)
			return nil, 1
		case isRecordType(a):
			now.kind = strings.ToUpper(a)
		case strings.EqualFold(a, "IN"):
		default:
			begin(a)
		}
	}
	if len(lookups) == 0 {
		begin(".")
		now.kind = "NS"
	}
	return lookups, 0
}

func isRecordType(word string) bool {
	_, ok := dns.StringToType[strings.ToUpper(word)]
	return ok
}

// flag takes a +option.
func (d *digRun) flag(word string) int {
	name, value, _ := strings.Cut(word, "=")
	on := !strings.HasPrefix(name, "no")
	switch strings.TrimPrefix(name, "no") {
	case "short":
		d.short = on
	case "all":
		d.comments, d.question, d.answer, d.authority, d.stats, d.cmd = on, on, on, on, on, on
	case "cmd":
		d.cmd = on
	case "comments":
		d.comments = on
	case "question":
		d.question = on
	case "answer":
		d.answer = on
	case "authority":
		d.authority = on
	case "additional": // there is none but the pseudosection, a comment
	case "stats":
		d.stats = on
	case "search":
		d.search = on
	case "edns":
		d.edns = on
	case "tcp", "vc":
		d.c.tcp = on
	case "time", "timeout":
		if n, ok := number(value, 1, 3600); ok {
			d.c.timeout = time.Duration(n) * time.Second
		}
	case "tries":
		if n, ok := number(value, 1, 100); ok {
			d.c.tries = n
		}
	case "retry":
		if n, ok := number(value, 0, 100); ok {
			d.c.tries = n + 1
		}
	default:
		name = strings.TrimPrefix(name, "no")
		normal, known := digFlags[name]
		switch {
		case !known:
			d.p.Errorf("Invalid option: +%s\nUsage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}\n", word)
			return 1
		case on != normal || value != "":
			d.p.Errorf("dig: %v\n", getopt.NotSimulated("+"+word))
			return notSimulated
		}
	}
	return 0
}

// digFlags are the +options that are not simulated, with what they are when
// nobody asks for them.
var digFlags = map[string]bool{
	"aaflag": false, "aaonly": false, "adflag": true, "badcookie": true, "besteffort": true,
	"bufsize": false, "cdflag": false, "class": true, "cl": true, "cookie": true, "crypto": true, "defname": false, "dns64prefix": false,
	"dnssec": false, "do": false, "domain": false, "ednsflags": false, "ednsnegotiation": true, "ednsopt": false, "expandaaaa": false,
	"expire": false, "fail": true, "header-only": false, "https": false, "identify": false, "idnin": false, "idnout": false, "ignore": false,
	"keepalive": false, "keepopen": false, "mapped": true, "multiline": false, "ndots": false, "nsid": false, "nssearch": false,
	"onesoa": false, "opcode": false, "padding": false, "qr": false, "qid": false, "raflag": false, "rdflag": true, "recurse": true,
	"rrcomments": false, "showsearch": false, "split": false, "subnet": false, "tcflag": false, "tls": false, "trace": false,
	"ttlid": true, "ttlunits": false, "unknownformat": false, "yaml": false, "zflag": false,
}

func (d *digRun) print(m *dns.Msg) int {
	p := d.p
	if m == nil {
		d.banner()
		p.Printf(";; no servers could be reached\n\n")
		return 9
	}
	if d.short {
		for _, rr := range m.Answer {
			p.Printf("%s\n", recordData(rr))
		}
		return 0
	}
	d.banner()
	if d.comments {
		d.header(m)
	}
	if d.question && len(m.Question) > 0 {
		if d.comments {
			p.Printf(";; QUESTION SECTION:\n")
		}
		q := m.Question[0]
		p.Printf("%s%s\n", tabbed(tabbed(";"+q.Name, 32)+"IN", 40), dns.TypeToString[q.Qtype])
		if d.comments {
			p.Printf("\n")
		}
	}
	if d.answer {
		d.section("ANSWER", m.Answer)
	}
	if d.authority {
		d.section("AUTHORITY", m.Ns)
	}
	if d.stats {
		d.statistics(m)
	}
	return 0
}

func (d *digRun) banner() {
	if !d.cmd || d.short || d.greeted {
		return
	}
	d.p.Printf("\n; <<>> DiG %s <<>> %s\n", digVersion, strings.Join(d.p.Args[1:], " "))
	if d.at {
		d.p.Printf("; (1 server found)\n")
	}
	d.p.Printf(";; global options: +cmd\n")
}

func (d *digRun) header(m *dns.Msg) {
	p := d.p
	p.Printf(";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: %s, id: %d\n", dns.RcodeToString[m.Rcode], m.Id)
	flags := ""
	for _, f := range []struct {
		on   bool
		name string
	}{
		{m.Response, " qr"}, {m.Authoritative, " aa"}, {m.Truncated, " tc"}, {m.RecursionDesired, " rd"},
		{m.RecursionAvailable, " ra"}, {m.AuthenticatedData, " ad"}, {m.CheckingDisabled, " cd"},
	} {
		if f.on {
			flags += f.name
		}
	}
	p.Printf(";; flags:%s; QUERY: %d, ANSWER: %d, AUTHORITY: %d, ADDITIONAL: %d\n",
		flags, len(m.Question), len(m.Answer), len(m.Ns), len(m.Extra))
	if m.RecursionDesired && !m.RecursionAvailable {
		p.Printf(";; WARNING: recursion requested but not available\n")
	}
	p.Printf("\n")
	if opt := m.IsEdns0(); opt != nil {
		p.Printf(";; OPT PSEUDOSECTION:\n; EDNS: version: %d, flags:; udp: %d\n", opt.Version(), opt.UDPSize())
	}
}

func (d *digRun) section(title string, rrs []dns.RR) {
	if len(rrs) == 0 {
		return
	}
	if d.comments {
		d.p.Printf(";; %s SECTION:\n", title)
	}
	for _, rr := range rrs {
		d.p.Printf("%s\n", recordLine(rr))
	}
	if d.comments {
		d.p.Printf("\n")
	}
}

func (d *digRun) statistics(m *dns.Msg) {
	kind := "UDP"
	if d.c.tcp {
		kind = "TCP"
	}
	d.p.Printf(";; Query time: %d msec\n;; SERVER: %s(%s) (%s)\n;; WHEN: %s\n;; MSG SIZE  rcvd: %d\n\n",
		d.c.took/time.Millisecond, hashPort(d.c.answeredBy), d.c.answeredBy.Addr(), kind,
		d.p.Wall().Format("Mon Jan 02 15:04:05 MST 2006"), d.c.size)
}

// recordLine is a record in dig's columns.
func recordLine(rr dns.RR) string {
	h := rr.Header()
	line := tabbed(h.Name, 24)
	line = tabbed(line+fmt.Sprint(h.Ttl), 32)
	line = tabbed(line+"IN", 40)
	return tabbed(line+dns.TypeToString[h.Rrtype], 48) + recordData(rr)
}

// tabbed pads text with tabs to a column, or with one space if it is there.
func tabbed(text string, column int) string {
	width := 0
	for i := range len(text) {
		if text[i] == '\t' {
			width = width/8*8 + 8
			continue
		}
		width++
	}
	if width >= column {
		return text + " "
	}
	for ; width < column; width = width/8*8 + 8 {
		text += "\t"
	}
	return text
}
