package swarm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// The UDP ports that a data path may have.
const (
	leastPort   = 1024
	mostPort    = 49151
	defaultPort = 4789
	defaultSize = 24
	mostSize    = 29
)

func invalid(err error) error { return errdefs.Because(err, errdefs.KindInvalid, "%v", err) }

// check refuses a request to begin a swarm, and fills in what it leaves out.
func (r *InitRequest) check() error {
	if r.DataPathPort == 0 {
		r.DataPathPort = defaultPort
	} else if r.DataPathPort < leastPort || r.DataPathPort > mostPort {
		return fmt.Errorf("Datapath port number is not in valid range (%d-%d) : %d", leastPort, mostPort, r.DataPathPort)
	}
	if r.SubnetSize == 0 {
		r.SubnetSize = defaultSize
	}
	if len(r.DefaultAddrPool) == 0 {
		r.DefaultAddrPool = nil // none is no empty list
	} else if r.SubnetSize > mostSize {
		return fmt.Errorf("subnet size is out of range: %d", r.SubnetSize)
	}
	var nets []netip.Prefix
	for _, s := range r.DefaultAddrPool {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Errorf("invalid CIDR address: %s", s)
		}
		if p.Bits() > int(r.SubnetSize) {
			return fmt.Errorf("invalid CIDR %s: subnet size %d is smaller than its prefix", s, r.SubnetSize)
		}
		for _, q := range nets {
			if q.Overlaps(p) {
				return fmt.Errorf("multiple CIDRs overlap: %s and %s", q, p)
			}
		}
		nets = append(nets, p)
	}
	switch strings.ToLower(r.Availability) {
	case "", object.Active, object.Pause, object.Drain:
	default:
		return fmt.Errorf("invalid Availability: %q", r.Availability)
	}
	return control.Check(&r.Spec)
}

// Init begins a swarm with this node as its first, and answers the node's identifier. On
// error the node is of no swarm. It blocks the running process.
func (n *Node) Init(r InitRequest) (string, error) {
	if n.disk != nil && !r.ForceNewCluster {
		return "", errExists
	}
	if n.life != nil && n.life.manager == nil && r.ForceNewCluster {
		return "", errManager
	}
	listen, err := n.listenAddr(r.ListenAddr)
	if err != nil {
		return "", invalid(err)
	}
	if err := r.check(); err != nil {
		return "", invalid(err)
	}
	advertise, err := n.advertiseAddr(r.AdvertiseAddr, listen)
	if err != nil {
		return "", invalid(err)
	}
	data, err := n.dataPathAddr(r.DataPathAddr)
	if err != nil {
		return "", invalid(err)
	}
	local, err := n.localAddr(advertise.Addr(), listen.Addr())
	if err != nil {
		return "", invalid(err)
	}
	if r.ForceNewCluster && n.disk != nil && n.disk.Raft != nil {
		return n.again(listen, advertise, local, data)
	}
	n.disk = &disk{Listen: listen, Advertise: advertise.String(), Local: local, DataPath: data, Port: r.DataPathPort}
	l := &life{n: n, attach: map[string]*attachment{}, places: map[string]netip.Prefix{}}
	n.life = l
	n.Agent.Init(n)
	if err := l.foundSwarm(&r); err != nil {
		l.end()
		n.life, n.disk = nil, nil
		n.Agent.Stop()
		return "", err
	}
	n.save()
	return n.disk.Cert.NodeID, nil
}

// again is --force-new-cluster: the swarm goes on with this manager alone.
func (n *Node) again(listen, advertise netip.AddrPort, local, data netip.Addr) (string, error) {
	if n.life != nil {
		n.life.end()
	}
	d := n.disk
	d.Listen, d.Advertise, d.Local, d.DataPath, d.Force, d.Remotes = listen, advertise.String(), local, data, true, nil
	return d.Cert.NodeID, n.begin().await(rpc.In(n.Loop, joinTime))
}

