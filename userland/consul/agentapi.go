package consul

import (
	"strings"

	"dnetsim/userland"
)

// member is a member of the gossip pool; the agent knows only itself.
type member struct {
	Name        string
	Addr        string
	Port        int
	Tags        map[string]string
	Status      int
	ProtocolMin int
	ProtocolMax int
	ProtocolCur int
	DelegateMin int
	DelegateMax int
	DelegateCur int
}

func (a *agent) member() member {
	role := map[bool]string{true: "consul", false: "node"}[a.cfg.server]
	tags := map[string]string{
		"build": version + ":a42ded47", "dc": a.cfg.dc, "id": a.nodeID, "role": role, "segment": "",
		"vsn": "2", "vsn_max": "3", "vsn_min": "2",
	}
	if a.cfg.server {
		tags["port"], tags["raft_vsn"], tags["wan_join_port"] = "8300", "3", "8302"
		if a.cfg.bootstrap {
			tags["bootstrap"] = "1"
		}
	}
	return member{
		Name: a.cfg.node, Addr: a.cfg.advertise, Port: 8301, Tags: tags, Status: 1,
		ProtocolMin: 1, ProtocolMax: 5, ProtocolCur: 2, DelegateMin: 2, DelegateMax: 5, DelegateCur: 4,
	}
}

// agentPath is /v1/agent/…, which needs no leader.
func (q *request) agentPath(rest string) []byte {
	a := q.a
	if rest == "leave" || rest == "force-leave" {
		if bad := q.allow("PUT"); bad != nil {
			return bad
		}
		a.p.Signal(userland.SIGTERM)
		return nil
	}
	if bad := q.allow("GET"); bad != nil {
		return bad
	}
	switch strings.TrimSuffix(rest, "/") {
	case "self":
		return q.json(struct {
			Config map[string]any
			Member member
			Meta   map[string]string
		}{map[string]any{
			"Datacenter": a.cfg.dc, "NodeID": a.nodeID, "NodeName": a.cfg.node, "Revision": "a42ded47",
			"Server": a.cfg.server, "Version": version,
		}, a.member(), map[string]string{"consul-network-segment": ""}})
	case "members":
		return q.json([]member{a.member()})
	case "checks", "services":
		return q.json(map[string]any{})
	}
	return q.fail(404, "")
}

// statusLeader is the leader's address, empty while there is none.
func (q *request) statusLeader() []byte {
	if bad := q.allow("GET"); bad != nil {
		return bad
	}
	if !q.a.leader {
		return q.json("")
	}
	return q.json(q.a.rpc())
}

func (q *request) statusPeers() []byte {
	if bad := q.allow("GET"); bad != nil {
		return bad
	}
	if !q.a.cfg.bootstrap && !q.a.cfg.dev {
		return q.json([]string{})
	}
	return q.json([]string{q.a.rpc()})
}

// root sends browsers to the user interface.
func (q *request) root() []byte {
	if !q.a.cfg.ui {
		return []byte("Consul Agent")
	}
	q.header.Set("Location", "/ui/")
	q.header.Set("Content-Type", "text/html; charset=utf-8")
	return q.fail(301, "<a href=\"/ui/\">Moved Permanently</a>.\n\n")
}

// ui is the start page; the rest of the user interface is not simulated.
func (q *request) ui() []byte {
	if !q.a.cfg.ui {
		return q.fail(404, "")
	}
	q.header.Set("Content-Type", "text/html; charset=utf-8")
	if page, err := q.a.p.ReadFile("/ui/index.html"); err == nil {
		return page
	}
	return []byte("<!DOCTYPE html>\n<title>Consul by HashiCorp</title>\n")
}
