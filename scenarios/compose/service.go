package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dnetsim/modes/image"

	"github.com/compose-spec/compose-go/v2/types"
)

// standIn makes an image of a service that the simulated registry does not have:
// a web server answers at its ports. It reports whether it did; the service's
// command is of no use then.
func (w *writer) standIn(s *types.ServiceConfig) bool {
	if s.Image == "" {
		s.Image = w.project.Name + "-" + s.Name
	}
	if _, ok := w.registry.Find(image.Reference(s.Image)); ok && s.Build == nil {
		return false
	}
	listen := map[string]bool{}
	for _, p := range s.Ports {
		if p.Protocol == "" || p.Protocol == "tcp" {
			listen[fmt.Sprintf("%d/tcp", p.Target)] = true
		}
	}
	for _, p := range s.Expose {
		port, proto, ok := strings.Cut(p, "/")
		if (!ok || proto == "tcp") && !strings.Contains(port, "-") {
			listen[port+"/tcp"] = true
		}
	}
	for p := range w.images[s.Image].toSet() {
		listen[p] = true
	}
	x := standIn{Listen: slices.Sorted(maps.Keys(listen))}
	if len(listen) == 0 {
		x.Cmd = []string{"sleep", "1000000"}
	}
	w.images[s.Image] = x
	w.ignore(s.Name, "image, build and command (a stand-in that answers HTTP at the ports)", true)
	w.ignore(s.Name, "healthcheck of a stand-in (healthy when started)", s.HealthCheck != nil)
	s.HealthCheck = nil
	return true
}

func (x standIn) toSet() map[string]bool {
	out := map[string]bool{}
	for _, p := range x.Listen {
		out[p] = true
	}
	return out
}

// flags are a service's options of docker create.
func (w *writer) flags(s types.ServiceConfig) []string {
	var words []string
	add := func(flag string, values ...string) {
		for _, v := range values {
			if v != "" {
				words = append(words, flag, v)
			}
		}
	}
	add("--hostname", s.Hostname)
	add("--domainname", s.DomainName)
	add("--mac-address", s.MacAddress)
	for _, p := range s.Ports {
		text := fmt.Sprint(p.Target)
		if p.Published != "" || p.HostIP != "" {
			text = p.Published + ":" + text
		}
		if p.HostIP != "" {
			text = p.HostIP + ":" + text
		}
		if p.Protocol != "" && p.Protocol != "tcp" {
			text += "/" + p.Protocol
		}
		add("-p", text)
	}
	add("--expose", s.Expose...)
	hosts := s.ExtraHosts.AsList(":")
	slices.Sort(hosts)
	add("--add-host", hosts...)
	add("--dns", s.DNS...)
	add("--dns-search", s.DNSSearch...)
	add("--dns-option", s.DNSOpts...)
	for _, k := range slices.Sorted(maps.Keys(s.Sysctls)) {
		add("--sysctl", k+"="+s.Sysctls[k])
	}
	add("--cap-add", s.CapAdd...)
	add("--cap-drop", s.CapDrop...)
	add("--user", s.User)
	add("--workdir", s.WorkingDir)
	add("--restart", s.Restart)
	words = append(words, health(s.HealthCheck)...)
	for _, k := range slices.Sorted(maps.Keys(s.Environment)) {
		if v := s.Environment[k]; v != nil {
			add("-e", k+"="+*v)
		}
	}
	for _, on := range []struct {
		flag string
		is   bool
	}{{"--privileged", s.Privileged}, {"--read-only", s.ReadOnly}, {"-t", s.Tty}, {"-i", s.StdinOpen}} {
		if on.is {
			words = append(words, on.flag)
		}
	}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			name := v.Source
			if named, ok := w.project.Volumes[name]; ok {
				name = named.Name
			}
			add("-v", name+":"+v.Target)
		}
	}
	if len(s.Entrypoint) > 0 {
		add("--entrypoint", s.Entrypoint[0])
	}
	return words
}

// health are the options of a healthcheck; what it leaves out is the image's.
func health(h *types.HealthCheckConfig) []string {
	if h == nil {
		return nil
	}
	var words []string
	switch {
	case h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE":
		return []string{"--no-healthcheck"}
	case len(h.Test) > 1 && h.Test[0] == "CMD-SHELL":
		words = append(words, "--health-cmd", h.Test[1])
	case len(h.Test) > 1: // docker has no option for a command without a shell
		var line []string
		for _, x := range h.Test[1:] {
			line = append(line, quote(x))
		}
		words = append(words, "--health-cmd", strings.Join(line, " "))
	}
	for _, x := range []struct {
		flag string
		d    *types.Duration
	}{{"--health-interval", h.Interval}, {"--health-timeout", h.Timeout}, {"--health-start-period", h.StartPeriod}} {
		if x.d != nil {
			words = append(words, x.flag, x.d.String())
		}
	}
	if h.Retries != nil {
		words = append(words, "--health-retries", fmt.Sprint(*h.Retries))
	}
	return words
}

// command is what follows the image.
func command(s types.ServiceConfig) []string {
	if len(s.Entrypoint) > 1 {
		return slices.Concat([]string(s.Entrypoint[1:]), []string(s.Command))
	}
	return s.Command
}

// without notes what a service asks for and the network does not know.
func (w *writer) without(s types.ServiceConfig) {
	binds := slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Type != types.VolumeTypeVolume })
	for what, is := range map[string]bool{
		"configs": len(s.Configs) > 0, "secrets": len(s.Secrets) > 0, "deploy": s.Deploy != nil, "develop": s.Develop != nil,
		"devices": len(s.Devices) > 0, "env_file": len(s.EnvFiles) > 0, "healthcheck: start_interval": s.HealthCheck != nil && s.HealthCheck.StartInterval != nil, "labels": len(s.Labels) > 0,
		"logging": s.Logging != nil, "platform": s.Platform != "", "ulimits": len(s.Ulimits) > 0, "security_opt": len(s.SecurityOpt) > 0,
		"volumes from the real machine, tmpfs": binds, "mem_limit": s.MemLimit > 0, "stop_signal": s.StopSignal != "",
		"init": s.Init != nil, "external_links": len(s.ExternalLinks) > 0,
		"group_add": len(s.GroupAdd) > 0, "runtime": s.Runtime != "", "pid": s.Pid != "", "ipc": s.Ipc != "",
	} {
		w.ignore(s.Name, what, is)
	}
}
