package profile

import "time"

// engine29 is Docker Engine 29.8.1. Its costs are those of 20.10 times what the
// captures' medians of the same command have become.
var engine29 = Profile{
	Name: "29", LaterGossip: true,
	Version: Version{
		Version: "29.8.1", APIVersion: "1.56", MinAPIVersion: "1.40", GitCommit: "v2.0.0-beta.24",
		GoVersion: "go1.26.8", Os: "linux", Arch: "amd64",
		BuildTime:  "2026-09-15T15:28:34.000000000+00:00",
		Containerd: ComponentVersion{"v2.3.5", "v2.3.5"},
		Runc:       ComponentVersion{"1.5.1", "v1.5.1"},
		Init:       ComponentVersion{"0.19.0", ""},
	},
	Client: Client{Version: "29.9.3", Go: "go1.26.8", Build: "v29.9.3", Date: "2026-11-03T21:35:02.000000000+00:00"},
	NoKeys: []string{
		"allow-nondistributable-artifacts", "api-cors-header", "cluster-advertise", "cluster-store", "cluster-store-opts", "deprecated-key-path", "graph",
		"oom-score-adjust", "registry",
	},
	Firewall: ForwardChains, RandomMACs: true, BornInside: true, InternalNoGateway: true, BridgeMTU: true, GatewayModes: true,
	BindFirst: true, ProxyArgs: []string{"-use-listen-fd"}, Binaries: "/usr/bin", WayOutByFamily: true, PlugAtOnce: true, DescribedDNS: true, ULAPools: true, StrictSettings: true, LoopbackIPv6: true,
	Hosts:            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
	DockerdValidates: true, Words: words29, SetUpNetworking: "failed to set up container networking: ",
	LinkWarning: "Links on the default bridge network are deprecated and will be removed in a future release. Use a custom network instead.",
	DieDuration: true, DieLast: true, SharedParents: true, JoinLines: true, LongHostname: true, Advertises: true, MissingCommand: 127, StartInterval: true, KeepsLateOutput: true,
	IP6Tables: true, UUIDs: true,
	CgroupWarning: "WARNING: Support for cgroup v1 is deprecated and planned to be removed by no later than May 2029 (https://github.com/moby/moby/issues/51111)",
	MaskedPaths: []string{
		"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
		"/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
	},
	MaskedOptions: ",size=4k,nr_inodes=1", SortedMounts: true, ContainerdStore: true, APIFields: true,
	Cost: Costs{
		Create: 30 * time.Millisecond, Start: 70 * time.Millisecond, Launch: 200 * time.Millisecond, Stop: 60 * time.Millisecond,
		Remove: 30 * time.Millisecond, Exec: 80 * time.Millisecond, Kill: 10 * time.Millisecond,
		OverlayJoin: 390 * time.Millisecond, Reap: 10 * time.Millisecond,
		Rename: 5 * time.Millisecond, NetworkCreate: 80 * time.Millisecond,
		NetworkRemove: 140 * time.Millisecond, Connect: 105 * time.Millisecond,
		Disconnect: 80 * time.Millisecond, DaemonStart: 100 * time.Millisecond, DaemonInit: 130 * time.Millisecond,
		DaemonLoad: 400 * time.Millisecond, DaemonReady: 250 * time.Millisecond, DaemonStop: 300 * time.Millisecond,
		Layer: 800 * time.Millisecond,
	},
	TLSWords:      "tls: failed to verify certificate: ",
	WorkerNetwork: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.",
	LogDrivers:    []string{"awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "splunk", "syslog"},
}
