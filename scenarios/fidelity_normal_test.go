package scenarios

import (
	"encoding/json"
	"regexp"
	"sort"
	"strings"
	"time"
)

func secondsOf(n int) time.Duration { return time.Duration(n) * time.Second }

// A normalisation takes out of an output what cannot be equal in two runs of
// the same real engine, and nothing else. Each says why.
type normalisation struct {
	name, reason string
	applies      func(command string) bool
	apply        func(text string) string
}

func always(string) bool { return true }

func commandHas(words ...string) func(string) bool {
	return func(command string) bool {
		for _, w := range words {
			if strings.Contains(command, w) {
				return true
			}
		}
		return false
	}
}

func re(pattern, with string) func(string) string {
	r := regexp.MustCompile(pattern)
	return func(s string) string { return r.ReplaceAllString(s, with) }
}

var normalisations = []normalisation{
	{"identifiers", "container, network, endpoint and sandbox ids are random", always, func(s string) string {
		s = re(`\b[0-9a-f]{64}\b`, "<id>")(s)
		return re(`\b[0-9a-f]{12}\b`, "<short-id>")(s)
	}},
	{"interface names", "the host end of a veth pair has seven random digits", always, re(`\bveth[0-9a-f]{7}\b`, "veth<random>")},
	{"random MACs", "docker0's and the host ends' MACs are random; containers' and hosts' are compared", always, func(s string) string {
		mac := regexp.MustCompile(`(?i)\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b`)
		s = mac.ReplaceAllStringFunc(s, func(m string) string {
			for _, known := range []string{"02:42:ac:11:", "02:42:64:", "02:42:ac:10:", "00:0c:29:", "00:50:56:", "33:33:00:", "33:33:ff:ab:", "01:00:5e:", "00:00:00:", "ff:ff:ff:", "01:80:c2:"} {
				if strings.HasPrefix(strings.ToLower(m), known) {
					return m
				}
			}
			if strings.HasPrefix(strings.ToLower(m), "33:33:ff:") {
				return "33:33:ff:<random>"
			}
			return "<random mac>"
		})
		s = re(`8000\.[0-9a-f]{12}`, "8000.<random mac>")(s)
		s = re(`8000\.[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}`, "8000.<random mac>")(s)
		return re(`fe80::[0-9a-f:]+(/64|\b)`, "fe80::<from mac>$1")(strings.ReplaceAll(s, "fe80::20c:29ff:feab:", "link-local of eth0 "))
	}},
	{"clock", "the run's date is not the capture's", always, func(s string) string {
		s = re(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z`, "<time>")(s)
		s = re(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (\w{3} )?[ \d]?\d (\w{3} \d{4} )?\d{2}:\d{2}:\d{2}( \d{4}| GMT)?`, "<date>")(s)
		s = re(`\b(Jan|Nov) [ \d]\d \d{2}:\d{2}\b`, "<date>")(s)
		return re(`(?m)^\d{2}:\d{2}:\d{2}\.\d{6}`, "<clock>")(s)
	}},
	{"ages", "how many seconds a command took on that machine", commandHas("docker ps"), func(s string) string {
		s = re(`(Less than a second|About a minute|\d+ seconds?|\d+ minutes?)( ago)`, "<age>$2")(s)
		s = re(`Up (Less than a second|About a minute|\d+ seconds?|\d+ minutes?)`, "Up <age>")(s)
		return re(` {2,}`, "  ")(s) // the columns are as wide as the ages
	}},
	{"round trips", "times measured on that machine", commandHas("ping"), func(s string) string {
		s = re(`time=[\d.]+ ms`, "time=<t> ms")(s)
		s = re(`= [\d.]+(/[\d.]+)+ ms`, "= <rtt> ms")(s)
		s = re(`, time \d+ms`, ", time <t>ms")(s)
		return re(`(?m)^pipe \d$`, "pipe <n>")(s)
	}},
	{"background traffic", "IPv6 neighbour discovery, MLD and retransmits make a host's counters differ from run to run of a real engine", commandHas("ifconfig"), func(s string) string {
		s = re(`RX packets \d+  bytes \d+ \([^)]*\)`, "RX packets <n>")(s)
		s = re(`RX packets:\d+`, "RX packets:<n>")(s)
		s = re(`RX bytes:\d+ \([^)]*\)`, "RX bytes:<n>")(s)
		if !strings.Contains(s, "docker0") && !strings.Contains(s, "00:0c:29") {
			// A container: that it has sent nothing by itself is compared.
			s = re(`TX packets:[1-9]\d*`, "TX packets:<n>")(s)
			s = re(`TX bytes:[1-9]\d* \([^)]*\)`, "TX bytes:<n>")(s)
			return re(`TX packets [1-9]\d*  bytes \d+ \([^)]*\)`, "TX packets <n>")(s)
		}
		s = re(`TX packets:\d+`, "TX packets:<n>")(s)
		s = re(`TX bytes:\d+ \([^)]*\)`, "TX bytes:<n>")(s)
		s = re(`TX packets \d+  bytes \d+ \([^)]*\)`, "TX packets <n>")(s)
		return re(`(TX [^\n]*)dropped([: ])\d+`, "${1}dropped${2}<n>")(s)
	}},
	{"rule counters", "packets that the machine itself sent before the command", commandHas("iptables-save", "ip6tables-save", "iptables -L"), func(s string) string {
		s = re(`\[\d+:\d+\]`, "[<n>:<n>]")(s)
		s = re(`(?m)^ *\d+ +\d+ `, "<n> <n> ")(s)
		return re(`policy (DROP|ACCEPT) \d+ packets, \d+ bytes`, "policy $1 <n> packets")(s)
	}},
	{"interface indexes", "the captures of the later sets were taken after many runs in one machine (README)", commandHas("ip addr", "ip link", "ip -d link", "ip -br", "bridge -d link"), func(s string) string {
		s = re(`(?m)^\d+: `, "<n>: ")(s)
		s = re(`@if\d+`, "@if<n>")(s)
		return re(`link-netnsid \d+`, "link-netnsid <n>")(s)
	}},
	{"the hosts' cable", "the captures' hosts are namespaces, whose eth0 is a veth; a machine's is not (README, Topology)", commandHas("ip addr", "ip -d link", "ip link show eth0", "ip -br"), func(s string) string {
		s = re(`(?m)^eth0@if(?:\d+|<n>) +`, "eth0 ")(re(`(?m)^eth0 +`, "eth0 ")(s))
		s = re(`(?m)^<n>: eth0@if<n>: (.*) state`, "<n>: eth0: $1 state")(s)
		s = re(`(link/ether 00:0c:29:\S+ brd ff:ff:ff:ff:ff:ff)( link-netnsid <n>)?`, "$1")(s)
		return re(`(link/ether 00:0c:29:.* maxmtu 65535) (\n    veth )?(addrgenmode \w+).*`, "$1 $3")(s)
	}},
	{"timers", "a timer that was running when the command looked", commandHas("ip -d link"), re(`(gc_timer|forward_delay_timer) +[\d.]+`, "$1 <t>")},
	{"hash order", "the kernel prints these tables in the order of a hash with a random seed", commandHas("ip neigh", "arp -n", "conntrack", "brctl show", "ls -la"), sortLines},
	{"neighbour states", "which entries have aged depends on the seconds that the commands took", commandHas("ip neigh"), re(`(REACHABLE|STALE|DELAY|PROBE)`, "<cached>")},
	{"conntrack timers", "seconds left, source ports and echo ids", commandHas("conntrack"), func(s string) string {
		s = re(`(?m)^(\w+ +\d+) \d+ `, "$1 <t> ")(s)
		s = re(`(sport|dport)=[1-9]\d{3,}`, "$1=<port>")(s)
		return sortLines(re(`id=\d+`, "id=<id>")(s))
	}},
	{"echo ids", "random", commandHas("tcpdump"), re(`, id \d+,`, ", id <id>,")},
	{"pids", "process ids", commandHas("docker inspect"), re(`"Pid": \d+`, `"Pid": <pid>`)},
	{"storage", "the storage driver's folders have random names", commandHas("docker inspect", "mount"), func(s string) string {
		s = re(`/overlay2/l/[A-Z0-9]{26}`, "/overlay2/l/<id>")(s)
		return re(`<id>-init`, "<id>")(s)
	}},
	{"names", "docker makes up a name for a container that is given none", commandHas("--link"), re(`_NAME=/[a-z]+_[a-z]+/`, "_NAME=/<name>/")},
	{"environment order", "a shell keeps its variables in a hash", commandHas("env;"), sortLines},
	{"two streams", "standard output and error of an exec are two streams: the same command has them in either order in two captures (none/04)", commandHas("docker exec n1 ping"), func(s string) string {
		if strings.Contains(s, "ping: sendto") {
			return sortLines(s)
		}
		return s
	}},
	{"the machine's disk", "the options of the file system under /var/lib/docker", commandHas("mount"), re(`/dev/\S+ on (\S+) type ext4 \([^)]*\)`, "<disk> on $1")},
	{"web clients and servers", "dates, tags made of them, and the clients' ports", commandHas("wget", "nc ", "docker logs"), func(s string) string {
		s = re(`--\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}--`, "--<date>--")(s)
		s = re(`ETag: "[0-9a-f]+-`, `ETag: "<time>-`)(s)
		return re(`(\[::ffff:[\d.]+\]):\d+:`, "$1:<port>:")(s)
	}},
	{"embedded DNS", "its ports, and the ids of questions, are random", always, func(s string) string {
		s = re(`127\.0\.0\.11:[1-9]\d{3,} *`, "127.0.0.11:<port> ")(s)
		s = re(`(127\.0\.0\.11/32 -p (?:tcp|udp) -m (?:tcp|udp) --sport) \d+`, "$1 <port>")(s)
		return re(`(status: \w+, id:) \d+`, "$1 <id>")(s)
	}},
	{"order of a map", "docker network prune goes through a Go map; docker port lists one", func(c string) bool {
		return strings.HasPrefix(c, "docker port") || strings.Contains(c, "network prune")
	}, sortLines},
	{"made-up names", "of a container that is given none", commandHas("docker run"), re(`endpoint [a-z]+_[a-z]+ on`, "endpoint <name> on")},
	{"socket table", "the kernel prints sockets in the order of a hash, columns as wide as the widest, and file numbers as they fell", commandHas("ss -lntu"), func(s string) string {
		s = re(`fd=\d+`, "fd=<n>")(s)
		return sortLines(re(` +`, " ")(s))
	}},
	{"json objects", "JSON objects keyed by random ids are printed in the order of the ids", commandHas("docker network inspect"), containersByName},
}

