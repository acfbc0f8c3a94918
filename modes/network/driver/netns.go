package driver

import (
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
)

// netnsDir has a file for each namespace of the engine's, which keeps it alive.
const netnsDir = "/var/run/docker/netns"

// collectPeriod is gpmCleanupPeriod of libnetwork's osl: how often the files of
// namespaces that are gone are removed.
const collectPeriod = time.Minute

// spaces are the files of namespaces: libnetwork's osl/namespace_linux.go. A
// namespace ends with the mount of its file; the file itself stays, empty, until the
// next tick of a clock that began with the first namespace of the process.
type spaces struct {
	ticks   bool // the clock runs
	since   time.Duration
	garbage map[string]bool
	timer   *sim.Timer // set while there is garbage
}

// Pin makes the file that a namespace is mounted on; one that waits for its removal is
// used again.
func (h *Host) Pin(key string) {
	s, fs := &h.spaces, h.FS()
	if !s.ticks {
		s.ticks, s.since = true, h.Loop().Now()
	}
	delete(s.garbage, key)
	fs.MkdirAll(netnsDir, 0o755)
	at, err := fs.Realpath(key)
	if err != nil {
		return
	}
	if !fs.Exists(at) {
		fs.WriteFile(at, nil, 0o444)
	}
	if _, there := userland.MountedAt(fs, at); there {
		return
	}
	fs.Mount(userland.Mount{Source: "nsfs", Target: at, Type: "nsfs", Options: "rw"})
}

// Unpin lets a namespace go. Its file is removed at the next tick, or at once where
// the release does so.
func (h *Host) Unpin(key string) {
	at, err := h.FS().Realpath(key)
	if err != nil {
		return
	}
	h.FS().Unmount(at)
	if !h.Profile.CollectsNamespaces {
		h.FS().Remove(at)
		return
	}
	s := &h.spaces
	if s.garbage == nil {
		s.garbage = map[string]bool{}
	}
	s.garbage[key] = true
	if s.timer == nil {
		s.timer = h.Loop().NewTimer(h.Collect)
	}
	if !s.timer.Running() {
		s.timer.Reset(collectPeriod - (h.Loop().Now()-s.since)%collectPeriod)
	}
}

// Remove takes a namespace's file away at once.
func (h *Host) Remove(key string) {
	delete(h.spaces.garbage, key)
	if at, err := h.FS().Realpath(key); err == nil {
		h.FS().Unmount(at)
		h.FS().Remove(at)
	}
}

// Collect removes the files of namespaces that are gone.
func (h *Host) Collect() {
	for key := range h.spaces.garbage {
		if at, err := h.FS().Realpath(key); err == nil {
			h.FS().Remove(at)
		}
	}
	clear(h.spaces.garbage)
	if t := h.spaces.timer; t != nil {
		t.Stop()
	}
}

// Abandon is the end of the process: nobody removes what waits, and the next one's
// clock begins anew.
func (h *Host) Abandon() {
	if t := h.spaces.timer; t != nil {
		t.Stop()
	}
	h.spaces = spaces{}
}
