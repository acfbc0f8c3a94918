package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/userland"
	"dnetsim/userland/consul"
)

// overlaySequences are the overlay cases that are replayed, and what the hosts
// were like besides fresh: after "firewall and links as after a fresh boot" the
// FORWARD policy is ACCEPT and ip_forward is off, or, where the README says so
// (observation 12), it was on already, and the policy stays ACCEPT.
var overlaySequences = []struct {
	name       string
	forwarding bool
}{
	{"31-overlay-consul-correct", true},
	{"31-overlay-consul-same_advertise", true},
	{"30-overlay-correct", false},
	{"30-overlay-same_advertise", true},
	{"30-overlay-same_advertise_fixed_live", true},
	{"30-overlay-udp4789", true},
	{"30-overlay-7946", true},
	{"30-overlay-dup_hostname", true},
	{"30-overlay-advertise_nonlocal", true},
	{"30-overlay-advertise_bad", true},
	{"30-overlay-forward_drop", true},
	{"30-overlay-kv_stopped", true},
	{"30-overlay-mtu", true},
	{"30-overlay-no_store_on_bdc02", true},
	{"30-overlay-overlap_host", true},
	{"30-overlay-path_mtu_from_start", true},
	{"30-overlay-store_unreachable", true},
}

// showsTheStore says whether a capture shows the store itself and was taken with
// etcd, which the README says to leave out: a sequence names Consul.
func showsTheStore(path string) bool {
	if !strings.HasPrefix(path, "overlay-kv/") {
		return false
	}
	return strings.Contains(path, "/00-") || strings.Contains(path, "/08-kv/") || strings.HasSuffix(path, "/keys.txt")
}

// overlayReplay is one overlay case on its own lab.
type overlayReplay struct {
	t      *testing.T
	lab    *Lab
	want   map[string]capture
	got    map[string]capture
	store  *userland.Process
	on     bool            // forwarding was on before the engine came
	clear  map[string]int  // by host: log lines that are of an earlier start
	fresh  map[string]bool // by host: the case has not started its engine yet
	folder string
	next   int // which attempt of advertise-invalid
}

