package packages

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"dnetsim/userland"
)

// status is dpkg's database: what has been installed since the image was made.
type status struct {
	version map[string]string
}

const statusFile, infoDir = "/var/lib/dpkg/status", "/var/lib/dpkg/info"

func readStatus(p *userland.Process) *status {
	s := &status{version: map[string]string{}}
	data, _ := p.ReadFile(statusFile)
	for _, f := range stanzas(string(data), ": ") {
		if v, ok := f["Version"]; ok {
			s.version[f["Package"]] = v
		}
	}
	return s
}

// stanzas are the paragraphs of an index or of dpkg's status, by their fields:
// "Package: curl", with sep ": ", or Alpine's "P:curl".
func stanzas(text, sep string) (out []map[string]string) {
	for stanza := range strings.SplitSeq(text, "\n\n") {
		fields := map[string]string{}
		for line := range strings.SplitSeq(stanza, "\n") {
			if key, value, ok := strings.Cut(line, sep); ok {
				fields[key] = value
			}
		}
		out = append(out, fields)
	}
	return out
}

func (s *status) names() []string { return slices.Sorted(maps.Keys(s.version)) }

func (s *status) write(p *userland.Process) {
	var b strings.Builder
	for _, n := range s.names() {
		fmt.Fprintf(&b, "Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n\n", n, s.version[n])
	}
	p.Machine.FS().MkdirAll(infoDir, 0o755)
	p.WriteFile(statusFile, []byte(b.String()))
}

// unpack lays down the files of a package that has been fetched.
func unpack(p *userland.Process, s *status, pkg *Package, data []byte, first bool) bool {
	p.Printf("Selecting previously unselected package %s.\n", pkg.Name)
	if first {
		p.Printf("(Reading database ... %d files and directories currently installed.)\n", 4395+17*len(s.version))
	}
	file := strings.ReplaceAll(pkg.Name+"_"+pkg.Version, ":", "%3a") + "_amd64.deb"
	p.Printf("Preparing to unpack .../%s ...\nUnpacking %s (%s) ...\n", file, pkg.Name, pkg.Version)
	programs, ok := contents(data)
	if !ok {
		p.Errorf("dpkg-deb: error: '/var/cache/apt/archives/%s' is not a Debian format archive\n", file)
		return false
	}
	paths, err := lay(p, programs)
	if err != nil {
		p.Errorf("dpkg: error processing archive /var/cache/apt/archives/%s (--unpack):\n unable to create new file: %s\n", file, userland.Reason(err))
		return false
	}
	p.Machine.FS().MkdirAll(infoDir, 0o755)
	p.WriteFile(path.Join(infoDir, pkg.Name+".list"), []byte(strings.Join(paths, "\n")+"\n"))
	s.version[pkg.Name] = pkg.Version
	return true
}

func (s *status) files(p *userland.Process, name string) []string {
	data, _ := p.ReadFile(path.Join(infoDir, name+".list"))
	return strings.Fields(string(data))
}

func (s *status) remove(p *userland.Process, name string) {
	for _, f := range s.files(p, name) {
		p.Machine.FS().Remove(f)
	}
	p.Machine.FS().Remove(path.Join(infoDir, name+".list"))
	delete(s.version, name)
}

// dpkgProgram is dpkg: what it lists.
func dpkgProgram(p *userland.Process) int {
	s := readStatus(p)
	if len(p.Args) < 2 {
		p.Errorf("dpkg: error: need an action option\n")
		return 2
	}
	args := p.Args[2:]
	switch p.Args[1] {
	case "-l", "--list":
		p.Printf("Desired=Unknown/Install/Remove/Purge/Hold\n| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend\n" +
			"|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)\n||/ Name           Version      Architecture Description\n+++-==============-============-============-=================================\n")
		for _, n := range s.names() {
			if len(args) == 0 || slices.Contains(args, n) {
				p.Printf("ii  %-14s %-12s %-12s\n", n, s.version[n], "amd64")
			}
		}
		return 0
	case "-s", "--status":
		for _, n := range args {
			if s.version[n] == "" {
				p.Errorf("dpkg-query: package '%s' is not installed and no information is available\n", n)
				return 1
			}
			p.Printf("Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n", n, s.version[n])
		}
		return 0
	case "-L", "--listfiles":
		for _, n := range args {
			if s.version[n] == "" {
				p.Errorf("dpkg-query: package '%s' is not installed\n", n)
				return 1
			}
			for _, f := range s.files(p, n) {
				p.Printf("%s\n", f)
			}
		}
		return 0
	case "--print-architecture":
		p.Printf("amd64\n")
		return 0
	}
	p.Errorf("dpkg: error: dnetsim does not simulate %s\n", p.Args[1])
	return 2
}
