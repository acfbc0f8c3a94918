package packages

import (
	"bufio"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// apt is one run of apt or apt-get.
type apt struct {
	p       *userland.Process
	name    string
	quiet   int
	yes     bool
	numbers int // of the last file
	fetched int // bytes
}

// aptOptions are those that change nothing that is simulated.
var aptOptions = []string{
	"--no-install-recommends", "--no-install-suggests", "--fix-missing", "--fix-broken", "-f", "-m", "-V", "--verbose-versions", "--allow-unauthenticated",
	"--allow-downgrades", "--allow-change-held-packages", "--force-yes", "--no-upgrade", "--only-upgrade", "--reinstall", "--purge", "--auto-remove", "-u",
}

// aptProgram is apt and apt-get.
func aptProgram(p *userland.Process) int {
	a := &apt{p: p, name: p.Name()}
	var words []string
	for i := 1; i < len(p.Args); i++ {
		switch x := p.Args[i]; {
		case x == "-o" || x == "-t" || x == "-c":
			i++
		case strings.HasPrefix(x, "-o") || strings.HasPrefix(x, "--option=") || slices.Contains(aptOptions, x):
		case x == "-y" || x == "--yes" || x == "--assume-yes" || x == "-yq" || x == "-qy" || x == "-yqq" || x == "-qqy":
			a.yes = true
			a.quiet += strings.Count(x, "q")
		case x == "-q" || x == "-qq" || x == "--quiet" || x == "-q=2":
			a.quiet += max(1, strings.Count(x, "q"))
		case x == "-v" || x == "--version":
			p.Printf("apt 2.4.12 (amd64)\n")
			return 0
		case strings.HasPrefix(x, "-"):
			p.Errorf("E: Command line option %s is not understood in combination with the other options\n", x)
			return 100
		default:
			words = append(words, x)
		}
	}
	if len(words) == 0 {
		p.Printf("apt 2.4.12 (amd64)\nUsage: %s [options] command\n", a.name)
		return 1
	}
	if a.name == "apt" && !userland.IsTTY(p.Stdout) {
		p.Errorf("\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n\n")
	}
	return a.command(words[0], words[1:])
}

func (a *apt) command(verb string, names []string) int {
	changes := contains([]string{"update", "install", "remove", "purge", "upgrade", "dist-upgrade", "full-upgrade", "autoremove"}, verb)
	if changes && !root(a.p) {
		lock, dir := "/var/lib/dpkg/lock-frontend", "Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?"
		if verb == "update" {
			lock, dir = listDir+"/lock", "Unable to lock directory "+listDir+"/"
			a.doing("Reading package lists")
		}
		a.p.Errorf("E: Could not open lock file %s - open (13: Permission denied)\nE: %s\n", lock, dir)
		return 100
	}
	switch verb {
	case "update":
		return a.update()
	case "install":
		return a.install(names)
	case "remove", "purge":
		return a.remove(names)
	case "upgrade", "dist-upgrade", "full-upgrade", "autoremove":
		a.reading()
		a.say("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
		return 0
	case "clean", "autoclean":
		return 0
	case "list":
		return a.list()
	case "search", "show", "policy":
		a.p.Errorf("E: dnetsim does not simulate %s %s\n", a.name, verb)
		return 100
	}
	a.p.Errorf("E: Invalid operation %s\n", verb)
	return 100
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// say prints unless -qq.
func (a *apt) say(format string, args ...any) {
	if a.quiet < 2 {
		a.p.Printf(format, args...)
	}
}

// doing is a step that shows its progress on a terminal.
func (a *apt) doing(what string) {
	if userland.IsTTY(a.p.Stdout) {
		a.say("%s... Done\n", what)
		return
	}
	a.say("%s...\n", what)
}

func (a *apt) reading() {
	a.doing("Reading package lists")
	a.doing("Building dependency tree")
	a.doing("Reading state information")
}

// known are the packages of the indexes that an update has fetched, and the
// archive of each.
func (a *apt) known() (all map[string]*Package, from map[string]repository) {
	all, from = map[string]*Package{}, map[string]repository{}
	for _, r := range a.sources() {
		for _, c := range r.components {
			data, _ := a.p.ReadFile(listName(r.uri + "/dists/" + r.suite + "/" + c + "/binary-amd64/Packages"))
			for _, pkg := range readIndex(string(data), c) {
				if all[pkg.Name] == nil {
					all[pkg.Name], from[pkg.Name] = pkg, r
				}
			}
		}
	}
	return all, from
}

// readIndex reads a Packages file. A package's Source is the path of its file.
func readIndex(text, component string) (out []*Package) {
	for _, f := range stanzas(text, ": ") {
		p := &Package{Component: component, Name: f["Package"], Version: f["Version"], Source: f["Filename"]}
		if d := f["Depends"]; d != "" {
			p.Depends = strings.Split(d, ", ")
		}
		p.Size, _ = strconv.ParseInt(f["Size"], 10, 64)
		p.Installed, _ = strconv.ParseInt(f["Installed-Size"], 10, 64)
		p.Installed *= 1024 // it is in KiB
		if p.Name != "" {
			out = append(out, p)
		}
	}
	return out
}

// install is apt-get install: it works out what is needed, fetches and unpacks it.
func (a *apt) install(names []string) int {
	a.reading()
	all, from := a.known()
	db := readStatus(a.p)
	var wanted, needed []*Package
	for _, name := range names {
		name, _, _ = strings.Cut(name, "=")
		if pkg := here(a.p, db, all, name); pkg != nil {
			a.say("%s is already the newest version (%s).\n", name, pkg.Version)
			continue
		}
		pkg := all[name]
		if pkg == nil {
			a.p.Errorf("E: Unable to locate package %s\n", name)
			return 100
		}
		wanted = append(wanted, pkg)
	}
	for _, pkg := range wanted {
		needed = a.need(pkg, all, db, needed)
	}
	if len(needed) == 0 {
		a.say("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
		return 0
	}
	if !a.agreed(wanted, needed) {
		a.p.Printf("Abort.\n")
		return 1
	}
	return a.fetchAndUnpack(needed, from, db)
}

// here is a package that is installed already, by apt or with the image.
func here(p *userland.Process, db *status, all map[string]*Package, name string) *Package {
	if v, ok := db.version[name]; ok {
		return &Package{Name: name, Version: v}
	}
	for _, e := range debs {
		if pkg := e.read(0); pkg.Name == name && present(p, pkg) {
			if all[name] != nil {
				return all[name]
			}
			return pkg
		}
	}
	return nil
}

// need appends what a package depends on, and then itself.
func (a *apt) need(pkg *Package, all map[string]*Package, db *status, list []*Package) []*Package {
	if slices.Contains(list, pkg) || here(a.p, db, all, pkg.Name) != nil {
		return list
	}
	for _, d := range pkg.Depends {
		if dep := all[d]; dep != nil {
			list = a.need(dep, all, db, list)
		}
	}
	if slices.Contains(list, pkg) {
		return list
	}
	return append(list, pkg)
}

// agreed tells what will be done, and asks where more than what was named is.
func (a *apt) agreed(wanted, needed []*Package) bool {
	var more, names []string
	bytes, disk := int64(0), int64(0)
	for _, pkg := range needed {
		names = append(names, pkg.Name)
		if !slices.Contains(wanted, pkg) {
			more = append(more, pkg.Name)
		}
		bytes, disk = bytes+pkg.Size, disk+pkg.Installed
	}
	slices.Sort(more)
	slices.Sort(names)
	if len(more) > 0 {
		a.say("The following additional packages will be installed:\n%s", wrapped(more))
	}
	a.say("The following NEW packages will be installed:\n%s", wrapped(names))
	a.say("0 upgraded, %d newly installed, 0 to remove and 0 not upgraded.\nNeed to get %s of archives.\nAfter this operation, %s of additional disk space will be used.\n",
		len(needed), size(bytes), size(disk))
	if a.yes || len(more) == 0 {
		return true
	}
	a.p.Printf("Do you want to continue? [Y/n] ")
	line, err := bufio.NewReader(a.p.Stdin).ReadString('\n')
	line = strings.ToLower(strings.TrimSpace(line))
	return err == nil && (line == "" || strings.HasPrefix(line, "y"))
}

// wrapped is a list in apt's lines.
func wrapped(names []string) string {
	var b strings.Builder
	line := " "
	for _, n := range names {
		if len(line)+len(n) > 78 {
			b.WriteString(line + "\n")
			line = " "
		}
		line += " " + n
	}
	return b.String() + line + "\n"
}

func (a *apt) fetchAndUnpack(needed []*Package, from map[string]repository, db *status) int {
	began := a.p.Loop().Now()
	var items []*item
	for _, pkg := range needed {
		r := from[pkg.Name]
		items = append(items, a.item(r.uri+"/"+pkg.Source, fmt.Sprintf("%s %s/%s amd64 %s amd64 %s", r.uri, r.suite, pkg.Component, pkg.Name, pkg.Version), r))
	}
	a.fetchAll(items)
	a.total(began)
	bad := false
	for _, x := range items {
		if x.fail != nil {
			bad = true
			a.p.Errorf("E: Failed to fetch %s  %s\n", x.uri, x.fail.apt())
		}
	}
	if bad {
		a.p.Errorf("E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n")
		return 100
	}
	if !present(a.p, &Package{Programs: []string{"apt-extracttemplates"}}) && db.version["apt-utils"] == "" {
		a.p.Errorf("debconf: delaying package configuration, since apt-utils is not installed\n")
	}
	for i, pkg := range needed {
		if !unpack(a.p, db, pkg, items[i].data, i == 0) {
			return 100
		}
	}
	for _, pkg := range needed {
		a.p.Printf("Setting up %s (%s) ...\n", pkg.Name, pkg.Version)
	}
	db.write(a.p)
	return 0
}

// remove takes packages and their programs away.
func (a *apt) remove(names []string) int {
	a.reading()
	db := readStatus(a.p)
	all, _ := a.known()
	var gone []string
	for _, n := range names {
		switch {
		case db.version[n] != "":
			gone = append(gone, n)
		case all[n] != nil || here(a.p, db, all, n) != nil:
			a.say("Package '%s' is not installed, so not removed\n", n)
		default:
			a.p.Errorf("E: Unable to locate package %s\n", n)
			return 100
		}
	}
	if len(gone) > 0 {
		a.say("The following packages will be REMOVED:\n%s", wrapped(gone))
	}
	a.say("0 upgraded, 0 newly installed, %d to remove and 0 not upgraded.\n", len(gone))
	for _, n := range gone {
		a.p.Printf("Removing %s (%s) ...\n", n, db.version[n])
		db.remove(a.p, n)
	}
	db.write(a.p)
	return 0
}

// list is apt list --installed, of what apt itself has installed.
func (a *apt) list() int {
	db := readStatus(a.p)
	a.p.Printf("Listing...\n")
	for _, n := range db.names() {
		a.p.Printf("%s/now %s amd64 [installed,local]\n", n, db.version[n])
	}
	return 0
}
