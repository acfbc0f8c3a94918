package consul

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// version is the release whose words are spoken here.
const version = "1.5.3"

// A follower that hears of no leader stands for election after a random time
// between these.
const (
	electionMin = time.Second
	electionMax = 2 * time.Second
)

// agent is one run of `consul agent`.
type agent struct {
	p      *userland.Process
	cfg    config
	st     *state
	rand   *sim.Rand
	nodeID string
	leader bool
	term   int
	lsn    []*stack.TCPListener
}

// runAgent is `consul agent`; args are what follows that word.
func runAgent(p *userland.Process, args []string) int {
	cfg, err := parseConfig(p, args)
	var usage errUsage
	if errors.As(err, &usage) {
		p.Errorf("%v\n%s", err, agentUsage)
		return 1
	}
	if err == nil {
		err = cfg.settle(p)
	}
	if err != nil {
		p.Errorf("==> %v\n", err)
		return 1
	}
	a := &agent{p: p, cfg: cfg, st: newState(p.Loop()), rand: p.Loop().Stream("consul/" + p.Machine.Name)}
	if err := a.prepare(); err != nil {
		p.Errorf("==> Error starting agent: %v\n", err)
		return 1
	}
	return a.run()
}

// prepare opens the data directory and the listeners.
func (a *agent) prepare() error {
	a.nodeID = a.cfg.nodeID
	if !a.cfg.dev {
		if err := a.st.open(a.p, a.cfg.dataDir); err != nil {
			return fmt.Errorf("Failed to start Consul server: %v", err)
		}
		name := path.Join(a.cfg.dataDir, "node-id")
		if data, err := a.p.ReadFile(name); err == nil && a.nodeID == "" {
			a.nodeID = strings.TrimSpace(string(data))
		}
		if a.nodeID == "" {
			a.nodeID = a.uuid()
			a.p.WriteFile(name, []byte(a.nodeID))
		}
	}
	if a.nodeID == "" {
		a.nodeID = a.uuid()
	}
	for _, c := range a.cfg.client {
		at := netip.AddrPortFrom(netip.MustParseAddr(c), uint16(a.cfg.httpPort))
		if at.Addr().IsUnspecified() {
			at = netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port())
		}
		l, err := a.p.ListenTCP(at)
		if err != nil {
			a.close()
			return fmt.Errorf("listen tcp %s:%d: bind: %s", c, a.cfg.httpPort, strings.ToLower(err.Error()))
		}
		a.lsn = append(a.lsn, l)
	}
	return nil
}

func (a *agent) close() {
	for _, l := range a.lsn {
		l.Close()
	}
}

