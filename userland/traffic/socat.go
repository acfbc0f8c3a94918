package traffic

import (
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// socatRun is one run of socat 1.7.4: two addresses, and what one says goes to the
// other.
type socatRun struct {
	p           *userland.Process
	forth, back bool // which ways bytes go
	notices     bool
	linger      time.Duration // how long the other way may go on after one has ended
}

// socatEnd is an address that has been opened.
type socatEnd struct {
	r     io.Reader
	w     io.Writer
	shut  func() // no more is written
	close func()
}

// socatAddress is an address as it is written: KEYWORD:PARAMETER:…,OPTION=VALUE,….
type socatAddress struct {
	text, keyword string
	params        []string
	options       map[string]string
}

// socatWays are the keywords, each with the one that it stands for and how many
// parameters it has.
var socatWays = map[string]struct {
	as     string
	params int
	family int
}{
	"-": {"stdio", 0, 0}, "stdio": {"stdio", 0, 0}, "stdin": {"stdin", 0, 0}, "stdout": {"stdout", 0, 0},
	"tcp": {"tcp", 2, 0}, "tcp4": {"tcp", 2, 4}, "tcp6": {"tcp", 2, 6}, "tcp-connect": {"tcp", 2, 0},
	"tcp4-connect": {"tcp", 2, 4}, "tcp6-connect": {"tcp", 2, 6}, "udp": {"udp", 2, 0}, "udp4": {"udp", 2, 4},
	"udp6": {"udp", 2, 6}, "udp-connect": {"udp", 2, 0}, "udp4-connect": {"udp", 2, 4}, "udp6-connect": {"udp", 2, 6},
	"tcp-listen": {"tcp-listen", 1, 4}, "tcp-l": {"tcp-listen", 1, 4}, "tcp4-listen": {"tcp-listen", 1, 4}, "tcp4-l": {"tcp-listen", 1, 4},
	"tcp6-listen": {"tcp-listen", 1, 6}, "tcp6-l": {"tcp-listen", 1, 6}, "udp-listen": {"udp-listen", 1, 4}, "udp-l": {"udp-listen", 1, 4},
	"udp4-listen": {"udp-listen", 1, 4}, "udp4-l": {"udp-listen", 1, 4}, "udp6-listen": {"udp-listen", 1, 6}, "udp6-l": {"udp-listen", 1, 6},
	"exec": {"exec", 1, 0}, "system": {"system", 1, 0},
}

// socatOptions are those that are obeyed, or that ask for what is the case anyway.
var socatOptions = []string{"fork", "reuseaddr", "so-reuseaddr", "reuseport", "so-reuseport", "bind", "sourceport", "sp", "backlog", "stderr",
	"connect-timeout", "nodelay", "tcp-nodelay", "keepalive", "so-keepalive", "nofork"}

func socat(p *userland.Process) int {
	s := &socatRun{p: p, forth: true, back: true, linger: 500 * time.Millisecond}
	o, err := parseOptions(p, p.Args[1:], "dD!uUt:T!vxs!g~L!W!l!4~6!h!V", nil)
	switch {
	case err != nil:
		return s.fail("unknown option %q; use option \"-h\" for help", p.Args[1])
	case o.Has("V"):
		p.Printf("socat by Gerhard Rieger and contributors - see www.dest-unreach.org\nsocat version 1.7.4.4\n")
		return 0
	case o.Has("v") || o.Has("x"):
		p.Errorf("dnetsim does not simulate -v and -x of socat: tcpdump shows the bytes\n")
		return 1
	case len(o.Rest) != 2:
		return s.fail("exactly 2 addresses required (there are %d); use option \"-h\" for help", len(o.Rest))
	}
	s.forth, s.back, s.notices = !o.Has("U"), !o.Has("u"), o.Count("d") > 1
	if v, ok := o.Value("t"); ok {
		if s.linger, ok = seconds(v); !ok {
			return s.fail("not a valid time: %q", v)
		}
	}
	var at [2]socatAddress
	for i := range at {
		if at[i] = readSocatAddress(o.Rest[i]); !s.known(&at[i]) {
			return 1
		}
	}
	return s.run(at[0], at[1])
}

// log writes a line of socat's: E for what ends it, N for what -d -d asks for.
func (s *socatRun) log(level, format string, args ...any) {
	s.p.Errorf("%s socat[%d] %s %s\n", s.p.Wall().Format("2006/01/02 15:04:05"), s.p.PIDOn(s.p.Machine), level, fmt.Sprintf(format, args...))
}

func (s *socatRun) fail(format string, args ...any) int {
	s.log("E", format, args...)
	return 1
}

func (s *socatRun) notice(format string, args ...any) {
	if s.notices {
		s.log("N", format, args...)
	}
}

// socatFields splits at a separator outside of quotes and brackets, which it
// takes away; a last part that is to stay whole is not split.
func socatFields(text string, sep byte, most int) []string {
	var out []string
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote == 0 && c == '[':
			quote = ']'
			b.WriteByte(c)
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == ']' && c == ']':
			quote = 0
			b.WriteByte(c)
		case c == quote && quote != 0:
			quote = 0
		case quote == 0 && c == sep && len(out)+1 < most:
			out = append(out, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(out, b.String())
}

func readSocatAddress(text string) socatAddress {
	a := socatAddress{text: text, options: map[string]string{}}
	parts := socatFields(text, ',', len(text)+1)
	keyword, params, _ := strings.Cut(parts[0], ":")
	a.keyword = strings.ToLower(keyword)
	if params != "" {
		a.params = socatFields(params, ':', max(socatWays[a.keyword].params, 1))
	}
	for _, opt := range parts[1:] {
		name, value, _ := strings.Cut(opt, "=")
		a.options[strings.ToLower(name)] = value
	}
	return a
}

// known reports whether an address can be opened here, and says why not.
func (s *socatRun) known(a *socatAddress) bool {
	way, ok := socatWays[a.keyword]
	switch {
	case !ok && slices.Contains([]string{"unix", "unix-connect", "unix-listen", "unix-l", "openssl", "openssl-listen", "ssl", "pipe", "open", "file", "create",
		"pty", "fd", "udp-recvfrom", "udp-recv", "udp-sendto", "udp-datagram", "ip-sendto", "ip-recv", "proxy", "socks4", "sctp", "tun", "gopen", "readline"}, a.keyword):
		s.p.Errorf("dnetsim does not simulate the address %s of socat\n", strings.ToUpper(a.keyword))
		return false
	case !ok:
		s.fail("unknown device/address %q", a.text)
		return false
	case len(a.params) != way.params:
		s.fail("%s: wrong number of parameters (%d instead of %d)", a.text, len(a.params), way.params)
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(a.options)) {
		if !slices.Contains(socatOptions, name) {
			s.p.Errorf("dnetsim does not simulate the option %s of socat\n", name)
			return false
		}
	}
	return true
}

// run opens the first address, then the second, and lets them talk. A listener
// with fork does so for everyone who comes.
func (s *socatRun) run(first, second socatAddress) int {
	_, forks := first.options["fork"]
	switch way := socatWays[first.keyword]; {
	case way.as == "tcp-listen" && forks:
		return s.serveTCP(first, second)
	case way.as == "udp-listen" && forks:
		return s.serveUDP(first, second)
	}
	a := s.open(first)
	if a == nil {
		return 1
	}
	return s.talk(a, second)
}

// talk opens the second address for the first one's sake.
func (s *socatRun) talk(a *socatEnd, second socatAddress) int {
	defer a.close()
	b := s.open(second)
	if b == nil {
		return 1
	}
	defer b.close()
	s.transfer(a, b)
	return 0
}

// transfer copies until both ways have ended, or one has and the other was given
// its time.
func (s *socatRun) transfer(a, b *socatEnd) {
	var over sim.Cond
	ways := 0
	carry := func(from, to *socatEnd) {
		ways++
		s.p.Go(func() {
			io.Copy(struct{ io.Writer }{to.w}, struct{ io.Reader }{from.r})
			to.shut()
			ways--
			over.Broadcast()
		})
	}
	if s.forth {
		carry(a, b)
	}
	if s.back {
		carry(b, a)
	}
	loop := s.p.Loop()
	for all := ways; ways == all; {
		if over.Wait(loop) != nil {
			return
		}
	}
	for end := loop.Now() + s.linger; ways > 0 && loop.Now() < end; {
		over.WaitFor(loop, end-loop.Now())
	}
}

func nothing() {}

// open opens an address; nil if that fails, which has been said then.
func (s *socatRun) open(a socatAddress) *socatEnd {
	p := s.p
	switch socatWays[a.keyword].as {
	case "stdio", "stdin", "stdout":
		return &socatEnd{p.Stdin, p.Stdout, nothing, nothing}
	case "exec":
		return s.spawn(a, strings.Fields(a.params[0]))
	case "system":
		return s.spawn(a, []string{"sh", "-c", a.params[0]})
	case "tcp-listen":
		l := s.listen(a)
		if l == nil {
			return nil
		}
		conn, err := l.Accept()
		l.Close()
		if err != nil {
			return nil
		}
		return s.accepted(conn)
	case "udp-listen":
		at, ok := s.local(a)
		if !ok {
			return nil
		}
		s.notice("listening on UDP AF=%d %s", socatFamily(at.Addr()), at)
		conn, err := ncListenUDP(p, at)
		if err != nil {
			s.bindFailed(at, err)
			return nil
		}
		return &socatEnd{conn, conn, nothing, func() { conn.Close() }}
	}
	return s.connect(a)
}

// socatFamily is AF_INET or AF_INET6 as a number.
func socatFamily(a netip.Addr) int {
	if a.Is4() {
		return 2
	}
	return 10
}

func (s *socatRun) bindFailed(at netip.AddrPort, err error) {
	s.fail("bind(5, {AF=%d %s}, %d): %s", socatFamily(at.Addr()), at, map[int]int{2: 16, 10: 28}[socatFamily(at.Addr())], userland.Reason(err))
}

// local is where a listener listens.
func (s *socatRun) local(a socatAddress) (at netip.AddrPort, ok bool) {
	port, ok := servicePort(a.params[0])
	if !ok {
		s.fail("getaddrinfo(NULL, %q, {1,2,1,6}, {}): Servname not supported for ai_socktype", a.params[0])
		return at, false
	}
	addr := netip.IPv4Unspecified()
	if socatWays[a.keyword].family == 6 {
		addr = netip.IPv6Unspecified()
	}
	if host := a.options["bind"]; host != "" {
		if addr, ok = s.resolve(host, socatWays[a.keyword].family); !ok {
			return at, false
		}
	}
	return netip.AddrPortFrom(addr, port), true
}

func (s *socatRun) resolve(host string, family int) (netip.Addr, bool) {
	addrs, _, err := names.Resolve(s.p, strings.Trim(host, "[]"), names.ResolveOptions{Family: family})
	if err != nil || len(addrs) == 0 {
		s.fail("getaddrinfo(%q, \"NULL\", {1,%d,1,6}, {}): Name or service not known", host, map[int]int{0: 0, 4: 2, 6: 10}[family])
		return netip.Addr{}, false
	}
	return preferIPv4(addrs), true
}

func (s *socatRun) listen(a socatAddress) *stack.TCPListener {
	at, ok := s.local(a)
	if !ok {
		return nil
	}
	l, err := s.p.ListenTCP(at)
	if err != nil {
		s.bindFailed(at, err)
		return nil
	}
	backlog := 5
	if n, ok := number(a.options["backlog"], 0, 1<<30); ok {
		backlog = n
	}
	l.Listen(backlog)
	s.notice("listening on AF=%d %s", socatFamily(at.Addr()), at)
	return l
}

func (s *socatRun) accepted(conn *stack.TCPConn) *socatEnd {
	from, to := conn.RemoteAddr(), conn.LocalAddr()
	s.notice("accepting connection from AF=%d %s on AF=%d %s", socatFamily(from.Addr()), from, socatFamily(to.Addr()), to)
	return socatStream(conn)
}

func socatStream(conn ncStream) *socatEnd {
	return &socatEnd{conn, conn, func() { conn.CloseWrite() }, func() { conn.Close() }}
}

func (s *socatRun) serveTCP(first, second socatAddress) int {
	l := s.listen(first)
	if l == nil {
		return 1
	}
	defer l.Close()
	for {
		conn, err := l.Accept()
		if err != nil {
			return 1
		}
		s.p.Go(func() { s.talk(s.accepted(conn), second) })
	}
}

// socatPeer writes to one peer of a socket that others use as well.
type socatPeer struct {
	conn *stack.UDPConn
	to   netip.AddrPort
}

func (u socatPeer) Write(b []byte) (int, error) { return len(b), u.conn.WriteTo(b, u.to) }

// serveUDP gives each peer a conversation of its own.
func (s *socatRun) serveUDP(first, second socatAddress) int {
	at, ok := s.local(first)
	if !ok {
		return 1
	}
	conn, err := s.p.ListenUDP(at)
	if err != nil {
		s.bindFailed(at, err)
		return 1
	}
	defer conn.Close()
	s.notice("listening on UDP AF=%d %s", socatFamily(at.Addr()), at)
	peers := map[netip.AddrPort]*userland.PipeWriter{}
	buf := make([]byte, 65535)
	for {
		n, from, err := conn.ReadFrom(buf, 0)
		if err != nil {
			return 1
		}
		w := peers[from]
		if w == nil {
			var r *userland.PipeReader
			r, w = userland.NewPipe(s.p.Loop())
			peers[from] = w
			s.p.Go(func() {
				s.talk(&socatEnd{r, socatPeer{conn, from}, nothing, func() { r.Close() }}, second)
				delete(peers, from)
			})
		}
		w.Write(buf[:n])
	}
}

// connect opens TCP and UDP to somewhere.
func (s *socatRun) connect(a socatAddress) *socatEnd {
	way := socatWays[a.keyword]
	port, ok := servicePort(a.params[1])
	if !ok {
		s.fail("getaddrinfo(%q, %q, {1,0,1,6}, {}): Servname not supported for ai_socktype", a.params[0], a.params[1])
		return nil
	}
	addr, ok := s.resolve(a.params[0], way.family)
	if !ok {
		return nil
	}
	to, local := netip.AddrPortFrom(addr, port), netip.AddrPort{}
	source, bound := a.options["bind"]
	own, _ := number(a.options["sourceport"]+a.options["sp"], 0, 65535)
	if bound || own > 0 {
		from := userland.Unspecified(addr)
		if bound {
			if from, ok = s.resolve(source, way.family); !ok {
				return nil
			}
		}
		local = netip.AddrPortFrom(from, uint16(own))
	}
	wait, _ := seconds(a.options["connect-timeout"])
	s.notice("opening connection to AF=%d %s", socatFamily(addr), to)
	var conn ncStream
	var err error
	if way.as == "udp" {
		conn, err = ncDialUDP(s.p, local, to)
	} else {
		conn, err = ncDialTCP(s.p, local, to, wait)
	}
	if err != nil {
		s.fail("connect(5, AF=%d %s, %d): %s", socatFamily(addr), to, map[int]int{2: 16, 10: 28}[socatFamily(addr)], userland.Reason(err))
		return nil
	}
	s.notice("successfully connected to AF=%d %s", socatFamily(addr), to)
	return socatStream(conn)
}

// spawn runs a program at the ends of two pipes.
func (s *socatRun) spawn(a socatAddress, argv []string) *socatEnd {
	p := s.p
	prog, args, err := p.Find(argv)
	if err != nil {
		s.fail("execvp(%q, %q): %s", argv[0], argv[0], userland.Reason(userland.ENOENT))
		return nil
	}
	in, toChild := userland.NewPipe(p.Loop())
	fromChild, out := userland.NewPipe(p.Loop())
	spec := userland.ProcSpec{Program: prog, Args: args, Env: p.Environ(), Dir: p.Dir, Parent: p, NS: p.NS(), Stdin: in, Stdout: out, Stderr: p.Stderr}
	if _, ok := a.options["stderr"]; ok {
		spec.Stderr = out
	}
	child := p.Machine.Start(spec)
	p.Go(func() {
		child.Wait()
		out.Close()
		in.Close()
	})
	return &socatEnd{fromChild, toChild, func() { toChild.Close() }, func() { toChild.Close(); fromChild.Close() }}
}
