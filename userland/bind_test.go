package userland

import (
	"testing"

	"dnetsim/sim"
)

// What is mounted is one directory at two places: both see what either changes,
// open files too.
func TestABoundDirectoryIsOneAtBothPlaces(t *testing.T) {
	l := sim.NewLoop(1)
	host, image := NewFS(l), NewFS(l)
	host.MkdirAll("/srv/data/old", 0o755)
	inside := image.Clone()
	if err := inside.Bind("/data", host, "/srv/data", false); err != nil {
		t.Fatal(err)
	}
	f, err := inside.Open("/data/log", O_WRONLY|O_CREAT, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	host.Chmod("/srv/data/log", 0o600)
	f.Write([]byte("one\n"))
	inside.WriteFile("/data/other", []byte("x"), 0o644)
	f.Write([]byte("two\n"))
	if text, err := host.ReadFile("/srv/data/log"); string(text) != "one\ntwo\n" || err != nil {
		t.Errorf("the host sees %q %v", text, err)
	}
	host.WriteFile("/srv/data/old/new", []byte("from outside"), 0o644)
	if text, err := inside.ReadFile("/data/old/new"); string(text) != "from outside" || err != nil {
		t.Errorf("the container sees %q %v", text, err)
	}
	if err := inside.Remove("/data/other"); err != nil || host.Exists("/srv/data/other") {
		t.Errorf("removed: %v", err)
	}
	if err := inside.RemoveAll("/data"); err != EBUSY {
		t.Errorf("removing the place: %v, want EBUSY", err)
	}
	if image.Exists("/data") {
		t.Error("the image has it too")
	}
}

func TestABoundDirectoryMayBeReadOnly(t *testing.T) {
	l := sim.NewLoop(1)
	host, inside := NewFS(l), NewFS(l)
	host.MkdirAll("/srv", 0o755)
	host.WriteFile("/srv/a", []byte("a"), 0o644)
	if err := inside.Bind("/data", host, "/srv", true); err != nil {
		t.Fatal(err)
	}
	if text, err := inside.ReadFile("/data/a"); string(text) != "a" || err != nil {
		t.Errorf("%q %v", text, err)
	}
	for what, err := range map[string]error{
		"write": inside.WriteFile("/data/a", []byte("b"), 0o644), "new": inside.WriteFile("/data/b", nil, 0o644),
		"mkdir": inside.Mkdir("/data/c", 0o755), "chmod": inside.Chmod("/data/a", 0), "remove": inside.Remove("/data/a"),
	} {
		if err != EROFS {
			t.Errorf("%s: %v, want EROFS", what, err)
		}
	}
}

// A file is mounted as a directory is.
func TestAFileMayBeBound(t *testing.T) {
	l := sim.NewLoop(1)
	host, inside := NewFS(l), NewFS(l)
	host.WriteFile("/etc/app.conf", []byte("one"), 0o644)
	if err := inside.Bind("/app/conf", host, "/etc/app.conf", false); err != nil {
		t.Fatal(err)
	}
	inside.WriteFile("/app/conf", []byte("two"), 0o644)
	if text, _ := host.ReadFile("/etc/app.conf"); string(text) != "two" {
		t.Errorf("the host sees %q", text)
	}
}
