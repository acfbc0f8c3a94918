package allocator

import (
	"fmt"
	"reflect"
	"slices"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/state"
)

// ingress is the network that published ports are reached by, "" if there is none.
func ingress(tx *state.Tx) string {
	for _, n := range state.All[*object.Network](tx) {
		if n.Spec.Ingress && n.IPAMOptions != nil {
			return n.ID
		}
	}
	return ""
}

// usesIngress reports whether a service has ports that every node answers for.
func usesIngress(s *object.Service) bool {
	e := s.Spec.EndpointSpec
	return e != nil && e.Mode != object.ModeDNSRR && slices.ContainsFunc(e.Ports, func(p object.Port) bool { return p.PublishMode != object.PublishHost })
}

// targets are the networks of a service's tasks, the ingress network first.
func targets(tx *state.Tx, s *object.Service) (ids []object.NetworkTarget) {
	if usesIngress(s) {
		ids = append(ids, object.NetworkTarget{Target: ingress(tx)})
	}
	all := s.Spec.TaskTemplate.Networks
	if len(all) == 0 {
		all = s.Spec.Networks
	}
	return append(ids, all...)
}

// services gives services their ports and virtual addresses.
func (a *Allocator) services(tx *state.Tx) {
	for _, s := range state.All[*object.Service](tx) {
		out := object.Clone(s)
		err := a.endpoint(tx, out)
		if err != nil {
			a.complain("service "+s.ID, "Failed allocation for service "+s.ID, err)
		}
		out.Pending = err != nil
		if !reflect.DeepEqual(out.Endpoint, s.Endpoint) || out.Pending != s.Pending {
			tx.Update(out)
		}
	}
}

func (a *Allocator) endpoint(tx *state.Tx, s *object.Service) error {
	e := &s.Endpoint
	want := object.EndpointSpec{Mode: object.ModeVIP}
	if s.Spec.EndpointSpec != nil {
		want = *s.Spec.EndpointSpec
		if want.Mode == "" {
			want.Mode = object.ModeVIP
		}
	}
	if err := a.ports(tx, s, want.Ports); err != nil {
		return err
	}
	e.Spec = want
	var vips []object.VirtualIP
	if want.Mode == object.ModeVIP {
		for _, t := range targets(tx, s) {
			if n := a.nets[t.Target]; n == nil {
				if o, ok := state.Get[*object.Network](tx, t.Target); ok && o.NodeLocal() {
					continue
				}
				return fmt.Errorf("network %s not allocated", t.Target)
			}
			i := slices.IndexFunc(e.VirtualIPs, func(v object.VirtualIP) bool { return v.NetworkID == t.Target })
			if i >= 0 {
				vips = append(vips, e.VirtualIPs[i])
				continue
			}
			at, err := a.address(t.Target, "")
			if err != nil {
				return fmt.Errorf("%w while allocating VIP", err)
			}
			vips = append(vips, object.VirtualIP{NetworkID: t.Target, Addr: at})
		}
	}
	e.VirtualIPs = vips
	return nil
}

// ports gives a service the ports that it publishes, those too that nobody chose.
func (a *Allocator) ports(tx *state.Tx, s *object.Service, want []object.Port) error {
	taken := map[string]bool{}
	for _, x := range state.All[*object.Service](tx) {
		if x.ID == s.ID {
			continue
		}
		for _, p := range x.Endpoint.Ports {
			if p.PublishMode != object.PublishHost {
				taken[portKey(p.Protocol, p.PublishedPort)] = true
			}
		}
	}
	var out []object.Port
	for i, p := range want {
		if p.PublishMode == object.PublishHost {
			out = append(out, p)
			continue
		}
		if p.PublishedPort == 0 && i < len(s.Endpoint.Ports) && s.Endpoint.Ports[i].TargetPort == p.TargetPort {
			p.PublishedPort = s.Endpoint.Ports[i].PublishedPort
		}
		for n := uint32(firstPort); p.PublishedPort == 0; n++ {
			if n > lastPort {
				return fmt.Errorf("dynamic port space is exhausted")
			}
			if !taken[portKey(p.Protocol, n)] {
				p.PublishedPort = n
			}
		}
		if taken[portKey(p.Protocol, p.PublishedPort)] {
			return fmt.Errorf("port '%d' is already in use", p.PublishedPort)
		}
		taken[portKey(p.Protocol, p.PublishedPort)] = true
		out = append(out, p)
	}
	s.Endpoint.Ports = out
	return nil
}

