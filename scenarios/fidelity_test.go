package scenarios

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// The judge of fidelity: testdata/ground-truth holds what a real Docker Engine
// 20.10 printed on two hosts, command by command (its README says how). This
// test builds the same two hosts, types the same commands in the same order,
// and compares what is printed after the normalisations in
// fidelity_normal_test.go. A capture that is not compared counts as
// disagreeing, and the list of those that may disagree only gets shorter.

const groundTruth = "testdata/ground-truth"

// folders are the sets of captures that are replayed so far.
var folders = []string{
	"bridge/default", "bridge/publish", "bridge/publish-no-userland-proxy", "bridge/user-defined", "host-before-docker", "host",
	"container", "none", "errors", "daemon-options", "macvlan", "overlay-kv-consul", "overlay-kv",
}

// theTwoHosts is the topology that the ground truth's README describes.
const theTwoHosts = `
name: ground truth
strict-images: true
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2, delay: 20us}
internet:
  www.baidu.com: {address: 220.181.38.150, cname: www.a.shifen.com, ttl: 128}
hosts:
  bdc01: {address: 10.0.0.11, mac: "00:0c:29:ab:00:11", kernel-lacks: [dummy, esp, ipvlan, ipvs, vlan]%s}
  bdc02: {address: 10.0.0.12, mac: "00:0c:29:ab:00:12", kernel-lacks: [dummy, esp, ipvlan, ipvs, vlan]%s}
`

type capture struct {
	path    string
	host    string
	command string
	exit    int
	output  string
}

func readCapture(t *testing.T, path string) capture { return readCaptureIn(t, groundTruth, path) }

func readCaptureIn(t *testing.T, root, path string) capture {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, "-dockerd-log.txt") || strings.HasSuffix(path, "/bdc01-dockerd.log") && strings.HasPrefix(path, "daemon-options/") {
		return capture{path, "bdc01", lastWords, 0, lastLine(string(text))}
	}
	head, rest, _ := strings.Cut(string(text), "\n")
	status, body, _ := strings.Cut(rest, "\n")
	if !strings.HasPrefix(status, "# exit: ") { // engine logs and the store's keys have none
		status, body = "# exit: 0", rest
	}
	host, command, ok := strings.Cut(strings.TrimPrefix(head, "# "), "$ ")
	if !ok {
		t.Fatalf("%s: no command in %q", path, head)
	}
	exit, err := strconv.Atoi(strings.TrimPrefix(status, "# exit: "))
	if err != nil {
		t.Fatalf("%s: no exit status in %q", path, status)
	}
	return capture{path, host, command, exit, body}
}

// lastWords is the command of a capture that is an engine's log; of an engine
// that does not start its last line counts.
const lastWords = "dockerd, its last words"

func lastLine(text string) string {
	lines := splitLines(text)
	return lines[len(lines)-1]
}

