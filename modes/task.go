package modes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/health"
	"dnetsim/modes/logs"
	"dnetsim/modes/nat"
	"dnetsim/modes/swarm/agent"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/template"
	"dnetsim/userland"
)

// taskContainer runs the container of a swarm's task: it is moby's container executor.
type taskContainer struct {
	d    *Daemon
	task *object.Task
	deps agent.Dependencies
}

// find is the task's container, nil if there is none.
func (t *taskContainer) find() *Container {
	for _, c := range t.d.Containers.all {
		if c.Managed && c.Name == t.task.Name {
			return c
		}
	}
	return nil
}

// Logs opens the container's log.
func (t *taskContainer) Logs(o message.LogOptions) (agent.LogReader, error) {
	c := t.find()
	if c == nil {
		return nil, nil
	}
	r, err := t.d.Containers.Logs(c.ID, logs.Options{Stdout: o.Stdout, Stderr: o.Stderr, Follow: o.Follow, Since: o.Since, Tail: o.Tail})
	if err != nil {
		return nil, err
	}
	return taskLog{r}, nil
}

// taskLog is a container's log as what its node publishes.
type taskLog struct{ *logs.Reader }

// Next implements agent.LogReader.
func (l taskLog) Next() (message.LogLine, error) {
	e, err := l.Reader.Next()
	return message.LogLine{Time: e.Time.UTC(), Stream: e.Stream, Data: e.Line}, err
}

// Prepare gets the image and makes the container.
func (t *taskContainer) Prepare() error {
	if t.find() != nil {
		return nil
	}
	r, err := t.request()
	if err != nil {
		return err
	}
	if _, err := t.d.Images.store.Find(r.Config.Image); err != nil {
		if err := t.d.Images.Pull(r.Config.Image, nil); err != nil { // what is not there is told by the next step
			t.d.Journal.Write("error", "pulling image failed", "error", err.Error(), "module", "node/agent/taskmanager", "node.id", t.task.NodeID, "service.id", t.task.ServiceID, "task.id", t.task.ID)
		}
	}
	files, err := t.files()
	if err != nil {
		return err
	}
	c, _, err := t.d.Containers.Create(r)
	if err != nil {
		return err
	}
	for _, f := range files {
		f.put(c.run.fs)
	}
	return t.together(c)
}

// together refuses networks that exclude one another. As of release 25 that waits for the
// start; before, all but the first network were connected to the made container.
func (t *taskContainer) together(c *Container) error {
	all := t.task.NetworksAttachments
	if t.d.profile.StrictSettings || len(all) < 2 {
		return nil
	}
	for _, at := range all[1:] {
		n, err := t.d.net.Find(at.Network.Spec.Name)
		if err != nil {
			return err
		}
		if err := t.d.Networks.checkTogether(c, n); err != nil {
			return err
		}
	}
	return nil
}

// dataFile is a secret or a config in a container's files.
type dataFile struct {
	at     string
	target *object.FileTarget
	data   []byte
}

// files are the task's secrets and configs: what the engine mounts there is on no disk.
func (t *taskContainer) files() (out []dataFile, err error) {
	add := func(at string, f *object.FileTarget, s *object.DataSpec) error {
		if at = path.Join(at, f.Name); path.IsAbs(f.Name) {
			at = path.Clean(f.Name)
		}
		data, err := template.Data(t.d.Swarm.describe(), t.task, s, t.deps)
		out = append(out, dataFile{at, f, data})
		return err
	}
	for _, r := range t.task.Spec.ContainerSpec.Secrets {
		if s := t.deps.Secret(r.SecretID); s != nil && r.File != nil && err == nil {
			err = add("/run/secrets", r.File, &s.Spec)
		}
	}
	for _, r := range t.task.Spec.ContainerSpec.Configs {
		if s := t.deps.Config(r.ConfigID); s != nil && r.File != nil && err == nil {
			err = add("/", r.File, &s.Spec)
		}
	}
	return out, err
}

func (f *dataFile) put(fs *userland.FS) {
	fs.MkdirAll(path.Dir(f.at), 0o755)
	fs.WriteFile(f.at, f.data, f.target.Mode&0o777)
	uid, err := strconv.Atoi(f.target.UID)
	gid, gerr := strconv.Atoi(f.target.GID)
	if err == nil && gerr == nil {
		fs.Chown(f.at, uid, gid)
	}
}