// normalExit is the exit status as far as it can be equal: a tcpdump that ran
// beside other commands was ended by timeout, and the capture has the status of
// the shell that had put it into the background.
func normalExit(c capture) int {
	if strings.Contains(c.command, "tcpdump -nne") && c.exit == 124 {
		return 0
	}
	return c.exit
}

// newerClient takes out what a 28.2.2 client words differently: a few captures
// were typed at one, and the command line here is 20.10's. It ends errors without
// a full stop, words its hint differently, ends a failed rm with its exit status,
// and writes [::] for ::.
func newerClient(s string) string {
	s = re(`(?m)\n?^exit status 1$`, "")(s)
	s = re(`(?m)\n*^Usage:  docker .*(\n\n(Create|Connect|Remove|List) .*)?`, "")(s)
	s = re(`(?m)\n*^(See|Run) 'docker [^']*--help'( for more information|\.)`, "")(s)
	s = re(`(?m)^(?:docker: )?["'](docker [a-z ]+)["'] (requires|accepts) (?:exactly )?([a-z0-9 ]+?)\.?$`, "'$1' $2 $3")(s)
	s = re(`(?m)^docker: (Invalid|No port|invalid)`, "docker: <Inv>")(strings.ReplaceAll(s, "Invalid ip address", "Invalid IP address"))
	s = strings.NewReplacer("docker: No port", "docker: <Inv>", "docker: no port", "docker: <Inv>").Replace(s)
	s = re(`(?m)^Error(?:: No such network: (\S+)| response from daemon: network (\S+) not found)$`, "<no network $1$2>")(s)
	s = re(`(?m)^Error(?: response from daemon)?: No such (container|object): `, "<no such $1> ")(s)
	s = re(`(?m)^(?:Error: No|no) public port '(\d+)(?:/tcp)?' published`, "no public port '$1' published")(s)
	s = re(`(?m)^time="[^"]*" level=error msg="error waiting for container: context canceled"\n?`, "")(s)
	s = re(`(?m)^docker: (Cannot connect .*\?)\.?$`, "$1")(s)
	s = re(`(?m)^Error: failed to start containers`, "failed to start containers")(s)
	s = re(`(?m)^(docker: .*[^.])\.$`, "$1")(s)
	s = re(`(?m)\n*^(See 'docker run --help'\.|Run 'docker run --help' for more information)$`, "")(s)
	return strings.ReplaceAll(s, "[::]:", ":::")
}

