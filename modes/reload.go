package modes

import (
	"encoding/json"
	"maps"
	"strings"
)

// reload is what dockerd does at SIGHUP: it reads daemon.json again and takes
// over what can change while it runs, if the file says anything of it. The rest
// (bip, icc, mtu, ...) stays as it is, and nothing is said of that.
func reload(d *Daemon) {
	if !d.running {
		return
	}
	d.Journal.write("info", "Got signal to reload configuration, reloading from: "+daemonJSONPath)
	cfg, err := readConfig(d.host.FS(), d.spec.Flags)
	if err != nil {
		d.Journal.write("error", err.Error())
		return
	}
	cfg.warn(d)
	own := &d.config
	if _, ok := cfg.given["debug"]; ok {
		own.Debug = cfg.Debug
	}
	if err := reloadCluster(d, cfg); err != nil {
		d.Journal.write("error", "Error reconfiguring the daemon: "+strings.TrimPrefix(err.Error(), "failed to start daemon: "))
		return
	}
	if _, ok := cfg.given["labels"]; ok {
		own.Labels = cfg.Labels
	}
	if _, ok := cfg.given["live-restore"]; ok {
		own.LiveRestore = cfg.LiveRestore
	}
	d.Journal.write("info", "Reloaded configuration: "+own.shown())
	d.events.add(Event{Type: "daemon", Action: "reload", ID: d.id, Attributes: own.attributes(d)})
}

// reloadCluster is reloadClusterDiscovery: a daemon without a store becomes part
// of a cluster; one that has a store keeps it for its networks, and only
// discovery follows the file.
func reloadCluster(d *Daemon, cfg daemonConfig) error {
	own := &d.config
	at, advertise := own.ClusterStore, own.ClusterAdvertise
	if _, ok := cfg.given["cluster-advertise"]; ok {
		if _, ok := cfg.given["cluster-store"]; ok {
			at = cfg.ClusterStore
		}
		advertise = cfg.ClusterAdvertise
	}
	if advertise != "" && at == "" {
		return errf(ErrSystem, "invalid cluster configuration. --cluster-advertise must be accompanied by --cluster-store configuration")
	}
	advertise, err := d.parseAdvertise(advertise)
	if err != nil {
		return err
	}
	if at == own.ClusterStore && advertise == own.ClusterAdvertise && maps.Equal(cfg.ClusterStoreOpts, own.ClusterStoreOpts) {
		return nil
	}
	was := *own
	own.ClusterStore, own.ClusterAdvertise, own.ClusterStoreOpts = at, advertise, cfg.ClusterStoreOpts
	if d.cluster == nil {
		if err := d.initCluster(); err != nil {
			*own = was
			return err
		}
		d.followCluster()
		d.consultStore()
		return nil
	}
	if err := rediscover(d.cluster, own, at != was.ClusterStore); err != nil {
		*own = was
		return err
	}
	return nil
}

// rediscover begins to register anew, under another address or in another store.
// The networks stay in the store that they are in.
func rediscover(c *cluster, cfg *daemonConfig, moved bool) error {
	client := c.store.KV
	if moved {
		var err error
		if client, err = c.client(cfg.ClusterStore); err != nil {
			return err
		}
	}
	next, err := c.discover(client, cfg.ClusterAdvertise, cfg.ClusterStoreOpts)
	if err != nil {
		return err
	}
	if c.discovery != nil {
		c.discovery.Stop()
	}
	if c.discovery = next; next != nil {
		next.Advertise()
		next.Watch()
	}
	if moved {
		c.d.Journal.write("warning", "Failed to reload configuration with network controller: cannot accept new configuration because it modifies an existing datastore client")
	}
	return nil
}

// shown is the configuration as dockerd's log has it, as far as it is known
// here.
func (c *daemonConfig) shown() string {
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

// attributes are what the event of a reload says.
func (c *daemonConfig) attributes(d *Daemon) map[string]string {
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
		"name": d.host.Hostname(), "debug": text(c.Debug), "labels": text(labels), "live-restore": text(c.LiveRestore),
		"cluster-store": c.ClusterStore, "cluster-store-opts": opts, "cluster-advertise": c.ClusterAdvertise,
	}
}

// dumpStacks is what dockerd does at SIGUSR1. What its goroutines do is not
// simulated; the file says so.
func dumpStacks(d *Daemon) {
	at := "/var" + runDir + "/goroutine-stacks-" + strings.ReplaceAll(d.Wall().Format("2006-01-02T15:04:05Z07:00"), ":", "") + ".log"
	d.host.FS().WriteFile(at, []byte("dnetsim does not simulate the goroutines of dockerd\n"), 0o666)
	d.Journal.write("info", "goroutine stacks written to "+at)
}
