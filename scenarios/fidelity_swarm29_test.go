package scenarios

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The swarms of today's engine: sequence 40-swarm and the worlds of swarm-faults, typed on
// two hosts each. swarmfaults_test.go reads out of the worlds what somebody concludes;
// here each capture counts as it is printed.

// swarmNormalisations are those that only the swarms' captures need.
var swarmNormalisations = []normalisation{
	{"swarm identifiers", "nodes, networks, services and tasks have random ids, and a join token is a secret", always, func(s string) string {
		s = re(`SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}`, "<token>")(s)
		return re(`\b[0-9a-z]{25}\b`, "<swarm id>")(s)
	}},
	{"sandbox names", "an overlay's sandbox is named after the first ten letters of its id, its tunnel after the first five", always, func(s string) string {
		return re(`\bvx-(\d{6})-[0-9a-z]{5}\b`, "vx-$1-<id>")(re(`\b(1|lb)[-_][0-9a-z]{9,10}\b`, "$1-<id>")(s))
	}},
	{"order of sandboxes", "ls sorts by the random names", commandHas("ls -l /var/run/docker/netns"), sortLines},
	{"gateway endpoints", "named after the sandbox's random id", always, re(`gateway_([0-9a-f]{12}|<short-id>)`, "gateway_<id>")},
	{"certificates", "the swarm's authority and what it has signed", commandHas("node inspect", "docker info"), func(s string) string {
		s = re(`(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----`, "<certificate>")(s)
		s = re(`("?(?:TrustRoot|CertIssuerSubject|CertIssuerPublicKey)"?: ")[^"]*"`, `$1<of the authority>"`)(s)
		return re(`(Issuer (?:Subject|Public Key):\s*)\S+`, "$1<of the authority>")(s)
	}},
	{"times in words", "of the run", always, func(s string) string {
		s = re(`\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)? \+0000 (utc|UTC)`, "<time>")(s)
		return re(`\b(Less than a second|About a minute|\d+ seconds?|\d+ minutes?) ago`, "<age> ago")(s)
	}},
	{"short ids", "of networks, services and tasks: the first twelve letters", commandHas("docker network ls", "docker service ls", "docker service ps"), re(`(?m)^[0-9a-z]{12}( +)`, "<short-id>$1")},
	{"hash order", "the tunnel's table is a hash with a random seed, as the neighbours'", commandHas("bridge fdb show"), sortLines},
	{"answers in a shuffled order", "the engine's DNS shuffles the addresses of a name", commandHas("nslookup"), sortedRuns(`(?:Name:\t[^\n]*\nAddress: [^\n]*\n){2,}`)},
	{"order of ids", "nodes of one name are listed by their ids", only("docker node ls"), sortLines},
	{"columns", "as wide as the ids and ages in them", commandHas("docker ps", "docker service ps", "docker service ls"), re(` {2,}`, "  ")},
	{"order of a map", "the tasks of a service are gathered in one", commandHas("inspect -v"), tasksByName},
	{"versions of a node", "raft's index of the last change", commandHas("inspect"), re(`"Index": \d+`, `"Index": <n>`)},
	{"that machine's resources", "its processors and memory", commandHas("node inspect"), func(s string) string {
		s = re(`"(NanoCPUs|MemoryBytes)": \d+`, `"$1": <n>`)(s)
		return re(`( (?:CPUs|Memory):\s+)\S+`, "$1<n>")(s)
	}},
	{"keys of the overlay", "drawn by the manager", commandHas("ip xfrm"), func(s string) string {
		s = re(`0x(KEY|[0-9a-f]{20,})`, "0x<key>")(s)
		return re(`0x[0-9a-f]{7,8}\b`, "0x<spi>")(s)
	}},
	{"the gossip's own clock", "gossip and the manager's session run by their own timers beside the ping", commandHas("tcpdump -nne -v"), withoutGossip},
	{"writers of a log", "an engine's parts write beside one another, and their numbers are drawn", commandHas("journalctl -u docker"), engineLog},
	{"counters of INPUT", "packets of gossip and of that machine", commandHas("iptables -L INPUT -v"), re(`(?m)^ *\d+[KMG]? +\d+[KMG]? `, "<n> <n> ")},
}

