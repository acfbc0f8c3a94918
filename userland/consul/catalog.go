package consul

import (
	"strings"
)

// node is the agent's only node as the catalog prints it.
type node struct {
	ID              string
	Node            string
	Address         string
	Datacenter      string
	TaggedAddresses map[string]string
	Meta            map[string]string
	CreateIndex     uint64
	ModifyIndex     uint64
}

// registered is the index at which the leader registers its own node.
const registered = 5

func (a *agent) self() node {
	return node{
		ID: a.nodeID, Node: a.cfg.node, Address: a.cfg.advertise, Datacenter: a.cfg.dc,
		TaggedAddresses: map[string]string{"lan": a.cfg.advertise, "wan": a.cfg.advertise},
		Meta:            map[string]string{"consul-network-segment": ""},
		CreateIndex:     registered, ModifyIndex: registered + 1,
	}
}

// serviceNode is a service with its node. The one service is consul itself.
type serviceNode struct {
	ID                       string
	Node                     string
	Address                  string
	Datacenter               string
	TaggedAddresses          map[string]string
	NodeMeta                 map[string]string
	ServiceKind              string
	ServiceID                string
	ServiceName              string
	ServiceTags              []string
	ServiceAddress           string
	ServiceWeights           map[string]int
	ServiceMeta              map[string]string
	ServicePort              int
	ServiceEnableTagOverride bool
	CreateIndex              uint64
	ModifyIndex              uint64
}

type check struct {
	Node        string
	CheckID     string
	Name        string
	Status      string
	Notes       string
	Output      string
	ServiceID   string
	ServiceName string
	ServiceTags []string
	Definition  struct{}
	CreateIndex uint64
	ModifyIndex uint64
}

func (a *agent) serfCheck() check {
	return check{
		Node: a.cfg.node, CheckID: "serfHealth", Name: "Serf Health Status", Status: "passing",
		Output: "Agent alive and reachable", ServiceTags: []string{}, CreateIndex: registered, ModifyIndex: registered,
	}
}

// catalog is /v1/catalog/….
func (q *request) catalog(rest string) []byte {
	a := q.a
	verb, name, _ := strings.Cut(rest, "/")
	if verb == "register" || verb == "deregister" {
		return q.fail(500, "dnetsim's consul does not simulate catalog registrations")
	}
	if bad := q.allow("GET"); bad != nil {
		return bad
	}
	if verb == "datacenters" {
		return q.json([]string{a.cfg.dc})
	}
	q.meta(registered + 1)
	switch verb {
	case "nodes":
		return q.json([]node{a.self()})
	case "services":
		return q.json(map[string][]string{"consul": {}})
	case "service":
		if name != "consul" {
			return q.json([]node{})
		}
		n := a.self()
		return q.json([]serviceNode{{
			ID: n.ID, Node: n.Node, Address: n.Address, Datacenter: n.Datacenter, TaggedAddresses: n.TaggedAddresses,
			NodeMeta: n.Meta, ServiceID: "consul", ServiceName: "consul", ServiceTags: []string{},
			ServiceWeights: map[string]int{"Passing": 1, "Warning": 1}, ServiceMeta: map[string]string{}, ServicePort: 8300,
			CreateIndex: registered, ModifyIndex: registered,
		}})
	case "node":
		if name != a.cfg.node {
			return q.json(nil)
		}
		return q.json(struct {
			Node     node
			Services map[string]any
		}{a.self(), map[string]any{"consul": map[string]any{
			"ID": "consul", "Service": "consul", "Tags": []string{}, "Address": "", "Port": 8300,
		}}})
	}
	return q.fail(404, "")
}

// health is /v1/health/….
func (q *request) health(rest string) []byte {
	if bad := q.allow("GET"); bad != nil {
		return bad
	}
	a := q.a
	verb, name, _ := strings.Cut(rest, "/")
	q.meta(registered + 1)
	switch verb {
	case "node":
		if name == a.cfg.node {
			return q.json([]check{a.serfCheck()})
		}
		return q.json([]check{})
	case "state":
		if name == "any" || name == "passing" {
			return q.json([]check{a.serfCheck()})
		}
		return q.json([]check{})
	case "checks":
		return q.json([]check{})
	case "service":
		if name != "consul" {
			return q.json([]check{})
		}
		return q.json([]any{map[string]any{
			"Node": a.self(), "Checks": []check{a.serfCheck()},
			"Service": map[string]any{"ID": "consul", "Service": "consul", "Tags": []string{}, "Address": "", "Port": 8300},
		}})
	}
	return q.fail(404, "")
}