// foundSwarm draws a new swarm and starts its manager and the agent.
func (l *life) foundSwarm(r *InitRequest) error {
	n, d := l.n, l.n.disk
	if p := n.Loop.Current(); p != nil && p.Sleep(keyTime) != nil {
		return sim.ErrInterrupted
	}
	rnd := n.Stream("cluster")
	c := &object.Cluster{ID: object.NewID(rnd), Spec: r.Spec, DefaultAddrPool: r.DefaultAddrPool, SubnetSize: r.SubnetSize, DataPathPort: r.DataPathPort}
	control.Fill(&c.Spec)
	c.Root, c.TLSInfo = ca.NewRoot(rnd, n.Wall())
	c.JoinTokens = object.JoinTokens{Worker: ca.NewToken(rnd, c.Root), Manager: ca.NewToken(rnd, c.Root)}
	if c.Spec.EncryptionConfig.AutoLockManagers = c.Spec.EncryptionConfig.AutoLockManagers || r.AutoLockManagers; c.Spec.EncryptionConfig.AutoLockManagers {
		c.UnlockKey = ca.NewUnlockKey(rnd)
	}
	for _, part := range []string{"networking:gossip", "networking:ipsec"} {
		for range 3 {
			k := object.GossipKey{Subsystem: part, Key: make([]byte, 16), Lamport: c.KeyClock}
			rnd.Read(k.Key)
			c.Keys = append(c.Keys, k)
			c.KeyClock++
		}
	}
	node := &object.Node{ID: object.NewID(rnd), Status: object.NodeStatus{State: object.NodeUnknown}}
	node.Spec = object.NodeSpec{Annotations: object.Annotations{Labels: map[string]string{}}, Role: object.RoleManager, Availability: strings.ToLower(r.Availability)}
	if node.Spec.Availability == "" {
		node.Spec.Availability = object.Active
	}
	node.Cert = ca.Issue(rnd, c.Root, nil, node.ID, object.RoleManager, n.Wall(), c.Spec.CAConfig.NodeCertExpiry)
	d.Cert, d.Root, d.Raft = node.Cert, c.Root, &raft.Disk{ID: rnd.Uint64() | 1}
	if err := l.manage(c, node); err != nil {
		return err
	}
	l.proc = n.Loop.Go("swarm node", func(*sim.Proc) { l.work() })
	if err := l.await(rpc.In(n.Loop, joinTime)); err != nil || !n.UpdatesSpec {
		return err
	}
	return l.sendSpec(&c.Spec)
}

// sendSpec gives the new swarm the specification that was asked for, as the engine does by
// an update once the swarm is there (initClusterSpec); here it has had it from the start.
func (l *life) sendSpec(spec *object.ClusterSpec) error {
	var c object.Cluster
	if err := l.n.Control(control.GetCluster, nil, &c); err != nil {
		return err
	}
	return l.n.Control(control.UpdateCluster, control.ClusterUpdate{Version: c.Version.Index, Spec: *spec}, nil)
}

// await waits until the node is ready, or has failed.
func (l *life) await(end rpc.Deadline) error {
	for !l.ready && l.err == nil && !l.over {
		if err := l.changed.WaitFor(l.n.Loop, max(0, leftOf(l.n.Loop, end))); err != nil {
			return err
		}
	}
	switch {
	case l.over:
		return errors.New("context canceled")
	case l.err != nil:
		return l.err
	}
	return nil
}

// Join makes the node one of a swarm's. It blocks the running process until the managers
// know the node, for 20 s at most; then it goes on in the background.
func (n *Node) Join(r JoinRequest) error {
	if n.disk != nil {
		return errExists
	}
	if len(r.RemoteAddrs) == 0 {
		return invalid(errors.New("at least 1 RemoteAddr is required to join"))
	}
	if _, err := ca.TokenDigest(r.JoinToken); err != nil && r.JoinToken != "" {
		return errdefs.System("%v", err)
	}
	listen, err := n.listenAddr(r.ListenAddr)
	if err != nil {
		return invalid(err)
	}
	advertise := ""
	if r.AdvertiseAddr != "" {
		at, err := n.advertiseAddr(r.AdvertiseAddr, listen)
		if err != nil {
			return invalid(err)
		}
		advertise = at.String()
	}
	data, err := n.dataPathAddr(r.DataPathAddr)
	if err != nil {
		return invalid(err)
	}
	d := &disk{Listen: listen, Advertise: advertise, DataPath: data, Joins: &join{r.JoinToken, strings.ToLower(r.Availability)}}
	for _, addr := range r.RemoteAddrs {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			addr = net.JoinHostPort(addr, fmt.Sprint(rpc.Port))
		}
		at, err := netip.ParseAddrPort(addr)
		if err != nil {
			return errdefs.System("dnetsim joins managers by address and port: %q is none", addr)
		}
		d.Remotes = append(d.Remotes, remote{Addr: at.String()})
		if !d.Local.IsValid() {
			d.Local = n.toward(at.Addr())
		}
	}
	n.disk = d
	n.save()
	l := n.begin()
	switch err := l.await(rpc.In(n.Loop, joinTime)); {
	case err == nil:
		return nil
	case errors.Is(err, sim.ErrTimeout):
		return errTimeout
	case l.over || n.life != l:
		return err
	default:
		n.forget()
		return errdefs.System("%v", err)
	}
}