func captures(t *testing.T) map[string]capture {
	t.Helper()
	out := map[string]capture{}
	for _, f := range folders {
		err := filepath.WalkDir(filepath.Join(groundTruth, f), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(groundTruth, p)
			rel = filepath.ToSlash(rel)
			if showsTheStore(rel) || containerdOnly[rel] {
				return nil
			}
			out[rel] = readCapture(t, rel)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// containerdOnly are logs whose last lines are all containerd's.
var containerdOnly = map[string]bool{"daemon-options/bip-overlap-dockerd-log.txt": true}

// typedLine is one line of a sequence file.
type typedLine struct{ place, capture, command string }

func sequence(t *testing.T, name string) []typedLine { return sequenceIn(t, groundTruth, name) }

func sequenceIn(t *testing.T, root, name string) []typedLine {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "sequence", name+".tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var out []typedLine
	for i, l := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		f := strings.SplitN(l, "\t", 3)
		if len(f) != 3 {
			t.Fatalf("%s:%d: not three fields", name, i+1)
		}
		out = append(out, typedLine{f[0], f[1], f[2]})
	}
	return out
}

// beside are commands that ran beside the following ones, and the capture that
// shows what they printed; the sequence lists them where they were started or
// where they ended.
var beside = map[string]string{
	"timeout 6 tcpdump -nnel -i docker0 icmp or arp": "bridge/default/03-wire/docker0-tcpdump.txt",
	"timeout 6 tcpdump -nnel -i eth0 icmp or arp":    "bridge/default/03-wire/eth0-tcpdump.txt",
}

// stateBefore is what the hosts of a sequence were like besides fresh, as the
// ground truth's README says.
var stateBefore = map[string][]typedLine{
	// "captured with ip_forward already on: FORWARD policy ACCEPT there"
	"20-macvlan": {{"bdc01", "-", "iptables -P FORWARD ACCEPT"}, {"bdc02", "-", "iptables -P FORWARD ACCEPT"}},
}

// aroundThem is what the machine around the two hosts, which are namespaces there
// (README, Topology), means for their containers: it forwarded nothing, and a new
// namespace takes its IPv4 settings from the machine's first.
const aroundThem = "sysctl -qw net.core.devconf_inherit_init_net=2"

// setsBefore is what earlier sets had left on the hosts of a sequence: their
// engines went on. docker0 of bdc02 had had containers, and the hosts had met.
var setsBefore = map[string][]typedLine{
	"20-macvlan": {{"bdc01", "-", "ping -c 1 10.0.0.12"}, {"bdc02", "-", "docker run --rm busybox true"}},
}

// replay types a sequence on a fresh lab and returns what each capture's
// command printed here.
func replay(t *testing.T, lines []typedLine, got map[string]capture) {
	t.Helper()
	replayOn(t, openText(t, fmt.Sprintf(theTwoHosts, "", "")), lines, got)
}

// replayOn is replay on a lab, which it closes.
func replayOn(t *testing.T, lab *Lab, lines []typedLine, got map[string]capture) {
	t.Helper()
	defer lab.Close()
	for _, host := range []string{"bdc01", "bdc02"} {
		lab.Output(host, aroundThem)
	}
	jobs := map[string]*Job{}
	started := false
	for i, l := range lines {
		switch {
		case l.place == "lab" && strings.HasPrefix(l.command, "ip -n router "):
			command := "ip " + strings.TrimPrefix(l.command, "ip -n router ")
			if exit, out, err := lab.Output("router", command); err != nil || exit != 0 {
				t.Errorf("router$ %s: exit %d, %v\n%s", command, exit, err, out)
			}
		case l.place == "lab" && strings.HasPrefix(l.command, "ip netns exec lan "):
			// A look into the switch, which is no machine here; no capture depends on it.
		case l.place == "lab":
			seconds, err := strconv.Atoi(strings.TrimPrefix(l.command, "sleep "))
			if err != nil {
				t.Fatalf("lab can only sleep: %q", l.command)
			}
			lab.Loop.RunFor(secondsOf(seconds))
		case l.command == "# firewall and links as after a fresh boot":
			freshBoot(t, lab, l.place)
		case strings.HasPrefix(l.command, "systemctl start docker"):
			// An option that a sequence gives dockerd in a comment is one of daemon.json.
			if _, flags, ok := strings.Cut(l.command, "# dockerd --"); ok {
				name, value, _ := strings.Cut(flags, "=")
				lab.Output(l.place, fmt.Sprintf(`mkdir -p /etc/docker; echo '{"%s": %s}' > /etc/docker/daemon.json; systemctl start docker; rm /etc/docker/daemon.json`, name, value))
			} else {
				lab.Output(l.place, l.command)
			}
			keepLastWords(lab, l.place, worldStarted(lines[:i], lines[i+1:]), got)
		case beside[l.command] != "":
			if started {
				continue
			}
			started = true
			for _, m := range lines[i:] {
				if path := beside[m.command]; path != "" {
					jobs[path] = lab.Start(m.place, m.command)
				}
			}
		default:
			exit, out, err := lab.Output(l.place, l.command)
			if err != nil {
				t.Errorf("%s$ %s: %v", l.place, l.command, err)
			}
			if l.capture != "-" {
				got[l.capture] = capture{l.capture, l.place, l.command, exit, out}
			}
			if l.capture == "daemon-options/bip-overlap/run.txt" { // its log was kept at its end
				keepLastWords(lab, l.place, path.Dir(l.capture), got)
			}
			for path, j := range jobs {
				if l.capture == "bridge/default/03-wire/conntrack.txt" {
					lab.wait(j)
					got[path] = capture{path, j.Place, j.Line, j.Exit(), j.stdout.String()} // tcpdump counts on stderr
				}
			}
		}
	}
}

// worldStarted is the world of daemon.json whose engine has just started, by the captures
// that follow; of the one without any by what its file was.
func worldStarted(before, after []typedLine) string {
	if strings.HasPrefix(before[len(before)-1].command, `echo '{"bip":' >`) {
		return "daemon-options/bad-json"
	}
	for _, l := range after {
		if strings.HasPrefix(l.capture, "daemon-options/") {
			return path.Dir(l.capture)
		}
		if l.command == "systemctl stop docker" {
			break
		}
	}
	return ""
}

// keepLastWords notes the last line of a host's engine as the log of a world.
func keepLastWords(lab *Lab, host, world string, got map[string]capture) {
	h, _ := lab.Host(host)
	if log := h.Daemon.Journal.Lines(); world != "" && len(log) > 0 {
		for _, end := range []string{"-dockerd-log.txt", "/bdc01-dockerd.log"} {
			got[world+end] = capture{world + end, host, lastWords, 0, log[len(log)-1].Text}
		}
	}
}

// freshBoot makes a host's firewall and links what they are after a fresh boot.
func freshBoot(t *testing.T, lab *Lab, host string) {
	boot := "ip link del docker0; iptables -F; iptables -X; iptables -t nat -F; iptables -t nat -X; iptables -P FORWARD ACCEPT; sysctl -qw net.ipv4.ip_forward=0; rm -rf /var/lib/docker/network"
	if lab.Scenario.Engine == "29" { // which programs it by itself
		boot += "; ip6tables -F; ip6tables -X; ip6tables -t nat -F; ip6tables -t nat -X; ip6tables -P FORWARD ACCEPT; sysctl -qw net.ipv6.conf.all.forwarding=0; iptables -t raw -F; ip6tables -t raw -F"
	}
	if _, _, err := lab.Output(host, boot); err != nil {
		t.Error(err)
	}
}

func TestGroundTruth(t *testing.T) {
	want := captures(t)
	got := map[string]capture{}
	for _, name := range []string{"10-default-bridge", "11-publish", "12-user-defined", "13-host-container-none", "14-errors", "15-daemon-options", "20-macvlan"} {
		replay(t, slices.Concat(stateBefore[name], setsBefore[name], sequence(t, name)), got)
	}
	for _, s := range overlaySequences {
		replayOverlay(t, s.name, s.forwarding, want, got)
	}
	before := openText(t, fmt.Sprintf(theTwoHosts, ", docker: false", ", docker: false"))
	for path, c := range want {
		if !strings.HasPrefix(path, "host-before-docker/") {
			continue
		}
		exit, out, err := before.Output(c.host, c.command)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		got[path] = capture{path, c.host, c.command, exit, out}
	}
	before.Close()
	judgeCaptures(t, want, got, disagreements, normalise)
}

// judgeCaptures compares, prints the score, and holds the list of known
// disagreements to what is true.
func judgeCaptures(t *testing.T, want, got map[string]capture, disagreements map[string]string, normalise func(capture) string) {
	t.Helper()
	paths := make([]string, 0, len(want))
	for p := range want {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	agree := 0
	only := os.Getenv("DNETSIM_CAPTURE")
	for _, p := range paths {
		w, g := want[p], got[p]
		g.command = w.command // what was typed may say more than the capture's head
		g.exit, w.exit = normalExit(g), normalExit(w)
		a, b := normalise(w), normalise(g)
		same := g.path != "" && w.exit == g.exit && a == b
		if same {
			agree++
		}
		reason, listed := disagreements[p]
		switch {
		case same && listed:
			t.Errorf("%s agrees now: take it off the list of disagreements", p)
		case !same && !listed && g.path == "":
			t.Errorf("%s: no line of a sequence shows it", p)
		case !same && !listed:
			t.Errorf("%s: %s\nexit %d, want %d (- real engine, + dnetsim)\n%s", p, w.command, g.exit, w.exit, textDiff(a, b))
		}
		if dir := os.Getenv("DNETSIM_DIFFS"); dir != "" && !same { // a file for each disagreement
			os.MkdirAll(filepath.Join(dir, filepath.Dir(p)), 0o755)
			os.WriteFile(filepath.Join(dir, p), []byte(fmt.Sprintf("%s\nexit %d, want %d\n%s\n--- as printed here\n%s", w.command, g.exit, w.exit, textDiff(a, b), g.output)), 0o644)
		}
		if only != "" && strings.Contains(p, only) {
			t.Logf("%s (%s): same %v\n%s\n--- as printed here\n%s", p, reason, same, textDiff(a, b), g.output)
		}
	}
	for p := range disagreements {
		if _, ok := want[p]; !ok {
			t.Errorf("%s is on the list of disagreements and is no capture", p)
		}
	}
	t.Logf("%d of %d captures agree (%.0f %%), %d are listed with a reason", agree, len(paths), 100*float64(agree)/float64(len(paths)), len(disagreements))
	fmt.Printf("ground truth: %d of %d captures agree\n", agree, len(paths))
}

func textDiff(want, got string) string {
	p := &Pattern{}
	for _, l := range splitLines(want) {
		p.lines = append(p.lines, linePattern{text: l})
	}
	return indent(p.diff(got))
}
