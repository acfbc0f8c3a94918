package userland

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
)

// The kernel's files are made when somebody looks, and nobody can tell: their times are
// of the machine's start, each has an inode of its own, and what was there stays.
func TestKernelFilesAreMadeWhenSomebodyLooks(t *testing.T) {
	loop := sim.NewLoop(1)
	files := NewFS(loop)
	files.WriteFile("/dev/mine", []byte("x"), 0o600)
	m := NewMachineOn(loop, "a", nil, files)
	began := loop.Wall()
	loop.RunFor(time.Hour)
	files.WriteFile("/later", nil, 0o644)
	inodes := map[uint64]string{}
	var walk func(dir string)
	walk = func(dir string) {
		list, err := files.ReadDir(dir)
		if err != nil {
			t.Fatal(dir, err)
		}
		for _, i := range list {
			at := path.Join(dir, i.Name)
			if i.Inode != 0 && i.Inode < 4026531840 { // those of what is made for one look are hashes
				if other := inodes[i.Inode]; other != "" && other != at {
					t.Errorf("%s and %s are inode %d", at, other, i.Inode)
				}
				inodes[i.Inode] = at
				if slices.ContainsFunc(kernelDirs, func(d kernelDir) bool { return strings.HasPrefix(at, d.place+"/") }) && !i.ModTime.Equal(began) {
					t.Errorf("%s is of %v, the machine of %v", at, i.ModTime, began)
				}
			}
			if i.IsDir() {
				walk(at)
			}
		}
	}
	for _, d := range kernelDirs {
		n := files.root.get(d.place[1:])
		if n.fill == nil {
			t.Fatalf("%s has been made", d.place)
		}
		before := len(inodes)
		walk(d.place)
		made := len(inodes) - before
		if d.place == "/dev" {
			made-- // mine
		}
		if made != d.files {
			t.Errorf("%s has %d files of its own, %d inodes were set aside", d.place, made, d.files)
		}
	}
	walk("/")
	if b, err := files.ReadFile("/dev/mine"); string(b) != "x" {
		t.Errorf("what was in /dev: %q %v", b, err)
	}
	if err := files.RemoveAll("/proc"); err != EBUSY {
		t.Errorf("/proc goes: %v", err)
	}
	if i, err := files.Stat("/dev/shm"); err != nil || i.Mode != 0o1777 {
		t.Errorf("/dev/shm: %+v %v", i, err)
	}
	// A copy has them too, also if nobody has looked.
	copied := NewMachine(loop, "b", nil).FS().Clone()
	if b, err := copied.ReadFile("/proc/sys/kernel/hostname"); string(b) != "b\n" {
		t.Errorf("the copy's hostname: %q %v", b, err)
	}
	_ = m
}

// What a long list of mounts knows by its index is what the list says.
func TestManyMountsAreFoundAsFew(t *testing.T) {
	few, many := NewBareFS(sim.NewLoop(1)), NewBareFS(sim.NewLoop(1))
	both := func(do func(*FS)) { do(few); do(many) }
	for i := range fewMounts + 10 {
		many.Mount(Mount{Target: "/x/" + string(rune('a'+i)), Type: "nsfs"})
	}
	both(func(fs *FS) {
		fs.Mount(Mount{Target: "/", Type: "ext4", Options: "rw"})
		fs.Mount(Mount{Target: "/a/b", Type: "tmpfs", Options: "ro"})
		fs.Mount(Mount{Target: "/a", Type: "xfs", Options: "rw"})
		fs.Mount(Mount{Target: "/a/b", Type: "proc", Options: "rw"})
		fs.Mount(Mount{Target: "/c", Type: "tmpfs", Options: "ro,nosuid"})
	})
	check := func() {
		t.Helper()
		for _, p := range []string{"/", "/a", "/a/b", "/a/b/c/d", "/ab", "/c", "/c/d"} {
			if few.typeAt(p) != many.typeAt(p) || readOnly(few, p) != readOnly(many, p) {
				t.Errorf("%s: %q %v among few, %q %v among many", p, few.typeAt(p), readOnly(few, p), many.typeAt(p), readOnly(many, p))
			}
			a, aok := MountedAt(few, p)
			b, bok := MountedAt(many, p)
			if a != b || aok != bok {
				t.Errorf("%s: %v among few, %v among many", p, a, b)
			}
		}
		if a, b := MountsOf(few, "tmpfs"), MountsOf(many, "tmpfs"); len(a) != len(b) {
			t.Errorf("%v among few, %v among many", a, b)
		}
	}
	check()
	if many.mounts.at == nil || few.mounts.at != nil {
		t.Fatal("the index is where it should not be")
	}
	before := many.Clone()
	for _, p := range []string{"/a/b", "/a/b", "/c"} {
		both(func(fs *FS) { fs.Unmount(p) })
		check()
	}
	if few.Unmount("/c") != EINVAL || many.Unmount("/c") != EINVAL || len(before.Mounts()) != len(many.Mounts())+3 {
		t.Error("what was unmounted is there, or not in the copy")
	}
}
