package modes

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/modes/container"
	"dnetsim/modes/image"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
	"dnetsim/userland/traffic"
)

// world is the topology of the captures: two hosts and a router on one switch,
// the internet's 220.181.38.150 on the router.
type world struct {
	t      testing.TB
	loop   *sim.Loop
	lan    *link.Bridge
	router *userland.Machine
	a, b   *Host
	hosts  []*Host
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// newWorld makes the topology with the engines started; the first host reads
// daemonJSON.
func newWorld(t testing.TB, daemonJSON string) *world {
	t.Helper()
	w := &world{t: t, loop: sim.NewLoop(1)}
	w.lan = link.NewBridge(w.loop, "br-lan")
	rns := w.attach("router", "10.0.0.2/24", link.MAC{0, 0x50, 0x56, 0xe0, 0, 2}, "")
	w.router = userland.NewMachine(w.loop, "router", rns)
	rns.Interface("lo").AddAddr(prefix("220.181.38.150/32"), stack.AddrOptions{})
	rns.SetSysctl("net.ipv4.ip_forward", "1")
	zone := names.HandlerFunc(func(q names.Query) names.Answer {
		a := names.Answer{RecursionAvailable: true, Authoritative: true}
		switch {
		case q.Name != "www.baidu.com":
			a.Rcode = names.NXDomain
		case q.Type == "A":
			a.Records = []names.Record{{Name: q.Name, Type: "A", TTL: 60, Value: "220.181.38.150"}}
		}
		return a
	})
	w.router.Start(userland.ProcSpec{Args: []string{"dnsmasq"}, Program: func(p *userland.Process) int {
		c, err := p.NS().ListenUDP(netip.MustParseAddrPort("0.0.0.0:53"))
		if err != nil {
			t.Error(err)
			return 1
		}
		names.Serve(p, c, zone)
		return 0
	}})
	w.a = w.host("bdc01", "10.0.0.11/24", 0x11, daemonJSON)
	w.b = w.host("bdc02", "10.0.0.12/24", 0x12, "")
	w.do(func() {
		for _, h := range []*Host{w.a, w.b} {
			if err := h.Daemon.Start(); err != nil {
				t.Errorf("daemon of %s: %v", h.Name, err)
			}
		}
	})
	return w
}

func (w *world) attach(name, addr string, mac link.MAC, gateway string) *stack.Namespace {
	ns := stack.New(w.loop, name, stack.Options{Host: true})
	wire := link.NewWire(w.loop, "lan-"+name)
	eth0, err := ns.AddPhysical("eth0", mac, wire.A())
	if err != nil {
		w.t.Fatal(err)
	}
	w.lan.AddPort(name).Connect(wire.B())
	eth0.AddAddr(prefix(addr), stack.AddrOptions{AutoBroadcast: true})
	eth0.SetUp(true)
	if gateway != "" {
		if err := ns.AddRoute(stack.Route{Dst: prefix("0.0.0.0/0"), Via: netip.MustParseAddr(gateway), Dev: "eth0"}); err != nil {
			w.t.Fatal(err)
		}
	}
	return ns
}

func (w *world) host(name, addr string, last byte, daemonJSON string) *Host {
	ns := w.attach(name, addr, link.MAC{0, 0x0c, 0x29, 0xab, 0, last}, "10.0.0.2")
	reg := image.DefaultRegistry(w.loop)
	reg.Install(testPrograms)
	m := userland.NewMachine(w.loop, name, ns)
	m.Install(testPrograms(), traffic.Host())
	m.FS().WriteFile("/etc/resolv.conf", []byte("nameserver 10.0.0.2\n"), 0o644)
	h := NewHost(w.loop, HostSpec{Name: name, Machine: m, Registry: reg, DaemonJSON: daemonJSON, Images: append([]string{"nginx"}, image.Present()...)})
	w.hosts = append(w.hosts, h)
	return h
}

// close ends everything that runs, so that a benchmark's next world does not
// carry the last.
func (w *world) close() {
	for _, h := range w.hosts {
		h.Close()
		h.NS().Close()
	}
	w.router.NS().Close()
	w.loop.Close()
}

// testPrograms are stand-ins for the few programs that these tests need beside
// the network ones.
func testPrograms() map[string]userland.Program {
	forever := func(p *userland.Process) int { p.Sleep(1000 * time.Hour); return 0 }
	return map[string]userland.Program{
		"sh": forever, "bash": forever, "sleep": forever,
		"false": func(*userland.Process) int { return 1 },
		// jump sets the clock on and ends.
		"jump": func(p *userland.Process) int { p.SetWall(p.Wall().Add(time.Hour)); return 1 },
		"echo": func(p *userland.Process) int { p.Printf("%s\n", strings.Join(p.Args[1:], " ")); return 0 },
		"env":  func(p *userland.Process) int { p.Printf("%s\n", strings.Join(p.Environ(), "\n")); return 0 },
		"cat": func(p *userland.Process) int {
			b, err := p.ReadFile(p.Args[1])
			if err != nil {
				return 1
			}
			p.Stdout.Write(b)
			return 0
		},
		"patient": func(p *userland.Process) int {
			p.Catch(userland.SIGTERM)
			p.Sleep(1000 * time.Hour)
			return 0
		},
	}
}

// do runs fn as a process and the loop until it is over.
func (w *world) do(fn func()) {
	w.t.Helper()
	done := false
	w.loop.Go("test", func(*sim.Proc) { fn(); done = true })
	if err := w.loop.Run(func() bool { return done }, w.loop.Now()+time.Hour); err != nil {
		w.t.Fatalf("at %v: %v", w.loop.Now(), err)
	}
}

// run is docker run -itd.
func (w *world) run(h *Host, r container.Create) *Container {
	w.t.Helper()
	c, err := w.tryRun(h, r)
	if err != nil {
		w.t.Fatalf("run %s: %v", r.Name, err)
	}
	return c
}

func (w *world) tryRun(h *Host, r container.Create) (c *Container, err error) {
	w.t.Helper()
	if r.Config.Image == "" {
		r.Config.Image = "busybox"
	}
	w.do(func() {
		if c, _, err = h.Daemon.Containers.Create(r); err == nil {
			err = h.Daemon.Containers.Start(c.ID)
		}
	})
	return c, err
}

// exec is docker exec: output and exit code.
func (w *world) exec(c *Container, cmd ...string) (string, int) {
	w.t.Helper()
	var out strings.Builder
	code := -1
	d := c.run.daemon
	w.do(func() {
		e, err := d.Execs.Create(c.ID, ExecConfig{Cmd: cmd, AttachStdout: true, AttachStderr: true})
		if err != nil {
			out.WriteString(err.Error())
			return
		}
		a, err := d.Execs.Start(e.ID, false, false)
		if err != nil {
			out.WriteString(err.Error())
			return
		}
		for {
			k, err := a.Next()
			if err != nil {
				break
			}
			out.Write(k.Data)
		}
		code = *e.ExitCode
	})
	return out.String(), code
}

// pings reports whether one ping is answered.
func (w *world) pings(c *Container, to string) bool {
	w.t.Helper()
	out, _ := w.exec(c, "ping", "-c", "1", "-W", "1", to)
	return strings.Contains(out, "1 packets received")
}

// hostPings is pings from a machine.
func (w *world) onHost(m *userland.Machine, args ...string) (string, int) {
	w.t.Helper()
	var out strings.Builder
	status := -1
	w.do(func() {
		p := m.Start(userland.ProcSpec{Program: m.Programs[args[0]], Args: args, Stdout: &out, Stderr: &out})
		status = p.Wait()
	})
	return out.String(), status
}

func named(name string, h container.HostConfig) container.Create {
	return container.Create{Name: name, Config: container.Config{Image: "busybox", Tty: true, OpenStdin: true}, HostConfig: h}
}

const truth = "testdata/ground-truth/"

// rulesOf is a saved rule set without counters, dates and comments.
func rulesOf(text string) string {
	text = regexp.MustCompile(`\[\d+:\d+\]`).ReplaceAllString(text, "[]")
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// captured reads a capture's output.
func captured(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(truth + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