// The writers of an engine's log. Its parts run beside one another, so that which of two
// writes first is chance; what each of them writes has an order.
var writers = []*regexp.Regexp{
	regexp.MustCompile(`module=raft`), regexp.MustCompile(`msg="Listening for con`), regexp.MustCompile(`msg="Listening for loc`), regexp.MustCompile(`module=node/agent`),
	regexp.MustCompile(`module=dispatcher|\(\*Dispatcher\)`), regexp.MustCompile(`module=node `),
	regexp.MustCompile(`msg="(Node |New memberlist|memberlist: |The new bootstrap|bdc\d+\(|Initializing Libnetwork|Error in |Bulk sync)`),
	regexp.MustCompile(`msg="(MAC address changed|Initializing buildkit|Completed buildkit)`), regexp.MustCompile(`msg="(sbJoin|set bridge default|Deleting overlay)`),
}

// apart are lines of containerd, which that engine had started itself, and of that machine's
// disk, which knows no fs-verity (README, How).
var apart = regexp.MustCompile(`msg="(containerd not running|start(ed|ing) (new containerd|containerd|managed containerd|GRPC server)|Configuration migrated|failed check for fsverity|built-in NRI|created NRI|stopping containerd|failed sending message on channel)`)

// engineLog is a log of dockerd, by writer.
func engineLog(s string) string {
	s = re(`Keys:\[\[[^\n]*`, "Keys:[[…")(s)
	s = re(`\b[0-9a-f]{15,16}\b`, "<raft id>")(re(`voters=\(\d+\)`, "voters=(<raft id>)")(s))
	s = re(`(commit|applied|lastindex): \d+`, "$1: <n>")(s)
	s = re(`(backoff=|waiting )[\d.]+m?s`, "$1<t>")(s)
	s = re(`nid=[0-9a-z]{9,12}\b`, "nid=<id>")(s)
	s = re(`address=\S*containerd\.sock`, "address=containerd.sock")(s)
	s = re(`(from=[\d.]+|[\d.]+):\d{5}\b`, "$1:<port>")(s)
	parts := make([][]string, len(writers)+1)
	for _, l := range splitLines(s) {
		if !apart.MatchString(l) {
			i := slices.IndexFunc(writers, func(w *regexp.Regexp) bool { return w.MatchString(l) })
			parts[i+1] = append(parts[i+1], l)
		}
	}
	for i, l := range parts[0] { // two directories of a map
		if i > 0 && strings.Contains(l, "CDI directory") && strings.Contains(parts[0][i-1], "dir=/var/run/cdi") {
			parts[0][i-1], parts[0][i] = l, parts[0][i-1]
		}
	}
	return strings.Join(slices.Concat(parts...), "\n")
}

func only(command string) func(string) bool { return func(c string) bool { return c == command } }

// sortedRuns sorts the lines of each place that matches.
func sortedRuns(pattern string) func(string) string {
	run := regexp.MustCompile(pattern)
	return func(s string) string {
		return run.ReplaceAllStringFunc(s, func(lines string) string { return sortLines(lines) + "\n" })
	}
}

// tasksByName sorts the tasks in an inspect's services.
func tasksByName(s string) string {
	return regexp.MustCompile(`(?s)("Tasks": \[\n)(.*?)(\n +\])`).ReplaceAllStringFunc(s, func(m string) string {
		head, rest, _ := strings.Cut(m, "\n")
		end := strings.LastIndex(rest, "\n")
		tasks := regexp.MustCompile(`(?m),\n( +\{)$`).Split(rest[:end], -1)
		for i := range tasks {
			tasks[i] = strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(tasks[i], " "), "{"), "\n")
		}
		slices.Sort(tasks)
		return head + "\n" + strings.Join(tasks, "\n") + rest[end:]
	})
}

// withoutGossip leaves out the packets of ports 7946 and 2377 of a verbose tcpdump, and
// takes the random ids and source ports from the others.
func withoutGossip(s string) string {
	gossip := regexp.MustCompile(`(?m)^    [\d.]+\.(7946|2377) > |^    [\d.]+ > [\d.]+\.(7946|2377): `)
	var out []string
	for _, p := range strings.Split(strings.ReplaceAll(s, "\n<clock> ", "\n\x00<clock> "), "\x00") {
		if !gossip.MatchString(p) {
			out = append(out, p)
		}
	}
	s = re(`\bid (\d+|<id>),`, "id <id>,")(strings.Join(out, ""))
	return re(`(10\.0\.0\.\d+)\.\d{5} >`, "$1.<port> >")(s)
}

