package packages

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/web"
)

// Hosts are the names under which the archives are on the internet.
func Hosts() []string {
	return []string{
		"archive.ubuntu.com", "security.ubuntu.com", "deb.debian.org", "security.debian.org",
		"dl-cdn.alpinelinux.org", "mirror.centos.org", "mirrorlist.centos.org", "vault.centos.org",
	}
}

// Serve is the archive's web server: every archive's files, whatever its name.
func Serve(p *userland.Process) int {
	s := &web.Server{Style: web.Nginx, Pages: file}
	return s.Run(p)
}

// suites are the archives of packages in Debian's format: the first suite of each
// has the packages, the others none.
var suites = []struct {
	folder string
	names  []string
	origin string
	column int
	pool   string
}{
	{"ubuntu", []string{"jammy", "jammy-updates", "jammy-backports", "jammy-security"}, "Ubuntu", 1, "ubuntu"},
	{"debian", []string{"bookworm", "bookworm-updates", "bookworm-backports"}, "Debian", 0, "debian"},
	{"debian-security", []string{"bookworm-security"}, "Debian", 0, ""},
}

// file is the content of a path of the archives.
func file(name string) ([]byte, bool) {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	for _, s := range suites {
		rest, ok := strings.CutPrefix(name, s.folder+"/dists/")
		if !ok {
			continue
		}
		suite, rest, _ := strings.Cut(rest, "/")
		if !slices.Contains(s.names, suite) {
			return nil, false
		}
		if rest == "InRelease" {
			return fmt.Appendf(nil, "Origin: %s\nLabel: %s\nSuite: %s\nCodename: %s\nArchitectures: amd64\nComponents: main universe\n", s.origin, s.origin, suite, suite), true
		}
		component, rest, _ := strings.Cut(rest, "/")
		if rest != "binary-amd64/Packages" {
			return nil, false
		}
		if suite != s.names[0] || s.pool == "" {
			return []byte{}, true
		}
		return debIndex(s.column, component), true
	}
	switch {
	case strings.HasSuffix(name, ".deb"):
		column := 0
		if strings.HasPrefix(name, "ubuntu/") {
			column = 1
		}
		return find(readAll(debs, column), name, debName)
	case strings.HasSuffix(name, "/APKINDEX"):
		return apkIndex(path.Base(path.Dir(path.Dir(name)))), true
	case strings.HasSuffix(name, ".apk"):
		return find(readAll(apks, 0), name, apkName)
	case strings.HasSuffix(name, "/primary"):
		return rpmIndex(path.Base(path.Dir(path.Dir(path.Dir(name))))), true
	case strings.HasSuffix(name, ".rpm"):
		return find(readAll(rpms, 0), name, rpmName)
	}
	return nil, false
}

// find is the content of a package's file.
func find(all []*Package, name string, of func(*Package) string) ([]byte, bool) {
	for _, p := range all {
		if of(p) == path.Base(name) {
			return p.content(), true
		}
	}
	return nil, false
}

// contentMark opens a package's file; the names of its programs follow, and blanks
// up to its size.
const contentMark = "dnetsim package "

func (p *Package) content() []byte {
	text := contentMark + p.Name + " " + p.Version + "\n" + strings.Join(p.Programs, "\n") + "\n"
	return append([]byte(text), make([]byte, max(0, p.Size-int64(len(text))))...)
}

// contents are the programs in a package's file.
func contents(data []byte) (programs []string, ok bool) {
	text, _, _ := strings.Cut(string(data), "\x00")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if !strings.HasPrefix(lines[0], contentMark) {
		return nil, false
	}
	return lines[1:], true
}

func debName(p *Package) string { return p.Name + "_" + plainVersion(p.Version) + "_amd64.deb" }
func apkName(p *Package) string { return p.Name + "-" + p.Version + ".apk" }
func rpmName(p *Package) string { return p.Name + "-" + plainVersion(p.Version) + ".x86_64.rpm" }

// debIndex is a component's Packages.
func debIndex(column int, component string) []byte {
	var b []byte
	for _, p := range readAll(debs, column) {
		if column == 0 {
			p.Component = "main" // Debian has no universe
		}
		if p.Component != component {
			continue
		}
		b = fmt.Appendf(b, "Package: %s\nArchitecture: amd64\nVersion: %s\n", p.Name, p.Version)
		if len(p.Depends) > 0 {
			b = fmt.Appendf(b, "Depends: %s\n", strings.Join(p.Depends, ", "))
		}
		b = fmt.Appendf(b, "Installed-Size: %d\nSize: %d\nFilename: pool/%s/%c/%s/%s\n\n", p.Installed/1024, p.Size, p.Component, p.Source[0], p.Source, debName(p))
	}
	return b
}

// apkIndex is a repository's APKINDEX, with the keys that apk has.
func apkIndex(repository string) []byte {
	var b []byte
	for _, p := range readAll(apks, 0) {
		if p.Component == repository {
			b = fmt.Appendf(b, "P:%s\nV:%s\nA:x86_64\nS:%d\nI:%d\nD:%s\n\n", p.Name, p.Version, p.Size, p.Installed, strings.Join(p.Depends, " "))
		}
	}
	return b
}

// rpmIndex is a repository's list, a line for each package.
func rpmIndex(repository string) []byte {
	var b []byte
	for _, p := range readAll(rpms, 0) {
		if p.Component == repository || repository == "os" && p.Component == "base" {
			b = fmt.Appendf(b, "%s %s %d %d\n", p.Name, p.Version, p.Size, p.Installed)
		}
	}
	return b
}
