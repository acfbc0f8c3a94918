package modes

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/image"
	"dnetsim/userland"
)

// ReadonlyPaths are what runc lets containers only read, unless one asks
// otherwise; what it hides from them is the profile's.
var ReadonlyPaths = []string{
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
}

const (
	overlays  = "/var/lib/docker/overlay2/"
	snapshots = "/var/lib/docker/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/"
	restrict  = "nosuid,nodev,noexec,relatime"
	deviceFS  = "rw,nosuid,size=65536k,mode=755"
	terminals = "rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666"
)

// Layers are the directories that a container's root is made of: the lower ones, with what
// the engine puts above the image and then the image itself, and the one that it writes to.
type Layers struct{ Init, Image, Upper, Work, Merged string }

// layersOf says what the directories of a new container are called.
func (d *Daemon) layersOf(c *Container, img *image.Image) func() Layers {
	if !d.profile.ContainerdStore {
		dir := overlays + d.ids.Stream("layer", c.Name).Hex(32)
		return func() Layers {
			sum := sha256.Sum256([]byte(c.Image)) // the image's is named after it
			return Layers{
				Init: dir + "-init/diff", Image: overlays + hex.EncodeToString(sum[:]) + "/diff",
				Upper: dir + "/diff", Work: dir + "/work", Merged: dir + "/merged",
			}
		}
	}
	below, init, own := d.snapshots.Of(img), d.snapshots.Next(), d.snapshots.Next()
	return func() Layers {
		var lower []string
		for _, n := range below {
			lower = append(lower, fmt.Sprintf("%s%d/fs", snapshots, n))
		}
		dir := fmt.Sprintf("%s%d/", snapshots, own)
		return Layers{
			Init: fmt.Sprintf("%s%d/fs", snapshots, init), Image: strings.Join(lower, ":"), Upper: dir + "fs", Work: dir + "work",
			Merged: "/var/lib/docker/rootfs/overlayfs/" + c.ID,
		}
	}
}

// Layers are the container's directories, none of one that is only described.
func (c *Container) Layers() Layers {
	if c.run == nil {
		return Layers{}
	}
	return c.run.layers()
}

// short is the short name of a layer: overlay2 makes links of it, so that the
// options of many layers fit into a page.
func short(layer string) string {
	if !strings.HasPrefix(layer, overlays) {
		return layer
	}
	sum := sha256.Sum256([]byte(layer))
	return overlays + "l/" + base32.StdEncoding.EncodeToString(sum[:])[:26]
}

func rootMount(c *Container, target, mode string) userland.Mount {
	l := c.Layers()
	return userland.Mount{
		Source: "overlay", Target: target, Type: "overlay",
		Options: mode + ",relatime,lowerdir=" + short(l.Init) + ":" + short(l.Image) + ",upperdir=" + l.Upper + ",workdir=" + l.Work,
	}
}

