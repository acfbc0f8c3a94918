package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// apiVersion is the API of a 20.10, whose document the answers are held against.
const apiVersion = "1.41"

// probe is one request: the path as the document writes it, what stands for {id} and
// {name}, the query, the body, and the status that is expected.
type probe struct {
	method, path, ref, query, body string
	status                         int
}

// probes are in order: later ones use what earlier ones made.
var probes = []probe{
	{"GET", "/_ping", "", "", "", 200}, {"GET", "/version", "", "", "", 200}, {"GET", "/info", "", "", "", 200},
	{"POST", "/networks/create", "", "", `{"Name":"front","IPAM":{"Config":[{"Subnet":"172.31.5.0/24"}]},"Labels":{"a":"b"}}`, 201},
	{"POST", "/networks/create", "", "", `{"Name":"host"}`, 403},
	{"POST", "/volumes/create", "", "", `{"Name":"data","Labels":{"a":"b"}}`, 201},
	{"POST", "/containers/create", "", "name=web", `{"Image":"nginx","HostConfig":{"NetworkMode":"front","Binds":["data:/data"],"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}},"Healthcheck":{"Test":["CMD","true"],"Interval":1000000000}}`, 201},
	{"POST", "/containers/create", "", "name=web", `{"Image":"nginx"}`, 409},
	{"POST", "/containers/create", "", "", `{"Image":"nosuch"}`, 404},
	{"POST", "/containers/create", "", "", `{"Image":"nginx","HostConfig":{"NetworkMode":"container:"}}`, 400},
	{"GET", "/containers/{id}/json", "web", "", "", 200},
	{"POST", "/containers/{id}/start", "web", "", "", 204}, {"POST", "/containers/{id}/start", "web", "", "", 304},
	{"POST", "/containers/{id}/start", "none", "", "", 404},
	{"GET", "/containers/{id}/json", "web", "size=1", "", 200}, {"GET", "/containers/{id}/json", "none", "", "", 404},
	{"GET", "/containers/json", "", "all=1&size=1", "", 200}, {"GET", "/containers/json", "", "filters=%7B%22nosuch%22:%7B%22a%22:true%7D%7D", "", 400},
	{"GET", "/containers/{id}/top", "web", "", "", 200}, {"GET", "/containers/{id}/changes", "web", "", "", 200},
	{"GET", "/containers/{id}/stats", "web", "stream=0", "", 200}, {"GET", "/containers/{id}/logs", "web", "stdout=1", "", 200},
	{"GET", "/containers/{id}/logs", "none", "stdout=1", "", 404},
	{"POST", "/containers/{id}/exec", "web", "", `{"Cmd":["true"]}`, 201}, {"POST", "/containers/{id}/exec", "none", "", `{"Cmd":["true"]}`, 404},
	{"GET", "/exec/{id}/json", "LAST", "", "", 200}, {"GET", "/exec/{id}/json", "none", "", "", 404},
	{"POST", "/containers/{id}/update", "web", "", `{"RestartPolicy":{"Name":"always"}}`, 200},
	{"POST", "/containers/{id}/rename", "web", "name=srv", "", 204}, {"POST", "/containers/{id}/pause", "srv", "", "", 204},
	{"POST", "/containers/{id}/unpause", "srv", "", "", 204}, {"POST", "/containers/{id}/kill", "none", "", "", 404},
	{"POST", "/containers/{id}/restart", "srv", "", "", 204},
	{"GET", "/networks", "", "", "", 200}, {"GET", "/networks/{id}", "front", "", "", 200}, {"GET", "/networks/{id}", "none0", "", "", 404},
	{"POST", "/networks/{id}/connect", "bridge", "", `{"Container":"srv"}`, 200}, {"POST", "/networks/{id}/connect", "none0", "", `{"Container":"srv"}`, 404},
	{"POST", "/networks/{id}/disconnect", "bridge", "", `{"Container":"srv"}`, 200},
	{"DELETE", "/networks/{id}", "host", "", "", 403},
	{"GET", "/images/json", "", "", "", 200}, {"GET", "/images/{name}/json", "nginx", "", "", 200}, {"GET", "/images/{name}/json", "nosuch", "", "", 404},
	{"GET", "/images/{name}/history", "nginx", "", "", 200}, {"POST", "/images/{name}/tag", "nginx", "repo=mine&tag=1", "", 201},
	{"DELETE", "/images/{name}", "mine:1", "", "", 200}, {"DELETE", "/images/{name}", "nosuch", "", "", 404},
	{"GET", "/images/search", "", "term=nginx", "", 200}, {"POST", "/images/prune", "", "", "", 200},
	{"GET", "/volumes", "", "", "", 200}, {"GET", "/volumes/{name}", "data", "", "", 200}, {"GET", "/volumes/{name}", "nosuch", "", "", 404},
	{"DELETE", "/volumes/{name}", "data", "", "", 409},
	{"GET", "/system/df", "", "", "", 200}, {"GET", "/plugins", "", "", "", 200}, {"GET", "/events", "", "since=1&until=2", "", 200},
	{"GET", "/swarm", "", "", "", 503}, {"GET", "/nodes", "", "", "", 503}, {"GET", "/services", "", "", "", 503}, {"GET", "/tasks", "", "", "", 503},
	{"POST", "/build/prune", "", "", "", 200},
	{"DELETE", "/containers/{id}", "srv", "", "", 409}, {"POST", "/containers/{id}/stop", "srv", "t=1", "", 204},
	{"POST", "/containers/{id}/wait", "srv", "", "", 200}, {"DELETE", "/containers/{id}", "srv", "", "", 204},
	{"POST", "/containers/prune", "", "", "", 200}, {"DELETE", "/networks/{id}", "front", "", "", 204},
	{"POST", "/networks/prune", "", "", "", 200}, {"DELETE", "/volumes/{name}", "data", "", "", 204}, {"POST", "/volumes/prune", "", "", "", 200},
}

