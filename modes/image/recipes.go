package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/nat"
	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/consul"
	"dnetsim/userland/nginx"
	"dnetsim/userland/packages"
	"dnetsim/userland/shell"
	"dnetsim/userland/web"
)

// presentImages are on a host that does not say otherwise.
var presentImages = []string{"busybox:latest", "yyh/centos6.9:v1.0"}

// recipe is how a simulated image is made: a name, the programs, the start.
type recipe struct {
	name       string
	tags       []string
	sets       []func() map[string]userland.Program
	extra      map[string]userland.Program
	shell      shell.Style
	size       int64
	unpacked   int64         // on the disk, where that is known to be more than size
	age        time.Duration // before the epoch
	layers     []int64
	cmd        []string
	entrypoint []string
	env        []string
	expose     []nat.Port
	stopSignal string
	files      map[string]string // path to content
	links      map[string]string // path to target
	plain      bool              // made of a name that nobody knows

	programs map[string]userland.Program
}

const day = 24 * time.Hour

// knownRecipes are the images of the registry.
func knownRecipes() []*recipe {
	busybox := recipe{
		name: "busybox", tags: []string{"latest", "1.35", "1.35.0"}, sets: busyboxSets, shell: shell.Ash,
		size: 1978368, unpacked: 2_048_000, age: time.Hour, layers: []int64{1_068_100}, cmd: []string{"sh"},
		files: map[string]string{"/var/www/.keep": ""},
	}
	alpine := recipe{
		name: "alpine", tags: []string{"latest", "3", "3.17"}, sets: alpineSets, shell: shell.Ash,
		size: 7049701, age: 40 * day, layers: []int64{3_374_000}, cmd: []string{"/bin/sh"},
		env: []string{pathEnv}, extra: managed(packages.Alpine),
		files: joined(packages.AlpineFiles(), map[string]string{
			"/etc/os-release":     "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.17.3\nPRETTY_NAME=\"Alpine Linux v3.17\"\n",
			"/etc/alpine-release": "3.17.3\n",
		}),
	}
	centos69 := recipe{
		name: "centos", tags: []string{"6.9", "6", "centos6"}, sets: centos6Sets, shell: shell.Bash,
		size: 195_000_000, age: 300 * day, layers: []int64{69_000_000}, cmd: []string{"/bin/bash"},
		env:   []string{pathEnv},
		files: map[string]string{"/etc/redhat-release": "CentOS release 6.9 (Final)\n"},
	}
	centos7 := recipe{
		name: "centos", tags: []string{"7", "centos7", "latest"}, sets: centos7Sets, shell: shell.Bash,
		size: 204_000_000, age: 200 * day, layers: []int64{76_000_000}, cmd: []string{"/bin/bash"},
		env: []string{pathEnv}, extra: managed(packages.RPM),
		files: joined(packages.CentOSFiles(), map[string]string{"/etc/redhat-release": "CentOS Linux release 7.9.2009 (Core)\n"}),
	}
	yyh := recipe{
		name: "yyh/centos6.9", tags: []string{"v1.0"}, sets: debianSets, shell: shell.Bash,
		size: 138_000_000, age: time.Hour, unpacked: 149_900_000, layers: []int64{56_100_000}, cmd: []string{"bash"},
		files: map[string]string{"/etc/os-release": debianRelease},
	}
	debian := recipe{
		name: "debian", tags: []string{"latest", "12", "bookworm"}, sets: debianSets, shell: shell.Bash,
		size: 116_500_000, age: 30 * day, layers: []int64{49_000_000}, cmd: []string{"bash"},
		env: []string{pathEnv}, extra: managed(packages.Deb),
		files: joined(packages.DebianFiles(), map[string]string{"/etc/os-release": debianRelease}),
	}
	slim := debian
	slim.tags = []string{"bookworm-slim", "12-slim", "stable-slim", "bullseye-slim", "11-slim", "buster-slim", "10-slim"}
	slim.sets, slim.size, slim.layers = slimSets, 74_800_000, []int64{29_100_000}
	ubuntu := recipe{
		name: "ubuntu", tags: []string{"latest", "22.04", "jammy"}, sets: ubuntuSets, shell: shell.Bash,
		size: 77_800_000, age: 35 * day, layers: []int64{29_500_000}, cmd: []string{"/bin/bash"},
		env: []string{pathEnv}, extra: managed(packages.Deb),
		files: joined(packages.UbuntuFiles(), map[string]string{"/etc/os-release": "PRETTY_NAME=\"Ubuntu 22.04.2 LTS\"\nNAME=\"Ubuntu\"\n" +
			"VERSION_ID=\"22.04\"\nID=ubuntu\nID_LIKE=debian\n"}),
	}
	reverse := recipe{
		name: "nginx", tags: []string{"latest", "1.23", "alpine"}, sets: serverSets, shell: shell.Bash,
		extra: joined(nginx.Programs(), managed(packages.Deb)), links: nginx.ImageLinks(),
		size: 142_000_000, age: 20 * day, layers: []int64{31_400_000, 25_600_000, 626},
		entrypoint: []string{"/docker-entrypoint.sh"}, cmd: []string{"nginx", "-g", "daemon off;"},
		env:    []string{pathEnv, "NGINX_VERSION=" + nginx.Version},
		expose: []nat.Port{{Number: 80, Proto: "tcp"}}, stopSignal: "SIGQUIT",
		files: joined(nginx.ImageFiles(debianRelease), packages.DebianFiles()),
	}
	page := web.Server{
		Style: web.Apache, Root: "/usr/local/apache2/htdocs",
		Quit: []userland.Signal{userland.SIGWINCH, userland.SIGTERM, userland.SIGINT},
	}
	httpd := recipe{
		name: "httpd", tags: []string{"latest", "2.4"}, sets: serverSets, shell: shell.Bash,
		extra: joined(map[string]userland.Program{"httpd-foreground": page.Run}, managed(packages.Deb)),
		size:  145_000_000, age: 25 * day, layers: []int64{31_400_000, 24_000_000}, cmd: []string{"httpd-foreground"},
		env: []string{
			"PATH=/usr/local/apache2/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HTTPD_PREFIX=/usr/local/apache2", "HTTPD_VERSION=" + web.ApacheVersion,
		},
		expose: []nat.Port{{Number: 80, Proto: "tcp"}}, stopSignal: "SIGWINCH",
		files: joined(packages.DebianFiles(), map[string]string{
			"/usr/local/apache2/htdocs/index.html": "<html><body><h1>It works!</h1></body></html>\n",
			"/etc/os-release":                      debianRelease,
		}),
	}
	all := []*recipe{&busybox, &alpine, &centos69, &centos7, &yyh, &debian, &slim, &ubuntu, &reverse, &httpd}
	return distributed(append(append(all, courseRecipes()...), storeRecipes()...))
}