// uuid draws an identifier in consul's form.
func (a *agent) uuid() string {
	h := a.rand.Hex(16)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// rpc is the server's address for others, which status/leader tells.
func (a *agent) rpc() string { return a.cfg.advertise + ":8300" }

// log writes a line of the agent's log.
func (a *agent) log(level, text string) {
	if level == "DEBUG" {
		return
	}
	space := " "
	if strings.HasPrefix(text, "raft:") && len(level) == 4 {
		space = "  "
	}
	a.p.Printf("    %s [%s]%s%s\n", a.p.Wall().Format("2006/01/02 15:04:05"), level, space, text)
}

// run serves until a signal ends it.
func (a *agent) run() int {
	defer a.close()
	a.p.Catch(userland.SIGINT, userland.SIGTERM)
	a.banner()
	for _, l := range a.lsn[1:] {
		a.p.Go(func() { a.accept(l) })
	}
	if a.cfg.bootstrap || a.cfg.dev {
		a.p.Go(a.elect)
	} else if a.cfg.server {
		a.p.Go(a.wait)
	}
	a.accept(a.lsn[0])
	s := a.p.Pending()
	if s == 0 {
		return 1
	}
	a.log("INFO", "agent: Caught signal:  "+signalName(s))
	if s == userland.SIGTERM || a.cfg.server {
		a.log("INFO", "agent: Graceful shutdown disabled. Exiting")
		a.log("INFO", "agent: Requesting shutdown")
		a.log("INFO", "consul: shutting down server")
		a.log("INFO", "agent: consul server down")
		a.log("INFO", "agent: shutdown complete")
		a.log("INFO", "agent: Stopping DNS server "+a.dns()+" (tcp)")
		a.log("INFO", "agent: Stopping DNS server "+a.dns()+" (udp)")
		a.log("INFO", "agent: Stopping HTTP server "+a.httpAddr()+" (tcp)")
		a.log("INFO", "agent: Endpoints down")
		a.log("INFO", "agent: Exit code: 1")
		return 1
	}
	return 0
}

func signalName(s userland.Signal) string {
	if s == userland.SIGINT {
		return "interrupt"
	}
	return "terminated"
}

func (a *agent) dns() string { return fmt.Sprintf("%s:%d", a.cfg.client[0], a.cfg.dnsPort) }

func (a *agent) httpAddr() string {
	if a.cfg.client[0] == "0.0.0.0" {
		return fmt.Sprintf("[::]:%d", a.cfg.httpPort)
	}
	return fmt.Sprintf("%s:%d", a.cfg.client[0], a.cfg.httpPort)
}

// accept gives every connection a thread of its own.
func (a *agent) accept(l *stack.TCPListener) {
	userland.Accept(a.p, l, a.serve)
}

// banner is what the agent says before its log.
func (a *agent) banner() {
	c := a.cfg
	switch {
	case c.expect == 1:
		a.p.Printf("BootstrapExpect is set to 1; this is the same as Bootstrap mode.\nbootstrap = true: do not enable unless necessary\n")
	case c.bootstrap:
		a.p.Printf("bootstrap = true: do not enable unless necessary\n")
	case c.expect > 1:
		a.p.Printf("bootstrap_expect > 0: expecting %d servers\n", c.expect)
	}
	a.p.Printf(`==> Starting Consul agent...
==> Consul agent running!
           Version: 'v%s'
           Node ID: '%s'
         Node name: '%s'
        Datacenter: '%s' (Segment: '<all>')
            Server: %v (Bootstrap: %v)
       Client Addr: [%s] (HTTP: %d, HTTPS: -1, gRPC: -1, DNS: %d)
      Cluster Addr: %s (LAN: 8301, WAN: 8302)
           Encrypt: Gossip: false, TLS-Outgoing: false, TLS-Incoming: false

==> Log data will now stream in as it occurs:

`, version, a.nodeID, c.node, c.dc, c.server, c.bootstrap, strings.Join(c.client, " "), c.httpPort, c.dnsPort, c.advertise)
	if c.server {
		if c.bootstrap || c.dev {
			a.log("INFO", fmt.Sprintf("raft: Initial configuration (index=1): [{Suffrage:Voter ID:%s Address:%s}]", a.nodeID, a.rpc()))
		} else {
			a.log("INFO", "raft: Initial configuration (index=0): []")
		}
		a.log("INFO", fmt.Sprintf("raft: Node at %s [Follower] entering Follower state (Leader: \"\")", a.rpc()))
		a.log("INFO", fmt.Sprintf("serf: EventMemberJoin: %s.%s %s", c.node, c.dc, c.advertise))
	}
	a.log("INFO", fmt.Sprintf("serf: EventMemberJoin: %s %s", c.node, c.advertise))
	if c.server {
		a.log("INFO", fmt.Sprintf("consul: Handled member-join event for server %q in area \"wan\"", c.node+"."+c.dc))
		a.log("INFO", fmt.Sprintf("consul: Adding LAN server %s (Addr: tcp/%s) (DC: %s)", c.node, a.rpc(), c.dc))
	}
	a.log("INFO", "agent: Started DNS server "+a.dns()+" (udp)")
	a.log("INFO", "agent: Started DNS server "+a.dns()+" (tcp)")
	a.log("INFO", "agent: Started HTTP server on "+a.httpAddr()+" (tcp)")
	a.log("INFO", "agent: started state syncer")
}

// elect makes the only server the leader, and then ends sessions in time.
func (a *agent) elect() {
	wait := electionMin + time.Duration(a.rand.Int64N(int64(electionMax-electionMin)))
	if a.cfg.dev {
		wait /= 20
	}
	a.p.Sleep(wait)
	a.term = 2
	a.log("WARN", "raft: Heartbeat timeout from \"\" reached, starting election")
	a.log("INFO", fmt.Sprintf("raft: Node at %s [Candidate] entering Candidate state in term %d", a.rpc(), a.term))
	a.log("INFO", "raft: Election won. Tally: 1")
	a.log("INFO", fmt.Sprintf("raft: Node at %s [Leader] entering Leader state", a.rpc()))
	a.log("INFO", "consul: cluster leadership acquired")
	a.log("INFO", "consul: New leader elected: "+a.cfg.node)
	a.log("INFO", fmt.Sprintf("consul: member '%s' joined, marking health alive", a.cfg.node))
	a.log("INFO", "agent: Synced node info")
	a.leader = true
	for _, s := range a.st.sessions {
		a.st.renew(s)
	}
	a.st.reap(a.log)
}

// wait is a server that was not told to bootstrap: it waits for others.
func (a *agent) wait() {
	a.p.Sleep(electionMax)
	a.log("WARN", "raft: no known peers, aborting election")
	a.p.Sleep(5 * time.Second)
	a.log("ERR", "agent: failed to sync remote state: No cluster leader")
}

const agentUsage = `Usage: consul agent [options]

  Starts the Consul agent and runs until an interrupt is received. The
  agent represents a single node in a cluster.
`