// mountsOf are the mounts that runc makes for a container, in its order: its
// root, the kernel's file systems, what dockerd binds, the terminal, and what
// must not be seen or changed.
func (c *Container) mountsOf() []userland.Mount {
	d := c.run.daemon
	h := &c.HostConfig
	mode, system := "rw", "ro"
	if h.ReadonlyRootfs {
		mode = "ro"
	}
	if h.Privileged {
		system = "rw"
	}
	host := d.host.FS()
	groups := userland.MountsOf(host, "cgroup")
	var restrictions []userland.Mount
	if !h.Privileged {
		restrictions = d.restrictions(h)
	}
	// Of its size, for the list is kept as long as the container.
	out := make([]userland.Mount, 0, 9+len(groups)+len(mounted)+len(c.Mounts)+len(restrictions))
	out = append(out,
		rootMount(c, "/", mode),
		userland.Mount{Source: "proc", Target: "/proc", Type: "proc", Options: "rw," + restrict},
		userland.Mount{Source: "tmpfs", Target: "/dev", Type: "tmpfs", Options: deviceFS},
		userland.Mount{Source: "devpts", Target: "/dev/pts", Type: "devpts", Options: terminals},
		userland.Mount{Source: "sysfs", Target: "/sys", Type: "sysfs", Options: system + "," + restrict},
		userland.Mount{Source: "tmpfs", Target: "/sys/fs/cgroup", Type: "tmpfs", Options: "rw," + restrict + ",mode=755"},
	)
	for _, m := range groups {
		m.Options = system + strings.TrimPrefix(m.Options, "rw")
		m.Bind = m.Target
		out = append(out, m)
	}
	shm := h.ShmSize
	if shm == 0 {
		shm = 64 << 20
	}
	out = append(out, userland.Mount{Source: "mqueue", Target: "/dev/mqueue", Type: "mqueue", Options: "rw," + restrict})
	own := len(out)
	out = append(out,
		userland.Mount{Source: "shm", Target: "/dev/shm", Type: "tmpfs", Options: fmt.Sprintf("rw,%s,size=%dk", restrict, shm>>10)},
	)
	for _, m := range mounted {
		own := bind(host, "/var/lib/docker", m[0])
		if h.ReadonlyRootfs {
			own.Options = "ro" + strings.TrimPrefix(own.Options, "rw")
		}
		out = append(out, own)
	}
	for _, m := range c.Mounts {
		switch place := bind(host, "/var/lib/docker", m.Destination); {
		case m.Type == "tmpfs":
			out = append(out, userland.Mount{Source: "tmpfs", Target: m.Destination, Type: "tmpfs", Options: m.Tmpfs()})
		case m.ReadOnly:
			place.Options = "ro" + strings.TrimPrefix(place.Options, "rw")
			fallthrough
		default:
			out = append(out, place)
		}
	}
	if d.profile.SortedMounts {
		slices.SortStableFunc(out[own:], func(a, b userland.Mount) int {
			return cmp.Or(cmp.Compare(strings.Count(a.Target, "/"), strings.Count(b.Target, "/")), cmp.Compare(a.Target, b.Target))
		})
	}
	if c.Config.Tty {
		out = append(out, userland.Mount{Source: "devpts", Target: "/dev/console", Type: "devpts", Options: terminals, Bind: "/dev/pts"})
	}
	return append(out, restrictions...)
}

// bind is a file of the host at a place in a container: the disk appears there.
func bind(host *userland.FS, dir, target string) userland.Mount {
	disk, ok := userland.MountedAt(host, dir)
	if !ok {
		disk, _ = userland.MountedAt(host, "/")
	}
	return userland.Mount{Source: disk.Source, Target: target, Type: disk.Type, Options: disk.Options, Bind: "host:" + disk.Target}
}

// restrictions are the mounts over paths that the kernel has: read-only ones
// show themselves again, directories that must not be seen are empty, files are
// /dev/null.
func (d *Daemon) restrictions(h *container.HostConfig) []userland.Mount {
	readonly, masked := h.ReadonlyPaths, h.MaskedPaths
	if readonly == nil {
		readonly = ReadonlyPaths
	}
	if masked == nil {
		masked = d.profile.MaskedPaths
	}
	var out []userland.Mount
	for _, p := range readonly {
		if d.host.FS().Exists(p) {
			out = append(out, userland.Mount{Source: "proc", Target: p, Type: "proc", Options: "ro," + restrict, Bind: "/proc"})
		}
	}
	for _, p := range masked {
		switch i, err := d.host.FS().Stat(p); {
		case err != nil:
		case i.IsDir():
			out = append(out, userland.Mount{Source: "tmpfs", Target: p, Type: "tmpfs", Options: "ro,relatime" + d.profile.MaskedOptions})
		default:
			out = append(out, userland.Mount{Source: "tmpfs", Target: p, Type: "tmpfs", Options: deviceFS, Bind: "/dev"})
		}
	}
	return out
}

// mountRoot mounts a container's root on the host, and everything else in it.
func (c *Container) mountRoot() {
	d := c.run.daemon
	l := c.Layers()
	host := d.host.FS()
	host.MkdirAll(l.Merged, 0o710)
	host.Mount(rootMount(c, l.Merged, "rw"))
	userland.MountLater(c.run.fs, c.mountsOf)
	if c.HostConfig.ReadonlyRootfs {
		userland.Seal(c.run.fs)
	}
}

func (c *Container) unmountRoot() {
	d := c.run.daemon
	d.host.FS().Unmount(c.Layers().Merged)
}
