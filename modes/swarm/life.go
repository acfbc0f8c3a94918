package swarm

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/network"
	"dnetsim/modes/swarm/agent"
	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/quorum"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// The times of a start, as the logs of captures have them: keys are made, and a
// connection that did not come about is tried again.
const (
	keyTime     = 500 * time.Millisecond
	rootTime    = 5 * time.Second
	retryTime   = 2 * time.Second
	rootRetries = 5
	csrSize     = 310
	certTime    = 10 * time.Minute // how often a node looks at its certificate
)

// life is a node from an init, a join or a start of dockerd to its end.
type life struct {
	n       *Node
	proc    *sim.Proc
	agent   *agent.Agent
	manager *quorum.Manager
	local   *rpc.Conn // to the manager of this node
	ready   bool
	serial  uint64        // of the certificate that half is of
	half    time.Duration // left of its life when it is renewed
	asked   *object.Node  // as the managers told of it when it was asked to renew
	fatal   bool          // a failed join is not tried again
	err     error
	over    bool
	changed sim.Cond // broadcast when one of these has
	node    *object.Node
	keyed   bool
	ingress string // id of the network that is set up
	places  map[string]netip.Prefix
	attach  map[string]*attachment // by container and network
	started sim.Cond               // the agent's places have changed
	config  *sim.Proc
}

// begin begins a life with what is on the disk.
func (n *Node) begin() *life {
	l := &life{n: n, attach: map[string]*attachment{}, places: map[string]netip.Prefix{}}
	n.life = l
	n.Agent.Init(n)
	l.proc = n.Loop.Go("swarm node", func(*sim.Proc) { l.run() })
	return l
}

// end ends it, with all that it has begun.
func (l *life) end() {
	if l.over {
		return
	}
	l.over = true
	if l.agent != nil {
		l.agent.Stop()
	}
	if d := l.n.disk; d != nil && d.Cert.NodeID != "" {
		l.n.Log("info", "shutting down certificate renewal routine", "module", "node/tls", "node.id", d.Cert.NodeID, "node.role", "swarm-"+strings.ToLower(d.Cert.Role))
	}
	if l.manager != nil {
		l.local.Close()
		l.manager.Stop()
	}
	for _, p := range []*sim.Proc{l.proc, l.config} {
		if p != nil && p != l.n.Loop.Current() {
			p.Kill()
		}
	}
	l.changed.Broadcast()
	l.started.Broadcast()
}

func (l *life) fail(err error) {
	l.err = err
	l.changed.Broadcast()
}

// run is the node's work.
func (l *life) run() {
	d := l.n.disk
	if err := l.certified(); err != nil {
		l.n.Log("error", "swarm component could not be started", "error", err.Error())
		l.fail(err)
		return
	}
	if d.Joins != nil {
		if err := l.enter(d.Joins); err != nil {
			l.fail(err)
			return
		}
	}
	if d.Cert.Role == object.RoleManager && l.manager == nil {
		if err := l.manage(nil, nil); err != nil {
			l.fail(err)
			return
		}
	}
	l.work()
}

// certified refuses what the disk has by the node's own clock. A swarm that goes on with
// this manager alone does not mind.
func (l *life) certified() error {
	d := l.n.disk
	if d.Cert.NodeID == "" || d.Force {
		return nil
	}
	if err := ca.CheckRoot(d.Root.PEM, l.n.Wall()); err != nil {
		return err
	}
	if err := ca.CheckOwn(&d.Cert, l.n.Wall()); err != nil {
		return fmt.Errorf("error while loading TLS certificate in %s: %w", certFile, err)
	}
	return nil
}

// certFile is where a node's certificate is.
const certFile = "/var/lib/docker/swarm/certificates/swarm-node.crt"

// work runs the agent, and changes the node's role when the managers say so.
func (l *life) work() {
	l.startAgent()
	for !l.over {
		if l.agent.Ready(rpc.In(l.n.Loop, time.Hour)) == nil && !l.ready && !l.over {
			l.ready = true
			l.changed.Broadcast()
		}
		role, asked := l.node != nil && l.node.Spec.Role != l.n.disk.Cert.Role, l.askedAgain()
		if role || asked || l.node != nil && l.old() {
			if asked && l.force() != nil {
				return
			}
			err := l.renew()
			if err != nil && l.n.Loop.Current().Sleep(retryTime) != nil {
				return
			}
			if err != nil && asked {
				l.asked = nil
			}
			if err != nil || role || asked || !l.old() {
				continue
			} // by a clock that is far ahead a new certificate is old, too
		}
		if err := l.changed.WaitFor(l.n.Loop, certTime); err != nil && !errors.Is(err, sim.ErrTimeout) {
			return
		}
	}
}

