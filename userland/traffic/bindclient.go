package traffic

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"

	"github.com/miekg/dns"
)

// bindClient asks name servers as the tools of BIND 9.18 do: dig, host and
// nslookup share their retries, their EDNS and their complaints.
type bindClient struct {
	p       *userland.Process
	servers []netip.AddrPort
	timeout time.Duration
	tries   int
	tcp     bool
	edns    bool
	// complain prints ";; communications error" lines; host says so itself.
	complain bool
	// answeredBy is the server of the last reply, and took its time.
	answeredBy netip.AddrPort
	took       time.Duration
	size       int // of the last reply, in bytes
}

func newBindClient(p *userland.Process) *bindClient {
	conf := names.ReadConfig(p)
	return &bindClient{p: p, servers: conf.Servers, timeout: 5 * time.Second, tries: 3, complain: true}
}

// use makes the client ask one server, given by address or name.
func (c *bindClient) use(server string, port uint16) error {
	addrs, _, err := names.Resolve(c.p, server, names.ResolveOptions{})
	if err != nil {
		return err
	}
	c.servers = []netip.AddrPort{netip.AddrPortFrom(addrs[0], port)}
	return nil
}

// ask sends the query to the servers in turn; nil means that none answered.
func (c *bindClient) ask(q *dns.Msg) *dns.Msg {
	if c.edns {
		q.SetEdns0(1232, false)
	}
	for range c.tries {
		for i, server := range c.servers {
			start := c.p.Loop().Now()
			m, err := c.exchange(server, q)
			if userland.Interrupted(err) {
				return nil
			}
			if err != nil {
				c.report(server, err)
				continue
			}
			if m.Rcode == dns.RcodeServerFailure && i+1 < len(c.servers) {
				continue
			}
			c.answeredBy, c.took, c.size = server, c.p.Loop().Now()-start, m.Size
			return m.Msg
		}
	}
	return nil
}

func (c *bindClient) exchange(server netip.AddrPort, q *dns.Msg) (*names.Reply, error) {
	if c.tcp {
		return names.ExchangeTCP(c.p, server, q, c.timeout)
	}
	replies, err := names.Exchange(c.p, server, []*dns.Msg{q}, c.timeout)
	if err != nil {
		return nil, err
	}
	return replies[0], nil
}

func (c *bindClient) report(server netip.AddrPort, err error) {
	if !c.complain {
		return
	}
	at := hashPort(server)
	switch {
	case userland.Late(err):
		c.p.Printf(";; communications error to %s: timed out\n", at)
	case err == stack.ErrConnRefused:
		c.p.Printf(";; communications error to %s: connection refused\n", at)
	case err == stack.ErrHostUnreachable:
		c.p.Printf(";; communications error to %s: host unreachable\n", at)
	case err == stack.ErrNetUnreachable:
		c.p.Printf(";; UDP setup with %s(%s) failed: network unreachable.\n", at, server.Addr())
	default:
		c.p.Printf(";; communications error to %s: %s\n", at, strings.ToLower(userland.Reason(err)))
	}
}

// hashPort is an address and port as BIND writes them.
func hashPort(a netip.AddrPort) string {
	return a.Addr().String() + "#" + strconv.Itoa(int(a.Port()))
}
