package swarm

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"dnetsim/modes/network"
	"dnetsim/modes/swarm/agent"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// placeTime is how long a task waits for its node's own address in a network.
const placeTime = 5 * time.Second

func leftOf(l *sim.Loop, end rpc.Deadline) time.Duration { return time.Duration(end) - l.Now() }

// Describe is what the node says of itself.
func (l *life) Describe() object.NodeDescription {
	is := l.n.Describe()
	if d := l.n.disk; d != nil && d.Cert.Intermediate != "" {
		is.TLSInfo = d.tls()
	}
	return is
}

// Configure takes in what the managers say: who they are, the keys, what the node is to
// be and which addresses it has.
func (l *life) Configure(m *message.SessionMessage) {
	n, d := l.n, l.n.disk
	if l.over || d == nil {
		return
	}
	l.trust(m.Root)
	d.Remotes = nil
	for _, p := range m.Managers {
		d.Remotes = append(d.Remotes, remote{p.Node, p.Addr})
	}
	if m.Port != 0 {
		d.Port = m.Port
	}
	d.Key = m.UnlockKey
	if d.Port != 0 && !sameNode(l.node, m.Node) {
		writer := []string{"module", "node", "node.id", m.Node.ID}
		if n.EarlyLog {
			writer = nil
		}
		n.Log("info", fmt.Sprintf("initialized VXLAN UDP port to %d ", d.Port), writer...)
	}
	l.node = m.Node
	n.Agent.SetKeys(keys(m.Keys))
	places := map[string]netip.Prefix{}
	for _, at := range m.Node.Attachments {
		for _, s := range at.Addresses {
			if p, err := netip.ParsePrefix(s); err == nil && !places[at.Network.ID].IsValid() {
				places[at.Network.ID] = p
			}
		}
	}
	l.places = places
	n.Agent.ResetAttachments(places)
	l.started.Broadcast()
	n.save()
	l.changed.Broadcast()
	if l.config == nil {
		l.config = n.Loop.Go("swarm configure", func(*sim.Proc) {
			defer func() { l.config = nil }()
			l.configure()
		})
	}
}

// sameNode reports whether a node is what it was, but for its status.
func sameNode(a, b *object.Node) bool {
	return a != nil && reflect.DeepEqual(a.Spec, b.Spec) && reflect.DeepEqual(a.Attachments, b.Attachments) && a.Cert.Role == b.Cert.Role
}

// configure starts the gossip when there are keys, and keeps the ingress network as the
// managers have it. It blocks.
func (l *life) configure() {
	n := l.n
	for last := (*object.Node)(nil); l.node != last && !l.over; {
		last = l.node
		if !l.keyed {
			l.keyed = true
			n.Agent.Start()
		}
		l.setupIngress(last)
	}
}

func (l *life) setupIngress(node *object.Node) {
	n := l.n
	i := slices.IndexFunc(node.Attachments, func(a object.NetworkAttachment) bool { return a.Network.Spec.Ingress })
	if i < 0 {
		if l.ingress != "" {
			n.Agent.ReleaseIngress()
			l.ingress = ""
		}
		return
	}
	at := node.Attachments[i]
	if l.ingress == at.Network.ID {
		return
	}
	if err := n.Agent.SetupIngress(at.Network.ID, Created(&at.Network), l.places[at.Network.ID]); err != nil {
		n.Log("error", "failed to setup ingress network", "error", err.Error())
		return
	}
	l.ingress = at.Network.ID
}

// bring makes a network of the cluster's on this node.
func (l *life) bring(nw *object.Network) error {
	end := rpc.In(l.n.Loop, placeTime)
	for !nw.NodeLocal() && !l.places[nw.ID].IsValid() && l.started.WaitFor(l.n.Loop, max(0, leftOf(l.n.Loop, end))) == nil {
	}
	_, err := l.n.Agent.CreateManaged(nw.ID, Created(nw))
	return err
}

// Created is a network of the cluster's as the controller makes it.
func Created(nw *object.Network) network.Create {
	r := network.Create{
		Name: nw.Spec.Name, Driver: nw.DriverState.Name, Scope: "swarm", Internal: nw.Spec.Internal, Attachable: nw.Spec.Attachable,
		Ingress: nw.Spec.Ingress, EnableIPv6: nw.Spec.IPv6Enabled, Options: map[string]string{}, Labels: map[string]string{},
	}
	if d := nw.Spec.DriverConfiguration; r.Driver == "" && d != nil {
		r.Driver = d.Name
	}
	for k, v := range nw.DriverState.Options {
		r.Options[k] = v
	}
	for k, v := range nw.Spec.Labels {
		r.Labels[k] = v
	}
	if nw.Spec.ConfigFrom != nil {
		r.ConfigFrom = nw.Spec.ConfigFrom.Network
	}
	ipam := nw.IPAMOptions
	if ipam == nil {
		ipam = nw.Spec.IPAMOptions
	}
	if ipam != nil {
		r.IPAM = &network.IPAM{Driver: ipam.Driver.Name}
		for _, c := range ipam.Configs {
			r.IPAM.Config = append(r.IPAM.Config, network.IPAMConfig{Subnet: c.Subnet, IPRange: c.Range, Gateway: c.Gateway})
		}
	}
	return r
}

// Controller is who runs a task.
func (l *life) Controller(t *object.Task, d agent.Dependencies) agent.Controller {
	if t.Spec.NetworkAttachmentSpec != nil {
		return &attacher{l, t}
	}
	return &container{l, t, l.n.Run(t, d)}
}

// container runs a task's container; the networks come to the node first.
type container struct {
	l    *life
	task *object.Task
	agent.Controller
}

// Prepare brings the networks, then makes the container.
func (c *container) Prepare() error {
	for _, at := range c.task.NetworksAttachments {
		if at.Network.Spec.Ingress || at.Network.Predefined() {
			continue
		}
		if err := c.l.bring(&at.Network); err != nil {
			return err
		}
	}
	return c.Controller.Prepare()
}

// Remove removes the container, and networks that nobody here uses any more.
func (c *container) Remove() error {
	err := c.Controller.Remove()
	for _, at := range c.task.NetworksAttachments {
		if !at.Network.Spec.Ingress && !at.Network.Predefined() {
			c.l.n.Agent.RemoveManaged(at.Network.ID)
		}
	}
	return err
}

// Logs implements agent.Controller: a place in a network prints nothing.
func (*attacher) Logs(message.LogOptions) (agent.LogReader, error) { return nil, nil }