func (l *life) startAgent() {
	n := l.n
	l.agent = agent.New(agent.Config{
		Loop: n.Loop, Rand: n.Stream("agent"), Wall: n.Wall, Log: n.Log, Node: n.disk.Cert.NodeID, Addr: n.advertised(),
		Dial: l.dial, Executor: l,
	})
	l.agent.Start()
}

// advertised is the address that the managers are told, "" if it is where calls come from.
func (n *Node) advertised() string {
	if ap, err := netip.ParseAddrPort(n.disk.Advertise); err == nil {
		return ap.Addr().String()
	}
	return ""
}

// manage starts the node's manager. A new swarm has its first objects with it.
func (l *life) manage(cluster *object.Cluster, first *object.Node) error {
	n, d := l.n, l.n.disk
	if d.Raft == nil {
		return errors.New("the node has no log")
	}
	listen := d.Listen
	if listen.Addr() == netip.IPv4Unspecified() {
		listen = netip.AddrPortFrom(netip.IPv6Unspecified(), listen.Port())
	}
	l.manager = quorum.New(quorum.Config{
		Loop: n.Loop, Wall: n.Wall, Stream: n.Stream, Net: n.Net(), Log: n.Log, Node: d.Cert.NodeID, Listen: listen,
		Advertise: n.managerAddr(), Cert: func() *object.Certificate { return &d.Cert },
		Root: func() string { return d.Root.Digest }, Disk: d.Raft, New: cluster, First: first,
		Force: d.Force, IPv6: n.IPv6, GoOn: n.PoolsGoOn, EarlyLog: n.EarlyLog, TLSWords: n.TLSWords, Watch: l.notice, Removed: func() { l.demoted() }, Crash: n.Crash,
	})
	if err := l.manager.Start(); err != nil {
		l.manager.Stop()
		l.manager = nil
		return err
	}
	d.Force = false
	l.local = l.manager.Local()
	n.Provide(logFile, n.log)
	return nil
}

// managerAddr is where other managers find this one.
func (n *Node) managerAddr() string {
	if n.disk.Advertise != "" {
		return n.disk.Advertise
	}
	return netip.AddrPortFrom(n.disk.Local, n.disk.Listen.Port()).String()
}

// unmanage ends the node's manager, and forgets its log.
func (l *life) unmanage() {
	if l.manager == nil {
		return
	}
	l.local.Close()
	l.manager.Stop()
	l.manager, l.local = nil, nil
	l.n.disk.Raft = nil
	l.n.Remove("raft/")
	l.n.save()
}

// demoted is called when the log has this manager no more.
func (l *life) demoted() {
	if l.over || l.manager == nil {
		return
	}
	l.n.Log("info", "this node was removed from the raft cluster", "module", "node", "node.id", l.n.disk.Cert.NodeID)
	l.unmanage()
	l.changed.Broadcast()
}

// promote joins the managers' log and starts the node's manager.
func (l *life) promote() error {
	n, d := l.n, l.n.disk
	if l.manager != nil {
		return nil
	}
	if d.Raft != nil {
		return l.manage(nil, nil)
	}
	// The port must be open before the others call back.
	d.Raft = &raft.Disk{}
	if err := l.manage(nil, nil); err != nil {
		d.Raft = nil
		return err
	}
	for try := 0; ; try++ {
		var j message.Joined
		conn, _, err := l.dialRemote(rpc.In(n.Loop, rootTime))
		if err == nil {
			err = conn.Call(message.RaftJoin, message.Join{Addr: n.managerAddr()}, &j, rpc.In(n.Loop, requestTime))
			conn.Close()
		}
		if err == nil {
			l.manager.Joined(j.RaftID, j.Members)
			n.save()
			return nil
		}
		if try == rootRetries || n.Loop.Current().Sleep(retryTime) != nil {
			l.unmanage()
			return err
		}
	}
}

// dial connects the agent to a manager.
func (l *life) dial(end rpc.Deadline) (*rpc.Conn, string, error) {
	if l.manager != nil {
		if err := l.manager.Led(time.Duration(end) - l.n.Loop.Now()); err != nil {
			return nil, l.self(), rpc.ErrDeadline
		}
		return l.manager.Local(), l.self(), nil
	}
	return l.dialRemote(end)
}

