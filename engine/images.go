package engine

import (
	"net/http"
	"slices"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/image"
	"dnetsim/modes/profile"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
)

func (s *Server) imageRoutes() {
	s.handle("GET /images/json", (*call).imageList)
	s.handle("POST /images/create", (*call).imagePull)
	s.handle("POST /images/prune", (*call).imagesPrune)
	s.handle("POST /images/load", imageLoad)
	s.handle("GET /images/get", imageSave)
	s.handle("GET /images/search", imageSearch)
	s.handle("POST /commit", commit)
	s.handle("GET /containers/{id}/export", export)
	s.handle("POST /build", buildImage)
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
	is, err := c.daemon.Images.List(f, boolean(c.q, "all"))
	if err != nil {
		return err
	}
	out := make([]any, 0, len(is))
	for _, i := range is {
		out = append(out, c.s.form.imageRow(i, c.usersOf(i)))
	}
	return c.json(http.StatusOK, out)
}

// imageGet is …/json, …/history, …/get.
func (c *call) imageGet() error {
	name, what, _ := cutLast(c.job.Ref)
	if what == "get" {
		return saveImages(c, []string{name})
	}
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
	return c.json(http.StatusOK, c.s.form.image(i, c.daemon.Version()))
}

// usersOf are the ids of the containers that were made of an image.
func (c *call) usersOf(i *image.Image) (ids []string) {
	all, err := c.daemon.Containers.List(modes.ListOptions{All: true})
	for _, x := range all {
		if err == nil && x.Image == i.ID {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

func (form41) imageRow(i *image.Image, _ []string) any {
	tags, digests := i.RepoTags, i.RepoDigests
	if len(tags)+len(digests) == 0 {
		tags, digests = []string{"<none>:<none>"}, []string{"<none>@<none>"}
	}
	return types.ImageSummary{
		Containers: -1, Created: i.Created.Unix(), ID: i.ID, Labels: i.Labels, ParentID: i.Parent,
		RepoDigests: digests, RepoTags: tags, SharedSize: -1, Size: i.Size, VirtualSize: i.Size,
	}
}

func (form41) image(i *image.Image, v profile.Version) any {
	cfg := &container.Config{
		User: i.User, Env: i.Env, Cmd: i.Cmd, Entrypoint: i.Entrypoint, WorkingDir: i.WorkingDir,
		StopSignal: i.StopSignal, Labels: i.Labels,
	}
	if i.Parent != "" {
		cfg.Image = i.Parent
	}
	if h := i.Healthcheck; h != nil {
		cfg.Healthcheck = &container.HealthConfig{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: h.Retries}
	}
	for v := range i.Volumes {
		if cfg.Volumes == nil {
			cfg.Volumes = map[string]struct{}{}
		}
		cfg.Volumes[v] = struct{}{}
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
		ID: i.ID, Parent: i.Parent, Comment: i.Comment, RepoTags: list(i.RepoTags), RepoDigests: list(i.RepoDigests), Created: stamp(i.Created),
		ContainerConfig: cfg, Config: cfg, Author: i.Author, Architecture: arch, Os: "linux",
		DockerVersion: v.Version, Size: i.Size, VirtualSize: i.Size,
		GraphDriver: types.GraphDriverData{Name: "overlay2", Data: map[string]string{}},
	}
	out.RootFS.Type = "layers"
	for _, l := range i.Layers {
		out.RootFS.Layers = append(out.RootFS.Layers, l.Digest)
	}
	out.Metadata.LastTagTime = i.Created.UTC()
	return out
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
	for k, h := range slices.Backward(i.History) {
		x := layer{ID: "<missing>", Created: h.Created.Unix(), CreatedBy: h.By, Size: h.Size, Comment: h.Comment}
		if h.Image != "" {
			x.ID = h.Image
		}
		if k == len(i.History)-1 {
			x.ID, x.Tags = i.ID, i.RepoTags
		}
		out = append(out, x)
	}
	return c.json(http.StatusOK, out)
}

// progress is one line of the stream of a pull.
type progress struct {
	Stream         string          `json:"stream,omitempty"`
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
	Code    int    `json:"code,omitempty"`
	Message string `json:"message"`
}

func (c *call) imagePull() error {
	ref := c.q.Get("fromImage")
	if ref == "" {
		return imageImport(c)
	}
	if tag := c.q.Get("tag"); tag != "" {
		if strings.Contains(tag, ":") {
			ref += "@" + tag
		} else {
			ref += ":" + tag
		}
	}
	t := &talk{c: c}
	return t.end(c.daemon.Images.Pull(ref, func(p modes.PullProgress) { t.say(pulling(p)) }), 0)
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

func (c *call) imagesPrune() error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	gone, size, err := c.daemon.Images.Prune(f)
	if err != nil {
		return err
	}
	out := types.ImagesPruneReport{SpaceReclaimed: uint64(max(size, 0))}
	for _, g := range gone {
		out.ImagesDeleted = append(out.ImagesDeleted, types.ImageDeleteResponseItem{Untagged: g.Untagged, Deleted: g.Deleted})
	}
	return c.json(http.StatusOK, out)
}
