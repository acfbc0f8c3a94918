package modes

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"sort"
	"strings"

	"dnetsim/modes/ipam"
	"dnetsim/userland"
)

// daemonConfig is what dockerd's options come to.
type daemonConfig struct {
	BIP          string        `json:"bip"`
	Bridge       string        `json:"bridge"`
	FixedCIDR    string        `json:"fixed-cidr"`
	FixedCIDRv6  string        `json:"fixed-cidr-v6"`
	Gateway      string        `json:"default-gateway"`
	Gateway6     string        `json:"default-gateway-v6"`
	MTU          int           `json:"mtu"`
	DNS          []string      `json:"dns"`
	DNSOptions   []string      `json:"dns-opts"`
	DNSSearch    []string      `json:"dns-search"`
	ICC          bool          `json:"icc"`
	IPMasq       bool          `json:"ip-masq"`
	IPTables     bool          `json:"iptables"`
	IP6Tables    bool          `json:"ip6tables"`
	IPForward    bool          `json:"ip-forward"`
	IP           string        `json:"ip"`
	IPv6         bool          `json:"ipv6"`
	Proxy        bool          `json:"userland-proxy"`
	LiveRestore  bool          `json:"live-restore"`
	Experimental bool          `json:"experimental"`
	Pools        []AddressPool `json:"default-address-pools"`
	Hosts        []string      `json:"hosts"`
	TLS          *bool         `json:"tls"`
	TLSVerify    *bool         `json:"tlsverify"`
	// The cluster options are kept for the overlay driver.
	ClusterStore     string            `json:"cluster-store"`
	ClusterAdvertise string            `json:"cluster-advertise"`
	ClusterStoreOpts map[string]string `json:"cluster-store-opts"`
	Debug            bool              `json:"debug"`
	Labels           []string          `json:"labels"`

	deprecated []string
	given      map[string]json.RawMessage // the file's keys
}

// otherOptions are accepted and have no effect here.
var otherOptions = map[string]bool{
	"log-level": true, "log-driver": true,
	"log-opts": true, "data-root": true, "graph": true, "exec-root": true, "exec-opts": true,
	"storage-driver": true, "storage-opts": true, "insecure-registries": true,
	"registry-mirrors": true, "selinux-enabled": true, "userns-remap": true, "group": true,
	"default-runtime": true, "runtimes": true, "default-ulimits": true, "oom-score-adjust": true,
	"cgroup-parent": true, "default-shm-size": true, "shutdown-timeout": true, "pidfile": true,
	"tlscacert": true, "tlscert": true, "tlskey": true,
	"max-concurrent-downloads": true, "max-concurrent-uploads": true, "metrics-addr": true,
	"seccomp-profile": true, "no-new-privileges": true, "init": true, "init-path": true,
	"features": true, "builder": true, "raw-logs": true, "authorization-plugins": true,
	"swarm-default-advertise-addr": true, "userland-proxy-path": true, "containerd": true,
	"node-generic-resources": true, "api-cors-header": true, "default-cgroupns-mode": true,
	"default-ipc-mode": true, "allow-nondistributable-artifacts": true, "cpu-rt-period": true,
	"cpu-rt-runtime": true, "network-control-plane-mtu": true, "host-gateway-ip": true,
	"max-download-attempts": true, "cri-containerd": true, "containerd-namespace": true,
	"containerd-plugin-namespace": true, "registry": true,
}

// AddressPool is an entry of default-address-pools.
type AddressPool = ipam.AddressPool

const daemonJSONPath = "/etc/docker/daemon.json"

// readConfig reads daemon.json and the command line's options. Its errors are
// dockerd's last words.
func readConfig(fs *userland.FS, flags string) (daemonConfig, error) {
	cfg := daemonConfig{ICC: true, IPMasq: true, IPTables: true, IPForward: true, Proxy: true, MTU: 1500}
	if flags != "" {
		if err := cfg.merge([]byte(flags)); err != nil {
			return cfg, err
		}
		cfg.given = nil
	}
	if data, err := fs.ReadFile(daemonJSONPath); err == nil && len(bytes.TrimSpace(data)) > 0 {
		if err := cfg.merge(data); err != nil {
			return cfg, errf(ErrSystem, "unable to configure the Docker daemon with file %s: %v", daemonJSONPath, err)
		}
	}
	cfg.IPMasq = cfg.IPMasq && cfg.IPTables // dockerd's verifyDaemonSettings
	return cfg, nil
}

func (c *daemonConfig) merge(data []byte) error {
	var keys map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&keys); err != nil {
		return err
	}
	known := map[string]bool{}
	fields, _ := json.Marshal(daemonConfig{})
	var own map[string]json.RawMessage
	json.Unmarshal(fields, &own)
	for k := range own {
		known[k] = true
	}
	var unknown []string
	for k := range keys {
		if !known[k] && !otherOptions[k] {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) > 0 {
		sort.Strings(unknown)
		return errf(ErrSystem, "the following directives don't match any configuration option: %s", strings.Join(unknown, ", "))
	}
	if err := json.Unmarshal(data, c); err != nil {
		return err
	}
	c.given = keys
	for _, gw := range []string{c.Gateway, c.Gateway6} {
		if _, err := netip.ParseAddr(gw); gw != "" && err != nil {
			return errf(ErrSystem, "invalid IP address: %s", gw)
		}
	}
	for _, k := range []string{"cluster-advertise", "cluster-store", "cluster-store-opts"} {
		if v, ok := keys[k]; ok && string(v) != `""` {
			c.deprecated = append(c.deprecated, k)
		}
	}
	return nil
}
