package packages

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// listDir is where the indexes are kept.
const listDir = "/var/lib/apt/lists"

// repository is a suite that sources.list names.
type repository struct {
	uri        string // without the slash at its end
	suite      string
	components []string
}

// sources reads sources.list and what lies beside it, in both formats.
func (a *apt) sources() (out []repository) {
	read := func(name string) {
		data, _ := a.p.ReadFile(name)
		if strings.HasSuffix(name, ".sources") {
			out = append(out, readStanzas(string(data))...)
			return
		}
		for _, line := range strings.Split(string(data), "\n") {
			line, _, _ = strings.Cut(line, "#")
			if i, k := strings.IndexByte(line, '['), strings.IndexByte(line, ']'); i >= 0 && k > i {
				line = line[:i] + line[k+1:]
			}
			if f := strings.Fields(line); len(f) >= 3 && f[0] == "deb" {
				out = append(out, repository{strings.TrimSuffix(f[1], "/"), f[2], f[3:]})
			}
		}
	}
	read("/etc/apt/sources.list")
	infos, _ := a.p.ReadDir("/etc/apt/sources.list.d")
	for _, i := range infos {
		if strings.HasSuffix(i.Name, ".list") || strings.HasSuffix(i.Name, ".sources") {
			read("/etc/apt/sources.list.d/" + i.Name)
		}
	}
	return out
}

// readStanzas reads the format of sources(5) with a key on each line.
func readStanzas(text string) (out []repository) {
	for _, stanza := range strings.Split(text, "\n\n") {
		keys := map[string][]string{}
		for _, line := range strings.Split(stanza, "\n") {
			if k, v, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, "#") {
				keys[k] = strings.Fields(v)
			}
		}
		for _, uri := range keys["URIs"] {
			for _, suite := range keys["Suites"] {
				if slices.Contains(keys["Types"], "deb") {
					out = append(out, repository{strings.TrimSuffix(uri, "/"), suite, keys["Components"]})
				}
			}
		}
	}
	return out
}

// item is a file that apt fetches.
type item struct {
	number int
	uri    string
	label  string // behind the number
	data   []byte
	fail   *failure
	repo   repository
}

// listName is the file that keeps an index: its URI without the scheme, with
// underscores.
func listName(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	return path.Join(listDir, strings.ReplaceAll(strings.ReplaceAll(rest, "_", "%5f"), "/", "_"))
}

// retries is how often apt tries again what may be a passing failure.
const retries = 3

// update is apt-get update.
func (a *apt) update() int {
	began := a.p.Loop().Now()
	a.numbers, a.fetched = 0, 0
	var releases []*item
	for _, r := range a.sources() {
		releases = append(releases, a.item(r.uri+"/dists/"+r.suite+"/InRelease", r.uri+" "+r.suite+" InRelease", r))
	}
	a.fetchAll(releases)
	var indexes []*item
	for _, rel := range releases {
		if rel.fail != nil {
			continue
		}
		a.p.Machine.FS().MkdirAll(listDir, 0o755)
		a.p.WriteFile(listName(rel.uri), rel.data)
		for _, c := range rel.repo.components {
			uri := rel.repo.uri + "/dists/" + rel.repo.suite + "/" + c + "/binary-amd64/Packages"
			indexes = append(indexes, a.item(uri, rel.repo.uri+" "+rel.repo.suite+"/"+c+" amd64 Packages", rel.repo))
		}
	}
	a.fetchAll(indexes)
	for _, x := range indexes {
		if x.fail == nil {
			a.p.WriteFile(listName(x.uri), x.data)
		}
	}
	a.total(began)
	a.doing("Reading package lists")
	return a.updateResult(append(releases, indexes...))
}