// forget makes the node one of no swarm.
func (n *Node) forget() {
	if n.life != nil {
		n.life.end()
	}
	n.life, n.disk = nil, nil
	n.Agent.Stop()
	n.Remove("")
}

// save writes what the node knows into its folder.
func (n *Node) save() {
	d := n.disk
	text, err := json.Marshal(stateFile{
		d.Local.String(), strings.Join(d.addrs(), ","), d.Listen.String(), d.Advertise, addrText(d.DataPath),
	})
	if err != nil {
		return
	}
	n.Write("docker-state.json", text)
	if d.Cert.NodeID != "" {
		n.Write("certificates/swarm-root-ca.crt", []byte(d.Root.PEM))
		b, _ := json.Marshal(d.Cert)
		n.Write("certificates/swarm-node.crt", append(b, '\n'))
	}
	if b, err := json.Marshal(d.Remotes); err == nil {
		n.Write("state.json", b)
	}
}

// stateFile is docker-state.json: what an init or a join was asked for.
type stateFile struct{ LocalAddr, RemoteAddr, ListenAddr, AdvertiseAddr, DataPathAddr string }

// logFile is a manager's log with the state that it has led to.
const logFile = "raft/wal-v3-encrypted/0000000000000000-0000000000000000.wal"

// savedLog is what is in it. Key is the one that unlocks it: swarmkit's files are encrypted
// with a key that is encrypted with that one.
type savedLog struct {
	*raft.Disk
	Key string `json:",omitempty"`
}

// log is the content of [logFile] at this moment.
func (n *Node) log() []byte {
	if n.disk == nil || n.disk.Raft == nil {
		return nil
	}
	b, _ := json.Marshal(savedLog{n.disk.Raft, n.disk.Key})
	return b
}

// found is what the folder says that the node is: one that somebody has copied from another
// host makes the machine a clone, and one from a backup what the node was then. Nil if it
// does not say that.
func (n *Node) found() *disk {
	d := &disk{}
	var s stateFile
	for name, into := range map[string]any{"docker-state.json": &s, "certificates/swarm-node.crt": &d.Cert, "state.json": &d.Remotes} { // each by itself
		b, err := n.Read(name)
		if err != nil || json.Unmarshal(b, into) != nil {
			return nil
		}
	}
	root, err := n.Read("certificates/swarm-root-ca.crt")
	if err != nil || d.Cert.NodeID == "" {
		return nil
	}
	d.Root = object.RootCA{PEM: string(root), Digest: ca.Digest(string(root))}
	d.Advertise, d.Port = s.AdvertiseAddr, defaultPort
	d.Listen, _ = netip.ParseAddrPort(s.ListenAddr)
	d.DataPath, _ = netip.ParseAddr(s.DataPathAddr)
	if d.Cert.Role == object.RoleManager {
		w := savedLog{Disk: &raft.Disk{}}
		if b, err := n.Read(logFile); err != nil || json.Unmarshal(b, &w) != nil || w.Disk == nil || w.ID == 0 {
			return nil
		}
		d.Raft, d.Key, d.Locked = w.Disk, w.Key, w.Key
		d.Local, _ = netip.ParseAddr(s.LocalAddr)
		return d
	}
	if len(d.Remotes) == 0 {
		return nil
	}
	if at, err := netip.ParseAddrPort(d.Remotes[0].Addr); err == nil {
		d.Local = n.toward(at.Addr())
	}
	return d
}

// differs reports whether what was found is not what the node knows.
func (n *Node) differs(d *disk) bool {
	if d.Cert != n.disk.Cert {
		return true
	}
	b, err := n.Read(logFile)
	return d.Raft != nil && err == nil && !bytes.Equal(b, n.log())
}

func (d *disk) addrs() (out []string) {
	for _, r := range d.Remotes {
		out = append(out, r.Addr)
	}
	return out
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