// distributed adds what distributions have in all of their images.
func distributed(all []*recipe) []*recipe {
	for _, r := range all {
		// Distributions empty this file in their images; who starts systemd in one gets an id.
		if release := r.files["/etc/os-release"]; strings.Contains(release, "ID=debian") || strings.Contains(release, "ID=ubuntu") || r.name == "centos" {
			r.files["/etc/machine-id"] = ""
			if r.name != "centos" && r.name != "yyh/centos6.9" {
				r.files["/etc/bash.bashrc"] = bashrc
			}
		}
	}
	return all
}

// storeRecipes are the images of the cluster store: the one that documents of
// the time use, and the official one of the captures.
func storeRecipes() []*recipe {
	progrium := recipe{
		name: "progrium/consul", tags: []string{"latest"}, sets: busyboxSets, shell: shell.Ash,
		extra: consul.Programs(), files: consul.ImageFiles(),
		size: 69_400_000, age: 3000 * day, layers: []int64{672_000, 1_900_000, 9_100_000, 1_400_000, 11_000_000},
		entrypoint: []string{"/bin/start"}, env: []string{pathEnv, "SHELL=/bin/bash"},
		expose: tcpAndUDP([]uint16{53, 8300, 8301, 8302, 8400, 8500}, []uint16{53, 8301, 8302}),
	}
	official := recipe{
		name: "consul", tags: []string{"1.5.3", "1.5", "latest"}, sets: busyboxSets, shell: shell.Ash,
		extra: consul.Programs(),
		size:  116_000_000, age: 400 * day, layers: []int64{2_800_000, 41_000_000, 1_200},
		entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"agent", "-dev", "-client", "0.0.0.0"},
		env:    []string{pathEnv, "CONSUL_VERSION=1.5.3"},
		expose: tcpAndUDP([]uint16{8300, 8301, 8302, 8500, 8600}, []uint16{8301, 8302, 8600}),
		files: map[string]string{
			"/usr/local/bin/docker-entrypoint.sh": "#!/bin/sh\n" +
				"if [ \"$1\" = agent ]; then shift; set -- agent -data-dir=/consul/data -config-dir=/consul/config \"$@\"; fi\n" +
				"exec consul \"$@\"\n",
			"/consul/config/.keep": "", "/consul/data/.keep": "",
		},
	}
	return []*recipe{&progrium, &official}
}

