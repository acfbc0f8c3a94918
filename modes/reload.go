package modes

import (
	"maps"
	"strings"

	"dnetsim/modes/config"
	"dnetsim/modes/events"
)

// reload is what dockerd does at SIGHUP: it reads daemon.json again and takes
// over what can change while it runs, if the file says anything of it. The rest
// (bip, icc, mtu, ...) stays as it is, and nothing is said of that.
func reload(d *Daemon) {
	if !d.running {
		return
	}
	d.Journal.Write("info", "Got signal to reload configuration, reloading from: "+config.Path)
	cfg, err := config.Read(d.host.FS(), d.spec.Flags, d.profile)
	if err != nil {
		d.Journal.Write("error", err.Error())
		return
	}
	warnOfUnheeded(d, &cfg)
	own := &d.config
	if _, ok := cfg.Given["debug"]; ok {
		own.Debug = cfg.Debug
	}
	if err := reloadCluster(d, cfg); err != nil {
		d.Journal.Write("error", "Error reconfiguring the daemon: "+strings.TrimPrefix(err.Error(), "failed to start daemon: "))
		return
	}
	if _, ok := cfg.Given["labels"]; ok {
		own.Labels = cfg.Labels
	}
	if _, ok := cfg.Given["live-restore"]; ok {
		own.LiveRestore = cfg.LiveRestore
	}
	d.Journal.Write("info", "Reloaded configuration: "+own.Shown())
	d.Events.Add(events.Event{Type: "daemon", Action: "reload", ID: d.id, Attributes: own.Attributes(d.host.Hostname())})
}

// reloadCluster is reloadClusterDiscovery: a daemon without a store becomes part
// of a cluster; one that has a store keeps it for its networks, and only
// discovery follows the file.
func reloadCluster(d *Daemon, cfg config.Config) error {
	own := &d.config
	at, advertise := own.ClusterStore, own.ClusterAdvertise
	if _, ok := cfg.Given["cluster-advertise"]; ok {
		if _, ok := cfg.Given["cluster-store"]; ok {
			at = cfg.ClusterStore
		}
		advertise = cfg.ClusterAdvertise
	}
	if advertise != "" && at == "" {
		return errf(ErrSystem, "invalid cluster configuration. --cluster-advertise must be accompanied by --cluster-store configuration")
	}
	advertise, err := d.net.Global.ParseAdvertise(advertise)
	if err != nil {
		return err
	}
	if at == own.ClusterStore && advertise == own.ClusterAdvertise && maps.Equal(cfg.ClusterStoreOpts, own.ClusterStoreOpts) {
		return nil
	}
	was := *own
	own.ClusterStore, own.ClusterAdvertise, own.ClusterStoreOpts = at, advertise, cfg.ClusterStoreOpts
	if !d.net.Global.Active() {
		if err := d.net.Global.Init(); err != nil {
			*own = was
			return err
		}
		d.net.Global.Follow()
		d.net.Global.Consult(d.Networks.cleanLeftovers)
		return nil
	}
	if err := d.net.Global.Rediscover(own, at != was.ClusterStore); err != nil {
		*own = was
		return err
	}
	return nil
}

// dumpStacks is what dockerd does at SIGUSR1. What its goroutines do is not
// simulated; the file says so.
func dumpStacks(d *Daemon) {
	at := "/var" + runDir + "/goroutine-stacks-" + strings.ReplaceAll(d.Wall().Format("2006-01-02T15:04:05Z07:00"), ":", "") + ".log"
	d.host.FS().WriteFile(at, []byte("dnetsim does not simulate the goroutines of dockerd\n"), 0o666)
	d.Journal.Write("info", "goroutine stacks written to "+at)
}

// warnOfUnheeded logs the keys that have no effect.
func warnOfUnheeded(d *Daemon, c *config.Config) {
	for _, k := range c.Unheeded() {
		d.Journal.Write("warning", "dnetsim does not simulate the option "+k+": it has no effect")
	}
}
