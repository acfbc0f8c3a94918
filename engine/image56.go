package engine

import (
	"encoding/json"
	"strings"

	"dnetsim/modes/image"
	"dnetsim/modes/profile"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	api "github.com/moby/moby/api/types/image"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// configSize is that of an image's configuration, a JSON document of some lines.
const configSize = 312

// manifest is the document that says what an image is made of; its digest is the
// image's id where containerd keeps the images.
func manifest(i *image.Image) []byte {
	d := func(s string) digest.Digest { return digest.Digest(s) }
	m := struct {
		SchemaVersion int                  `json:"schemaVersion"`
		MediaType     string               `json:"mediaType"`
		Config        ocispec.Descriptor   `json:"config"`
		Layers        []ocispec.Descriptor `json:"layers"`
	}{2, ocispec.MediaTypeImageManifest, ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: d(i.ID), Size: configSize}, nil}
	for _, l := range i.Layers {
		m.Layers = append(m.Layers, ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayerGzip, Digest: d(l.Digest), Size: l.Size})
	}
	text, _ := json.Marshal(m)
	return text
}

func descriptor(i *image.Image) ocispec.Descriptor {
	return ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageManifest, Digest: digest.Digest(i.ID), Size: int64(len(manifest(i))),
		Platform: &ocispec.Platform{Architecture: "amd64", OS: "linux"},
	}
}

// contentSize is what of an image came over the network.
func contentSize(i *image.Image) int64 {
	n := int64(len(manifest(i)) + configSize)
	for _, l := range i.Layers {
		n += l.Size
	}
	return n
}

func (form56) imageRow(i *image.Image, users []string) any {
	d := descriptor(i)
	d.Platform = nil
	m := api.ManifestSummary{ID: i.ID, Descriptor: d, Available: true, Kind: api.ManifestKindImage}
	content := contentSize(i)
	m.Size.Content, m.Size.Total = content, content+i.Unpacked
	m.ImageData = &api.ImageProperties{Platform: ocispec.Platform{Architecture: "amd64", OS: "linux"}, Containers: users}
	if users == nil {
		m.ImageData.Containers = []string{}
	}
	m.ImageData.Size.Unpacked = i.Unpacked
	return api.Summary{
		Containers: int64(len(users)), Created: i.Created.Unix(), ID: i.ID, Labels: i.Labels, Descriptor: &d, Manifests: []api.ManifestSummary{m},
		RepoDigests: i.RepoDigests, RepoTags: i.RepoTags, SharedSize: -1, Size: content + i.Unpacked,
	}
}

func (form56) image(i *image.Image, _ profile.Version) any {
	d := descriptor(i)
	d.Platform = nil
	arch := i.Architecture
	if arch == "" {
		arch = "amd64"
	}
	cfg := &dockerspec.DockerOCIImageConfig{}
	cfg.Env, cfg.Cmd, cfg.Entrypoint, cfg.WorkingDir, cfg.StopSignal, cfg.Labels = i.Env, i.Cmd, i.Entrypoint, i.WorkingDir, i.StopSignal, i.Labels
	for p := range i.ExposedPorts {
		if cfg.ExposedPorts == nil {
			cfg.ExposedPorts = map[string]struct{}{}
		}
		cfg.ExposedPorts[p.String()] = struct{}{}
	}
	out := &api.InspectResponse{
		ID: i.ID, RepoTags: list(i.RepoTags), RepoDigests: list(i.RepoDigests), Created: stamp(i.Created), Author: i.Author, Config: cfg,
		Architecture: arch, Os: "linux", Size: contentSize(i), Descriptor: &d,
	}
	out.RootFS.Type = "layers"
	for _, l := range i.Layers {
		out.RootFS.Layers = append(out.RootFS.Layers, l.Digest)
	}
	out.Metadata.LastTagTime = i.Created.UTC()
	for k, r := range out.RepoDigests {
		name, _, _ := strings.Cut(r, "@")
		out.RepoDigests[k] = name + "@" + i.ID
	}
	return out
}