func tcpAndUDP(tcp, udp []uint16) []nat.Port {
	var out []nat.Port
	for _, n := range tcp {
		out = append(out, nat.Port{Number: n, Proto: "tcp"})
	}
	for _, n := range udp {
		out = append(out, nat.Port{Number: n, Proto: "udp"})
	}
	return out
}

const (
	pathEnv = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	// bashrc is what Debian's has for the prompt.
	bashrc = "# System-wide .bashrc file for interactive bash(1) shells.\n\n# If not running interactively, don't do anything\n[ -z \"$PS1\" ] && return\n\nPS1='\\u@\\h:\\w\\$ '\n"

	debianRelease = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"
)

// image describes the recipe under one of its names.
func (k *recipe) image(ref string) *Image {
	img := &Image{
		ID: Hash("image", k.name, k.tags[0]), RepoTags: []string{ref},
		RepoDigests: []string{k.name + "@" + Hash("manifest", k.name, k.tags[0])},
		Created:     sim.Epoch.Add(-k.age), Size: k.size, Unpacked: max(k.size, k.unpacked), Architecture: "amd64",
		Env: k.env, Cmd: k.cmd, Entrypoint: k.entrypoint, StopSignal: k.stopSignal, recipe: k,
	}
	if len(k.expose) > 0 {
		img.ExposedPorts = map[nat.Port]bool{}
		for _, p := range k.expose {
			img.ExposedPorts[p] = true
		}
	}
	for i, size := range k.layers {
		l := Layer{Digest: Hash("layer", k.name, k.tags[0], fmt.Sprint(i)), Size: size}
		if i == 0 {
			size = img.Size
		}
		img.Layers = append(img.Layers, l)
		img.History = append(img.History, Step{Created: img.Created, Size: size, By: "/bin/sh -c #(nop) ADD file:" + strings.TrimPrefix(l.Digest, "sha256:") + " in / "})
	}
	img.History = append(img.History, Step{Created: img.Created, By: "/bin/sh -c #(nop)  CMD [" + quoted(img.Cmd) + "]", Empty: true, Image: img.ID})
	return img
}

// build lays down the image's files.
func (k *recipe) build(l *sim.Loop) *userland.FS {
	fs := userland.NewFS(l)
	k.collect()
	fs.InstallPrograms(slices.Sorted(maps.Keys(k.programs)))
	paths := slices.Sorted(maps.Keys(k.files))
	for _, p := range paths {
		mode := uint32(0o644)
		if len(k.files[p]) > 2 && k.files[p][:2] == "#!" {
			mode = 0o755
		}
		fs.MkdirAll(dirOf(p), 0o755)
		fs.WriteFile(p, []byte(k.files[p]), mode)
	}
	for _, p := range slices.Sorted(maps.Keys(k.links)) {
		fs.MkdirAll(dirOf(p), 0o755)
		fs.Symlink(k.links[p], p)
	}
	return fs
}

// collect finds the recipe's programs.
func (k *recipe) collect() {
	k.programs = map[string]userland.Program{}
	for _, set := range k.sets {
		maps.Copy(k.programs, set())
	}
	maps.Copy(k.programs, k.extra)
}

func dirOf(p string) string {
	for i := len(p) - 1; i > 0; i-- {
		if p[i] == '/' {
			return p[:i]
		}
	}
	return "/"
}
