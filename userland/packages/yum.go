package packages

import (
	"bufio"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"dnetsim/userland"
)

const yumDB = "/var/lib/rpm/dnetsim"

// yumProgram is yum, and dnf's simpler half.
func yumProgram(p *userland.Process) int {
	var words []string
	yes := false
	for _, x := range p.Args[1:] {
		switch {
		case x == "-y" || x == "--assumeyes":
			yes = true
		case x == "-q" || x == "--quiet":
		case strings.HasPrefix(x, "-"):
			p.Errorf("Command line error: no such option: %s\n", x)
			return 1
		default:
			words = append(words, x)
		}
	}
	if len(words) == 0 {
		p.Errorf("You need to give some command\n")
		return 1
	}
	p.Printf("Loaded plugins: fastestmirror, ovl\n")
	verb, names := words[0], words[1:]
	if !root(p) {
		p.Errorf("You need to be root to perform this command.\n")
		return 1
	}
	switch verb {
	case "install":
		return yumInstall(p, names, yes)
	case "update", "upgrade", "makecache", "check-update":
		if _, ok := yumIndex(p); !ok {
			return 1
		}
		if verb == "makecache" {
			p.Printf("Metadata Cache Created\n")
		} else {
			p.Printf("No packages marked for update\n")
		}
		return 0
	case "clean":
		return 0
	}
	p.Errorf("dnetsim does not simulate yum %s\n", verb)
	return 1
}

// yumRepositories are the base URLs of /etc/yum.repos.d.
func yumRepositories(p *userland.Process) (names, urls []string) {
	infos, _ := p.ReadDir("/etc/yum.repos.d")
	for _, i := range infos {
		data, _ := p.ReadFile(path.Join("/etc/yum.repos.d", i.Name))
		for _, line := range strings.Split(string(data), "\n") {
			if n, ok := strings.CutPrefix(line, "["); ok {
				names = append(names, strings.TrimSuffix(strings.TrimSpace(n), "]"))
			}
			if u, ok := strings.CutPrefix(line, "baseurl="); ok {
				urls = append(urls, strings.TrimSuffix(strings.NewReplacer("$releasever", "7", "$basearch", "x86_64").Replace(strings.TrimSpace(u)), "/"))
			}
		}
	}
	return names, urls
}

// yumIndex fetches the repositories' lists; ok is false when one cannot be had,
// which ends yum.
func yumIndex(p *userland.Process) (all map[string]*Package, ok bool) {
	all = map[string]*Package{}
	names, urls := yumRepositories(p)
	for i, u := range urls {
		where := u + "/repodata/primary"
		data, _, fail := get(p, "urlgrabber/3.10 yum/3.4.3", where)
		if fail != nil {
			p.Errorf("%s/repodata/repomd.xml: [Errno 14] %s\nTrying other mirror.\n", u, fail.curl())
			p.Errorf("\n\n One of the configured repositories failed (%s),\n and yum doesn't have enough cached data to continue.\n\n"+
				"failure: repodata/repomd.xml from %s: [Errno 256] No more mirrors to try.\n%s/repodata/repomd.xml: [Errno 14] %s\n", names[min(i, len(names)-1)], names[min(i, len(names)-1)], u, fail.curl())
			return nil, false
		}
		for _, line := range strings.Split(string(data), "\n") {
			if f := strings.Fields(line); len(f) == 4 {
				pkg := &Package{Name: f[0], Version: f[1], Source: u, Component: names[min(i, len(names)-1)]}
				pkg.Size, _ = strconv.ParseInt(f[2], 10, 64)
				pkg.Installed, _ = strconv.ParseInt(f[3], 10, 64)
				all[pkg.Name] = pkg
			}
		}
	}
	return all, true
}

// curl is a failure in the words of libcurl, which yum fetches with.
func (f *failure) curl() string {
	switch f.why {
	case noReply, noName:
		return fmt.Sprintf("curl#6 - \"Could not resolve host: %s; Unknown error\"", f.host)
	case refused:
		return fmt.Sprintf("HTTP Error %d - %s", f.status, f.reason)
	}
	if userland.TimedOut(f.err) {
		return fmt.Sprintf("curl#28 - \"Connection timed out after %d milliseconds\"", timeout.Milliseconds())
	}
	return fmt.Sprintf("curl#7 - \"Failed connect to %s:%d; %s\"", f.host, f.at.Port(), userland.Reason(f.err))
}

