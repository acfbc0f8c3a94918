package modes

import "time"

// profile is what differs between engine versions.
type profile struct {
	version Version
	cost    costs
}

// costs is how long the daemon takes, in virtual time. The medians are those
// of the captures (ground-truth/timing), split over the calls of one command;
// the steps of dockerd's own start and end are those of its log.
type costs struct {
	create, stop, reap, remove, exec, kill, rename               time.Duration
	start, launch                                                time.Duration // before and after a container gets its networks
	overlayJoin                                                  time.Duration // a namespace of its own, a tunnel, and a store that writes to disk
	networkCreate, networkRemove, connect                        time.Duration
	disconnect, layer                                            time.Duration
	daemonStart, daemonInit, daemonLoad, daemonReady, daemonStop time.Duration
}

// engine2010 is Docker Engine 20.10.24 as Debian 12 ships it.
var engine2010 = profile{
	version: Version{
		Version: "20.10.24+dfsg1", APIVersion: "1.41", MinAPIVersion: "1.12", GitCommit: "5d6db84",
		GoVersion: "go1.19.8", Os: "linux", Arch: "amd64",
		BuildTime:  "2026-05-07T21:09:36.000000000+00:00",
		Containerd: ComponentVersion{"1.6.20~ds1", "1.6.20~ds1-1+deb12u3"},
		Runc:       ComponentVersion{"1.1.5+ds1", "1.1.5+ds1-1+deb12u1"},
		Init:       ComponentVersion{"0.19.0", ""},
	},
	cost: costs{
		create: 40 * time.Millisecond, start: 80 * time.Millisecond, launch: 260 * time.Millisecond, stop: 60 * time.Millisecond,
		remove: 30 * time.Millisecond, exec: 60 * time.Millisecond, kill: 10 * time.Millisecond,
		overlayJoin: 300 * time.Millisecond, reap: 10 * time.Millisecond,
		rename: 5 * time.Millisecond, networkCreate: 90 * time.Millisecond,
		networkRemove: 110 * time.Millisecond, connect: 120 * time.Millisecond,
		disconnect: 60 * time.Millisecond, daemonStart: 40 * time.Millisecond, daemonInit: 50 * time.Millisecond,
		daemonLoad: 80 * time.Millisecond, daemonReady: 80 * time.Millisecond, daemonStop: 300 * time.Millisecond,
		layer: 800 * time.Millisecond,
	},
}
