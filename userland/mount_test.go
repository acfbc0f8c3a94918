package userland

import (
	"strings"
	"testing"

	"dnetsim/sim"
)

func TestDirectoriesHaveTheSizesOfTheirFileSystem(t *testing.T) {
	m := NewMachine(sim.NewLoop(1), "host", nil)
	fs := m.FS()
	fs.MkdirAll("/var/run/docker/netns", 0o755)
	fs.MkdirAll("/var/lib/docker", 0o755)
	for _, f := range []string{"a", "b", "c"} {
		fs.WriteFile("/run/docker/netns/"+f, nil, 0o444)
	}
	for _, c := range []struct {
		path         string
		size, blocks int64
	}{
		{"/run/docker/netns", 100, 0}, {"/var/run/docker/netns", 100, 0}, {"/run/docker", 60, 0},
		{"/var/lib/docker", 4096, 8}, {"/proc", 0, 0}, {"/proc/mounts", 0, 0}, {"/sys", 0, 0},
	} {
		i, err := fs.Stat(c.path)
		if err != nil || i.Size != c.size || i.Blocks != c.blocks {
			t.Errorf("%s: %v, %d bytes and %d blocks, want %d and %d", c.path, err, i.Size, i.Blocks, c.size, c.blocks)
		}
	}
	fs.Mount(Mount{Source: "none", Target: "/var/lib/docker", Type: "tmpfs", Options: "rw"})
	if i, _ := fs.Stat("/var/lib/docker"); i.Size != 40 {
		t.Errorf("under a new tmpfs: %d bytes", i.Size)
	}
	fs.Unmount("/var/lib/docker")
	if i, _ := fs.Stat("/var/lib/docker"); i.Size != 4096 {
		t.Errorf("after it has gone: %d bytes", i.Size)
	}
	if fs.Unmount("/var/lib/docker") != EINVAL {
		t.Error("what is not mounted can be unmounted")
	}
}

func TestMountsAreATreesOwn(t *testing.T) {
	m := NewMachine(sim.NewLoop(1), "host", nil)
	copied := m.FS().Clone()
	copied.Mount(Mount{Source: "x", Target: "/tmp", Type: "tmpfs", Options: "rw"})
	copied.Unmount("/run")
	data, err := m.FS().ReadFile("/proc/mounts")
	if err != nil || strings.Contains(string(data), " /tmp ") || !strings.Contains(string(data), "tmpfs /run tmpfs rw,nosuid,nodev,noexec,relatime,size=402824k,mode=755 0 0\n") {
		t.Errorf("%v\n%s", err, data)
	}
	if !strings.Contains(string(data), "/dev/vda / ext4 rw,relatime 0 0\n") {
		t.Errorf("no disk in\n%s", data)
	}
}
