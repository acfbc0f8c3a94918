package engine

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/object"
)

func (s *Server) swarmRoutes() {
	s.handle("GET /swarm", swarmInspect)
	s.handle("POST /swarm/init", swarmInit)
	s.handle("POST /swarm/join", swarmJoin)
	s.handle("POST /swarm/leave", swarmLeave)
	s.handle("POST /swarm/update", swarmUpdate)
	s.handle("GET /swarm/unlockkey", swarmUnlockKey)
	s.handle("POST /swarm/unlock", swarmUnlock)
	s.handle("GET /nodes", nodeList)
	s.handle("GET /nodes/{id}", nodeInspect)
	s.handle("POST /nodes/{id}/update", nodeUpdate)
	s.handle("DELETE /nodes/{id}", nodeRemove)
}

// ask asks the managers for all objects of a kind.
func ask[T any](c *call, method string) (out []T, err error) {
	err = c.daemon.Swarm.Ask(method, nil, &out)
	return out, err
}

// one finds an object by its identifier, its name, or the beginning of its identifier.
func one[T object.Object](c *call, method, noun, ref string) (found T, err error) {
	all, err := ask[T](c, method)
	if err != nil {
		return found, err
	}
	return pick(all, noun, ref)
}

func pick[T object.Object](all []T, noun, ref string) (found T, err error) {
	var named, begun []T
	for _, o := range all {
		_, id := o.Key()
		switch {
		case id == ref:
			return o, nil
		case o.Title() == ref && ref != "":
			named = append(named, o)
		case strings.HasPrefix(id, ref) && ref != "":
			begun = append(begun, o)
		}
	}
	for _, some := range [][]T{named, begun} {
		switch len(some) {
		case 0:
		case 1:
			return some[0], nil
		default:
			return found, &modes.Error{Kind: modes.ErrInvalid, Msg: noun + " " + ref + " is ambiguous (" + strconv.Itoa(len(some)) + " matches found)"}
		}
	}
	return found, &modes.Error{Kind: modes.ErrNotFound, Msg: noun + " " + ref + " not found"}
}

// versionOf is the version that a change was made from.
func versionOf(c *call) (uint64, error) {
	text := c.q.Get("version")
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, invalid("invalid swarm object version '%s': strconv.ParseUint: parsing %q: invalid syntax", text, text)
	}
	return v, nil
}

// swarmPart is what `docker info` says of the swarm, in the API's own type.
func swarmPart(c *call, out any) error {
	i := c.daemon.Swarm.Info()
	if i.Cluster != nil {
		showPools(c, i.Cluster)
	}
	return json.Unmarshal(encode(i), out)
}

// showPools shows the pool that a swarm has when nobody has chosen one, if the release does.
func showPools(c *call, of *object.Cluster) {
	if len(of.DefaultAddrPool) == 0 && c.daemon.Profile().SwarmPools {
		of.DefaultAddrPool = []string{"10.0.0.0/8"}
	}
}

func swarmInspect(c *call) error {
	var out object.Cluster
	if err := c.daemon.Swarm.Ask(control.GetCluster, nil, &out); err != nil {
		return err
	}
	showPools(c, &out)
	return c.json(http.StatusOK, out.Public())
}

func swarmInit(c *call) error {
	var r modes.InitSwarm
	if err := c.decode(&r); err != nil {
		return err
	}
	id, err := c.daemon.Swarm.Init(r)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, id)
}