// openAPI holds the answers of handlers against the document of the API's version: the
// status, required fields and types.
func openAPI(o options) (all []result, err error) {
	doc, err := readDocument()
	if err != nil {
		return nil, err
	}
	l, err := startLab(o)
	if err != nil {
		return nil, err
	}
	defer l.stop()
	c := &checker{doc: doc, last: "none", http: &http.Client{Timeout: testLimit, Transport: &http.Transport{
		Dial: func(string, string) (net.Conn, error) { return net.Dial("unix", l.socket()) },
	}}}
	c.schemas = jsonschema.NewCompiler()
	c.schemas.DefaultDraft(jsonschema.Draft4)
	if err := c.schemas.AddResource("api.json", doc); err != nil {
		return nil, err
	}
	for _, p := range probes {
		r := result{group: "openapi", name: p.method + strings.TrimSuffix("_"+p.path+"?"+p.query, "?") + fmt.Sprintf("_%d", p.status), outcome: passed}
		if err := c.check(p); err != nil {
			r.outcome, r.said = failed, strings.Join(strings.Fields(err.Error()), " ")
		}
		all = append(all, r)
		time.Sleep(10 * time.Millisecond)
	}
	return all, nil
}

// readDocument reads the API's description as a document of JSON Schemas.
func readDocument() (map[string]any, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/moby/moby/api").Output()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "docs", "v"+apiVersion+".yaml"))
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	// Through JSON, so that numbers are what the validator expects.
	text, err = json.Marshal(nullable(doc))
	if err != nil {
		return nil, err
	}
	clean, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	return clean.(map[string]any), err
}

// pointers are numbers that a 20.10.24 writes null for, though its document does not say so:
// swappiness that nobody asked for, and the exit code of what did not end.
var pointers = map[string]bool{"MemorySwappiness": true, "ExitCode": true}

// nullable makes a JSON Schema of what Swagger 2.0 writes otherwise: x-nullable. Lists and
// maps may be null too, which is how Go writes a nil one, and how an engine does. Examples
// and formats are no part of what is checked.
func nullable(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = nullable(v[i])
		}
	case map[any]any: // some keys are numbers: status codes
		m := map[string]any{}
		for k, x := range v {
			m[fmt.Sprint(k)] = x
		}
		return nullable(m)
	case map[string]any:
		delete(v, "example")
		delete(v, "examples")
		if _, ok := v["format"].(string); ok {
			delete(v, "format")
		}
		for k := range v {
			v[k] = nullable(v[k])
			if p, ok := v[k].(map[string]any); ok && pointers[k] && p["type"] == "integer" {
				p["type"] = []any{"integer", "null"}
			}
		}
		t, ok := v["type"].(string)
		if null, _ := v["x-nullable"].(bool); ok && (null || t == "array" || t == "object") {
			v["type"] = []any{t, "null"}
			if e, ok := v["enum"].([]any); ok {
				v["enum"] = append(e, nil)
			}
		}
	}
	return v
}

// checker sends probes to one engine.
type checker struct {
	doc     map[string]any
	schemas *jsonschema.Compiler
	http    *http.Client
	last    string // the Id that the last answer gave
}

func (c *checker) check(p probe) error {
	responses := at(c.doc, "paths", p.path, strings.ToLower(p.method), "responses")
	answer := at(responses, fmt.Sprint(p.status))
	if answer == nil && p.status != 409 {
		return fmt.Errorf("the document has no answer %d", p.status)
	}
	ref := p.ref
	if ref == "LAST" {
		ref = c.last
	}
	url := "http://docker/v" + apiVersion + strings.NewReplacer("{id}", ref, "{name}", ref).Replace(p.path) + "?" + p.query
	req, err := http.NewRequest(p.method, url, strings.NewReader(p.body))
	if err != nil {
		return err
	}
	if p.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != p.status {
		return fmt.Errorf("status %d, want %d: %.300s", resp.StatusCode, p.status, body)
	}
	schema := at(answer, "schema")
	t := at(schema, "type")
	if schema == nil || t == "string" || len(body) == 0 || resp.Header.Get("Content-Type") != "application/json" {
		return nil
	}
	return c.valid(fmt.Sprintf("api.json#/paths/%s/%s/responses/%d/schema", strings.ReplaceAll(p.path, "/", "~1"), strings.ToLower(p.method), p.status), body)
}

// valid holds a body against the schema at a place of the document.
func (c *checker) valid(place string, body []byte) error {
	schema, err := c.schemas.Compile(strings.NewReplacer("{", "%7B", "}", "%7D").Replace(place))
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("no JSON: %w: %.300s", err, body)
	}
	if id, ok := at(v, "Id").(string); ok {
		c.last = id
	}
	return schema.Validate(v)
}

// at is what is below v at a path of keys, or nil.
func at(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}
