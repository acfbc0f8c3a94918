package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// statusOfRPC is the answer to what a swarm's managers have refused, 0 for other errors: the
// classes of gRPC as HTTP's.
func statusOfRPC(err error) int {
	s, ok := err.(*rpc.Status)
	if !ok {
		return 0
	}
	switch s.Code {
	case rpc.InvalidArgument, rpc.FailedPrecondition:
		return http.StatusBadRequest
	case rpc.NotFound:
		return http.StatusNotFound
	case rpc.AlreadyExists:
		return http.StatusConflict
	case rpc.PermissionDenied:
		return http.StatusForbidden
	case rpc.Unimplemented:
		return http.StatusNotImplemented
	case rpc.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// logFailure writes into dockerd's log what it could not do; what a client did wrong is not
// written.
func logFailure(c *call, status int, err error) {
	if what := swarmRequest(c); what != "" && !c.daemon.Profile().APIFields && !errors.Is(err, sim.ErrInterrupted) {
		c.daemon.Journal.Error(fmt.Sprintf("Error %s: %s", what, c.daemon.Profile().Say(err.Error())))
	}
	if status < http.StatusInternalServerError || errors.Is(err, sim.ErrInterrupted) {
		return
	}
	text := c.daemon.Profile().Say(err.Error())
	if !c.daemon.Profile().APIFields {
		path, _, _ := strings.Cut(c.r.RequestURI, "?")
		c.daemon.Journal.Error(fmt.Sprintf("Handler for %s %s returned error: %s", c.r.Method, path, text))
		return
	}
	route, vars := routeOf(c.r)
	c.daemon.Journal.Write("error", fmt.Sprintf("Handler for %s %s returned error", c.r.Method, route),
		"error-response", text, "method", c.r.Method, "module", "api", "request-url", c.r.RequestURI, "status", fmt.Sprint(status), "vars", fmt.Sprint(vars))
}

// routeOf is the pattern of the request's path as dockerd's router has it, and what it makes of
// the parts that may be anything.
func routeOf(r *http.Request) (string, map[string]string) {
	vars := map[string]string{}
	if v, _, ok := strings.Cut(strings.TrimPrefix(r.RequestURI, "/v"), "/"); ok && strings.HasPrefix(r.RequestURI, "/v") {
		vars["version"] = v
	}
	_, pattern, _ := strings.Cut(r.Pattern, " ")
	before, after, ok := strings.Cut(pattern, "{id")
	if !ok {
		return pattern, vars
	}
	rest := r.PathValue("id")
	_, after, _ = strings.Cut(after, "}")
	if i := strings.LastIndexByte(rest, '/'); after == "" && i > 0 && r.Method != http.MethodDelete { // of a reference and what is asked of it
		rest, after = rest[:i], rest[i:]
	}
	name, which := "name", ":.*"
	switch kind := strings.Trim(before, "/"); {
	case kind == "networks" && r.Method == http.MethodGet:
		name, which = "id", ":.+"
	case kind == "networks", kind == "exec" && r.Method == http.MethodGet:
		name = "id"
	case kind == "nodes", kind == "services", kind == "tasks", kind == "secrets", kind == "configs":
		name, which = "id", ""
	}
	vars[name] = rest
	return before + "{" + name + which + "}" + after, vars
}

// swarmRequests are what 20.10's router of a swarm's requests calls them in the log, whatever
// their status is (moby api/server/router/swarm); %s is whom the path names.
var swarmRequests = map[string]string{
	"POST /swarm/init": "initializing swarm", "GET /swarm": "getting swarm", "POST /swarm/update": "configuring swarm",
	"POST /swarm/unlock": "unlocking swarm", "GET /swarm/unlockkey": "retrieving swarm unlock key",
	"GET /services": "getting services", "GET /services/{id}": "getting service %s", "POST /services/{id}/update": "updating service %s",
	"DELETE /services/{id}": "removing service %s", "POST /services/create": "creating service %s",
	"GET /nodes": "getting nodes", "GET /nodes/{id}": "getting node %s", "POST /nodes/{id}/update": "updating node %s", "DELETE /nodes/{id}": "removing node %s",
	"GET /tasks": "getting tasks", "GET /tasks/{id}": "getting task %s",
}

func swarmRequest(c *call) string {
	what := swarmRequests[strings.TrimSuffix(c.r.Pattern, "/{$}")]
	if !strings.Contains(what, "%s") {
		return what
	}
	name := c.r.PathValue("id")
	if name == "" { // a new one's is in what it is to be
		var spec struct{ Name string }
		json.Unmarshal(c.body, &spec)
		name = spec.Name
	}
	return fmt.Sprintf(what, name)
}
