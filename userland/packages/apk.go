package packages

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/userland"
)

// apk is one run of Alpine's package manager.
type apk struct {
	p         *userland.Process
	quiet     bool
	installed map[string]string // name to version
	files     map[string][]string
}

const apkDB = "/lib/apk/db/installed"

// apkProgram is apk.
func apkProgram(p *userland.Process) int {
	a := &apk{p: p}
	var words []string
	update := false
	for _, x := range p.Args[1:] {
		switch {
		case x == "-q" || x == "--quiet":
			a.quiet = true
		case x == "-U" || x == "--update-cache" || x == "--update" || x == "-u" || x == "--upgrade":
			update = true
		case x == "--no-cache" || x == "--no-progress" || x == "--virtual" || strings.HasPrefix(x, "--virtual=") || x == "-t" || x == "-v" || x == "--no-network":
		case x == "--version" || x == "-V":
			p.Printf("apk-tools 2.12.10, compiled for x86_64.\n")
			return 0
		case strings.HasPrefix(x, "-"):
			p.Errorf("apk: unrecognized option: %s\n", strings.TrimLeft(x, "-"))
			return 1
		default:
			words = append(words, x)
		}
	}
	if len(words) == 0 {
		p.Printf("apk-tools 2.12.10, compiled for x86_64.\n\nusage: apk [<OPTIONS>...] COMMAND [<ARGUMENTS>...]\n")
		return 1
	}
	verb, args := words[0], words[1:]
	if (verb == "add" || verb == "del" || verb == "update" || verb == "upgrade") && !root(p) {
		p.Errorf("ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied\n")
		return 99
	}
	a.read()
	switch verb {
	case "update":
		_, bad := a.fetch(true)
		if bad > 0 {
			p.Printf("%d errors; %d distinct packages available\n", bad, 0)
			return bad
		}
		p.Printf("OK: %d distinct packages available\n", len(apks))
		return 0
	case "upgrade":
		a.fetch(true)
		a.ok()
		return 0
	case "add":
		return a.add(args, update)
	case "del":
		return a.del(args)
	case "info", "list":
		for _, n := range slices.Sorted(maps.Keys(a.installed)) {
			p.Printf("%s\n", n)
		}
		return 0
	case "search", "policy", "fix", "fetch", "stats", "version":
		p.Errorf("ERROR: dnetsim does not simulate apk %s\n", verb)
		return 1
	}
	p.Errorf("ERROR: '%s' is not an apk command. See 'apk --help'.\n", verb)
	return 1
}

func (a *apk) read() {
	a.installed, a.files = map[string]string{}, map[string][]string{}
	data, _ := a.p.ReadFile(apkDB)
	name := ""
	for _, line := range strings.Split(string(data), "\n") {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "P":
			name = value
		case "V":
			a.installed[name] = value
		case "R":
			a.files[name] = append(a.files[name], value)
		}
	}
}

func (a *apk) write() {
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(a.installed)) {
		fmt.Fprintf(&b, "P:%s\nV:%s\n", n, a.installed[n])
		for _, f := range a.files[n] {
			fmt.Fprintf(&b, "R:%s\n", f)
		}
		b.WriteString("\n")
	}
	a.p.Machine.FS().MkdirAll(path.Dir(apkDB), 0o755)
	a.p.WriteFile(apkDB, []byte(b.String()))
}

// repositories are the lines of /etc/apk/repositories.
func (a *apk) repositories() (out []string) {
	data, _ := a.p.ReadFile("/etc/apk/repositories")
	for _, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, strings.TrimSuffix(line, "/"))
		}
	}
	return out
}

