package traffic

import (
	"net/netip"
	"strings"
	"time"

	"dnetsim/userland"
	"dnetsim/userland/names"

	"github.com/miekg/dns"
)

// hostProgram is BIND 9.18's host.
func hostProgram(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "a!C!d!l!n~r!s~Tv!V!w~U~4~6!c:!t:W:R:!N:!", nil)
	if err != nil || len(o.Rest) == 0 {
		p.Errorf("Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]\n            [-R number] [-m flag] [-p port] hostname [server]\n")
		return 1
	}
	c := newBindClient(p)
	c.tcp = o.Has("T")
	if v, ok := o.Value("W"); ok {
		if d, ok := seconds(v); ok && d > 0 {
			c.timeout = max(d, time.Second)
		}
	}
	if len(o.Rest) > 1 {
		if err := c.use(o.Rest[1], 53); err != nil {
			p.Printf("host: couldn't get address for '%s': not found\n", o.Rest[1])
			return 1
		}
		s := c.servers[0]
		p.Printf("Using domain server:\nName: %s\nAddress: %s\nAliases: \n\n", o.Rest[1], hashPort(s))
	}
	h := &hostRun{p: p, c: c}
	name, types := o.Rest[0], []string{"A", "AAAA", "MX"}
	if a, err := netip.ParseAddr(name); err == nil {
		name, types = names.ReverseName(a), []string{"PTR"}
	}
	if v, ok := o.Value("t"); ok {
		types = []string{strings.ToUpper(v)}
	}
	return h.lookup(name, types, o.Has("t"))
}

type hostRun struct {
	p *userland.Process
	c *bindClient
}

func (h *hostRun) lookup(name string, types []string, asked bool) int {
	conf := names.ReadConfig(h.p)
	full := conf.Candidates(name)
	for i, t := range types {
		code, ok := dns.StringToType[t]
		if !ok {
			h.p.Errorf("host: invalid type: %s\n", t)
			return 2
		}
		m := h.search(full, code)
		if m == nil {
			h.p.Printf(";; no servers could be reached\n\n")
			return 1
		}
		if m.Rcode != dns.RcodeSuccess {
			h.p.Printf("Host %s not found: %d(%s)\n", name, m.Rcode, dns.RcodeToString[m.Rcode])
			return 1
		}
		if i == 0 {
			full = []string{canonicalIn(m, strings.TrimSuffix(names.QuestionName(m, full[len(full)-1]), "."))}
		}
		if len(m.Answer) == 0 && asked {
			h.p.Printf("%s has no %s record\n", name, t)
		}
		for _, rr := range m.Answer {
			h.print(rr)
		}
	}
	return 0
}

func (h *hostRun) search(full []string, code uint16) (m *dns.Msg) {
	for _, n := range full {
		m = h.c.ask(names.NewQuery(h.p, n, code))
		if m == nil || m.Rcode != dns.RcodeNameError {
			break
		}
	}
	return m
}

func (h *hostRun) print(rr dns.RR) {
	name := strings.TrimSuffix(rr.Header().Name, ".")
	switch r := rr.(type) {
	case *dns.A:
		h.p.Printf("%s has address %s\n", name, r.A)
	case *dns.AAAA:
		h.p.Printf("%s has IPv6 address %s\n", name, r.AAAA)
	case *dns.CNAME:
		h.p.Printf("%s is an alias for %s\n", name, r.Target)
	case *dns.PTR:
		h.p.Printf("%s domain name pointer %s\n", name, r.Ptr)
	case *dns.MX:
		h.p.Printf("%s mail is handled by %d %s\n", name, r.Preference, r.Mx)
	case *dns.TXT:
		h.p.Printf("%s descriptive text \"%s\"\n", name, strings.Join(r.Txt, "\" \""))
	default:
		h.p.Printf("%s has %s record %s\n", name, dns.TypeToString[rr.Header().Rrtype], recordData(rr))
	}
}
