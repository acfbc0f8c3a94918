// Package config is dockerd's configuration: daemon.json and the options of its command
// line, what they may say, and what dockerd shows of them. It changes nothing.
package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/ipam"
	"dnetsim/modes/profile"
	"dnetsim/userland"
)

// Config is what dockerd's options come to.
type Config struct {
	BIP          string             `json:"bip"`
	Bridge       string             `json:"bridge"`
	FixedCIDR    string             `json:"fixed-cidr"`
	FixedCIDRv6  string             `json:"fixed-cidr-v6"`
	Gateway      string             `json:"default-gateway"`
	Gateway6     string             `json:"default-gateway-v6"`
	MTU          int                `json:"mtu"`
	DNS          []string           `json:"dns"`
	DNSOptions   []string           `json:"dns-opts"`
	DNSSearch    []string           `json:"dns-search"`
	ICC          bool               `json:"icc"`
	IPMasq       bool               `json:"ip-masq"`
	IPTables     bool               `json:"iptables"`
	IP6Tables    bool               `json:"ip6tables"`
	IPForward    bool               `json:"ip-forward"`
	IP           string             `json:"ip"`
	IPv6         bool               `json:"ipv6"`
	Proxy        bool               `json:"userland-proxy"`
	LiveRestore  bool               `json:"live-restore"`
	Init         bool               `json:"init"`
	HostGateway  string             `json:"host-gateway-ip"`
	Experimental bool               `json:"experimental"`
	Pools        []ipam.AddressPool `json:"default-address-pools"`
	Hosts        []string           `json:"hosts"`
	TLS          *bool              `json:"tls"`
	TLSVerify    *bool              `json:"tlsverify"`
	// The cluster options are kept for the overlay driver.
	ClusterStore     string            `json:"cluster-store"`
	ClusterAdvertise string            `json:"cluster-advertise"`
	ClusterStoreOpts map[string]string `json:"cluster-store-opts"`
	// DefaultAdvertise is what a swarm's nodes are told when nobody says it.
	DefaultAdvertise string   `json:"swarm-default-advertise-addr"`
	Debug            bool     `json:"debug"`
	Labels           []string `json:"labels"`
	// Newer than 20.10.
	BIP6            string                       `json:"bip6"`
	DirectRouting   bool                         `json:"allow-direct-routing"`
	NoForwardDrop   bool                         `json:"ip-forward-no-drop"`
	NetworkOptions  map[string]map[string]string `json:"default-network-opts"` // by driver
	FirewallBackend string                       `json:"firewall-backend"`
	AcceptMark      string                       `json:"bridge-accept-fwmark"` // "mark" or "mark/mask", in Go's forms of numbers
	HostGateways    []string                     `json:"host-gateway-ips"`

	Deprecated []string                   `json:"-"`
	Given      map[string]json.RawMessage `json:"-"` // the file's keys
	asked      map[string]json.RawMessage // the file's and the command line's
	release    *profile.Profile           // nil: whatever any of them takes
}

// notSimulated are the keys that dockerd takes and dnetsim does nothing for, with
// the value that says what is the case anyway, "" if none does.
var notSimulated = map[string]string{
	"allow-nondistributable-artifacts": "", "api-cors-header": "", "authorization-plugins": "", "builder": "",
	"cgroup-parent": "", "containerd": "", "containerd-namespace": "", "containerd-plugins-namespace": "",
	"cpu-rt-period": `0`, "cpu-rt-runtime": `0`, "cri-containerd": `false`, "data-root": `"/var/lib/docker"`,
	"default-cgroupns-mode": `"host"`, "default-ipc-mode": `"private"`, "default-runtime": `"runc"`,
	"default-shm-size": `"64M"`, "default-ulimits": "", "deprecated-key-path": "", "exec-opts": "",
	"exec-root": `"/var/run/docker"`, "features": "", "graph": "", "group": "", "init-path": "",
	"insecure-registries": "", "log-driver": `"json-file"`, "log-level": `"info"`, "log-opts": "",
	"max-concurrent-downloads": `3`, "max-concurrent-uploads": `5`, "max-download-attempts": `5`, "metrics-addr": "",
	"network-control-plane-mtu": `1500`, "network-diagnostic-port": `0`, "no-new-privileges": `false`,
	"node-generic-resources": "", "oom-score-adjust": `0`, "pidfile": `"/var/run/docker.pid"`, "raw-logs": `false`,
	"registry": "", "registry-mirrors": "", "rootless": `false`, "runtimes": "", "seccomp-profile": "",
	"selinux-enabled": `false`, "shutdown-timeout": `15`, "storage-driver": `"overlay2"`, "storage-opts": "",
	"tlscacert": "", "tlscert": "", "tlskey": "", "userland-proxy-path": "",
	"userns-remap": "", "log-format": `"text"`, "nri-opts": "", "swarm-raft-election-tick": `0`, "swarm-raft-heartbeat-tick": `0`,
	"cdi-spec-dirs": "", "default-stop-timeout": `10`, "min-api-version": "", "proxies": "",
}

