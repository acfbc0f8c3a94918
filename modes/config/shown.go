package config

import "encoding/json"

// Shown is the configuration as dockerd's log has it, as far as it is known
// here.
func (c *Config) Shown() string {
	b, _ := json.Marshal(struct {
		BIP         string            `json:"bip,omitempty"`
		Bridge      string            `json:"bridge,omitempty"`
		MTU         int               `json:"mtu"`
		DataRoot    string            `json:"data-root"`
		LiveRestore bool              `json:"live-restore,omitempty"`
		Store       string            `json:"cluster-store,omitempty"`
		Opts        map[string]string `json:"cluster-store-opts,omitempty"`
		Advertise   string            `json:"cluster-advertise,omitempty"`
		Debug       bool              `json:"debug,omitempty"`
		Hosts       []string          `json:"hosts,omitempty"`
		Labels      []string          `json:"labels,omitempty"`
		DNS         []string          `json:"dns,omitempty"`
		ICC         bool              `json:"icc"`
		IPTables    bool              `json:"iptables"`
		IPForward   bool              `json:"ip-forward"`
		IPMasq      bool              `json:"ip-masq"`
		Proxy       bool              `json:"userland-proxy"`
	}{
		c.BIP, c.Bridge, c.MTU, "/var/lib/docker", c.LiveRestore, c.ClusterStore, c.ClusterStoreOpts, c.ClusterAdvertise,
		c.Debug, c.Hosts, c.Labels, c.DNS, c.ICC, c.IPTables, c.IPForward, c.IPMasq, c.Proxy,
	})
	return string(b)
}

// Attributes are what the event of a reload says.
func (c *Config) Attributes(hostname string) map[string]string {
	text := func(v any) string {
		b, _ := json.Marshal(v)
		return string(b)
	}
	labels := append([]string{}, c.Labels...)
	opts := "{}"
	if c.ClusterStoreOpts != nil {
		opts = text(c.ClusterStoreOpts)
	}
	return map[string]string{
		"name": hostname, "debug": text(c.Debug), "labels": text(labels), "live-restore": text(c.LiveRestore),
		"cluster-store": c.ClusterStore, "cluster-store-opts": opts, "cluster-advertise": c.ClusterAdvertise,
	}
}
