package nginx

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// options are nginx's command line.
type options struct {
	file    string
	global  string
	signal  string
	test    bool
	dump    bool
	quiet   bool
	version string // "v" or "V"
	help    bool
}

func parseArgs(args []string) (o options, err error) {
	o.file = prefix + "/nginx.conf"
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") {
			return o, fmt.Errorf("invalid option: %q", a)
		}
		for k := 1; k < len(a); k++ {
			value := func() (string, bool) {
				rest := a[k+1:]
				if k = len(a); rest != "" {
					return rest, true
				}
				if i++; i < len(args) {
					return args[i], true
				}
				return "", false
			}
			switch c := a[k]; c {
			case '?', 'h':
				o.help = true
			case 'v', 'V':
				o.version = string(c)
			case 't':
				o.test = true
			case 'T':
				o.test, o.dump = true, true
			case 'q':
				o.quiet = true
			case 'c', 'g', 's', 'p', 'e':
				v, ok := value()
				switch {
				case !ok:
					return o, fmt.Errorf("option \"-%c\" requires %s", c, map[byte]string{'c': "file name", 'g': "parameter", 's': "parameter", 'p': "directory name", 'e': "file name"}[c])
				case c == 'c':
					o.file = v
				case c == 'g':
					o.global = v
				case c == 's':
					o.signal = v
					if !contains([]string{"stop", "quit", "reopen", "reload"}, v) {
						return o, fmt.Errorf("invalid option: \"-s %s\"", v)
					}
				case c == 'e':
					return o, fmt.Errorf("option \"-e\" is not simulated")
				}
			default:
				return o, fmt.Errorf("invalid option: \"%c\"", c)
			}
		}
	}
	return o, nil
}

// start is nginx.
func start(p *userland.Process) int {
	o, err := parseArgs(p.Args[1:])
	if err != nil {
		p.Errorf("nginx: %v\n", err)
		return 1
	}
	if o.version != "" || o.help {
		p.Errorf("nginx version: nginx/%s\n", Version)
		if o.version == "V" {
			p.Errorf("built by gcc 12.2.0 (Debian 12.2.0-14) \n")
		}
		if o.help {
			p.Errorf("Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]\n             [-e filename] [-c filename] [-g directives]\n")
		}
		return 0
	}
	conf, err := load(p, o)
	if err != nil {
		errorLog(p, &conf.main, "emerg", err.Error())
		p.Errorf("nginx: [emerg] %v\n", err)
		if o.test {
			p.Errorf("nginx: configuration file %s test failed\n", o.file)
		}
		return 1
	}
	for _, text := range conf.warnings {
		errorLog(p, &conf.main, "warn", text)
		p.Errorf("nginx: [warn] %s\n", text)
	}
	switch {
	case o.signal != "":
		return sendSignal(p, conf, o.signal)
	case o.test:
		return report(p, conf, o)
	}
	return (&master{p: p, conf: conf, o: o, open: map[netip.AddrPort]*stack.TCPListener{}}).start()
}

// load reads the configuration. The result is never nil: its main settings say
// where errors go.
func load(p *userland.Process, o options) (*config, error) {
	c := &config{daemon: true, pid: "/run/nginx.pid", user: "nginx", limit: defaultConnections, formats: map[string]string{"combined": combined}, words: words()}
	r := &reader{p: p, conf: c}
	err := func() error {
		if o.global != "" {
			g := &reader{p: p, conf: c, file: "command line", text: o.global + ";", line: 1}
			if strings.HasSuffix(strings.TrimSpace(o.global), ";") {
				g.text = o.global
			}
			if err := g.block(&scope{kind: inMain}, false); err != nil {
				return err
			}
		}
		if err := r.load(c.abs(o.file), &scope{kind: inMain}); err != nil {
			return err
		}
		if !c.events {
			return emerg("no \"events\" section in configuration")
		}
		return c.resolveImplicit(p)
	}()
	c.settle()
	return c, err
}

// report is nginx -t and -T.
func report(p *userland.Process, c *config, o options) int {
	if !o.quiet {
		p.Errorf("nginx: the configuration file %s syntax is ok\nnginx: configuration file %s test is successful\n", o.file, o.file)
	}
	if o.dump {
		for _, f := range c.files {
			p.Printf("# configuration file %s:\n%s\n", f.name, f.text)
		}
	}
	return 0
}

// signals are those of -s.
var signals = map[string]userland.Signal{"stop": userland.SIGTERM, "quit": userland.SIGQUIT, "reload": userland.SIGHUP, "reopen": userland.SIGUSR1}

func sendSignal(p *userland.Process, c *config, name string) int {
	errorLog(p, &c.main, "notice", "signal process started")
	fail := func(format string, args ...any) int {
		text := fmt.Sprintf(format, args...)
		errorLog(p, &c.main, "error", text)
		p.Errorf("nginx: [error] %s\n", text)
		return 1
	}
	data, err := p.ReadFile(c.pid)
	if err != nil {
		return fail("open() %q failed (%s)", c.pid, errnoText(err))
	}
	text := strings.TrimSpace(string(data))
	pid, err := strconv.Atoi(text)
	if err != nil || pid <= 0 {
		return fail("invalid PID number %q in %q", text, c.pid)
	}
	if q, ok := p.Machine.Process(pid); !ok || q.Done() || !p.Machine.SignalPID(p, pid, signals[name]) {
		return fail("kill(%d, %d) failed (3: No such process)", pid, signals[name])
	}
	return 0
}

func pidText(p *userland.Process) string { return fmt.Sprintf("%d#%d", p.PID, p.PID) }

