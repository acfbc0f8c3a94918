package store

import (
	"errors"
	"fmt"
	"strings"
)

// Endpoint is where a store is, as its URL says.
type Endpoint struct {
	// Backend is the URL's scheme; only "consul" is simulated.
	Backend string
	// Addr is "host:port" as written.
	Addr string
	// Prefix goes before every key, without slashes at its ends; "" is none.
	Prefix string
}

// errMultipleEndpoints is libkv's refusal of "consul://a:8500,b:8500".
var errMultipleEndpoints = errors.New("consul does not support multiple endpoints")

// Parse reads "consul://host:port[/prefix]". Its errors say what is wrong, and
// for etcd and ZooKeeper what is simulated instead.
func Parse(text string) (Endpoint, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "nodes", text
	}
	switch scheme {
	case "consul":
	case "etcd", "zk":
		return Endpoint{}, fmt.Errorf("cluster-store %q: dnetsim simulates Consul as the cluster store (consul://host:port), not %s",
			text, map[string]string{"etcd": "etcd", "zk": "ZooKeeper"}[scheme])
	default:
		return Endpoint{}, fmt.Errorf("unsupported discovery service: %q", scheme)
	}
	addr, prefix, _ := strings.Cut(rest, "/")
	if strings.Contains(addr, ",") {
		return Endpoint{}, errMultipleEndpoints
	}
	if addr == "" {
		return Endpoint{}, fmt.Errorf("cluster-store %q: no host", text)
	}
	return Endpoint{Backend: scheme, Addr: addr, Prefix: strings.Trim(prefix, "/")}, nil
}

// Join puts the prefix and the parts of a key together with slashes. A last
// part that is empty gives a key that ends in a slash.
func (e Endpoint) Join(parts ...string) string {
	key := strings.Join(parts, "/")
	if e.Prefix == "" {
		return key
	}
	return e.Prefix + "/" + key
}

// String is the URL.
func (e Endpoint) String() string {
	s := e.Backend + "://" + e.Addr
	if e.Prefix != "" {
		s += "/" + e.Prefix
	}
	return s
}
