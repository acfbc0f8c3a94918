package main

// A metric is one number that a benchmark reports.
type metric struct {
	bench string // package under the module, a point, name without "Benchmark": "stack.Ping"
	unit  string // as in the result: "ns/op"
}

// A shown is how a metric is printed: divided by, with as many digits behind the
// point, and a unit.
type shown struct {
	per    float64
	digits int
	unit   string
}

var (
	million  = shown{1e6, 1, "million/s"}
	micro    = shown{1e3, 1, "µs"}
	milli    = shown{1e6, 2, "ms"}
	seconds  = shown{1e9, 2, "s"}
	gigabits = shown{1, 2, "Gbit/s"}
	megabits = shown{1, 1, "Mbit/s"}
	kilo     = shown{1, 1, "kB"}
	mega     = shown{1e6, 1, "MB"}
	count    = shown{1, 0, ""}
)

// A row is one line of the table.
type row struct {
	what    string
	figure  metric
	in      shown
	allocs  bool // its allocations are said too
	extra   metric
	extraIn shown

	anchor  metric // measured in the same run, beside it
	is      string // what the anchor is; without a metric, an anchor that was recorded
	speedup bool   // the ratio is the anchor's time by ours, not ours by the anchor's

	goal      float64
	ofRatio   bool // the goal is one of the ratio
	atMost    bool
	within    float64 // how far from the goal is still on it, either way
	maxAllocs float64 // a second goal, if allocs is set and it is not negative
}

