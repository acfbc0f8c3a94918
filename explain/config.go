package explain

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// How long a cure waits: for a store that was started to have a leader and the
// engines to have written their addresses, and for the gossip to have met and
// told of every container.
const (
	storeUp     = 30 * time.Second
	gossipMeets = 45 * time.Second
)

// daemonJSON is what a host's daemon.json says, empty if there is none.
func daemonJSON(host *Node) map[string]any {
	m := map[string]any{}
	if b, err := host.Machine.FS().ReadFile("/etc/docker/daemon.json"); err == nil {
		json.Unmarshal(b, &m) //nolint:errcheck // what cannot be read says nothing
	}
	return m
}

// changed is a host's daemon.json with keys changed; a nil value takes a key out.
func changed(host *Node, changes map[string]any) (string, error) {
	m := daemonJSON(host)
	for k, v := range changes {
		if v == nil {
			delete(m, k)
		} else {
			m[k] = v
		}
	}
	b, err := json.MarshalIndent(m, "", "  ")
	return string(b), err
}

// stringKey is a key of a host's daemon.json.
func stringKey(host *Node, key string) string {
	s, _ := daemonJSON(host)[key].(string)
	return s
}

// storeAddress is the address of a host's cluster store, from what its engine
// was started with or, if it does not run, its file.
func storeAddress(host *Node) (netip.AddrPort, bool) {
	text := host.Host.Cluster().Store
	if text == "" {
		text = stringKey(host, "cluster-store")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return netip.AddrPort{}, false
	}
	first, _, _ := strings.Cut(u.Host, ",")
	ap, err := netip.ParseAddrPort(first)
	return ap, err == nil
}

// startUp is how long a service may take to open its port.
const startUp = 60 * time.Second
