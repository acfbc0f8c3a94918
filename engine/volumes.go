package engine

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"dnetsim/modes"
	"dnetsim/modes/volume"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

func (s *Server) volumeRoutes() {
	s.handle("GET /volumes", volumeList)
	s.handle("POST /volumes/create", volumeCreate)
	s.handle("POST /volumes/prune", volumesPrune)
	s.handle("GET /volumes/{id}", volumeInspect)
	s.handle("DELETE /volumes/{id}", volumeRemove)
	s.handle("GET /system/df", diskUsage)
}

func describeVolume(v *volume.Volume) *types.Volume {
	return &types.Volume{
		CreatedAt: v.Created.UTC().Format(time.RFC3339), Driver: "local", Labels: v.Labels, Mountpoint: v.Mountpoint(),
		Name: v.Name, Options: v.Options, Scope: "local",
	}
}

func volumeList(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	for k := range f {
		if !slices.Contains([]string{"dangling", "driver", "label", "name"}, k) {
			return invalid("Invalid filter '%s'", k)
		}
	}
	out := []*types.Volume{}
	for _, v := range c.daemon.Volumes.All() {
		if volumePasses(v, f) {
			out = append(out, describeVolume(v))
		}
	}
	return c.json(http.StatusOK, struct {
		Volumes  []*types.Volume
		Warnings []string
	}{Volumes: out})
}

func volumePasses(v *volume.Volume, f modes.Filters) bool {
	for k, want := range f {
		ok := false
		for _, w := range want {
			switch k {
			case "driver":
				ok = ok || w == "local"
			case "name":
				ok = ok || strings.Contains(v.Name, w)
			case "dangling":
				used := v.Users() > 0
				ok = ok || used != (w == "1" || strings.EqualFold(w, "true"))
			}
		}
		if k == "label" || k == "label!" {
			all := true
			for _, w := range want {
				all = all && labelled(v.Labels, w) == (k == "label")
			}
			ok = all
		}
		if !ok {
			return false
		}
	}
	return true
}

// labelled reports whether labels have KEY or KEY=VALUE.
func labelled(have map[string]string, want string) bool {
	k, v, valued := strings.Cut(want, "=")
	got, ok := have[k]
	return ok && (!valued || got == v)
}

func volumeCreate(c *call) error {
	var r struct {
		Name, Driver       string
		DriverOpts, Labels map[string]string
	}
	if err := c.decode(&r); err != nil {
		return err
	}
	v, err := c.daemon.Volumes.Create(r.Name, r.Driver, r.Labels, r.DriverOpts)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, describeVolume(v))
}

func volumeInspect(c *call) error {
	v, err := c.daemon.Volumes.Get(c.job.Ref)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, describeVolume(v))
}

