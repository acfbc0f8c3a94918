package container

import (
	"maps"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/image"
	"dnetsim/modes/nat"
	"dnetsim/userland"
)

// IsHostMode reports whether a network mode is the host's own stack.
func IsHostMode(mode string) bool { return mode == "host" }

// IsDefaultMode reports whether it is the default bridge network.
func IsDefaultMode(mode string) bool { return mode == "" || mode == "default" || mode == "bridge" }

// IsJoinMode reports whether it is another container's stack.
func IsJoinMode(mode string) bool {
	return mode == "container" || strings.HasPrefix(mode, "container:")
}

// Joined is the container that a mode container:X names.
func Joined(mode string) string {
	_, ref, _ := strings.Cut(mode, ":")
	return ref
}

// VerifyModes refuses settings that the network mode excludes.
func VerifyModes(c *Config, h *HostConfig, macAnywhere bool) error {
	join, host := IsJoinMode(h.NetworkMode), IsHostMode(h.NetworkMode)
	conflict := func(what string) error { return errdefs.New(errdefs.KindInvalid, "conflicting options: %s", what) }
	switch {
	case join && Joined(h.NetworkMode) == "":
		return errdefs.New(errdefs.KindInvalid, "Invalid network mode: invalid container format container:<name|id>")
	case join && c.Hostname != "":
		return conflict("hostname and the network mode")
	case join && len(h.Links) > 0:
		return conflict("container type network can't be used with links. This would result in undefined behavior")
	case join && len(h.DNS) > 0:
		return conflict("dns and the network mode")
	case join && len(h.ExtraHosts) > 0:
		return conflict("custom host-to-IP mapping and the network mode")
	case (join || host) && c.MacAddress != "" && !macAnywhere:
		return conflict("mac-address and the network mode")
	case join && (len(h.PortBindings) > 0 || h.PublishAllPorts):
		return conflict("port publishing and the container type network mode")
	case join && len(c.ExposedPorts) > 0:
		return conflict("port exposing and the container type network mode")
	case h.UTSMode == "host" && c.Hostname != "":
		return conflict("hostname and the UTS mode")
	case host && len(h.Links) > 0:
		return conflict("host type networking can't be used with links. This would result in undefined behavior")
	}
	return nil
}

// VerifyConfig refuses what dockerd's validateContainerConfig refuses.
func VerifyConfig(c *Config) error {
	if wd := c.WorkingDir; wd != "" && !path.IsAbs(wd) {
		return errdefs.New(errdefs.KindInvalid, "the working directory '%s' is invalid, it needs to be an absolute path", wd)
	}
	if c.StopSignal != "" {
		if _, err := ParseSignal(c.StopSignal); err != nil {
			return err
		}
	}
	for _, kv := range c.Env {
		if name, _, _ := strings.Cut(kv, "="); name == "" {
			return errdefs.New(errdefs.KindInvalid, "invalid environment variable: %s", kv)
		}
	}
	return nil
}

// ParseSignal reads a signal as dockerd does: a number other than 0, or a name with or
// without SIG before it.
func ParseSignal(text string) (userland.Signal, error) {
	s, ok := userland.ParseSignal(text)
	if !ok || s == 0 {
		return 0, errdefs.New(errdefs.KindInvalid, "Invalid signal: %s", text)
	}
	return s, nil
}

// VerifyRestart refuses restart policies that there are not.
func VerifyRestart(h *HostConfig) error {
	p := h.RestartPolicy
	switch p.Name {
	case "always", "unless-stopped", "no":
		if p.MaximumRetryCount != 0 {
			return errdefs.New(errdefs.KindInvalid, "maximum retry count cannot be used with restart policy '%s'", p.Name)
		}
	case "on-failure":
		if p.MaximumRetryCount < 0 {
			return errdefs.New(errdefs.KindInvalid, "maximum retry count cannot be negative")
		}
	case "":
	default:
		return errdefs.New(errdefs.KindInvalid, "invalid restart policy '%s'", p.Name)
	}
	if h.AutoRemove && p.Name != "" && p.Name != "no" {
		return errdefs.New(errdefs.KindInvalid, "can't create 'AutoRemove' container with restart policy")
	}
	return nil
}

// jsonFileOptions are those of the log driver json-file, and of all drivers.
var jsonFileOptions = strings.Fields("max-file max-size compress labels labels-regex env env-regex tag mode max-buffer-size")

// VerifyLog refuses log drivers that are not among an engine's, and options that its own
// driver has not, as moby's ValidateLogOpts does.
func VerifyLog(h *HostConfig, drivers []string) error {
	if h.LogDriver == "none" {
		return nil
	}
	mode := h.LogOptions["mode"]
	switch {
	case mode != "" && mode != "blocking" && mode != "non-blocking":
		return errdefs.New(errdefs.KindInvalid, "logger: logging mode not supported: %s", mode)
	case h.LogOptions["max-buffer-size"] != "" && mode != "non-blocking":
		return errdefs.New(errdefs.KindInvalid, "logger: max-buffer-size option is only supported with 'mode=non-blocking'")
	case h.LogDriver != "" && !slices.Contains(drivers, h.LogDriver):
		return errdefs.New(errdefs.KindInvalid, "logger: no log driver named '%s' is registered", h.LogDriver)
	}
	if h.LogDriver != "" && h.LogDriver != "json-file" {
		return nil
	}
	for _, k := range slices.Sorted(maps.Keys(h.LogOptions)) {
		if !slices.Contains(jsonFileOptions, k) {
			return errdefs.New(errdefs.KindInvalid, "unknown log opt '%s' for json-file log driver", k)
		}
	}
	return nil
}