func isSwarm(path string) bool {
	return strings.HasPrefix(path, "swarm/") || strings.HasPrefix(path, "swarm-faults/")
}

// onTheWire is the ping that was typed with a tcpdump on both hosts beside it.
var onTheWire = typedLine{"bdc01", "-", "docker exec bbox1 ping -c 3 172.16.0.3"}

// replaySwarm types a sequence on two fresh hosts and adds what each capture's command
// printed; want says which captures there are of the wire.
func replaySwarm(t *testing.T, lines []typedLine, want map[string]capture) map[string]capture {
	lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	for _, host := range []string{"bdc01", "bdc02"} {
		lab.Output(host, aroundThem)
	}
	got, world, before := map[string]capture{}, "", ""
	begun := map[string]int{} // lines of each engine's log before the sequence's first start
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l.command, "#"):
			freshBoot(t, lab, l.place)
			h, _ := lab.Host(l.place)
			begun[l.place] = len(h.Daemon.Journal.Lines())
			continue
		case strings.HasPrefix(l.command, "ip -n lan "): // the cable's end follows the host's
			continue
		case l.place == "lab":
			var seconds int
			fmt.Sscanf(l.command, "sleep %d", &seconds)
			lab.Loop.RunFor(secondsOf(seconds))
			continue
		}
		if strings.Contains(l.capture, "/07-state-later/") && !strings.Contains(before, "/07-state-later/") {
			lab.Loop.RunFor(waitedLater)
		}
		if l.capture != "-" {
			before = l.capture
			world = l.capture[:strings.LastIndex(l.capture, "/")]
			if strings.HasPrefix(world, "swarm-faults/") {
				world = strings.Join(strings.Split(world, "/")[:2], "/")
			} else {
				world = "swarm"
			}
		}
		var wire map[string]*Job
		if l == onTheWire && world != "" {
			wire = startWire(lab, world, want)
		}
		exit, out, err := lab.Output(l.place, withoutSSH(t, lab, l.command))
		if err != nil {
			t.Errorf("%s$ %s: %v", l.place, l.command, err)
		}
		if l.capture != "-" {
			got[l.capture] = capture{l.capture, l.place, l.command, exit, out}
		}
		for path, j := range wire {
			lab.wait(j)
			got[path] = capture{path, j.Place, j.Line, 0, j.stdout.String()}
		}
	}
	for _, name := range []string{"bdc01", "bdc02"} {
		h, _ := lab.Host(name)
		var b strings.Builder
		for _, line := range h.Daemon.Journal.Lines()[begun[name]:] {
			b.WriteString(line.Text + "\n")
		}
		for _, folder := range []string{"/09-logs/", "/13-logs/"} {
			path := world + folder + name + "-dockerd.log"
			if w, ok := want[path]; ok {
				got[path] = capture{path, name, w.command, 0, b.String()}
			}
		}
	}
	return got
}

// startWire starts the tcpdumps of a world, as their captures say.
func startWire(lab *Lab, world string, want map[string]capture) map[string]*Job {
	out := map[string]*Job{}
	for _, host := range []string{"bdc01", "bdc02"} {
		path := world + "/10-wire/" + host + "-eth0.txt"
		if w, ok := want[path]; ok {
			command, _, _ := strings.Cut(w.command, "   (while")
			out[path] = lab.Start(host, "timeout 8 "+command)
		}
	}
	lab.Loop.RunFor(time.Second)
	return out
}

// swarmSequences are replayed each on its own hosts.
func swarmSequences(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(groundTruth29 + "/sequence/4*-swarm*.tsv")
	if err != nil || len(paths) == 0 {
		t.Fatal("no sequence of a swarm", err)
	}
	var out []string
	for _, p := range paths {
		out = append(out, strings.TrimSuffix(filepath.Base(p), ".tsv"))
	}
	return out
}