func portKey(proto string, n uint32) string { return fmt.Sprintf("%s %d", proto, n) }

// tasks gives new tasks their addresses; then they wait for a node, or for their own.
func (a *Allocator) tasks(tx *state.Tx) {
	for _, t := range state.All[*object.Task](tx) {
		if t.Status.State != object.TaskNew || !t.DesiredState.Live() {
			continue
		}
		out := object.Clone(t)
		if err := a.attach(tx, out); err != nil {
			a.complain("task "+t.ID, "task allocation failure", err)
			a.survey(tx) // what was taken on the way is free again
			continue
		}
		out.Status = object.TaskStatus{State: object.TaskPending, Timestamp: a.Wall().UTC(), Message: "pending task scheduling"}
		tx.Update(out)
	}
}

func (a *Allocator) attach(tx *state.Tx, t *object.Task) error {
	var ids []object.NetworkTarget
	if s, ok := state.Get[*object.Service](tx, t.ServiceID); ok {
		if s.Pending {
			return fmt.Errorf("service %s to which task %s belongs has pending allocations", s.ID, t.ID)
		}
		ids = targets(tx, s)
		end := s.Endpoint
		t.Service.Endpoint = &end
	} else {
		ids = t.Spec.Networks
	}
	t.NetworksAttachments = nil
	for _, target := range ids {
		o, ok := state.Get[*object.Network](tx, target.Target)
		if !ok {
			return fmt.Errorf("network %s not found", target.Target)
		}
		at := object.NetworkAttachment{Network: *o, Aliases: target.Aliases, DriverOpts: target.DriverOpts}
		if !o.NodeLocal() {
			want := ""
			if x := t.Spec.NetworkAttachmentSpec; x != nil && len(x.Addresses) > 0 {
				want = x.Addresses[0]
			}
			if a.nets[o.ID] == nil {
				return fmt.Errorf("network %s attached to task %s not allocated yet", o.ID, t.ID)
			}
			s, err := a.address(o.ID, want)
			if err != nil {
				return fmt.Errorf("failed to allocate network IP for task %s network %s: %w", t.ID, o.ID, err)
			}
			at.Addresses = []string{s}
		}
		t.NetworksAttachments = append(t.NetworksAttachments, at)
	}
	return nil
}

// nodes gives every node an address of its own in the networks that it needs: the
// ingress network, and those that its tasks are in.
func (a *Allocator) nodes(tx *state.Tx) {
	needs := map[string]map[string]bool{}
	need := func(node, id string) {
		if needs[node] == nil {
			needs[node] = map[string]bool{}
		}
		needs[node][id] = true
	}
	for _, t := range state.All[*object.Task](tx) {
		if t.NodeID == "" || t.Status.State.Ended() || t.Status.State == object.TaskNew {
			continue
		}
		for _, at := range t.NetworksAttachments {
			if !at.Network.NodeLocal() {
				need(t.NodeID, at.Network.ID)
			}
		}
	}
	in := ingress(tx)
	for _, n := range state.All[*object.Node](tx) {
		if in != "" {
			need(n.ID, in)
		}
		out := object.Clone(n)
		out.Attachments = nil
		have := map[string]bool{}
		for _, at := range n.Attachments {
			if needs[n.ID][at.Network.ID] && a.nets[at.Network.ID] != nil {
				have[at.Network.ID] = true
				out.Attachments = append(out.Attachments, at)
			}
		}
		for _, o := range state.All[*object.Network](tx) { // in the order of the networks
			if needs[n.ID][o.ID] && !have[o.ID] {
				if s, err := a.address(o.ID, ""); err == nil {
					out.Attachments = append(out.Attachments, object.NetworkAttachment{Network: *o, Addresses: []string{s}})
				}
			}
		}
		if len(out.Attachments) != len(n.Attachments) || !sameNetworks(out.Attachments, n.Attachments) {
			tx.Update(out)
		}
	}
}

func sameNetworks(a, b []object.NetworkAttachment) bool {
	return slices.EqualFunc(a, b, func(x, y object.NetworkAttachment) bool { return x.Network.ID == y.Network.ID })
}