func normalise(c capture) string {
	text := c.output
	if strings.Contains(c.path, "/client-28.2.2/") {
		text = newerClient(text)
	}
	for _, n := range normalisations {
		if n.applies(c.command) {
			text = n.apply(text)
		}
	}
	if strings.HasPrefix(c.path, "overlay-") {
		for _, n := range overlayNormalisations {
			if n.applies(c.command) {
				text = n.apply(text)
			}
		}
	}
	lines := splitLines(text)
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func sortLines(s string) string {
	lines := splitLines(s)
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// containersByName re-keys the Containers of a network by name, which puts
// them into an order that does not depend on ids. The rest of the document
// keeps its form, key order included.
func containersByName(s string) string {
	block := regexp.MustCompile(`(?s)"Containers": (\{.*?\n        \})`)
	return block.ReplaceAllStringFunc(s, func(m string) string {
		body := strings.TrimPrefix(m, `"Containers": `)
		ids := regexp.MustCompile(`"<id>": \{`)
		n := 0
		body = ids.ReplaceAllStringFunc(body, func(string) string { n++; return `"` + string(rune('a'+n)) + `": {` })
		var c map[string]map[string]any
		if json.Unmarshal([]byte(body), &c) != nil {
			return m
		}
		byName := map[string]any{}
		for _, v := range c {
			name, _ := v["Name"].(string)
			byName[name] = v
		}
		out, err := json.MarshalIndent(byName, "        ", "    ")
		if err != nil {
			return m
		}
		return `"Containers": ` + string(out)
	})
}
