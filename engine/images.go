package engine

import (
	"net/http"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/image"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
)

func (s *Server) imageRoutes() {
	s.handle("GET /images/json", (*call).imageList)
	s.handle("POST /images/create", (*call).imagePull)
	s.handle("POST /images/prune", (*call).imagesPrune)
	// Names of images contain slashes.
	s.handle("GET /images/{id...}", (*call).imageGet)
	s.handle("DELETE /images/{id...}", (*call).imageRemove)
	s.handle("POST /images/{id...}", (*call).imagePost)
}

func (c *call) imageList() error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	is, err := c.daemon.Images.List(f)
	if err != nil {
		return err
	}
	out := make([]types.ImageSummary, 0, len(is))
	for _, i := range is {
		out = append(out, types.ImageSummary{
			Containers: -1, Created: i.Created.Unix(), ID: i.ID, Labels: i.Labels,
			RepoDigests: i.RepoDigests, RepoTags: i.RepoTags, SharedSize: -1, Size: i.Size, VirtualSize: i.Size,
		})
	}
	return c.json(http.StatusOK, out)
}

// imageGet is …/json, …/history.
func (c *call) imageGet() error {
	name, what, _ := cutLast(c.job.Ref)
	if what != "json" && what != "history" {
		c.s.refuse(c.w, c.r)
		return nil
	}
	i, err := c.daemon.Images.Get(name)
	if err != nil {
		return err
	}
	if what == "history" {
		return c.imageHistory(i)
	}
	cfg := &container.Config{
		Env: i.Env, Cmd: i.Cmd, Entrypoint: i.Entrypoint, WorkingDir: i.WorkingDir,
		StopSignal: i.StopSignal, Labels: i.Labels,
	}
	for p := range i.ExposedPorts {
		if cfg.ExposedPorts == nil {
			cfg.ExposedPorts = nat.PortSet{}
		}
		cfg.ExposedPorts[nat.Port(p.String())] = struct{}{}
	}
	arch := i.Architecture
	if arch == "" {
		arch = "amd64"
	}
	out := &types.ImageInspect{
		ID: i.ID, RepoTags: list(i.RepoTags), RepoDigests: list(i.RepoDigests), Created: stamp(i.Created),
		ContainerConfig: cfg, Config: cfg, Author: i.Author, Architecture: arch, Os: "linux",
		DockerVersion: c.daemon.Version().Version, Size: i.Size, VirtualSize: i.Size,
		GraphDriver: types.GraphDriverData{Name: "overlay2", Data: map[string]string{}},
	}
	out.RootFS.Type = "layers"
	for _, l := range i.Layers {
		out.RootFS.Layers = append(out.RootFS.Layers, l.Digest)
	}
	out.Metadata.LastTagTime = i.Created.UTC()
	return c.json(http.StatusOK, out)
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func (c *call) imageHistory(i *image.Image) error {
	type layer struct {
		ID        string `json:"Id"`
		Created   int64
		CreatedBy string
		Tags      []string
		Size      int64
		Comment   string
	}
	out := []layer{}
	cmd := "/bin/sh -c #(nop)  CMD [" + quoteAll(i.Cmd) + "]"
	out = append(out, layer{ID: i.ID, Created: i.Created.Unix(), CreatedBy: cmd, Tags: i.RepoTags})
	for k := len(i.Layers) - 1; k >= 0; k-- {
		size := i.Layers[k].Size
		if k == 0 {
			size = i.Size
		}
		out = append(out, layer{
			ID: "<missing>", Created: i.Created.Unix(), Size: size,
			CreatedBy: "/bin/sh -c #(nop) ADD file:" + strings.TrimPrefix(i.Layers[k].Digest, "sha256:") + " in / ",
		})
	}
	return c.json(http.StatusOK, out)
}

func quoteAll(l []string) string {
	q := make([]string, len(l))
	for i, s := range l {
		q[i] = `"` + s + `"`
	}
	return strings.Join(q, " ")
}

// report is one line of the stream of a pull.
type progress struct {
	Status         string          `json:"status,omitempty"`
	ProgressDetail *progressDetail `json:"progressDetail,omitempty"`
	ID             string          `json:"id,omitempty"`
	ErrorDetail    *errorDetail    `json:"errorDetail,omitempty"`
	Error          string          `json:"error,omitempty"`
}

type progressDetail struct {
	Current int64 `json:"current,omitempty"`
	Total   int64 `json:"total,omitempty"`
}

type errorDetail struct {
	Message string `json:"message"`
}

func (c *call) imagePull() error {
	ref := c.q.Get("fromImage")
	if ref == "" {
		c.s.refuse(c.w, c.r)
		return nil
	}
	if tag := c.q.Get("tag"); tag != "" {
		if strings.Contains(tag, ":") {
			ref += "@" + tag
		} else {
			ref += ":" + tag
		}
	}
	begun := false
	say := func(p progress) {
		if !begun {
			begun = true
			c.stream("application/json")
		}
		c.write(encode(p))
		c.flush()
	}
	err := c.daemon.Images.Pull(ref, func(p modes.PullProgress) {
		line := progress{Status: p.Status, ID: p.ID}
		if p.Total > 0 {
			line.ProgressDetail = &progressDetail{p.Current, p.Total}
		} else if p.ID != "" {
			line.ProgressDetail = &progressDetail{}
		}
		say(line)
	})
	if err != nil {
		if !begun {
			return err
		}
		say(progress{ErrorDetail: &errorDetail{err.Error()}, Error: err.Error()})
	}
	return nil
}

func (c *call) imageRemove() error {
	gone, err := c.daemon.Images.Remove(c.job.Ref, boolean(c.q, "force"))
	if err != nil {
		return err
	}
	out := []types.ImageDeleteResponseItem{}
	for _, g := range gone {
		out = append(out, types.ImageDeleteResponseItem{Untagged: g.Untagged, Deleted: g.Deleted})
	}
	return c.json(http.StatusOK, out)
}

// imagePost is …/tag.
func (c *call) imagePost() error {
	name, what, _ := cutLast(c.job.Ref)
	if what != "tag" {
		c.s.refuse(c.w, c.r)
		return nil
	}
	ref := c.q.Get("repo")
	if tag := c.q.Get("tag"); tag != "" {
		ref += ":" + tag
	}
	if err := c.daemon.Images.Tag(name, ref); err != nil {
		return err
	}
	return c.done(http.StatusCreated)
}

// imagesPrune deletes nothing: there are no images without a name.
func (c *call) imagesPrune() error {
	return c.json(http.StatusOK, types.ImagesPruneReport{})
}