// Start starts it.
func (t *taskContainer) Start() error {
	c := t.find()
	if c == nil {
		return errors.New("No such container: " + t.task.Name)
	}
	if c.run.pid1 != nil {
		return nil
	}
	if err := t.d.Containers.Start(c.ID); err != nil {
		return err
	}
	return t.healthy(c)
}

// healthy waits until a container that has a health check passes it.
func (t *taskContainer) healthy(c *Container) error {
	for c.State.Health != nil && c.run.pid1 != nil {
		switch c.State.Health.Status {
		case health.Healthy:
			return nil
		case health.Unhealthy:
			t.d.Containers.Stop(c.ID, nil)
			return errors.New("unhealthy container")
		}
		if err := c.run.changed.WaitFor(t.d.loop, time.Second); err != nil && c.run.removed {
			return err
		}
	}
	return nil
}

// Wait waits for its end.
func (t *taskContainer) Wait() error {
	for {
		c := t.find()
		if c == nil {
			return errors.New("No such container: " + t.task.Name)
		}
		if h := c.State.Health; h != nil && c.run.pid1 != nil && h.Status == health.Unhealthy {
			t.d.Containers.Stop(c.ID, nil)
			return errors.New("task: non-zero exit (137): dockerexec: unhealthy container")
		}
		if c.run.pid1 == nil && c.State.Status != Created {
			if code := c.State.ExitCode; code != 0 {
				return fmt.Errorf("task: non-zero exit (%d)", code)
			}
			return nil
		}
		if err := c.run.changed.WaitFor(t.d.loop, time.Minute); err != nil && t.d.calls.Gone() {
			return err
		}
	}
}

// Shutdown stops it.
func (t *taskContainer) Shutdown() error {
	c := t.find()
	if c == nil || c.run.pid1 == nil {
		return nil
	}
	return t.d.Containers.Stop(c.ID, t.task.Spec.ContainerSpec.StopGracePeriod)
}

// Remove removes it.
func (t *taskContainer) Remove() error {
	if c := t.find(); c != nil {
		return t.d.Containers.Remove(c.ID, RemoveOptions{Force: true, Volumes: true})
	}
	return nil
}

// Status is the container as the managers see it.
func (t *taskContainer) Status() (*object.ContainerStatus, []object.Port) {
	c := t.find()
	if c == nil {
		return nil, nil
	}
	st := &object.ContainerStatus{ContainerID: c.ID, PID: c.State.Pid, ExitCode: c.State.ExitCode}
	var ports []object.Port
	for _, p := range nat.Sorted(c.NetworkSettings.Ports) {
		for _, b := range c.NetworkSettings.Ports[p] {
			if n, err := strconv.ParseUint(b.HostPort, 10, 16); err == nil {
				ports = append(ports, object.Port{Protocol: p.Proto, TargetPort: uint32(p.Number), PublishedPort: uint32(n), PublishMode: object.PublishHost})
			}
		}
	}
	return st, ports
}

// discard removes a container whatever it does.
func (cs *Containers) discard(c *Container) {
	if err := cs.Remove(c.ID, RemoveOptions{Force: true, Volumes: true}); err != nil {
		cs.d.Journal.Write("error", "failed to remove container "+c.Name, "error", err.Error())
	}
}

// request is the container that a task describes.
func (t *taskContainer) request() (container.Create, error) {
	spec, err := template.Container(t.d.Swarm.describe(), t.task)
	if err != nil {
		return container.Create{}, err
	}
	r := container.Create{Name: t.task.Name, Endpoints: map[string]*container.EndpointSettings{}, Service: t.service()}
	if err := checkMounts(spec.Mounts); err != nil {
		return r, err
	}
	r.Config = container.Config{
		Image: spec.Image, Entrypoint: spec.Command, Cmd: spec.Args, Hostname: spec.Hostname, Env: spec.Env, WorkingDir: spec.Dir,
		User: spec.User, Tty: spec.TTY, OpenStdin: spec.OpenStdin, StopSignal: spec.StopSignal, Labels: t.labels(),
	}
	if h := spec.Healthcheck; h != nil {
		r.Config.Healthcheck = &health.Check{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, StartInterval: h.StartInterval, Retries: h.Retries}
	}
	t.fillHost(&r.HostConfig, spec)
	r.Config.ExposedPorts, r.HostConfig.PortBindings = t.ports()
	for i, at := range t.task.NetworksAttachments {
		if i == 0 {
			r.HostConfig.NetworkMode = at.Network.Spec.Name
		}
		r.Endpoints[at.Network.Spec.Name] = t.endpoint(&at)
	}
	return r, nil
}