// rows are the table, as the README has it.
var rows = []row{
	{what: "bare loop, one event pending", figure: metric{"sim.LoopEvents/pending=1", "events/s"}, in: million, allocs: true, goal: 60},
	{what: "bare loop, 1,000 pending", figure: metric{"sim.LoopEvents/pending=1000", "events/s"}, in: million, allocs: true, goal: 15},
	{what: "the same with timers of all lengths", figure: metric{"sim.LoopEvents/timers=1000", "events/s"}, in: million, allocs: true},
	{what: "frames through wire, bridge, wire", figure: metric{"link.WireBridgeWire", "frames/s"}, in: million, allocs: true, goal: 12},
	{what: "ping round trip between containers, Docker's rules on", figure: metric{"stack.Ping", "ns/op"}, in: micro, allocs: true,
		anchor: metric{"stack/transport.Ping", "ns/op"}, is: "two netstacks on netstack's pipe", goal: 8, atMost: true, maxAllocs: 2},
	{what: "TCP, MTU 1500, no offload", figure: metric{"stack.Goodput/MTU1500", "Gbit/s"}, in: gigabits,
		anchor: metric{"stack/transport.Goodput/pipe", "Gbit/s"}, is: "the pipe, both cores allowed", goal: 1.3, ofRatio: true},
	{what: "TCP, segments as a veth carries them", figure: metric{"stack.Goodput/offload", "Gbit/s"}, in: gigabits,
		anchor: metric{"bench.Kernel/bridge", "Gbit/s"}, is: "a kernel's bridge with two veths, iperf3", goal: 0.7, ofRatio: true},
	{what: "the same beside a pipe of MTU 1500", figure: metric{"stack.Goodput/offload", "Gbit/s"}, in: gigabits,
		anchor: metric{"stack/transport.Goodput/pipe", "Gbit/s"}, is: "the pipe, both cores allowed"},
	{what: "the same beside a pipe of MTU 65535", figure: metric{"stack.Goodput/offload", "Gbit/s"}, in: gigabits,
		anchor: metric{"stack/transport.Goodput/pipe64k", "Gbit/s"}, is: "the pipe, both cores allowed"},
	{what: "TCP over the overlay of two hosts", figure: metric{"modes.TCP/overlay", "Gbit/s"}, in: gigabits,
		anchor: metric{"modes.TCP/bridge", "Gbit/s"}, is: "docker0 of one host", goal: 0.7, ofRatio: true},
	{what: "TCP with 1 % loss and 20 ms of round trip, in virtual time", figure: metric{"stack.Lossy", "virtual-Mbit/s"}, in: megabits,
		anchor: metric{"stack/transport.Lossy", "Mbit/s"}, is: "netstack on such a pipe, in real time", goal: 1, ofRatio: true, within: 0.1},
	{what: "create and start a container, library", figure: metric{"modes.ContainerAt/10/one", "ns/op"}, in: milli, allocs: true, maxAllocs: -1,
		is: "`docker run -d` of a real engine: 376 ms", goal: 0.25, atMost: true},
	{what: "the same, typed as `docker run -d`", figure: metric{"engine/cli.Run", "ns/op"}, in: milli, allocs: true, maxAllocs: -1,
		is: "376 ms", goal: 1, atMost: true},
	{what: "create and start, where 1,000 run on the host", figure: metric{"modes.ContainerAt/1000/one", "ns/op"}, in: milli,
		anchor: metric{"modes.ContainerAt/10/one", "ns/op"}, is: "where 10 run", goal: 1.3, ofRatio: true, atMost: true},
	{what: "create and start, where 10,000 run on the host", figure: metric{"modes.ContainerAt/10000/one", "ns/op"}, in: milli,
		anchor: metric{"modes.ContainerAt/10/one", "ns/op"}, is: "where 10 run", goal: 1.3, ofRatio: true, atMost: true},
	{what: "create a network, where there are 1,000", figure: metric{"modes.NetworkAt/1000/one", "ns/op"}, in: milli,
		anchor: metric{"modes.NetworkAt/10/one", "ns/op"}, is: "where there are 10", goal: 1.3, ofRatio: true, atMost: true},
	{what: "10,000 containers on 100 hosts, typed", figure: metric{"bench.TenThousand/start", "ns/op"}, in: seconds,
		extra: metric{"bench.TenThousand/start", "peak-B"}, extraIn: mega, is: "3.8 s for ten on a real engine", goal: 10, atMost: true},
	{what: "100 pings across them", figure: metric{"bench.TenThousand/ping", "ns/op"}, in: seconds, goal: 3, atMost: true},
	{what: "removing them", figure: metric{"bench.TenThousand/remove", "ns/op"}, in: seconds, goal: 3, atMost: true},
	{what: "memory of an idle container", figure: metric{"modes.Containers/100", "kB/container"}, in: kilo,
		is: "2.7 MB: the shim of a real one", goal: 25, atMost: true},
	{what: "`dnetsim run overlay-ping`, process", figure: metric{"bench.Process/overlay-ping", "ns/op"}, in: seconds,
		extra: metric{"bench.Process/overlay-ping", "peak-B"}, extraIn: mega, goal: 0.1, atMost: true},
	{what: "the whole library, processor time", figure: metric{"bench.Process/library", "cpu-ns/op"}, in: seconds,
		extra: metric{"bench.Process/library", "peak-B"}, extraIn: mega, goal: 2, atMost: true},
	{what: "`dnetsim version`, processor time", figure: metric{"bench.Process/version", "cpu-ns/op"}, in: milli, goal: 10, atMost: true},
	{what: "a virtual hour of an idle overlay of two hosts", figure: metric{"modes.IdleHour/2", "ns/op"}, in: seconds, goal: 0.1, atMost: true},
	{what: "a virtual hour of an idle overlay of ten hosts", figure: metric{"modes.IdleHour/10", "ns/op"}, in: seconds, goal: 0.5, atMost: true},
	{what: "a virtual hour of an idle swarm of ten nodes", figure: metric{"modes.SwarmIdleHour/10", "ns/op"}, in: seconds, goal: 2, atMost: true},
	{what: "fifty hosts know each other", figure: metric{"modes.Converge/50", "ns/op"}, in: seconds,
		extra: metric{"modes.Converge/50", "events/packet"}, extraIn: shown{1, 0, "events a packet"}, goal: 0.8, atMost: true},
	{what: "two hosts busy at once, on two cores", figure: metric{"modes.TwoHosts/processors=2", "ns/op"}, in: milli,
		anchor: metric{"modes.TwoHosts/processors=1", "ns/op"}, is: "on one", speedup: true, goal: 1.7, ofRatio: true},
	{what: "the binary", figure: metric{"bench.Size/binary", "B"}, in: mega, goal: 45, atMost: true},
	{what: "the same for a browser tab, without docker's command line", figure: metric{"bench.Size/tab", "B"}, in: mega,
		anchor: metric{"bench.Size/binary", "B"}, is: "the binary"},
	{what: "first build on a fresh machine, sources at hand", figure: metric{"bench.Build/first", "ns/op"}, in: seconds, goal: 60, atMost: true},
}
