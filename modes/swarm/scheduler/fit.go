package scheduler

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"dnetsim/modes/swarm/object"
)

// fits reports whether a node has what a task reserves.
func fits(t *object.Task, c *candidate) bool {
	want := reserved(t)
	if len(want.GenericResources) > 0 { // no node says that it has any
		return false
	}
	cpu, mem := want.NanoCPUs, want.MemoryBytes
	for _, x := range c.tasks {
		r := reserved(x)
		cpu += r.NanoCPUs
		mem += r.MemoryBytes
	}
	have := c.node.Description.Resources
	return (want.NanoCPUs == 0 || cpu <= have.NanoCPUs) && (want.MemoryBytes == 0 || mem <= have.MemoryBytes)
}

func reserved(t *object.Task) object.Resources {
	if r := t.Spec.Resources; r != nil && r.Reservations != nil {
		return *r.Reservations
	}
	return object.Resources{}
}

// pluginsThere reports whether a node's engine has the drivers of a task: of its log, its
// volumes and its networks.
func pluginsThere(t *object.Task, n *object.Node) bool {
	has := func(kind, name string) bool {
		return slices.Contains(n.Description.Engine.Plugins, object.Plugin{Type: kind, Name: name})
	}
	if c := t.Spec.ContainerSpec; c != nil {
		for _, m := range c.Mounts {
			var o struct{ DriverConfig object.Driver }
			json.Unmarshal(m.VolumeOptions, &o) // who asked was refused for what is none
			if d := o.DriverConfig.Name; m.Type == "volume" && d != "" && d != "local" && !has("Volume", d) {
				return false
			}
		}
	}
	for _, at := range t.NetworksAttachments {
		if d := at.Network.DriverState.Name; d != "" && !has("Network", d) {
			return false
		}
	}
	l := t.Spec.LogDriver
	return l == nil || l.Name == "" || l.Name == "none" || has("Log", l.Name)
}

// onClusterVolume reports whether a task has a volume of the cluster's, which nothing here
// makes.
func onClusterVolume(t *object.Task) bool {
	c := t.Spec.ContainerSpec
	return c != nil && slices.ContainsFunc(c.Mounts, func(m object.Mount) bool { return m.Type == "cluster" })
}

func onPlatform(t *object.Task, n *object.Node) bool {
	if t.Spec.Placement == nil || len(t.Spec.Placement.Platforms) == 0 {
		return true
	}
	for _, p := range t.Spec.Placement.Platforms {
		if (p.OS == "" || p.OS == n.Description.Platform.OS) && (p.Architecture == "" || arch(p.Architecture) == arch(n.Description.Platform.Architecture)) {
			return true
		}
	}
	return false
}

func arch(s string) string {
	switch s {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return s
}

// hostPorts are the ports that a task takes on its node.
func hostPorts(t *object.Task) (out []object.Port) {
	if t.Service == nil || t.Service.Endpoint == nil {
		return nil
	}
	for _, p := range t.Service.Endpoint.Spec.Ports {
		if p.PublishMode == object.PublishHost && p.PublishedPort != 0 {
			out = append(out, p)
		}
	}
	return out
}

func portsFree(t *object.Task, c *candidate) bool {
	taken := map[string]bool{}
	for _, x := range c.tasks {
		for _, p := range hostPorts(x) {
			taken[fmt.Sprint(p.Protocol, p.PublishedPort)] = true
		}
	}
	for _, p := range hostPorts(t) {
		if taken[fmt.Sprint(p.Protocol, p.PublishedPort)] {
			return false
		}
	}
	return true
}

func belowMost(t *object.Task, c *candidate) bool {
	p := t.Spec.Placement
	return p == nil || p.MaxReplicas == 0 || uint64(ofService(t, c.tasks)) < p.MaxReplicas
}

// constraint is "key == value" or "key != value".
var constraint = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(.*?)\s*(==|!=)\s*(.*)$`) })

var (
	keyForm   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^[a-z_][a-z0-9\-_.]+$`) })
	valueForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$`) })
)

// CheckConstraints refuses what is no constraint.
func CheckConstraints(all []string) error {
	for _, s := range all {
		m := constraint().FindStringSubmatch(s)
		if m == nil {
			return fmt.Errorf("constraint expected one operator from ==, !=")
		}
		key, value := strings.TrimSpace(m[1]), strings.TrimSpace(m[3])
		if !keyForm().MatchString(key) {
			return fmt.Errorf("key '%s' is invalid", key)
		}
		if !valueForm().MatchString(value) {
			return fmt.Errorf("value '%s' is invalid", value)
		}
	}
	return nil
}

// Satisfies reports whether a node is one that the constraints allow. One that is
// malformed, or that asks for what nodes have not, allows none.
func Satisfies(all []string, n *object.Node) bool {
	for _, s := range all {
		m := constraint().FindStringSubmatch(s)
		if m == nil {
			return false
		}
		key, equal, want := strings.TrimSpace(m[1]), m[2] == "==", strings.TrimSpace(m[3])
		if ok, known := matches(key, want, n); !known || ok != equal {
			return false
		}
	}
	return true
}

func matches(key, want string, n *object.Node) (ok, known bool) {
	is := func(have string) (bool, bool) { return strings.EqualFold(have, want), true }
	switch low := strings.ToLower(key); low {
	case "node.id":
		return is(n.ID)
	case "node.hostname":
		return is(n.Description.Hostname)
	case "node.ip":
		at, err := netip.ParseAddr(n.Status.Addr)
		if p, perr := netip.ParsePrefix(want); perr == nil && err == nil {
			return p.Contains(at), true
		}
		return is(n.Status.Addr)
	case "node.role":
		return is(n.Spec.Role)
	case "node.platform.os":
		return is(n.Description.Platform.OS)
	case "node.platform.arch":
		return strings.EqualFold(arch(n.Description.Platform.Architecture), arch(want)), true
	default:
		switch {
		case strings.HasPrefix(low, "node.labels."):
			return is(n.Spec.Labels[key[len("node.labels."):]])
		case strings.HasPrefix(low, "engine.labels."):
			return is(n.Description.Engine.Labels[key[len("engine.labels."):]])
		}
	}
	return false, false
}