func volumeRemove(c *call) error {
	if err := c.daemon.Volumes.Remove(c.job.Ref, boolean(c.q, "force")); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

// volumesPrune removes every volume that nobody uses, named or not, as API 1.41
// does.
func volumesPrune(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	for k := range f {
		if k != "label" && k != "label!" && k != "all" {
			return invalid("Invalid filter '%s'", k)
		}
	}
	delete(f, "all")
	gone := []string{}
	for _, v := range c.daemon.Volumes.All() {
		if v.Users() == 0 && volumePasses(v, f) && c.daemon.Volumes.Remove(v.Name, false) == nil {
			gone = append(gone, v.Name)
		}
	}
	return c.json(http.StatusOK, types.VolumesPruneReport{VolumesDeleted: gone})
}

// diskUsage counts images, what containers have written, and volumes.
func diskUsage(c *call) error {
	is, err := c.daemon.Images.List(nil, true)
	if err != nil {
		return err
	}
	cs, err := c.daemon.Containers.List(modes.ListOptions{All: true})
	if err != nil {
		return err
	}
	now, users := c.daemon.Wall(), map[string]int64{}
	containers := []any{}
	for _, x := range cs {
		containers = append(containers, c.s.form.summary(summary{Container: x, names: c.daemon.Containers.NamesOf(x), now: now, image: c.imageOf(x), size: c.sizes(x), health: c.since(52)}))
		users[x.Image]++
	}
	images, total := []types.ImageSummary{}, int64(0)
	for _, i := range is {
		images = append(images, types.ImageSummary{
			Containers: users[i.ID], Created: i.Created.Unix(), ID: i.ID, Labels: i.Labels, RepoDigests: i.RepoDigests,
			RepoTags: i.RepoTags, Size: i.Size, VirtualSize: i.Size,
		})
		total += i.Size
	}
	volumes := []*types.Volume{}
	for _, v := range c.daemon.Volumes.All() {
		d := describeVolume(v)
		d.UsageData = &types.VolumeUsageData{RefCount: int64(v.Users()), Size: c.daemon.Volumes.Size(v)}
		volumes = append(volumes, d)
	}
	out := map[string]any{}
	verbose := c.since(52) && boolean(c.q, "verbose")
	if !verbose {
		out = map[string]any{
			"LayersSize": total, "Images": images, "Containers": containers, "Volumes": volumes, "BuildCache": []int{}, "BuilderSize": 0,
		}
	}
	if c.since(52) {
		out["ImageUsage"], out["ContainerUsage"], out["VolumeUsage"], out["BuildCacheUsage"] = imageUsage(images), containerUsage(cs), volumeUsage(volumes), usage{}
		if verbose {
			for kind, items := range map[string]any{"ImageUsage": images, "ContainerUsage": containers, "VolumeUsage": volumes} {
				u := out[kind].(usage)
				u.Items = items
				out[kind] = u
			}
		}
	}
	return c.json(http.StatusOK, out)
}

// usage is what the objects of a kind take, since API 1.52.
type usage struct {
	ActiveCount int64 `json:",omitempty"`
	Items       any   `json:",omitempty"`
	Reclaimable int64 `json:",omitempty"`
	TotalCount  int64 `json:",omitempty"`
	TotalSize   int64 `json:",omitempty"`
}

func (u *usage) add(size int64, used bool) {
	u.TotalCount++
	u.TotalSize += size
	if used {
		u.ActiveCount++
	} else {
		u.Reclaimable += size
	}
}

func imageUsage(images []types.ImageSummary) (u usage) {
	for _, i := range images {
		u.add(i.Size, i.Containers > 0)
	}
	return u
}

func containerUsage(cs []*modes.Container) (u usage) {
	for _, x := range cs {
		u.add(x.Written(), x.State.Running())
	}
	return u
}

func volumeUsage(volumes []*types.Volume) (u usage) {
	for _, v := range volumes {
		u.add(v.UsageData.Size, v.UsageData.RefCount > 0)
	}
	return u
}

// mountsOf are the mounts of a request: -v, --mount, --tmpfs and the volumes
// without a name.
func mountsOf(c *container.Config, h *container.HostConfig) ([]volume.Mount, error) {
	var out []volume.Mount
	taken := map[string]bool{}
	add := func(m volume.Mount) {
		out = append(out, m)
		taken[m.Destination] = true
	}
	for _, text := range h.Binds {
		m, err := volume.Parse(text)
		if err != nil {
			return nil, err
		}
		add(m)
	}
	for _, x := range h.Mounts {
		if !strings.HasPrefix(x.Target, "/") {
			return nil, invalid("invalid mount config for type %q: invalid mount path: '%s' mount path must be absolute", x.Type, x.Target)
		}
		m := volume.Mount{Type: string(x.Type), Destination: x.Target, ReadOnly: x.ReadOnly}
		switch x.Type {
		case mount.TypeVolume:
			m.Name, m.Mode = x.Source, "z"
			if o := x.VolumeOptions; o != nil {
				m.Labels, m.NoCopy = o.Labels, o.NoCopy
				if d := o.DriverConfig; d != nil {
					m.Driver, m.Options = d.Name, d.Options
				}
			}
		case mount.TypeBind:
			m.MustExist = true
			if m.Source = x.Source; !strings.HasPrefix(m.Source, "/") {
				return nil, invalid("invalid mount config for type \"bind\": invalid mount path: '%s' mount path must be absolute", x.Source)
			}
			if o := x.BindOptions; o != nil {
				m.Propagation = string(o.Propagation)
			}
		case mount.TypeTmpfs:
			if o := x.TmpfsOptions; o != nil {
				m.Size, m.FileMode = o.SizeBytes, uint32(o.Mode)
			}
		default:
			return nil, invalid("invalid mount config for type %q: mount type unknown", x.Type)
		}
		add(m)
	}
	for _, at := range sorted(h.Tmpfs) {
		switch clean := path.Clean(strings.ReplaceAll(at, `\`, "/")); {
		case clean == "/":
			return nil, invalid("invalid specification: destination can't be '/'")
		case !path.IsAbs(clean):
			return nil, invalid("invalid mount path: '%s' mount path must be absolute", at)
		}
		add(volume.Mount{Type: "tmpfs", Destination: at, Mode: h.Tmpfs[at], Option: true})
	}
	for _, at := range sorted(c.Volumes) {
		if !taken[at] {
			add(volume.Mount{Type: "volume", Destination: at})
		}
	}
	return out, nil
}

// mountPoint is a mount as inspect and ps show it.
func mountPoint(m volume.Mount) types.MountPoint {
	p := types.MountPoint{
		Type: mount.Type(m.Type), Name: m.Name, Source: m.Source, Destination: m.Destination, Mode: m.Mode, RW: !m.ReadOnly,
	}
	switch m.Type {
	case "volume":
		p.Driver = "local"
		if p.Mode == "" {
			p.Mode = "z"
		}
	case "bind":
		p.Propagation = mount.PropagationRPrivate
		if m.Propagation != "" {
			p.Propagation = mount.Propagation(m.Propagation)
		}
	}
	return p
}