// fillHost is what the container has of its node.
func (t *taskContainer) fillHost(h *container.HostConfig, spec *object.ContainerSpec) {
	h.NetworkMode, h.Sysctls, h.CapAdd, h.CapDrop = "default", spec.Sysctls, spec.CapabilityAdd, spec.CapabilityDrop
	h.ReadonlyRootfs, h.Init, h.GroupAdd, h.OomScoreAdj = spec.ReadOnly, spec.Init, spec.Groups, int(spec.OomScoreAdj)
	if h.Isolation = spec.Isolation; h.Isolation == "default" {
		h.Isolation = ""
	}
	for _, u := range spec.Ulimits {
		h.Ulimits = append(h.Ulimits, container.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	h.SecurityOpt = security(spec.Privileges)
	if l := t.task.Spec.LogDriver; l != nil {
		h.LogDriver, h.LogOptions = l.Name, l.Options
	}
	if d := spec.DNSConfig; d != nil {
		h.DNS, h.DNSSearch, h.DNSOptions = d.Nameservers, d.Search, d.Options
	}
	for _, line := range spec.Hosts { // "address name …"
		f := strings.Fields(line)
		if len(f) > 1 { // the first name only
			h.ExtraHosts = append(h.ExtraHosts, f[1]+":"+f[0])
		}
	}
	for _, m := range spec.Mounts {
		h.Mounts = append(h.Mounts, mountOf(&m))
	}
	if r := t.task.Spec.Resources; r != nil && r.Limits != nil {
		h.MemorySwappiness = r.MemorySwappiness
		if s := r.SwapBytes; s != nil && r.Limits.MemoryBytes > 0 {
			if h.MemorySwap = *s; *s >= 0 { // which counts the memory, too
				h.MemorySwap += r.Limits.MemoryBytes
			}
		}
		h.Memory, h.PidsLimit, h.CPUQuota = r.Limits.MemoryBytes, r.Limits.Pids, r.Limits.NanoCPUs/10_000 // µs of a period of 100 ms
	}
}

// ports are those that the task publishes on its node, in host mode.
func (t *taskContainer) ports() (map[nat.Port]bool, map[nat.Port][]nat.PortBinding) {
	exposed, bound := map[nat.Port]bool{}, map[nat.Port][]nat.PortBinding{}
	if t.task.Service == nil || t.task.Service.Endpoint == nil {
		return exposed, bound
	}
	for _, p := range t.task.Service.Endpoint.Ports {
		if p.PublishMode != object.PublishHost {
			continue
		}
		port := nat.Port{Number: uint16(p.TargetPort), Proto: p.Protocol}
		exposed[port] = true
		b := nat.PortBinding{}
		if p.PublishedPort != 0 {
			b.HostPort = strconv.Itoa(int(p.PublishedPort))
		}
		bound[port] = append(bound[port], b)
	}
	return exposed, bound
}

// service is what the network has to know of the task's service.
func (t *taskContainer) service() *container.Service {
	s := t.task.Service
	if s == nil {
		return &container.Service{}
	}
	out := &container.Service{ID: t.task.ServiceID, Name: s.Name, Aliases: map[string][]string{}, Virtual: map[string]netip.Addr{}}
	for _, at := range t.task.NetworksAttachments {
		out.Aliases[at.Network.ID] = at.Aliases
	}
	if s.Endpoint == nil {
		return out
	}
	for _, v := range s.Endpoint.VirtualIPs {
		if p, err := netip.ParsePrefix(v.Addr); err == nil {
			out.Virtual[v.NetworkID] = p.Addr()
		}
	}
	for _, p := range s.Endpoint.Ports {
		if p.PublishMode != object.PublishHost {
			proto := slices.Index([]string{"tcp", "udp", "sctp"}, p.Protocol)
			out.Ports = append(out.Ports, container.ServicePort{Name: p.Name, Protocol: proto, Target: int(p.TargetPort), Published: int(p.PublishedPort)})
		}
	}
	return out
}

// labels are those of the container: the user's and what it is of.
func (t *taskContainer) labels() map[string]string {
	out := maps.Clone(t.task.Spec.ContainerSpec.Labels)
	if out == nil {
		out = map[string]string{}
	}
	name := ""
	if s := t.task.Service; s != nil {
		name = s.Name
	}
	for k, v := range map[string]string{
		"": "", ".node.id": t.task.NodeID, ".service.id": t.task.ServiceID, ".service.name": name,
		".task.id": t.task.ID, ".task.name": t.task.Name,
	} {
		if k == "" {
			k = ".task"
		}
		out["com.docker.swarm"+k] = v
	}
	return out
}

// endpoint is the task's place in a network.
func (t *taskContainer) endpoint(at *object.NetworkAttachment) *container.EndpointSettings {
	es := &container.EndpointSettings{DriverOpts: at.DriverOpts}
	var all []netip.Prefix
	for _, s := range at.Addresses {
		if p, err := netip.ParsePrefix(s); err == nil {
			all = append(all, p)
		}
	}
	es.Place(all)
	es.Given = false
	return es
}

// checkMounts refuses what a node refuses of a task's mounts before there is a container,
// as moby's validateMounts does.
func checkMounts(all []object.Mount) error {
	for _, m := range all {
		if !path.IsAbs(m.Target) {
			return errf(ErrInvalid, "invalid mount target, must be an absolute path: %s", m.Target)
		}
		switch m.Type {
		case "bind":
			if !path.IsAbs(m.Source) {
				return errf(ErrInvalid, "invalid bind mount source, must be an absolute path: %s", m.Source)
			}
		case "volume":
			if path.IsAbs(m.Source) {
				return errf(ErrInvalid, "invalid volume mount source, must not be an absolute path: %s", m.Source)
			}
		case "tmpfs":
			if m.Source != "" {
				return errf(ErrInvalid, "invalid tmpfs source, source must be empty")
			}
		default:
			return errf(ErrInvalid, "invalid mount config for type %q: mount type unknown", m.Type)
		}
	}
	return nil
}

// mountOf is a task's mount as the engine mounts it.
func mountOf(m *object.Mount) Mount {
	v := Mount{Type: m.Type, Source: m.Source, Destination: m.Target, ReadOnly: m.ReadOnly, MustExist: m.Type == "bind"}
	var o struct {
		// Of volumes, of a tmpfs, and of binds.
		NoCopy       bool
		Labels       map[string]string
		Subpath      string
		DriverConfig *object.Driver
		SizeBytes    int64
		Mode         uint32
		Options      [][]string
		Propagation  string
	}
	for _, text := range []json.RawMessage{m.VolumeOptions, m.TmpfsOptions, m.BindOptions} {
		json.Unmarshal(text, &o) // who asked was refused for what is none
	}
	switch m.Type {
	case "volume":
		v.Name, v.Source, v.Mode = m.Source, "", "z"
		v.NoCopy, v.Labels, v.Subpath = o.NoCopy, o.Labels, o.Subpath
		if d := o.DriverConfig; d != nil {
			v.Driver, v.Options = d.Name, d.Options
		}
	case "tmpfs":
		v.Size, v.FileMode = o.SizeBytes, o.Mode
		v.Exec = slices.ContainsFunc(o.Options, func(w []string) bool { return slices.Equal(w, []string{"exec"}) })
	case "bind":
		v.Propagation = o.Propagation
	}
	return v
}

// security is what a task's container may do, as --security-opt says it.
func security(p *object.Privileges) (out []string) {
	if p == nil {
		return nil
	}
	if c := p.CredentialSpec; c != nil {
		for _, from := range [][2]string{{"file", c.File}, {"registry", c.Registry}, {"config", c.Config}} {
			if from[1] != "" {
				out = append(out, "credentialspec="+from[0]+"://"+from[1])
			}
		}
	}
	if l := p.SELinuxContext; l != nil {
		if l.Disable {
			out = append(out, "label=disable")
		}
		for _, part := range [][2]string{{"user", l.User}, {"role", l.Role}, {"level", l.Level}, {"type", l.Type}} {
			if part[1] != "" {
				out = append(out, "label="+part[0]+":"+part[1])
			}
		}
	}
	if s := p.Seccomp; s != nil {
		switch s.Mode {
		case "unconfined":
			out = append(out, "seccomp=unconfined")
		case "custom":
			out = append(out, "seccomp="+string(s.Profile))
		}
	}
	if p.AppArmor != nil && p.AppArmor.Mode == "disabled" {
		out = append(out, "apparmor=unconfined")
	}
	if p.NoNewPrivileges {
		out = append(out, "no-new-privileges=true")
	}
	return out
}
