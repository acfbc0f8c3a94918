package engine

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"dnetsim/modes"
	"dnetsim/modes/image"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
)

func (s *Server) containerRoutes() {
	s.handle("GET /containers/json", (*call).containerList)
	s.handle("POST /containers/create", (*call).containerCreate)
	s.handle("POST /containers/prune", (*call).containersPrune)
	s.handle("GET /containers/{id}/json", (*call).containerInspect)
	s.handle("POST /containers/{id}/start", (*call).containerStart)
	s.handle("POST /containers/{id}/stop", (*call).containerStop)
	s.handle("POST /containers/{id}/restart", (*call).containerRestart)
	s.handle("POST /containers/{id}/kill", (*call).containerKill)
	s.handle("POST /containers/{id}/pause", (*call).containerPause)
	s.handle("POST /containers/{id}/unpause", (*call).containerUnpause)
	s.handle("POST /containers/{id}/rename", (*call).containerRename)
	s.handle("POST /containers/{id}/update", (*call).containerUpdate)
	s.handle("DELETE /containers/{id}", (*call).containerRemove)
	s.handle("POST /containers/{id}/resize", (*call).containerResize)
	s.handle("GET /containers/{id}/top", (*call).containerTop)
	s.handle("GET /containers/{id}/changes", (*call).containerChanges)
	s.handle("POST /containers/{id}/exec", (*call).execCreate)
	s.handle("GET /exec/{id}/json", (*call).execInspect)
	s.handle("POST /exec/{id}/resize", (*call).execResize)
}

func (c *call) containerList() error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	o := modes.ListOptions{All: boolean(c.q, "all"), Filters: f}
	if l := c.q.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil {
			return invalid("strconv.Atoi: parsing %q: invalid syntax", l)
		}
		o.Limit = max(n, 0)
	}
	cs, err := c.daemon.Containers.List(o)
	if err != nil {
		return err
	}
	out := make([]any, 0, len(cs))
	now := c.daemon.Wall()
	for _, x := range cs {
		row := summary{Container: x, names: c.daemon.Containers.NamesOf(x), now: now, image: c.imageOf(x), health: c.since(52)}
		if boolean(c.q, "size") {
			row.size = c.sizes(x)
		}
		out = append(out, c.s.form.summary(row))
	}
	return c.json(http.StatusOK, out)
}

func (c *call) containerCreate() error {
	var r createRequest
	if err := c.decode(&r); err != nil {
		return err
	}
	if r.HostConfig == nil {
		r.HostConfig = &container.HostConfig{}
	}
	if c.before(40) && r.HostConfig.IpcMode == "" {
		r.HostConfig.IpcMode = "shareable" // what clients of that time expect
	}
	normalise(r.HostConfig, c.daemon.Profile().MaskedPaths)
	m, err := r.toModel(c.q.Get("name"))
	if err != nil {
		return err
	}
	m.Opaque = &echo{config: &r.Config, hostConfig: r.HostConfig}
	if err := c.s.form.asked(c, &m); err != nil {
		return err
	}
	x, warnings, err := c.daemon.Containers.Create(m)
	if err != nil {
		return err
	}
	limits(x, &r.HostConfig.Resources)
	warnings = append(warnings, r.notSimulated()...)
	if p := c.q.Get("platform"); p != "" && p != "linux" && p != "linux/amd64" {
		warnings = append(warnings, "dnetsim does not simulate --platform "+p+": the image is of linux/amd64")
	}
	return c.json(http.StatusCreated, container.ContainerCreateCreatedBody{ID: x.ID, Warnings: list(warnings)})
}

func (c *call) containersPrune() error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	gone, err := c.daemon.Containers.Prune(f)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, types.ContainersPruneReport{ContainersDeleted: gone})
}

func (c *call) containerInspect() error {
	x, err := c.daemon.Containers.Get(c.job.Ref)
	if err != nil {
		return err
	}
	var size *sizes
	if boolean(c.q, "size") {
		n := c.sizes(x)
		size = &n
	}
	return c.json(http.StatusOK, c.s.form.container(x, c.imageOf(x), size))
}

// sizes are those of a container's own layer and of its whole root file system.
type sizes struct{ written, root int64 }