// VerifySecurity refuses security options that Linux has not.
func VerifySecurity(h *HostConfig) error {
	for _, o := range h.SecurityOpt {
		if o == "no-new-privileges" || o == "disable" || o == "writable-cgroups" {
			continue
		}
		k, v, ok := strings.Cut(o, "=")
		if !ok {
			if k, v, ok = strings.Cut(o, ":"); !ok {
				return errdefs.New(errdefs.KindInvalid, "invalid --security-opt 1: %q", o)
			}
		}
		switch k {
		case "label", "apparmor", "seccomp":
		case "no-new-privileges", "writable-cgroups":
			if _, err := strconv.ParseBool(v); err != nil {
				return errdefs.New(errdefs.KindInvalid, "invalid --security-opt 2: %q", o)
			}
		default:
			return errdefs.New(errdefs.KindInvalid, "invalid --security-opt 2: %q", o)
		}
	}
	return nil
}

// VerifyPorts refuses port bindings that are none.
func VerifyPorts(h *HostConfig) error {
	for _, port := range nat.Sorted(h.PortBindings) {
		if port.Number == 0 {
			return errdefs.New(errdefs.KindInvalid, "invalid port specification: %q", port)
		}
		for _, b := range h.PortBindings[port] {
			if _, _, err := nat.ParseRange(b.HostPort); err != nil {
				return errdefs.New(errdefs.KindInvalid, "invalid port specification: %q", b.HostPort)
			}
		}
	}
	return nil
}

// VerifyEndpoints refuses more than one network unless several may be named, and
// addresses that are none.
func VerifyEndpoints(eps map[string]*EndpointSettings, several bool) error {
	if len(eps) > 1 && !several {
		return errdefs.New(errdefs.KindInvalid, "Container cannot be connected to network endpoints: %s", strings.Join(slices.Sorted(maps.Keys(eps)), ", "))
	}
	for name, es := range eps {
		if es == nil {
			return errdefs.New(errdefs.KindInvalid, "no EndpointSettings for %s", name)
		}
		if es.IPAMConfig == nil {
			continue
		}
		if a := es.IPAMConfig.IPv4Address; a != "" && !validIP(a, false) {
			return errdefs.New(errdefs.KindInvalid, "invalid IPv4 address: %s", a)
		}
		if a := es.IPAMConfig.IPv6Address; a != "" && !validIP(a, true) {
			return errdefs.New(errdefs.KindInvalid, "invalid IPv6 address: %s", a)
		}
	}
	return nil
}

// MergeImage fills what the request leaves to the image.
func (c *Config) MergeImage(img *image.Image) {
	if len(img.ExposedPorts) > 0 {
		all := map[nat.Port]bool{}
		for p := range c.ExposedPorts {
			all[p] = true
		}
		for p := range img.ExposedPorts {
			all[p] = true
		}
		c.ExposedPorts = all
	}
	c.Env = image.MergeEnv(img.Env, c.Env)
	if len(c.Entrypoint) == 0 {
		if len(c.Cmd) == 0 {
			c.Cmd = img.Cmd
		}
		c.Entrypoint = img.Entrypoint
	}
	if len(c.Entrypoint) == 1 && c.Entrypoint[0] == "" {
		c.Entrypoint = nil
	}
	if c.WorkingDir == "" {
		c.WorkingDir = img.WorkingDir
	}
	if c.User == "" {
		c.User = img.User
	}
	if c.Healthcheck == nil {
		c.Healthcheck = img.Healthcheck
	}
	if c.WorkingDir != "" {
		c.WorkingDir = path.Clean(c.WorkingDir)
	}
	if c.StopSignal == "" {
		c.StopSignal = img.StopSignal
	}
	if len(img.Labels) > 0 {
		all := map[string]string{}
		for k, v := range img.Labels {
			all[k] = v
		}
		for k, v := range c.Labels {
			all[k] = v
		}
		c.Labels = all
	}
}

// validIP reports whether s is an address of the family.
func validIP(s string, v6 bool) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4() != v6
}

// CheckConnectIPs refuses addresses that are none; the stray bracket is
// dockerd's.
func CheckConnectIPs(es *EndpointSettings) error {
	if es.IPAMConfig == nil {
		return nil
	}
	if a := es.IPAMConfig.IPv4Address; a != "" && !validIP(a, false) {
		return errdefs.New(errdefs.KindInvalid, "Invalid IPv4 address: %s)", a)
	}
	if a := es.IPAMConfig.IPv6Address; a != "" && !validIP(a, true) {
		return errdefs.New(errdefs.KindInvalid, "Invalid IPv6 address: %s)", a)
	}
	return nil
}
