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
	WorkerNetwork: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.",
	LogDrivers:    []string{"awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "splunk", "syslog"},
}
