package traffic

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"

	"github.com/miekg/dns"
)

// nslookupBusybox is the larger nslookup of busybox 1.35: it asks for A and
// AAAA (or PTR) at once, from one socket, without the search list, and prints
// each reply as it comes.
func nslookupBusybox(p *userland.Process) int {
	var types, operands []string
	for _, a := range p.Args[1:] {
		name, value, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch {
		case !strings.HasPrefix(a, "-"):
			operands = append(operands, a)
		case name == "type" || name == "querytype" || name == "t":
			types = append(types, strings.ToUpper(value))
		}
	}
	if len(operands) == 0 {
		p.Errorf("BusyBox v1.35.0 multi-call binary.\n\nUsage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n\nQuery DNS about HOST\n")
		return 1
	}
	conf := names.ReadConfig(p)
	servers := conf.Servers
	if len(operands) > 1 {
		addrs, _, err := names.Resolve(p, operands[1], names.ResolveOptions{})
		if err != nil {
			p.Errorf("nslookup: bad address '%s'\n", operands[1])
			return 1
		}
		servers = []netip.AddrPort{netip.AddrPortFrom(addrs[0], 53)}
	}
	queries, ok := nslookupQueries(p, operands[0], types)
	if !ok {
		return 1
	}
	n := &busyboxNslookup{p: p, queries: queries}
	for _, server := range servers {
		if n.ask(server) {
			return n.status
		}
	}
	p.Printf(";; connection timed out; no servers could be reached\n\n")
	return 1
}

func nslookupQueries(p *userland.Process, name string, types []string) ([]*dns.Msg, bool) {
	if len(types) == 0 {
		types = []string{"A", "AAAA"}
		if a, err := netip.ParseAddr(name); err == nil {
			name, types = names.ReverseName(a), []string{"PTR"}
		}
	}
	var queries []*dns.Msg
	for _, t := range types {
		code, ok := dns.StringToType[t]
		if !ok {
			p.Errorf("nslookup: invalid query type \"%s\"\n", t)
			return nil, false
		}
		queries = append(queries, names.NewQuery(p, name, code))
	}
	return queries, true
}

type busyboxNslookup struct {
	p       *userland.Process
	queries []*dns.Msg
	headed  bool
	status  int
}

// ask sends the queries to one server, again after half the time, and reports
// whether all were answered within five seconds.
func (n *busyboxNslookup) ask(server netip.AddrPort) bool {
	conn, err := userland.DialUDP(n.p.In(n.p.NS()), server)
	if err != nil {
		n.p.Errorf("nslookup: can't connect to remote host (%s): %s\n", server.Addr(), userland.Reason(err))
		return false
	}
	defer conn.Close()
	open := append([]*dns.Msg(nil), n.queries...)
	end := n.p.Loop().Now() + 5*time.Second
	for range 2 {
		for _, q := range open {
			wire, err := q.Pack()
			if err == nil {
				err = conn.WriteTo(wire, server)
			}
			if err != nil {
				n.p.Errorf("nslookup: write to '%s': %s\n", server.Addr(), userland.Reason(err))
				return false
			}
		}
		open = n.collect(conn, server, open, min(n.p.Loop().Now()+2500*time.Millisecond, end))
		if len(open) == 0 {
			return true
		}
	}
	return false
}

// collect prints replies until the virtual time until, and returns the queries
// that are still open.
func (n *busyboxNslookup) collect(conn *stack.UDPConn, server netip.AddrPort, open []*dns.Msg, until time.Duration) []*dns.Msg {
	for len(open) > 0 {
		m, err := names.ReceiveReply(n.p, conn, until)
		if err != nil {
			if !userland.TimedOut(err) {
				n.p.Errorf("nslookup: read: %s\n", userland.Reason(err))
			}
			if left := until - n.p.Loop().Now(); left > 0 && !userland.Interrupted(err) {
				n.p.Sleep(left)
			}
			return open
		}
		for i, q := range open {
			if names.Answers(m, q) {
				open = slices.Concat(open[:i], open[i+1:])
				n.print(server, m.Msg)
				break
			}
		}
	}
	return open
}

func (n *busyboxNslookup) print(server netip.AddrPort, m *dns.Msg) {
	p := n.p
	if !n.headed {
		n.headed = true
		p.Printf("Server:\t\t%s\nAddress:\t%s\n\n", server.Addr(), server)
	}
	if m.Rcode != dns.RcodeSuccess {
		name := strings.TrimSuffix(names.QuestionName(m, n.queries[0].Question[0].Name), ".")
		p.Printf("** server can't find %s: %s\n\n", name, dns.RcodeToString[m.Rcode])
		n.status = 1
		return
	}
	if !m.Authoritative {
		p.Printf("Non-authoritative answer:\n")
	}
	for _, rr := range m.Answer {
		name := strings.TrimSuffix(rr.Header().Name, ".")
		switch r := rr.(type) {
		case *dns.A:
			p.Printf("Name:\t%s\nAddress: %s\n", name, r.A)
		case *dns.AAAA:
			p.Printf("Name:\t%s\nAddress: %s\n", name, r.AAAA)
		case *dns.CNAME:
			p.Printf("%s\tcanonical name = %s\n", name, strings.TrimSuffix(r.Target, "."))
		case *dns.PTR:
			p.Printf("%s\tname = %s\n", name, strings.TrimSuffix(r.Ptr, "."))
		case *dns.NS:
			p.Printf("%s\tnameserver = %s\n", name, strings.TrimSuffix(r.Ns, "."))
		case *dns.TXT:
			p.Printf("%s\ttext = \"%s\"\n", name, strings.Join(r.Txt, ""))
		}
	}
	p.Printf("\n")
}
