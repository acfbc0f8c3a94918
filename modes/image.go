package modes

import "time"

// Image is a simulated image: a name, programs, and how it starts.
type Image struct {
	ID           string   // "sha256:…", a hash of its name
	RepoTags     []string // "busybox:latest"
	RepoDigests  []string // "busybox@sha256:…"
	Created      time.Time
	Size         int64 // bytes
	Author       string
	Architecture string
	Env          []string
	Cmd          []string
	Entrypoint   []string
	WorkingDir   string
	ExposedPorts map[Port]bool
	StopSignal   string
	Labels       map[string]string
	Layers       []Layer

	recipe *recipe
}

// Layer is one layer of an image.
type Layer struct {
	Digest string // "sha256:…"
	Size   int64  // bytes, compressed
}

// PullProgress is one line of the progress of a pull.
type PullProgress struct {
	ID             string // short layer id, or the tag, or ""
	Status         string // "Pulling fs layer", "Downloading", "Pull complete", …
	Current, Total int64  // bytes; Total 0 if there is no bar
}

// RemovedImage is one line of `docker rmi`.
type RemovedImage struct{ Untagged, Deleted string }