func replayOverlay(t *testing.T, name string, on bool, want, got map[string]capture) {
	lab := openText(t, fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	lines := sequence(t, name)
	r := &overlayReplay{t: t, lab: lab, want: want, got: got, on: on, clear: map[string]int{}, fresh: map[string]bool{}}
	for _, l := range lines {
		if at := strings.Index(l.capture, "/0"); at > 0 && r.folder == "" {
			r.folder = l.capture[:at]
		}
		if strings.Contains(l.capture, "/advertise-invalid/") {
			r.folder = "overlay-kv/causes/advertise-invalid"
		}
	}
	wireAt, wired := -1, false
	lastState := -1
	for i, l := range lines {
		if strings.Contains(l.command, "wire-bdc0") && wireAt < 0 {
			wireAt = i
		}
		if strings.HasPrefix(l.capture, r.folder+"/0") {
			lastState = i
		}
	}
	for i, l := range lines {
		if strings.HasPrefix(l.command, "ip -n lan link set v-bdc01 mtu 1500") {
			r.sizes()
		}
		switch {
		case strings.Contains(l.command, "wire-bdc0"):
			// Both tcpdumps ran beside the ping, in whatever order they are listed.
		case wireAt >= 0 && i >= wireAt-1 && !wired && strings.HasPrefix(l.command, "docker exec bbox1 ping -c 3 172.16.0.2") || wireAt == i:
			wired = true
			r.wire(l)
		default:
			r.line(l)
		}
		if i == max(lastState, wireAt) && wireAt < 0 {
			r.logs(r.folder + "/09-logs/")
		}
		if wired && wireAt >= 0 {
			wireAt = -1
			r.logs(r.folder + "/09-logs/")
		}
	}
	if path := r.folder + "/10-wire/bdc01-eth0.txt"; want[path].path != "" && got[path].path == "" {
		// The sequence leaves it out; the capture's head names the ping.
		r.wire(typedLine{"bdc01", "-", "docker exec bbox1 ping -c 3 172.16.0.2"})
	}
	for _, sub := range []string{"/12-other-engine-stopped", "/20-after-fix", "/20-kv-down", ""} {
		if _, done := got[r.folder+sub+"/09-logs/bdc01-dockerd.log"]; !done {
			r.logs(r.folder + sub + "/09-logs/")
		}
	}
}

// sizes types the pings of every size, which a sequence may leave out; their
// captures name them.
func (r *overlayReplay) sizes() {
	paths := make([]string, 0, 12)
	for p := range r.want {
		if strings.HasPrefix(p, r.folder+"/05-ping/size-") && r.got[p].path == "" {
			paths = append(paths, p)
		}
	}
	sort.Strings(paths)
	for _, p := range paths {
		r.line(typedLine{r.want[p].host, p, r.want[p].command})
	}
}

// wire types the ping with a tcpdump on both hosts beside it.
func (r *overlayReplay) wire(ping typedLine) {
	var jobs []*Job
	for _, h := range []string{"bdc01", "bdc02"} {
		jobs = append(jobs, r.lab.Start(h, "timeout 9 tcpdump -nnev -i eth0 udp port 4789 or port 7946"))
	}
	r.lab.Loop.RunFor(time.Second)
	r.line(ping)
	for _, j := range jobs {
		r.lab.wait(j)
		path := r.folder + "/10-wire/" + j.Place + "-eth0.txt"
		r.got[path] = capture{path, j.Place, "tcpdump", 0, j.stdout.String()}
	}
}

func (r *overlayReplay) logs(folder string) {
	for _, h := range []string{"bdc01", "bdc02"} {
		path := folder + h + "-dockerd.log"
		if _, ok := r.want[path]; ok {
			r.got[path] = capture{path, h, "journalctl -u docker", 0, r.logOf(h)}
		}
	}
}

func (r *overlayReplay) logOf(host string) string {
	h, _ := r.lab.Host(host)
	var b strings.Builder
	for _, l := range h.Daemon.Journal.Lines()[r.clear[host]:] {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

func (r *overlayReplay) line(l typedLine) {
	switch {
	case strings.HasPrefix(l.command, "#"):
		r.step(l)
	case l.place == "lab" && strings.HasPrefix(l.command, "ip -n lan link set v-"):
		f := strings.Fields(strings.TrimPrefix(l.command, "ip -n lan link set v-"))
		r.port(f[0], f[2])
	case l.place == "lab":
		seconds, err := strconv.ParseFloat(strings.TrimPrefix(l.command, "sleep "), 64)
		if err != nil {
			r.t.Fatalf("lab can only sleep: %q", l.command)
		}
		r.lab.Loop.RunFor(time.Duration(seconds * float64(time.Second)))
	case strings.HasSuffix(l.command, "> /etc/docker/daemon.json"):
		// The sequence has the file's lines one after the other.
		r.typed(typedLine{l.place, l.capture, "mkdir -p /etc/docker"})
		l.command = strings.NewReplacer(`{  "`, "{\n  \"", `,  "`, ",\n  \"", `"}`, "\"\n}").Replace(l.command)
		r.typed(l)
		if h, _ := r.lab.Host(l.place); r.fresh[l.place] || strings.Contains(r.folder, "then-fixed") {
			r.clear[l.place] = len(h.Daemon.Journal.Lines())
			r.fresh[l.place] = false
		}
	case strings.HasPrefix(l.command, "timeout 30 tcpdump"):
		r.idle(l)
	case strings.Contains(l.command, "/v1/kv/docker"):
		r.keys(l)
	default:
		r.typed(l)
		if strings.Contains(r.folder, "advertise-invalid") && l.command == "systemctl start docker" {
			r.refused()
		}
	}
}

// keys asks the store, as a capture's head says, and reads the answer as jq
// there did; a list of keys has the sessions behind it.
func (r *overlayReplay) keys(l typedLine) {
	r.typed(l)
	g, ok := r.got[l.capture]
	if !ok || showsTheStore(l.capture) {
		return
	}
	if g.output = storeText(r.t, g.output); strings.HasSuffix(l.capture, "/keys.txt") {
		_, sessions, err := r.lab.Output(l.place, "curl -s 'http://10.0.0.11:8500/v1/session/list'")
		var b bytes.Buffer
		if err == nil {
			err = json.Indent(&b, []byte(sessions), "", "  ")
		}
		if err != nil {
			r.t.Errorf("%s: %v", l.capture, err)
		}
		g.output += "\n# sessions\n" + b.String() + "\n"
	}
	r.got[l.capture] = g
}

// storeText is an answer of /v1/kv as the captures have it: a line for each
// key, or each key's head and its decoded value.
func storeText(t *testing.T, answer string) string {
	var keys []string
	if json.Unmarshal([]byte(answer), &keys) == nil {
		return strings.Join(keys, "\n") + "\n"
	}
	var pairs []struct {
		Key, Session string
		Flags        float64 // jq's only kind of number
		LockIndex    int
		Value        []byte
	}
	if err := json.Unmarshal([]byte(answer), &pairs); err != nil {
		t.Errorf("the store's answer: %v\n%s", err, answer)
	}
	var b strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&b, "== %s  flags=%s lockindex=%d", p.Key, strconv.FormatFloat(p.Flags, 'f', -1, 64), p.LockIndex)
		if p.Session != "" {
			b.WriteString(" session=" + p.Session)
		}
		if p.Value == nil {
			p.Value = []byte("(null)")
		}
		b.WriteString("\n" + string(p.Value) + "\n")
	}
	return b.String()
}

// idle is the capture of twelve idle seconds.
func (r *overlayReplay) idle(l typedLine) {
	path := r.folder + "/10-wire/serf-idle.txt"
	j := r.lab.Start(l.place, "timeout 12 tcpdump -nn -i eth0 port 7946")
	r.lab.wait(j)
	r.got[path] = capture{path, j.Place, j.Line, 0, j.stdout.String()}
}

// refused is what the engine wrote before it gave up.
func (r *overlayReplay) refused() {
	names := []string{"advertise-10.0.0.11.txt", "advertise-eth9_2376.txt", "advertise-bdc01_2376.txt", "advertise-2376.txt", "advertise-.txt"}
	path := r.folder + "/" + names[r.next]
	r.next++
	r.got[path] = capture{path, "bdc01", "journalctl -u docker", 0, r.logOf("bdc01")}
}

func (r *overlayReplay) typed(l typedLine) {
	if w, ok := r.want[l.capture]; ok && strings.HasPrefix(w.command, "docker exec") {
		l.command = w.command // the capture says which addresses the containers had
	}
	exit, out, err := r.lab.Output(l.place, l.command)
	if err != nil {
		r.t.Errorf("%s$ %s: %v", l.place, l.command, err)
	}
	if l.capture != "-" {
		r.got[l.capture] = capture{l.capture, l.place, l.command, exit, out}
	}
}

// step does what a line that describes a step means.
func (r *overlayReplay) step(l typedLine) {
	switch {
	case l.command == "# consul stopped":
		if r.store != nil {
			r.store.Signal(userland.SIGKILL)
			r.lab.Loop.RunFor(time.Second)
			r.store = nil
		}
	case strings.HasPrefix(l.command, "# consul 1.5.3 listening"):
		m, _ := r.lab.Machine("bdc01")
		r.store = m.Start(userland.ProcSpec{
			Args:    []string{"consul", "agent", "-server", "-bootstrap", "-client", "10.0.0.11", "-bind", "10.0.0.11", "-node", "kv0", "-data-dir", "/tmp/kv"},
			Program: consul.Programs()["consul"],
		})
		r.lab.Loop.RunFor(8 * time.Second)
	case strings.HasPrefix(l.command, "# firewall and links"):
		forwarding := "0"
		if r.on {
			forwarding = "1"
		}
		r.fresh[l.place] = true
		h, _ := r.lab.Host(l.place)
		r.clear[l.place] = len(h.Daemon.Journal.Lines())
		r.typed(typedLine{l.place, "-", "ip link del docker0; ip link del docker_gwbridge; iptables -F; iptables -X; iptables -t nat -F; iptables -t nat -X; iptables -P FORWARD ACCEPT; sysctl -qw net.ipv4.ip_forward=" + forwarding + "; rm -rf /var/lib/docker/network"})
	default:
		r.t.Errorf("step %q", l.command)
	}
}

// port is the MTU of a host's port of the switch, which passes four bytes more
// (README: a Linux bridge allows for a VLAN tag).
func (r *overlayReplay) port(host, mtu string) {
	n, err := strconv.Atoi(mtu)
	if err != nil {
		r.t.Fatal(err)
	}
	if n >= 1500 {
		n = 0
	} else {
		n += 4
	}
	w := r.lab.cables[host+":eth0"]
	for _, e := range []*link.End{w.A(), w.B()} {
		i := e.Impairment()
		i.MTU = n
		e.Impair(i)
	}
}