// master is the process that reads the configuration, opens the ports and keeps a
// worker.
type master struct {
	p           *userland.Process
	conf        *config
	o           options
	open        map[netip.AddrPort]*stack.TCPListener
	worker      *worker
	changed     sim.Cond
	ending      bool
	connections int
}

// start opens the ports and serves, in a process of its own unless the daemon
// directive is off.
func (m *master) start() int {
	if err := m.listen(m.conf); err != nil {
		errorLog(m.p, &m.conf.main, "emerg", err.Error())
		m.p.Errorf("nginx: [emerg] %v\n", err)
		return 1
	}
	if !m.conf.daemon {
		return m.run(m.p)
	}
	d := m.p.Machine.Start(userland.ProcSpec{
		Program: m.run, Args: m.p.Args, Env: m.p.Environ(), Dir: "/", Parent: m.p, NS: m.p.NS(), NewGroup: true,
		Stdout: m.p.Stdout, Stderr: m.p.Stderr,
	})
	for _, at := range m.addresses() {
		d.Adopt(m.open[at])
	}
	return 0
}

func (m *master) addresses() []netip.AddrPort {
	var out []netip.AddrPort
	for at := range m.open {
		out = append(out, at)
	}
	slices.SortFunc(out, func(a, b netip.AddrPort) int { return a.Compare(b) })
	return out
}

// listen opens the ports of a configuration that are not open yet. Nothing changes
// when one cannot be had.
func (m *master) listen(c *config) error {
	var fresh []netip.AddrPort
	for _, s := range c.servers {
		for _, l := range s.listen {
			if m.open[l.at] != nil {
				continue
			}
			var err error
			var got *stack.TCPListener
			if l.at.Addr().Is6() {
				got, err = m.p.In(m.p.NS()).ListenTCPv6Only(l.at)
			} else {
				got, err = m.p.ListenTCP(l.at)
			}
			if err != nil {
				for _, at := range fresh {
					m.open[at].Close()
					delete(m.open, at)
				}
				return emerg(fmt.Sprintf("bind() to %s failed (%s)", l.at, errnoText(err)))
			}
			m.open[l.at] = got
			fresh = append(fresh, l.at)
		}
	}
	return nil
}

// run is the master's life.
func (m *master) run(p *userland.Process) int {
	m.p = p
	p.Args = []string{"nginx: master process " + strings.Join(p.Args, " ")}
	p.SetName("nginx")
	p.Catch(userland.SIGHUP, userland.SIGQUIT, userland.SIGTERM, userland.SIGINT, userland.SIGUSR1, userland.SIGWINCH)
	p.Machine.FS().MkdirAll("/run", 0o755)
	p.WriteFile(m.conf.pid, []byte(strconv.Itoa(p.PID)+"\n"))
	m.tell("using the \"epoll\" event method")
	m.tell("nginx/" + Version)
	m.tell("built by gcc 12.2.0 (Debian 12.2.0-14) ")
	m.tell("OS: Linux " + p.Machine.KernelVersion)
	m.tell("getrlimit(RLIMIT_NOFILE): 1048576:1048576")
	m.tell("start worker processes")
	m.employ()
	for _, at := range m.addresses() {
		m.accept(at)
	}
	for {
		m.changed.Wait(p.Loop())
		switch s := p.Pending(); s {
		case userland.SIGHUP:
			m.reload()
		case userland.SIGQUIT:
			m.tell("signal 3 (SIGQUIT) received, shutting down")
			m.leave(true)
		case userland.SIGTERM, userland.SIGINT:
			m.tell(fmt.Sprintf("signal %d (SIG%s) received, exiting", int(s), s))
			m.leave(false)
		}
		if m.ending && m.worker == nil {
			m.tell("exit")
			p.Machine.FS().Remove(m.conf.pid)
			return 0
		}
	}
}

func (m *master) tell(text string) { errorLog(m.p, &m.conf.main, "notice", text) }

// accept gives every connection at an address to the worker of the time.
func (m *master) accept(at netip.AddrPort) {
	l := m.open[at]
	m.p.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.worker.take(conn)
		}
	})
}

// reload reads the configuration again, and keeps the old one when the new one is
// refused.
func (m *master) reload() {
	m.tell("signal 1 (SIGHUP) received, reconfiguring")
	m.tell("reconfiguring")
	conf, err := load(m.p, m.o)
	if err == nil {
		before := m.addresses()
		if err = m.listen(conf); err == nil {
			for _, at := range m.addresses() {
				if !slices.Contains(before, at) {
					m.accept(at)
				}
			}
		}
	}
	if err != nil {
		errorLog(m.p, &m.conf.main, "emerg", err.Error())
		return
	}
	m.conf = conf
	for _, at := range m.addresses() {
		if !conf.listens(at) {
			m.open[at].Close()
			delete(m.open, at)
		}
	}
	old := m.worker
	m.tell("start worker processes")
	m.employ()
	old.quit()
}

func (c *config) listens(at netip.AddrPort) bool {
	for _, s := range c.servers {
		for _, l := range s.listen {
			if l.at == at {
				return true
			}
		}
	}
	return false
}

// leave ends the master: at once, or when its worker's requests are answered.
func (m *master) leave(gracefully bool) {
	m.ending = true
	for _, at := range m.addresses() {
		m.open[at].Close()
		delete(m.open, at)
	}
	switch {
	case m.worker == nil:
	case gracefully:
		m.worker.quit()
	default:
		m.worker.p.Signal(userland.SIGTERM)
	}
}