// self is the node's own manager as the agent calls it: without a name until the managers
// have told of themselves.
func (l *life) self() string {
	for _, r := range l.n.disk.Remotes {
		if r.Node == l.n.disk.Cert.NodeID {
			return "{" + r.Node + " " + r.Addr + "}"
		}
	}
	return "{ }"
}

// dialRemote connects to one of the other managers, chosen by chance.
func (l *life) dialRemote(end rpc.Deadline) (*rpc.Conn, string, error) {
	n, d := l.n, l.n.disk
	all := slices.DeleteFunc(slices.Clone(d.Remotes), func(r remote) bool { return r.Node != "" && r.Node == d.Cert.NodeID })
	if len(all) == 0 {
		return nil, "{ }", rpc.Errorf(rpc.Unavailable, "no known managers")
	}
	r := all[n.Stream("remotes").IntN(len(all))]
	who := "{" + r.Node + " " + r.Addr + "}"
	to, err := netip.ParseAddrPort(r.Addr)
	if err != nil {
		return nil, who, rpc.Errorf(rpc.Unavailable, "%v", err)
	}
	o := rpc.Options{Loop: n.Loop, Net: n.Net(), Rand: n.Stream("tls"), Verify: func(c *object.Certificate) error {
		return ca.Check(n.TLSWords, d.Root.Digest, c, n.Wall())
	}}
	if d.Cert.NodeID != "" {
		o.Cert = &d.Cert
	}
	conn, err := rpc.Dial(to, o, end)
	return conn, who, err
}

// enter joins the swarm that a token is of: its root first, then a certificate.
func (l *life) enter(j *join) error {
	n, d := l.n, l.n.disk
	want, err := ca.TokenDigest(j.Token)
	if err != nil && j.Token != "" { // without one it takes what root it gets
		return err
	}
	n.Loop.Current().Sleep(keyTime)
	d.Root.Digest = want
	for try := 0; d.Root.PEM == ""; try++ {
		root, err := l.fetchRoot()
		if err == nil {
			d.Root.Digest = ca.Digest(root.PEM)
			if d.Root.Digest != want && want != "" {
				l.fatal = true
				return errors.New("remote CA does not match fingerprint. Expected: " + want)
			}
			err = ca.CheckRoot(root.PEM, n.Wall())
		}
		if err == nil {
			d.Root.PEM = root.PEM
			break
		}
		n.Log("error", "failed to retrieve remote root CA certificate", "error", err.Error(), "module", "node")
		if n.Loop.Current().Sleep(retryTime) != nil {
			return err
		}
		if try == rootRetries-1 && rpc.CodeOf(err) != rpc.DeadlineExceeded && !l.ready {
			return err
		}
	}
	for try := 1; ; try++ {
		var a message.CertificateAnswer
		conn, _, err := l.dialRemote(rpc.In(n.Loop, rootTime))
		if err == nil {
			q := message.CertificateRequest{Token: j.Token, CSR: n.csr(), Availability: j.Availability}
			err = conn.Call(message.IssueCertificate, q, &a, rpc.In(n.Loop, rootTime))
			conn.Close()
		}
		if err == nil {
			if err := ca.CheckOwn(&a.Cert, n.Wall()); err != nil {
				return err
			}
			d.Cert, d.Joins = a.Cert, nil
			break
		}
		if rpc.CodeOf(err) == rpc.InvalidArgument {
			l.fatal = true
			return err
		}
		if n.Loop.Current().Sleep(retryTime) != nil || try == rootRetries && rpc.CodeOf(err) != rpc.DeadlineExceeded {
			return err
		}
	}
	n.save()
	if d.Cert.Role == object.RoleManager {
		return l.promote()
	}
	return nil
}

// fetchRoot asks a manager for the root certificate, whoever it is.
func (l *life) fetchRoot() (root message.RootCA, err error) {
	n := l.n
	r := n.disk.Remotes[n.Stream("remotes").IntN(len(n.disk.Remotes))]
	to, err := netip.ParseAddrPort(r.Addr)
	if err != nil {
		return root, err
	}
	end := rpc.In(n.Loop, rootTime)
	conn, err := rpc.Dial(to, rpc.Options{Loop: n.Loop, Net: n.Net(), Rand: n.Stream("tls")}, end)
	if err != nil {
		return root, err
	}
	defer conn.Close()
	err = conn.Call(message.GetRootCA, nil, &root, end)
	return root, err
}

// keys are the cluster's in the controller's words.
func keys(all []object.GossipKey) (out []network.Key) {
	for _, k := range all {
		out = append(out, network.Key{Subsystem: k.Subsystem, Secret: k.Key, LamportTime: k.Lamport})
	}
	return out
}