func (c *call) sizes(x *modes.Container) sizes {
	n := x.Written()
	if img := c.imageOf(x); img != nil {
		return sizes{n, n + img.Size}
	}
	return sizes{n, n}
}

// imageOf is the image of a container, nil if it is gone.
func (c *call) imageOf(x *modes.Container) *image.Image {
	img, err := c.daemon.Images.Get(x.Image)
	if err != nil {
		return nil
	}
	return img
}

func (c *call) containerStart() error {
	if err := c.daemon.Containers.Start(c.job.Ref); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

func (c *call) containerStop() error {
	t, err := seconds(c.q)
	if err != nil {
		return err
	}
	if err := c.daemon.Containers.Stop(c.job.Ref, t); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

func (c *call) containerRestart() error {
	t, err := seconds(c.q)
	if err != nil {
		return err
	}
	if err := c.daemon.Containers.Restart(c.job.Ref, t); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

func (c *call) containerKill() error {
	if err := c.daemon.Containers.Kill(c.job.Ref, c.q.Get("signal")); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

func (c *call) containerPause() error {
	if err := c.daemon.Containers.Pause(c.job.Ref); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

func (c *call) containerUnpause() error {
	if err := c.daemon.Containers.Unpause(c.job.Ref); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

func (c *call) containerRename() error {
	if err := c.daemon.Containers.Rename(c.job.Ref, c.q.Get("name")); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

func (c *call) containerUpdate() error {
	var r container.UpdateConfig
	if err := c.decode(&r); err != nil {
		return err
	}
	p := modes.RestartPolicy{Name: r.RestartPolicy.Name, MaximumRetryCount: r.RestartPolicy.MaximumRetryCount}
	if p.Name != "" {
		if err := c.daemon.Containers.Update(c.job.Ref, p); err != nil {
			return err
		}
	}
	x, err := c.daemon.Containers.Get(c.job.Ref)
	if err != nil {
		return err
	}
	if c.before(40) {
		r.PidsLimit = nil
	}
	if err := updateResources(x, &r.Resources); err != nil {
		return err
	}
	asked := &createRequest{HostConfig: &container.HostConfig{Resources: r.Resources}}
	normalise(asked.HostConfig, nil)
	return c.json(http.StatusOK, struct{ Warnings []string }{asked.notSimulated()})
}

func (c *call) containerRemove() error {
	o := modes.RemoveOptions{
		Force: boolean(c.q, "force"), Link: boolean(c.q, "link"), Volumes: boolean(c.q, "v"),
	}
	if err := c.daemon.Containers.Remove(c.job.Ref, o); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

// size reads the rows and columns of a resize request.
func (c *call) size() (rows, cols int, err error) {
	for _, d := range []struct {
		key string
		n   *int
	}{{"h", &rows}, {"w", &cols}} {
		text := c.q.Get(d.key)
		if c.daemon.Profile().StrictSettings {
			name := map[string]string{"h": "height", "w": "width"}[d.key]
			n, err := strconv.ParseInt(text, 10, 64)
			switch {
			case errors.Is(err, strconv.ErrSyntax):
				return 0, 0, invalid("invalid resize %s %q: invalid syntax", name, text)
			case err != nil || n < 0 || n > math.MaxUint32:
				return 0, 0, invalid("invalid resize %s %q: value out of range", name, text)
			}
		}
		if *d.n, err = strconv.Atoi(text); err != nil {
			return 0, 0, invalid("strconv.Atoi: parsing %q: invalid syntax", text)
		}
	}
	return rows, cols, nil
}

func (c *call) containerResize() error {
	rows, cols, err := c.size()
	if err != nil {
		return err
	}
	if err := c.daemon.Containers.Resize(c.job.Ref, rows, cols); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func (c *call) containerTop() error {
	t, err := c.daemon.Containers.Top(c.job.Ref, c.q.Get("ps_args"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, struct {
		Processes [][]string
		Titles    []string
	}{t.Processes, t.Titles})
}

// containerChanges is docker diff.
func (c *call) containerChanges() error {
	list, err := c.daemon.Containers.Changes(c.job.Ref)
	if err != nil {
		return err
	}
	out := []container.ContainerChangeResponseItem{}
	for _, x := range list {
		out = append(out, container.ContainerChangeResponseItem{Kind: uint8(x.Kind), Path: x.Path})
	}
	return c.json(http.StatusOK, out)
}
