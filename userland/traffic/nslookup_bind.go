package traffic

import (
	"net/netip"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/names"

	"github.com/miekg/dns"
)

// nslookupBind is BIND 9.18's nslookup, not interactive.
func nslookupBind(p *userland.Process) int {
	var names []string
	qtype := ""
	for _, a := range p.Args[1:] {
		name, value, _ := strings.Cut(a, "=")
		switch {
		case !strings.HasPrefix(a, "-"):
			names = append(names, a)
		case name == "-type" || name == "-querytype" || name == "-q" || name == "-ty":
			qtype = strings.ToUpper(value)
		}
	}
	if len(names) == 0 {
		p.Errorf("nslookup: no name given\n")
		return 1
	}
	c := newBindClient(p)
	if len(names) > 1 {
		if err := c.use(names[1], 53); err != nil {
			p.Printf("nslookup: couldn't get address for '%s': not found\n", names[1])
			return 1
		}
	}
	n := &bindNslookup{p: p, c: c}
	status := n.lookup(names[0], qtype)
	return status
}

type bindNslookup struct {
	p *userland.Process
	c *bindClient
}

func (n *bindNslookup) lookup(name, qtype string) int {
	p := n.p
	if a, err := netip.ParseAddr(name); err == nil && qtype == "" {
		return n.reverse(a)
	}
	first := qtype
	if first == "" {
		first = "A"
	}
	code, ok := dns.StringToType[first]
	if !ok {
		p.Printf("unknown query type: %s\n", first)
		return 1
	}
	full, m := n.search(name, code)
	if m == nil {
		p.Printf(";; no servers could be reached\n\n")
		return 1
	}
	p.Printf("Server:\t\t%s\nAddress:\t%s\n\n", n.c.answeredBy.Addr(), hashPort(n.c.answeredBy))
	if m.Rcode != dns.RcodeSuccess {
		p.Printf("** server can't find %s: %s\n\n", name, dns.RcodeToString[m.Rcode])
		return 1
	}
	if !m.Authoritative {
		p.Printf("Non-authoritative answer:\n")
	}
	printed := n.records(m)
	if qtype == "" {
		end := canonicalIn(m, full)
		if m6 := n.c.ask(names.NewQuery(p, end, dns.TypeAAAA)); m6 != nil && m6.Rcode == dns.RcodeSuccess {
			printed += n.records(m6)
		}
	}
	if printed == 0 {
		p.Printf("*** Can't find %s: No answer\n", name)
	}
	p.Printf("\n")
	if printed == 0 {
		return 1
	}
	return 0
}

// search tries the names of the search list; it returns the last reply.
func (n *bindNslookup) search(name string, code uint16) (full string, m *dns.Msg) {
	conf := names.ReadConfig(n.p)
	for _, full = range conf.Candidates(name) {
		m = n.c.ask(names.NewQuery(n.p, full, code))
		if m == nil || m.Rcode != dns.RcodeNameError {
			return full, m
		}
	}
	return full, m
}

func (n *bindNslookup) reverse(a netip.Addr) int {
	p := n.p
	name := names.ReverseName(a)
	m := n.c.ask(names.NewQuery(p, name, dns.TypePTR))
	if m == nil {
		p.Printf(";; no servers could be reached\n\n")
		return 1
	}
	if m.Rcode != dns.RcodeSuccess {
		p.Printf("** server can't find %s: %s\n\n", name, dns.RcodeToString[m.Rcode])
		return 1
	}
	n.records(m)
	p.Printf("\n")
	if !m.Authoritative {
		p.Printf("Authoritative answers can be found from:\n\n")
	}
	return 0
}

// records prints the answer section and returns how many records it had.
func (n *bindNslookup) records(m *dns.Msg) int {
	for _, rr := range m.Answer {
		name := strings.TrimSuffix(rr.Header().Name, ".")
		switch r := rr.(type) {
		case *dns.A:
			n.p.Printf("Name:\t%s\nAddress: %s\n", name, r.A)
		case *dns.AAAA:
			n.p.Printf("Name:\t%s\nAddress: %s\n", name, r.AAAA)
		case *dns.CNAME:
			n.p.Printf("%s\tcanonical name = %s\n", name, r.Target)
		case *dns.PTR:
			n.p.Printf("%s\tname = %s\n", name, r.Ptr)
		case *dns.TXT:
			n.p.Printf("%s\ttext = \"%s\"\n", name, strings.Join(r.Txt, "\" \""))
		default:
			n.p.Printf("%s\trdata_%d = %s\n", name, rr.Header().Rrtype, recordData(rr))
		}
	}
	return len(m.Answer)
}

// canonicalIn follows the CNAME chain of a reply.
func canonicalIn(m *dns.Msg, name string) string {
	at := dns.Fqdn(name)
	for _, rr := range m.Answer {
		if c, ok := rr.(*dns.CNAME); ok && strings.EqualFold(c.Hdr.Name, at) {
			at = c.Target
		}
	}
	return strings.TrimSuffix(at, ".")
}

// recordData is the part of a record after its type.
func recordData(rr dns.RR) string {
	return strings.TrimPrefix(rr.String(), rr.Header().String())
}