func swarmJoin(c *call) error {
	var r modes.JoinSwarm
	if err := c.decode(&r); err != nil {
		return err
	}
	if err := c.daemon.Swarm.Join(r); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func swarmLeave(c *call) error {
	if err := c.daemon.Swarm.Leave(boolean(c.q, "force")); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func swarmUpdate(c *call) error {
	r := control.ClusterUpdate{}
	if err := c.decode(&r.Spec); err != nil {
		return err
	}
	var err error
	if r.Version, err = versionOf(c); err != nil {
		return err
	}
	r.Worker, r.Manager, r.UnlockKey = boolean(c.q, "rotateWorkerToken"), boolean(c.q, "rotateManagerToken"), boolean(c.q, "rotateManagerUnlockKey")
	if err := c.daemon.Swarm.Ask(control.UpdateCluster, r, nil); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func swarmUnlockKey(c *call) error {
	key, err := c.daemon.Swarm.UnlockKey()
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, struct{ UnlockKey string }{key})
}

func swarmUnlock(c *call) error {
	var r struct{ UnlockKey string }
	if err := c.decode(&r); err != nil {
		return err
	}
	if err := c.daemon.Swarm.Unlock(r.UnlockKey); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func nodeList(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	if err := f.Validate("name", "id", "label", "node.label", "role", "membership"); err != nil {
		return err
	}
	roles, err := words(f, "role", "worker", "manager")
	if err != nil {
		return err
	}
	memberships, err := words(f, "membership", "accepted", "pending")
	if err != nil {
		return err
	}
	all, err := ask[*object.Node](c, control.ListNodes)
	if err != nil {
		return err
	}
	out := []*object.Node{}
	for _, n := range all {
		labelled := hasLabels(f["label"], n.Description.Engine.Labels) && hasLabels(f["node.label"], n.Spec.Labels)
		if passes(f, n) && labelled && among(roles, n.Spec.Role) && among(memberships, "accepted") { // who has joined is accepted
			out = append(out, n.Public())
		}
	}
	return c.json(http.StatusOK, out)
}

// words are the values of a filter that knows only these, in small letters; other values
// are refused.
func words(f modes.Filters, key string, known ...string) (out []string, err error) {
	for _, v := range f[key] {
		w := strings.ToLower(v)
		if v != "" && !slices.Contains(known, w) {
			return nil, &modes.Error{Kind: modes.ErrSystem, Msg: "Invalid " + key + " filter: '" + v + "'"}
		}
		out = append(out, w)
	}
	return out, nil
}

// among reports whether a filter of exact values lets one pass.
func among(want []string, have string) bool {
	for _, w := range want {
		if w == have {
			return true
		}
	}
	return len(want) == 0
}

// begins reports whether a filter of beginnings lets one of several values pass.
func begins(want []string, have ...string) bool {
	for _, w := range want {
		for _, h := range have {
			if strings.HasPrefix(h, w) {
				return true
			}
		}
	}
	return len(want) == 0
}

// passes is the filters that all objects have alike: id and name.
func passes(f modes.Filters, o object.Object) bool {
	_, id := o.Key()
	return begins(f["id"], id) && begins(f["name"], o.Title())
}

func nodeInspect(c *call) error {
	n, err := one[*object.Node](c, control.ListNodes, "node", c.job.Ref)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, n.Public())
}

func nodeUpdate(c *call) error {
	var spec object.NodeSpec
	if err := c.decode(&spec); err != nil {
		return err
	}
	v, err := versionOf(c)
	if err != nil {
		return err
	}
	n, err := one[*object.Node](c, control.ListNodes, "node", c.job.Ref)
	if err != nil {
		return err
	}
	if spec.Labels == nil {
		spec.Labels = map[string]string{}
	}
	if err := checkNode(&spec); err != nil {
		return err
	}
	if err := c.daemon.Swarm.Ask(control.UpdateNode, control.NodeUpdate{ID: n.ID, Version: v, Spec: spec}, nil); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func checkNode(s *object.NodeSpec) error {
	switch s.Role {
	case object.RoleWorker, object.RoleManager:
	default:
		return invalid("invalid Role: %q", s.Role)
	}
	switch s.Availability {
	case object.Active, object.Pause, object.Drain:
		return nil
	}
	return invalid("invalid Availability: %q", s.Availability)
}

func nodeRemove(c *call) error {
	n, err := one[*object.Node](c, control.ListNodes, "node", c.job.Ref)
	if err != nil {
		return err
	}
	if err := c.daemon.Swarm.Ask(control.RemoveNode, control.Ref{ID: n.ID, Force: boolean(c.q, "force")}, nil); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}