// fetch gets the repositories' indexes; bad is how many cannot be had.
func (a *apk) fetch(updating bool) (all map[string]*Package, bad int) {
	all = map[string]*Package{}
	for _, r := range a.repositories() {
		if !a.quiet {
			a.p.Printf("fetch %s/x86_64/APKINDEX.tar.gz\n", r)
		}
		data, _, fail := get(a.p, "apk-tools/2.12.10", r+"/x86_64/APKINDEX")
		if fail != nil {
			bad++
			if updating {
				a.p.Errorf("ERROR: %s: %s\n", r, fail.apk())
			}
			a.p.Errorf("WARNING: Ignoring %s: %s\n", r, fail.apk())
			continue
		}
		for _, f := range stanzas(string(data), ":") {
			pkg := &Package{Source: r, Name: f["P"], Version: f["V"], Depends: strings.Fields(f["D"])}
			pkg.Installed, _ = strconv.ParseInt(f["I"], 10, 64)
			if pkg.Name != "" && all[pkg.Name] == nil {
				all[pkg.Name] = pkg
			}
		}
	}
	return all, bad
}

// apk is a failure in apk's words.
func (f *failure) apk() string {
	switch f.why {
	case noReply:
		return "temporary error (try again later)"
	case noName:
		return "DNS lookup error"
	case refused:
		return "No such file or directory"
	}
	return "network error (check Internet connection and firewall)"
}

func (a *apk) add(names []string, _ bool) int {
	all, _ := a.fetch(false)
	var missing []string
	var needed []*Package
	for _, n := range names {
		n, _, _ = strings.Cut(n, "=")
		switch {
		case a.installed[n] != "":
		case all[n] == nil:
			missing = append(missing, n)
		default:
			needed = a.need(all[n], all, needed)
		}
	}
	if len(missing) > 0 {
		a.p.Errorf("ERROR: unable to select packages:\n")
		for _, n := range missing {
			a.p.Errorf("  %s (no such package):\n    required by: world[%s]\n", n, n)
		}
		return len(missing)
	}
	for i, pkg := range needed {
		a.p.Printf("(%d/%d) Installing %s (%s)\n", i+1, len(needed), pkg.Name, pkg.Version)
		data, _, fail := get(a.p, "apk-tools/2.12.10", pkg.Source+"/x86_64/"+apkName(pkg))
		if fail != nil {
			a.p.Errorf("ERROR: %s-%s: %s\n1 error; %s\n", pkg.Name, pkg.Version, fail.apk(), a.summary())
			return 1
		}
		programs, ok := contents(data)
		if !ok {
			a.p.Errorf("ERROR: %s-%s: BAD archive\n1 error; %s\n", pkg.Name, pkg.Version, a.summary())
			return 1
		}
		a.files[pkg.Name], _ = lay(a.p, programs)
		a.installed[pkg.Name] = pkg.Version
	}
	if len(needed) > 0 {
		a.p.Printf("Executing busybox-1.35.0-r29.trigger\n")
		a.p.Sleep(50 * time.Millisecond)
	}
	a.write()
	a.ok()
	return 0
}

func (a *apk) need(pkg *Package, all map[string]*Package, list []*Package) []*Package {
	if slices.Contains(list, pkg) || a.installed[pkg.Name] != "" {
		return list
	}
	for _, d := range pkg.Depends {
		if dep := all[d]; dep != nil {
			list = a.need(dep, all, list)
		}
	}
	return append(list, pkg)
}

// baseBytes and basePackages are what the image has before anything is added.
const (
	baseMiB      = 7
	basePackages = 15
)

func (a *apk) summary() string {
	kilobytes := int64(0)
	for _, e := range apks {
		if a.installed[e.name] != "" {
			kilobytes += e.installed
		}
	}
	return fmt.Sprintf("%d MiB in %d packages", baseMiB+kilobytes/1049, basePackages+len(a.installed))
}

func (a *apk) ok() {
	if !a.quiet {
		a.p.Printf("OK: %s\n", a.summary())
	}
}

func (a *apk) del(names []string) int {
	for i, n := range names {
		if a.installed[n] == "" {
			continue
		}
		a.p.Printf("(%d/%d) Purging %s (%s)\n", i+1, len(names), n, a.installed[n])
		for _, f := range a.files[n] {
			a.p.Machine.FS().Remove(f)
		}
		delete(a.installed, n)
		delete(a.files, n)
	}
	a.write()
	a.ok()
	return 0
}
