package traffic

import (
	"math"
	"net/netip"
	"path"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// pingForm is which iputils: the texts changed over the years.
type pingForm int

const (
	pingModern  pingForm = iota // 20221126, Debian 12
	pingCentOS6                 // 20071127
)

// iputilsPing is one run of iputils' ping.
type iputilsPing struct {
	p     *userland.Process
	form  pingForm
	conn  *stack.ICMPConn
	host  string // as printed: the canonical name
	to    netip.Addr
	id    uint16
	count int

	interval, linger, deadline time.Duration
	size                       int
	source                     netip.Addr
	device                     string
	ttl                        int
	discovery                  string // -M: "do", "want", "dont" or ""
	quiet, numeric, stamps     bool
	flood, adaptive, strict    bool

	tally pingTally
}

// pingIputils is the ping of Debian 12.
func pingIputils(p *userland.Process) int { return runIputils(p, pingModern) }

// pingOld is the ping of CentOS 6.
func pingOld(p *userland.Process) int { return runIputils(p, pingCentOS6) }

func runIputils(p *userland.Process, form pingForm) int {
	o, err := parseOptions(p, p.Args[1:], "46a!AbB~c:Dd~e:!fF:!h!i:I:l:!L!m:!M:nN:!O!p:!qQ:!r!R!s:S:~t:T:!U!v!Vw:W:", nil)
	if err != nil {
		p.Errorf("%s: %v\n", p.Name(), err)
		p.Errorf("%s", iputilsPingUsage)
		return 2
	}
	if o.Has("V") {
		p.Printf("ping from iputils 20221126\n")
		return 0
	}
	if len(o.Rest) == 0 {
		if form == pingCentOS6 {
			p.Errorf("%s", iputilsPingUsage)
		} else {
			p.Errorf("%s: usage error: Destination address required\n", p.Name())
		}
		return 2
	}
	g := &iputilsPing{
		p: p, form: form, host: o.Rest[len(o.Rest)-1], interval: time.Second, linger: 10 * time.Second,
		size: 56, quiet: o.Has("q"), numeric: o.Has("n"), stamps: o.Has("D"), flood: o.Has("f"),
		adaptive: o.Has("A"), tally: newPingTally(),
		id: uint16(p.Loop().Stream("traffic/ping/" + p.Machine.Name).Uint32()),
	}
	for _, step := range []func(*options) int{g.numbers, g.resolve, g.open} {
		if status := step(o); status != 0 {
			return status
		}
	}
	defer g.conn.Close()
	return g.run()
}

const iputilsPingUsage = `
Usage
  ping [options] <destination>

Options:
  <destination>      dns name or ip address
  -c <count>         stop after <count> replies
  -D                 print timestamps
  -f                 flood ping
  -i <interval>      seconds between sending each packet
  -I <interface>     either interface name or address
  -M <pmtud opt>     define mtu discovery, can be one of <do|dont|want>
  -n                 no dns name resolution
  -q                 quiet output
  -s <size>          use <size> as number of data bytes to be sent
  -t <ttl>           define time to live
  -w <deadline>      reply wait <deadline> in seconds
  -W <timeout>       time to wait for response

IPv4 options:
  -4                 use IPv4

IPv6 options:
  -6                 use IPv6
`

func (g *iputilsPing) numbers(o *options) int {
	bad := func(v string) int {
		g.p.Errorf("%s: invalid argument: '%s'\n", g.p.Name(), v)
		return 1
	}
	for _, n := range []struct {
		letter    string
		into      *int
		low, high int
	}{{"c", &g.count, 1, math.MaxInt}, {"s", &g.size, 0, 65507}, {"t", &g.ttl, 1, 255}} {
		if v, ok := o.Value(n.letter); ok {
			if *n.into, ok = number(v, n.low, n.high); !ok {
				return bad(v)
			}
		}
	}
	if g.flood {
		g.interval = 0
	}
	for _, n := range []struct {
		letter string
		into   *time.Duration
	}{{"i", &g.interval}, {"W", &g.linger}, {"w", &g.deadline}} {
		if v, ok := o.Value(n.letter); ok {
			if *n.into, ok = seconds(v); !ok {
				return bad(v)
			}
		}
	}
	g.discovery, _ = o.Value("M")
	switch g.discovery {
	case "", "do", "want", "dont", "probe":
	default:
		g.p.Errorf("%s: invalid -M argument: %s\n", g.p.Name(), g.discovery)
		return 2
	}
	return 0
}

func (g *iputilsPing) resolve(o *options) int {
	family := 0
	if g.form == pingCentOS6 {
		family = 4
	}
	if o.Has("6") || path.Base(g.p.Args[0]) == "ping6" {
		family = 6
	}
	if o.Has("4") {
		family = 4
	}
	if _, ok := names.ParseAddr(g.host); ok {
		g.numeric = true
	}
	addrs, canonical, err := names.Resolve(g.p, g.host, names.ResolveOptions{Family: family})
	if err != nil {
		if g.form == pingCentOS6 {
			g.p.Errorf("%s: unknown host %s\n", g.p.Name(), g.host)
		} else {
			g.p.Errorf("%s: %s: %s\n", g.p.Name(), g.host, userland.Reason(err))
		}
		return 2
	}
	g.to, g.host = addrs[0], canonical
	return g.from(o)
}

// from finds the source address, as ping does with a connected UDP socket.
func (g *iputilsPing) from(o *options) int {
	if v, ok := o.Value("I"); ok {
		if a, isAddr := names.ParseAddr(v); isAddr {
			g.source, g.strict = a, true
		} else if i := g.p.NS().Interface(v); i == nil {
			g.p.Errorf("%s: unknown iface: %s\n", g.p.Name(), v)
			return 2
		} else {
			g.device = v
			for _, a := range i.Addrs() {
				if a.Prefix.Addr().Is4() == g.to.Is4() && !g.source.IsValid() {
					g.source = a.Prefix.Addr()
				}
			}
		}
	}
	route, err := g.p.NS().RouteGet(g.to, netip.Addr{})
	if err != nil && g.device == "" {
		prefix := g.p.Name() + ": "
		if g.form == pingCentOS6 {
			prefix = ""
		}
		g.p.Errorf("%sconnect: %s\n", prefix, userland.Reason(err))
		return 2
	}
	if err == nil && route.Type == stack.RouteBroadcast && !o.Has("b") {
		g.p.Errorf("%s: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n", g.p.Name())
		return 2
	}
	if err == nil && route.Type == stack.RouteBroadcast {
		g.p.Errorf("WARNING: pinging broadcast address\n")
	}
	if !g.source.IsValid() {
		g.source = route.Src
	}
	return 0
}

func (g *iputilsPing) open(o *options) int {
	if !userland.MayPing(g.p) {
		name := g.p.Name()
		g.p.Errorf("%s: socktype: SOCK_RAW\n%s: socket: %s\n%s: => missing cap_net_raw+p capability or setuid?\n", name, name, userland.EPERM, name)
		return 2
	}
	conn, err := g.p.OpenICMP(g.to.Is6())
	if err != nil {
		g.p.Errorf("%s: socktype: SOCK_RAW\n%s: socket: %s\n", g.p.Name(), g.p.Name(), userland.Reason(err))
		return 2
	}
	if g.ttl > 0 {
		conn.SetTTL(g.ttl)
	}
	conn.SetPMTU(map[string]stack.PMTU{"dont": stack.PMTUDont, "do": stack.PMTUDo, "probe": stack.PMTUDo}[g.discovery])
	if o.Has("b") {
		conn.SetBroadcast(true)
	}
	if g.device != "" {
		err = conn.BindDevice(g.device)
	} else if g.strict {
		err = conn.SetSource(g.source)
	}
	if err != nil {
		g.p.Errorf("%s: bind: %s\n", g.p.Name(), userland.Reason(err))
		conn.Close()
		return 2
	}
	g.conn = conn
	return 0
}

// mtu is what the route to the target takes.
func (g *iputilsPing) mtu() int {
	r, err := g.p.NS().RouteGet(g.to, netip.Addr{})
	if err != nil {
		return 1500
	}
	if r.MTU > 0 {
		return r.MTU
	}
	if i := g.p.NS().Interface(r.Dev); i != nil {
		return i.MTU()
	}
	return 1500
}