// updateResult are the warnings and errors at an update's end: what cannot be
// reached is a warning, an archive without a release file an error.
func (a *apt) updateResult(items []*item) (status int) {
	failed := false
	for _, x := range items {
		switch {
		case x.fail == nil:
		case x.fail.why == refused:
			a.p.Errorf("E: The repository '%s Release' does not have a Release file.\n", strings.TrimSuffix(x.label, " InRelease"))
			status = 100
		default:
			failed = true
			a.p.Errorf("W: Failed to fetch %s  %s\n", x.uri, x.fail.apt())
		}
	}
	if failed {
		a.p.Errorf("W: Some index files failed to download. They have been ignored, or old ones used instead.\n")
	}
	return status
}

func (a *apt) item(uri, label string, r repository) *item {
	a.numbers++
	return &item{number: a.numbers, uri: uri, label: label, repo: r}
}

// fetchAll fetches files, and those that failed for a reason that may pass again,
// with a pause that doubles.
func (a *apt) fetchAll(items []*item) {
	left := items
	for try := 0; len(left) > 0; try++ {
		var next []*item
		dead := map[string]*failure{} // hosts that failed in this round
		for _, x := range left {
			host, _, _ := strings.Cut(strings.TrimPrefix(x.uri, "http://"), "/")
			if x.fail = dead[host]; x.fail == nil {
				x.data, _, x.fail = get(a.p, "Debian APT-HTTP/1.3 (2.4.12)", x.uri)
			}
			switch {
			case x.fail == nil:
				a.fetched += len(x.data)
				a.say("Get:%d %s [%s]\n", x.number, x.label, size(int64(len(x.data))))
			case x.fail.why != refused && try < retries:
				dead[host] = x.fail
				a.say("Ign:%d %s\n", x.number, x.label)
				next = append(next, x)
			default:
				if x.fail.why != refused {
					dead[host] = x.fail
				}
				a.say("Err:%d %s\n  %s\n", x.number, x.label, x.fail.apt())
			}
		}
		if left = next; len(left) > 0 {
			a.p.Sleep(time.Second << try)
		}
	}
}

// apt is a failure in the words of apt's http method.
func (f *failure) apt() string {
	switch f.why {
	case noReply:
		return fmt.Sprintf("Temporary failure resolving '%s'", f.host)
	case noName:
		return fmt.Sprintf("Could not resolve '%s'", f.host)
	case refused:
		return fmt.Sprintf("%d  %s [IP: %s %d]", f.status, f.reason, f.at.Addr(), f.at.Port())
	case noAnswer:
		return fmt.Sprintf("Connection failed [IP: %s %d]", f.at.Addr(), f.at.Port())
	}
	where := fmt.Sprintf("%s:%d (%s)", f.host, f.at.Port(), f.at.Addr())
	if userland.TimedOut(f.err) || f.err == stack.ErrConnTimedOut {
		return "Could not connect to " + where + ", connection timed out"
	}
	text := userland.Reason(f.err)
	numbers := map[string]int{"Connection refused": 111, "No route to host": 113, "Network is unreachable": 101}
	if text == "Network is unreachable" {
		return fmt.Sprintf("Cannot initiate the connection to %s. - connect (101: %s)", where, text)
	}
	return fmt.Sprintf("Could not connect to %s. - connect (%d: %s)", where, numbers[text], text)
}

// total is the line of what was fetched.
func (a *apt) total(began time.Duration) {
	if a.fetched == 0 {
		return
	}
	took := a.p.Loop().Now() - began
	rate := float64(a.fetched) / max(took.Seconds(), 0.001)
	a.say("Fetched %s in %ds (%s/s)\n", size(int64(a.fetched)), int(took.Seconds()), size(int64(rate)))
}

// size is a number of bytes as apt writes it: "42.9 kB", "1792 kB".
func size(n int64) string {
	f := float64(n)
	for i, unit := range []string{"B", "kB", "MB", "GB"} {
		if f < 100 && i > 0 {
			return fmt.Sprintf("%.1f %s", f, unit)
		}
		if f < 10000 {
			return fmt.Sprintf("%.0f %s", f, unit)
		}
		f /= 1000
	}
	return fmt.Sprintf("%.0f GB", f)
}