// Unheeded are the given keys that have no effect here.
func (c *Config) Unheeded() (keys []string) {
	for _, k := range slices.Sorted(maps.Keys(c.asked)) {
		if normal, listed := notSimulated[k]; listed && string(c.asked[k]) != normal {
			keys = append(keys, k)
		}
	}
	return keys
}

// AddressPool is an entry of default-address-pools.
type AddressPool = ipam.AddressPool

// Path is where the host has its daemon.json.
const Path = "/etc/docker/daemon.json"

// Read reads daemon.json and the command line's options. Its errors are
// dockerd's last words.
func Read(fs *userland.FS, flags string, release *profile.Profile) (Config, error) {
	cfg := Config{ICC: true, IPMasq: true, IPTables: true, IP6Tables: release.IP6Tables, IPForward: true, Proxy: true, MTU: 1500, release: release}
	if flags != "" {
		if err := cfg.Merge([]byte(flags)); err != nil {
			return cfg, err
		}
		cfg.Given = nil
	}
	if data, err := fs.ReadFile(Path); err == nil && len(bytes.TrimSpace(data)) > 0 {
		if err := cfg.Merge(data); err != nil {
			return cfg, errdefs.New(errdefs.KindSystem, "unable to configure the Docker daemon with file %s: %v", Path, err)
		}
	}
	cfg.IPMasq = cfg.IPMasq && cfg.IPTables // dockerd's verifyDaemonSettings
	return cfg, nil
}

// Check is why dockerd would not start with this daemon.json, or nil. Without a release
// only what none would start with counts.
func Check(text []byte, release *profile.Profile) error {
	c := Config{release: release}
	return c.Merge(text)
}

// Keys are the keys that daemon.json may have.
func Keys() []string {
	fields, _ := json.Marshal(Config{})
	var own map[string]json.RawMessage
	json.Unmarshal(fields, &own)
	keys := slices.Collect(maps.Keys(own))
	for k := range notSimulated {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Merge takes over what a daemon.json says; it refuses what dockerd refuses.
func (c *Config) Merge(data []byte) error {
	var keys map[string]json.RawMessage
	strict := c.release != nil && c.release.StrictSettings
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&keys); err != nil {
		if strict {
			if errors.Is(err, io.ErrUnexpectedEOF) { // of the whole text, not of a stream
				err = errors.New("unexpected end of JSON input")
			}
			return strictError(err)
		}
		return err
	}
	known := map[string]bool{}
	fields, _ := json.Marshal(Config{})
	var own map[string]json.RawMessage
	json.Unmarshal(fields, &own)
	for k := range own {
		known[k] = true
	}
	var unknown []string
	for k := range keys {
		_, listed := notSimulated[k]
		if !known[k] && !listed || c.release != nil && slices.Contains(c.release.NoKeys, k) {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) > 0 {
		sort.Strings(unknown)
		return errdefs.New(errdefs.KindSystem, "the following directives don't match any configuration option: %s", strings.Join(unknown, ", "))
	}
	if err := json.Unmarshal(data, c); err != nil {
		if strict {
			return strictError(err)
		}
		return err
	}
	if strict {
		if err := c.strictValues(); err != nil {
			return err
		}
	}
	c.Given = keys
	if c.asked == nil {
		c.asked = map[string]json.RawMessage{}
	}
	maps.Copy(c.asked, keys)
	for _, gw := range []string{c.Gateway, c.Gateway6, c.HostGateway} {
		if _, err := netip.ParseAddr(gw); gw != "" && err != nil {
			return errdefs.New(errdefs.KindSystem, "invalid IP address: %s", gw)
		}
	}
	for _, k := range []string{"cluster-advertise", "cluster-store", "cluster-store-opts"} {
		if v, ok := keys[k]; ok && string(v) != `""` {
			c.Deprecated = append(c.Deprecated, k)
		}
	}
	return nil
}

// Firewall is the backend that programs the host's firewall.
func (c *Config) Firewall() string {
	if c.FirewallBackend == "" {
		return "iptables"
	}
	return c.FirewallBackend
}