func yumInstall(p *userland.Process, names []string, yes bool) int {
	all, ok := yumIndex(p)
	if !ok {
		return 1
	}
	data, _ := p.ReadFile(yumDB)
	have := map[string]bool{}
	for _, n := range strings.Fields(string(data)) {
		have[n] = true
	}
	var needed []*Package
	for _, n := range names {
		pkg := all[n]
		switch {
		case pkg == nil:
			p.Printf("No package %s available.\n", n)
		case have[n] || presentRPM(p, n):
			p.Printf("Package %s-%s.x86_64 already installed and latest version\n", n, plainVersion(pkg.Version))
		default:
			needed = append(needed, pkg)
		}
	}
	if len(needed) == 0 {
		p.Printf("Nothing to do\n")
		if slices.ContainsFunc(names, func(n string) bool { return all[n] == nil }) {
			p.Errorf("Error: Nothing to do\n")
			return 1
		}
		return 0
	}
	if !yumAgreed(p, needed, yes) {
		p.Printf("Exiting on user command\n")
		return 1
	}
	for _, pkg := range needed {
		data, _, fail := get(p, "urlgrabber/3.10 yum/3.4.3", pkg.Source+"/Packages/"+rpmName(pkg))
		if fail != nil {
			p.Errorf("\n\nError downloading packages:\n  %s-%s.x86_64: [Errno 256] No more mirrors to try.\n", pkg.Name, pkg.Version)
			return 1
		}
		programs, _ := contents(data)
		if _, err := lay(p, programs); err != nil {
			p.Errorf("error: %s\n", userland.Reason(err))
			return 1
		}
		p.Printf("  Installing : %s-%s.x86_64\n", pkg.Name, pkg.Version)
		have[pkg.Name] = true
	}
	p.Machine.FS().MkdirAll(path.Dir(yumDB), 0o755)
	p.WriteFile(yumDB, []byte(strings.Join(slices.Sorted(maps.Keys(have)), "\n")))
	p.Printf("\nInstalled:\n")
	for _, pkg := range needed {
		p.Printf("  %s.x86_64 %s\n", pkg.Name, pkg.Version)
	}
	p.Printf("\nComplete!\n")
	return 0
}

func presentRPM(p *userland.Process, name string) bool {
	for _, e := range rpms {
		if e.name == name {
			return present(p, e.read(0))
		}
	}
	return false
}

func yumAgreed(p *userland.Process, needed []*Package, yes bool) bool {
	bytes, disk := int64(0), int64(0)
	p.Printf("Resolving Dependencies\n--> Running transaction check\n")
	for _, pkg := range needed {
		p.Printf("---> Package %s.x86_64 %s will be installed\n", pkg.Name, pkg.Version)
		bytes, disk = bytes+pkg.Size, disk+pkg.Installed
	}
	rule := strings.Repeat("=", 80)
	p.Printf("--> Finished Dependency Resolution\n\nDependencies Resolved\n\n%s\n Package          Arch       Version                      Repository      Size\n%s\nInstalling:\n", rule, rule)
	for _, pkg := range needed {
		p.Printf(" %-16s %-10s %-28s %-10s %6d k\n", pkg.Name, "x86_64", pkg.Version, pkg.Component, pkg.Size/1024)
	}
	plural := "s"
	if len(needed) == 1 {
		plural = ""
	}
	p.Printf("\nTransaction Summary\n%s\nInstall  %d Package%s\n\nTotal download size: %d k\nInstalled size: %d k\n", rule, len(needed), plural, bytes/1024, disk/1024)
	if yes {
		p.Printf("Downloading packages:\nRunning transaction\n")
		return true
	}
	p.Printf("Is this ok [y/d/N]: ")
	line, _ := bufio.NewReader(p.Stdin).ReadString('\n')
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "y")
}
