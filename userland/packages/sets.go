package packages

import "dnetsim/userland"

// Programs are a family's package managers.
func Programs(f Family) map[string]userland.Program {
	switch f {
	case Alpine:
		return map[string]userland.Program{"apk": apkProgram}
	case RPM:
		return map[string]userland.Program{"yum": yumProgram}
	}
	return map[string]userland.Program{"apt": aptProgram, "apt-get": aptProgram, "dpkg": dpkgProgram}
}

// Every is every program that a package of any family brings.
func Every() []string {
	var out []string
	seen := map[string]bool{}
	for _, table := range [][]entry{debs, apks, rpms} {
		for _, e := range table {
			for _, n := range e.read(0).Programs {
				if !seen[n] {
					seen[n] = true
					out = append(out, n)
				}
			}
		}
	}
	return out
}

// UbuntuFiles, DebianFiles, AlpineFiles and CentOSFiles say where the images'
// packages come from. Alpine's has http where the real one has https: there is no
// TLS in the simulation.
func UbuntuFiles() map[string]string {
	return map[string]string{"/etc/apt/sources.list": "" +
		"deb http://archive.ubuntu.com/ubuntu/ jammy main universe\n" +
		"deb http://archive.ubuntu.com/ubuntu/ jammy-updates main universe\n" +
		"deb http://archive.ubuntu.com/ubuntu/ jammy-backports main universe\n" +
		"deb http://security.ubuntu.com/ubuntu/ jammy-security main universe\n"}
}

// DebianFiles are those of Debian 12.
func DebianFiles() map[string]string {
	return map[string]string{"/etc/apt/sources.list.d/debian.sources": "" +
		"Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\n" +
		"Types: deb\nURIs: http://deb.debian.org/debian-security\nSuites: bookworm-security\nComponents: main\n"}
}

// AlpineFiles are those of Alpine 3.17.
func AlpineFiles() map[string]string {
	return map[string]string{"/etc/apk/repositories": "http://dl-cdn.alpinelinux.org/alpine/v3.17/main\nhttp://dl-cdn.alpinelinux.org/alpine/v3.17/community\n"}
}

// CentOSFiles are those of CentOS 7.
func CentOSFiles() map[string]string {
	return map[string]string{"/etc/yum.repos.d/CentOS-Base.repo": "" +
		"[base]\nname=CentOS-$releasever - Base\nbaseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/\n\n" +
		"[updates]\nname=CentOS-$releasever - Updates\nbaseurl=http://mirror.centos.org/centos/$releasever/updates/$basearch/\n"}
}
