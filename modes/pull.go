package modes

import (
	"net/netip"
	"strings"

	"dnetsim/modes/image"
)

// PullProgress is one line of the progress of a pull.
type PullProgress struct {
	ID             string // short layer id, or the tag, or ""
	Status         string // "Pulling fs layer", "Downloading", "Pull complete", …
	Current, Total int64  // bytes; Total 0 if there is no bar
}

// Pull pulls an image and reports each step as it happens.
func (s *Images) Pull(ref string, progress func(PullProgress)) error {
	if err := s.d.available(); err != nil {
		return err
	}
	full := image.Reference(ref)
	name, tag := image.Split(full)
	reg := s.store.Registry()
	if reg.Offline {
		return s.unreachable(reg)
	}
	if host := reg.Unreachable(full); host != "" {
		return s.noRegistry(host)
	}
	img, ok := reg.Find(full)
	if !ok && reg.Knows(full) {
		return errf(ErrNotFound, "manifest for %s not found: manifest unknown: manifest unknown", full)
	}
	if !ok {
		return errf(ErrNotFound, "pull access denied for %s, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", name)
	}
	if progress == nil {
		progress = func(PullProgress) {}
	}
	from := name
	if !strings.Contains(name, "/") {
		from = "library/" + name
	}
	if img.Plain() {
		progress(PullProgress{Status: "dnetsim knows no image " + name + ": a plain one with busybox's programs stands for it (images: in the scenario says what it is)"})
	}
	progress(PullProgress{ID: tag, Status: "Pulling from " + from})
	old, _ := s.store.Find(full)
	if old == nil {
		end, err := s.d.calls.Begin()
		if err != nil {
			return err
		}
		defer end()
		if err := s.pullLayers(img, progress); err != nil {
			return err
		}
		s.store.Add(img)
	}
	_, digest, _ := strings.Cut(img.RepoDigests[0], "@")
	progress(PullProgress{Status: "Digest: " + digest})
	status := "Status: Downloaded newer image for " + full
	if old != nil {
		status = "Status: Image is up to date for " + full
	}
	progress(PullProgress{Status: status})
	s.event("pull", full, name)
	return nil
}

// unreachable is a pull without a way to the registry: the name is asked of the
// host's first server.
func (s *Images) unreachable(reg *image.Registry) error {
	server := "[::1]:53"
	if all := s.d.net.HostNameservers(); len(all) > 0 {
		server = all[0].String() + ":53"
	}
	return errf(ErrSystem, `Get "https://%s/v2/": dial tcp: lookup %s on %s: no such host`, reg.Host, reg.Host, server)
}

// noRegistry is a pull from a registry that is nowhere.
func (s *Images) noRegistry(host string) error {
	name, port, ok := strings.Cut(host, ":")
	if !ok {
		port = "443"
	}
	if a, err := netip.ParseAddr(name); err == nil || name == "localhost" {
		if name == "localhost" {
			a = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		return errf(ErrSystem, `Get "http://%s/v2/": dial tcp %s:%s: connect: connection refused`, host, a, port)
	}
	server := "[::1]:53"
	if all := s.d.net.HostNameservers(); len(all) > 0 {
		server = all[0].String() + ":53"
	}
	return errf(ErrSystem, `Get "https://%s/v2/": dial tcp: lookup %s on %s: no such host`, host, name, server)
}

// downloadSteps is in how many pieces a layer's bar grows.
const downloadSteps = 4

func (s *Images) pullLayers(img *image.Image, progress func(PullProgress)) error {
	id := func(l image.Layer) string { return strings.TrimPrefix(l.Digest, "sha256:")[:12] }
	for _, l := range img.Layers {
		progress(PullProgress{ID: id(l), Status: "Pulling fs layer"})
	}
	for _, l := range img.Layers {
		for i := range int64(downloadSteps) {
			if err := s.d.calls.Pass(s.d.profile.Cost.Layer / downloadSteps); err != nil {
				return err
			}
			progress(PullProgress{ID: id(l), Status: "Downloading", Current: l.Size * (i + 1) / downloadSteps, Total: l.Size})
		}
		progress(PullProgress{ID: id(l), Status: "Verifying Checksum"})
		progress(PullProgress{ID: id(l), Status: "Download complete"})
	}
	for _, l := range img.Layers {
		progress(PullProgress{ID: id(l), Status: "Extracting", Current: l.Size, Total: l.Size})
		if err := s.d.calls.Pass(s.d.profile.Cost.Layer / downloadSteps); err != nil {
			return err
		}
		progress(PullProgress{ID: id(l), Status: "Pull complete"})
	}
	return nil
}
