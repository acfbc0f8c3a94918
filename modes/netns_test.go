package modes

import (
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
)

// The file of a namespace stays for a while when its container ends: libnetwork
// removes such files once a minute. Their mounts go at once.
func TestFilesOfNamespacesGoAtTheNextMinute(t *testing.T) {
	w := newWorld(t, "")
	count := func() (files, mounts int) {
		list, _ := w.a.FS().ReadDir("/run/docker/netns")
		for _, m := range w.a.FS().Mounts() {
			if strings.HasPrefix(m.Target, "/run/docker/netns/") {
				mounts++
			}
		}
		return len(list), mounts
	}
	check := func(when string, files, mounts int) {
		t.Helper()
		if f, m := count(); f != files || m != mounts {
			t.Errorf("%s: %d files and %d mounts, want %d and %d", when, f, m, files, mounts)
		}
	}
	w.do(func() {
		one := w.run(w.a, container.Create{Name: "one", Config: container.Config{Image: "busybox", Cmd: []string{"sleep", "1000"}}})
		w.loop.Current().Sleep(40 * time.Second)
		w.run(w.a, container.Create{Name: "two", Config: container.Config{Image: "busybox", Cmd: []string{"sleep", "1000"}}})
		check("both run", 2, 2)
		w.a.Daemon.Containers.Kill(one.ID, "")
		w.loop.Current().Sleep(time.Second)
		check("one is gone", 2, 1)
		w.loop.Current().Sleep(25 * time.Second)
		check("the minute is over", 1, 1)
		w.a.Daemon.Containers.Kill("two", "")
		w.loop.Current().Sleep(time.Second)
		check("both are gone", 1, 0)
		if err := w.a.Daemon.Stop(); err != nil {
			t.Error(err)
		}
		check("dockerd has ended", 0, 0)
	})
}
