package scenarios

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The worlds of swarm-faults: what breaks the overlay of a swarm, and how it looks. What
// was typed there is typed here, and what is compared is what somebody concludes from the
// captures: who is reached and by which words not, which peers there are, what the tunnel
// knows, and what the engines' logs say of the gossip.

// outcomes read a capture, by the end of its name.
var outcomes = []struct {
	name string
	of   func(text string) string
}{
	{"-inspect-overlay.txt", inspected}, {"-bridge-fdb.txt", tunnelRows}, {"-ip-neigh.txt", neighbourRows},
	{"node-ls.txt", nodeStates}, {"-info.txt", swarmState}, {"bdc01-dockerd.log", gossipLines}, {"bdc02-dockerd.log", gossipLines},
	{".txt", pinged},
}

var (
	pingSummary = regexp.MustCompile(`(\d+) packets transmitted, (\d+) packets received`)
	pingFailure = regexp.MustCompile(`ping: [^\n]*|Error response from daemon: [^\n]*|\*\* server can't find [^\n]*`)
	identifier  = regexp.MustCompile(`\b([0-9a-f]{64}|[0-9a-z]{25}|[0-9a-f]{12})\b`)
)

// pinged is each ping's numbers, and refusals.
func pinged(text string) string {
	var out []string
	for l := range strings.Lines(text) {
		if m := pingSummary.FindStringSubmatch(l); m != nil {
			out = append(out, m[2]+" of "+m[1])
		} else if m := pingFailure.FindString(l); m != "" {
			m = strings.Replace(m, "failed to set up container networking: ", "", 1)
			out = append(out, strings.ToLower(identifier.ReplaceAllString(m, "ID")))
		}
	}
	return strings.Join(out, "; ")
}

// inspected is the peers' addresses and the containers.
func inspected(text string) string {
	var peers, boxes []string
	for _, m := range regexp.MustCompile(`"IP": "([^"]*)"`).FindAllStringSubmatch(text, -1) {
		peers = append(peers, m[1])
	}
	for _, m := range regexp.MustCompile(`"Name": "([^"]*)",\s*"EndpointID": "[^"]*",\s*"MacAddress": "([^"]*)",\s*"IPv4Address": "([^"]*)"`).FindAllStringSubmatch(text, -1) {
		boxes = append(boxes, m[1]+" "+m[2]+" "+m[3])
	}
	slices.Sort(peers)
	slices.Sort(boxes)
	return fmt.Sprint(peers, boxes)
}

func rows(text, pattern string) string {
	var out []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		out = append(out, strings.Join(m[1:], " "))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func tunnelRows(text string) string { return rows(text, `(\S+) dev vxlan0 dst (\S+) `) }

func neighbourRows(text string) string {
	return rows(text, `(\S+) dev vxlan0 lladdr (\S+) (PERMANENT)`)
}

func nodeStates(text string) string { return rows(text, `(bdc\d+) +(\w+) +(\w+)`) }

func swarmState(text string) string {
	return rows(text, `(Swarm: \w+|Node Address: \S+|Nodes: \d+|Data Path Port: \d+)`)
}

// gossipLines is each line of the log about the gossip once, without identifiers.
func gossipLines(text string) string {
	about := regexp.MustCompile(`level=(\w+) msg="((?:memberlist: |Node |Error in |Bulk sync |periodic |Initializing Libnetwork |The new bootstrap |bdc\d+\(|Failed to join )[^\n]*)`)
	port := regexp.MustCompile(`:\d{5}\b`)
	var out []string
	for _, m := range about.FindAllStringSubmatch(text, -1) {
		s := m[1] + " " + port.ReplaceAllString(identifier.ReplaceAllString(m[2], "ID"), ":PORT")
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// otherwise are the captures of which something else is concluded here, and why.
var otherwise = map[string]string{
	"swarm-faults/manager-stopped/06-state/bdc02-ns-ip-neigh.txt":        minuteByChance,
	"swarm-faults/manager-stopped/08-ping-after/bbox1-to-bbox2-name.txt": minuteByChance,
	"swarm-faults/manager-stopped/08-ping-after/bbox2-to-bbox1-ip.txt":   minuteByChance,
	"swarm-faults/manager-stopped/08-ping-after/bbox2-to-bbox1-name.txt": minuteByChance,
}

const minuteByChance = "who is alone looks for the first nodes again once a minute, at a second drawn by chance: there it was 14 s after the manager's start, here it is later; all is well in 10-ping-later"

func TestWorldsOfASwarm(t *testing.T) {
	root := filepath.Join(groundTruth29, "swarm-faults")
	worlds, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range worlds {
		t.Run(w.Name(), func(t *testing.T) {
			t.Parallel()
			got := typeWorld(t, sequenceIn(t, groundTruth29, "42-swarm-"+w.Name()))
			filepath.WalkDir(filepath.Join(root, w.Name()), func(p string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				rel, _ := filepath.Rel(groundTruth29, p)
				rel = filepath.ToSlash(rel)
				i := slices.IndexFunc(outcomes, func(o struct {
					name string
					of   func(string) string
				}) bool {
					return strings.HasSuffix(rel, o.name)
				})
				want, have := outcomes[i].of(readCaptureIn(t, groundTruth29, rel).output), outcomes[i].of(got[rel])
				switch why, known := otherwise[rel]; {
				case want == have && known:
					t.Errorf("%s agrees by now; it was said to differ: %s", rel, why)
				case want != have && !known:
					t.Errorf("%s\nthere: %s\nhere:  %s", rel, want, have)
				}
				return nil
			})
		})
	}
}

// withoutSSH is a command with the output of what it asks other hosts for: there ssh was a
// stand-in that needed no network.
func withoutSSH(t *testing.T, lab *Lab, command string) string {
	return regexp.MustCompile(`\$\(ssh (\w+) ([^)]*)\)`).ReplaceAllStringFunc(command, func(s string) string {
		host, asked, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(s, "$(ssh "), ")"), " ")
		_, out, err := lab.Output(host, asked)
		if err != nil {
			t.Error(err)
		}
		return strings.TrimSpace(out)
	})
}

// waitedLater is how long was waited before captures named "later"; no line says so, but
// the README.
const waitedLater = 20 * time.Second

// typeWorld types a world's lines on two fresh hosts and returns what they print, by the
// captures' names; the engines' logs are among it.
func typeWorld(t *testing.T, lines []typedLine) map[string]string {
	lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	got, world, before := map[string]string{}, "", ""
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l.command, "#"), strings.HasPrefix(l.command, "ip -n lan "): // the cable's end follows the host's
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
		}
		_, out, err := lab.Output(l.place, withoutSSH(t, lab, l.command))
		if err != nil {
			t.Errorf("%s$ %s: %v", l.place, l.command, err)
		}
		if l.capture != "-" {
			got[l.capture] = out
			world, _, _ = strings.Cut(strings.TrimPrefix(l.capture, "swarm-faults/"), "/")
		}
	}
	for _, name := range []string{"bdc01", "bdc02"} {
		var b strings.Builder
		h, _ := lab.Host(name)
		for _, line := range h.Daemon.Journal.Lines() {
			b.WriteString(line.Text + "\n")
		}
		got["swarm-faults/"+world+"/09-logs/"+name+"-dockerd.log"] = b.String()
	}
	return got
}
