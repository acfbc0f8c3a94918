package control

import (
	"net/netip"
	"regexp"
	"slices"
	"sync"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
)

// nameForm is what services and networks may be called.
var nameForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_]*?[a-zA-Z0-9]+)?$`) })

const mostName = 63

func checkName(name string) error {
	switch {
	case name == "":
		return rpc.Errorf(rpc.InvalidArgument, "meta: name must be provided")
	case len(name) > mostName:
		return rpc.Errorf(rpc.InvalidArgument, "name must be %d characters or fewer", mostName)
	case !nameForm().MatchString(name):
		return rpc.Errorf(rpc.InvalidArgument, "name must be valid as a DNS name component")
	}
	return nil
}

func checkIPAM(all *object.IPAM) error {
	if all == nil {
		return nil
	}
	bad := func(format string, args ...any) error {
		return rpc.Errorf(rpc.InvalidArgument, "ipam configuration: "+format, args...)
	}
	for _, c := range all.Configs {
		p, err := netip.ParsePrefix(c.Subnet)
		if err != nil {
			return bad("invalid subnet %s", c.Subnet)
		}
		if c.Range != "" {
			r, err := netip.ParsePrefix(c.Range)
			if err != nil {
				return bad("invalid range %s", c.Range)
			}
			if !p.Contains(r.Addr()) {
				return bad("subnet %s does not contain range %s", c.Subnet, c.Range)
			}
		}
		if c.Gateway != "" {
			g, err := netip.ParseAddr(c.Gateway)
			if err != nil {
				return bad("invalid gateway %s", c.Gateway)
			}
			if !p.Contains(g) {
				return bad("subnet %s does not contain gateway %s", c.Subnet, c.Gateway)
			}
		}
	}
	return nil
}

// networks are the swarm's, and those that every node has.
func (s *Server) networks() []*object.Network {
	return append(state.All[*object.Network](s.State), missing(s.State)...)
}

// missing are the networks of every node that the log has not. It gets one when the first
// service uses it.
func missing(r state.Reader) (out []*object.Network) {
	c := state.Cluster(r)
	if c == nil {
		return nil
	}
	for _, n := range object.Predefined(c) {
		if _, ok := state.Get[*object.Network](r, n.ID); !ok {
			out = append(out, n)
		}
	}
	return out
}

func (s *Server) createNetwork(r *rpc.Request) (any, error) {
	var q object.NetworkSpec
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if err := checkName(q.Name); err != nil {
		return nil, err
	}
	if _, ok := q.Labels[object.PredefinedLabel]; ok {
		return nil, rpc.Errorf(rpc.PermissionDenied, "label %s is for internally created predefined networks and cannot be applied by users", object.PredefinedLabel)
	}
	if q.Ingress && q.Attachable {
		return nil, rpc.Errorf(rpc.InvalidArgument, "attachable ingress networks are not supported")
	}
	if err := checkIPAM(q.IPAMOptions); err != nil {
		return nil, err
	}
	n := &object.Network{ID: object.NewID(s.Rand), Spec: q}
	return Ref{ID: n.ID}, s.State.Update(func(tx *state.Tx) error {
		for _, x := range state.All[*object.Network](tx) {
			switch {
			case q.Ingress && x.Spec.Ingress:
				return rpc.Errorf(rpc.AlreadyExists, "ingress network (%s) is already present", x.ID)
			case x.Spec.Name == q.Name:
				return rpc.Errorf(rpc.AlreadyExists, "network %s already exists", q.Name)
			}
		}
		tx.Create(n)
		return nil
	})
}

func (s *Server) removeNetwork(r *rpc.Request) (any, error) {
	var q Ref
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	return nil, s.State.Update(func(tx *state.Tx) error {
		for _, n := range object.Predefined(state.Cluster(tx)) {
			if n.ID == q.ID {
				return rpc.Errorf(rpc.FailedPrecondition, "network %s (%s) is a swarm predefined network and cannot be removed", n.Spec.Name, n.ID)
			}
		}
		n, ok := state.Get[*object.Network](tx, q.ID)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "network %s not found", q.ID)
		}
		for _, x := range state.All[*object.Service](tx) {
			all := append(slices.Clone(x.Spec.TaskTemplate.Networks), x.Spec.Networks...)
			if slices.ContainsFunc(all, func(t object.NetworkTarget) bool { return t.Target == n.ID }) {
				return rpc.Errorf(rpc.FailedPrecondition, "network %s is in use by service %s", n.ID, x.ID)
			}
			if n.Spec.Ingress && slices.ContainsFunc(x.Endpoint.VirtualIPs, func(v object.VirtualIP) bool { return v.NetworkID == n.ID }) {
				return rpc.Errorf(rpc.FailedPrecondition, "ingress network cannot be removed because service %s depends on it", x.ID)
			}
		}
		for _, t := range state.All[*object.Task](tx) {
			if t.Status.State.Ended() || t.DesiredState.Rank() > object.TaskRunning.Rank() {
				continue
			}
			if slices.ContainsFunc(t.Spec.Networks, func(x object.NetworkTarget) bool { return x.Target == n.ID }) {
				return rpc.Errorf(rpc.FailedPrecondition, "network %s is in use by task %s", n.ID, t.ID)
			}
		}
		tx.Remove(object.KindNetwork, n.ID)
		return nil
	})
}
