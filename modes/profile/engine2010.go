package profile

import "time"

// engine2010 is Docker Engine 20.10.24 as Debian 12 ships it.
var engine2010 = Profile{
	Name: "20.10", CollectsNamespaces: true,
	Version: Version{
		Version: "20.10.24+dfsg1", APIVersion: "1.41", MinAPIVersion: "1.12", GitCommit: "5d6db84",
		GoVersion: "go1.19.8", Os: "linux", Arch: "amd64",
		BuildTime:  "2026-05-07T21:09:36.000000000+00:00",
		Containerd: ComponentVersion{"1.6.20~ds1", "1.6.20~ds1-1+deb12u3"},
		Runc:       ComponentVersion{"1.1.5+ds1", "1.1.5+ds1-1+deb12u1"},
		Init:       ComponentVersion{"0.19.0", ""},
	},
	Client:   Client{Version: "20.10.24+dfsg1", Go: "go1.19.8", Build: "297e128", Date: "2026-05-07T21:09:36.000000000+00:00", Older: true},
	Binaries: "/usr/sbin", LinkVariables: true, MissingCommand: 126,
	Hosts: "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
	NoKeys: []string{
		"allow-direct-routing", "bip6", "bridge-accept-fwmark", "cdi-spec-dirs", "default-network-opts", "default-stop-timeout", "firewall-backend",
		"host-gateway-ips", "ip-forward-no-drop", "log-format", "min-api-version", "nri-opts", "proxies",
	},
	MaskedPaths: []string{
		"/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
	},
	Cost: Costs{
		Create: 40 * time.Millisecond, Start: 80 * time.Millisecond, Launch: 260 * time.Millisecond, Stop: 60 * time.Millisecond,
		Remove: 30 * time.Millisecond, Exec: 60 * time.Millisecond, Kill: 10 * time.Millisecond,
		OverlayJoin: 300 * time.Millisecond, Reap: 10 * time.Millisecond,
		Rename: 5 * time.Millisecond, NetworkCreate: 90 * time.Millisecond,
		NetworkRemove: 110 * time.Millisecond, Connect: 120 * time.Millisecond,
		Disconnect: 60 * time.Millisecond, DaemonStart: 40 * time.Millisecond, DaemonInit: 50 * time.Millisecond,
		DaemonLoad: 80 * time.Millisecond, DaemonReady: 80 * time.Millisecond, DaemonStop: 300 * time.Millisecond,
		Layer: 800 * time.Millisecond,
	},
	SwarmPools: true, SwarmWords: swarmWords2010,
	SwarmIPv6: true, SwarmPoolsGoOn: true,
	WorkerNetwork: "Cannot create a multi-host network from a worker node. Please create the network from a manager node.",
	LogDrivers:    []string{"awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "logentries", "splunk", "syslog"},
}
