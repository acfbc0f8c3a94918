package compose

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dnetsim/modes/image"

	"github.com/compose-spec/compose-go/v2/types"
)

// writer collects the lines of a project.
type writer struct {
	project  *types.Project
	registry *image.Registry
	images   map[string]standIn
	lines    []string
	standIns map[string]bool            // services
	healthy  map[string]bool            // containers that have been waited for
	ignored  map[string]map[string]bool // what, by whom
}

func (w *writer) line(words ...string) {
	for i, x := range words {
		words[i] = quote(x)
	}
	w.lines = append(w.lines, hostName+"$ docker "+strings.Join(words, " "))
}

func (w *writer) ignore(who, what string, is bool) {
	if !is {
		return
	}
	if w.ignored[what] == nil {
		w.ignored[what] = map[string]bool{}
	}
	w.ignored[what][who] = true
}

func (w *writer) write() error {
	for _, name := range slices.Sorted(maps.Keys(w.project.Networks)) {
		if n := w.project.Networks[name]; !bool(n.External) && w.used(name) {
			w.network(n)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.project.Volumes)) {
		if v := w.project.Volumes[name]; !bool(v.External) {
			w.line("volume", "create", v.Name)
		}
	}
	order, err := w.order()
	if err != nil {
		return err
	}
	for _, s := range order {
		if err := w.service(s); err != nil {
			return fmt.Errorf("services.%s: %w", s.Name, err)
		}
	}
	return nil
}

// used reports whether a container is in a network: Compose makes no others.
func (w *writer) used(network string) bool {
	for _, s := range w.project.Services {
		if slices.Contains(networks(s), network) {
			return true
		}
	}
	return false
}

func (w *writer) network(n types.NetworkConfig) {
	words := []string{"network", "create"}
	if n.Driver != "" && n.Driver != "default" {
		words = append(words, "-d", n.Driver)
	}
	for _, k := range slices.Sorted(maps.Keys(n.DriverOpts)) {
		words = append(words, "-o", k+"="+n.DriverOpts[k])
	}
	for _, p := range n.Ipam.Config {
		for _, x := range [][2]string{{"--subnet", p.Subnet}, {"--gateway", p.Gateway}, {"--ip-range", p.IPRange}} {
			if x[1] != "" {
				words = append(words, x[0]+"="+x[1])
			}
		}
		for _, k := range slices.Sorted(maps.Keys(p.AuxiliaryAddresses)) {
			words = append(words, "--aux-address", k+"="+p.AuxiliaryAddresses[k])
		}
	}
	for _, x := range []struct {
		flag string
		on   bool
	}{{"--internal", n.Internal}, {"--attachable", n.Attachable}, {"--ipv6", n.EnableIPv6 != nil && *n.EnableIPv6}} {
		if x.on {
			words = append(words, x.flag)
		}
	}
	w.line(append(words, n.Name)...)
}

// order is the services, each after those that it depends on.
func (w *writer) order() ([]types.ServiceConfig, error) {
	var out []types.ServiceConfig
	state := map[string]int{}
	var visit func(name string) error
	visit = func(name string) error {
		s, ok := w.project.Services[name]
		switch {
		case state[name] == 2 || !ok:
			return nil
		case state[name] == 1:
			return fmt.Errorf("services.%s depends on itself", name)
		}
		state[name] = 1
		for _, d := range s.GetDependencies() {
			if err := visit(d); err != nil {
				return err
			}
		}
		state[name] = 2
		out = append(out, s)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(w.project.Services)) {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// container is the name of a service's container.
func (w *writer) container(s types.ServiceConfig, i int) string {
	if s.ContainerName != "" {
		return s.ContainerName
	}
	return fmt.Sprintf("%s-%s-%d", w.project.Name, s.Name, i)
}

func (w *writer) service(s types.ServiceConfig) error {
	w.without(s)
	stand := w.standIn(&s)
	w.standIns[s.Name] = stand
	for _, name := range slices.Sorted(maps.Keys(s.DependsOn)) {
		dep, ok := w.project.Services[name]
		if !ok {
			continue
		}
		switch s.DependsOn[name].Condition {
		case types.ServiceConditionCompletedSuccessfully:
			w.line("wait", w.container(dep, 1))
		case types.ServiceConditionHealthy:
			w.wait(dep)
		}
	}
	for i := 1; i <= s.GetScale(); i++ {
		if s.ContainerName != "" && i > 1 {
			return errors.New("container_name does not go with several replicas")
		}
		if err := w.create(s, i, stand); err != nil {
			return err
		}
	}
	return nil
}

// wait lets a service's containers become healthy; one that does not ends the setup.
func (w *writer) wait(s types.ServiceConfig) {
	for i := 1; i <= s.GetScale() && !w.standIns[s.Name]; i++ {
		name := w.container(s, i)
		if w.healthy[name] {
			continue
		}
		w.healthy[name] = true
		w.lines = append(w.lines, fmt.Sprintf(`%s$ while s=$(docker inspect -f '{{.State.Health.Status}}' %s); [ "$s" = starting ]; do sleep 0.5; done; echo "%[2]s is $s"; [ "$s" = healthy ]`, hostName, quote(name)))
	}
}

// create is one container: made, connected to its other networks, started.
func (w *writer) create(s types.ServiceConfig, i int, stand bool) error {
	name := w.container(s, i)
	words := []string{"create", "--name", name}
	nets := networks(s)
	mode := s.NetworkMode
	switch target, isService := strings.CutPrefix(mode, "service:"); {
	case isService:
		dep, ok := w.project.Services[target]
		if !ok {
			return fmt.Errorf("network_mode: there is no service %s", target)
		}
		words = append(words, "--network", "container:"+w.container(dep, 1))
	case mode != "" && mode != "default":
		words = append(words, "--network", mode)
	case len(nets) > 0:
		words = append(words, "--network", w.project.Networks[nets[0]].Name)
		words = append(words, w.endpoint(s, nets[0], "--network-alias")...)
	}
	words = append(words, w.flags(s)...)
	for _, l := range s.Links {
		target, alias, ok := strings.Cut(l, ":")
		if !ok {
			alias = target
		}
		if dep, there := w.project.Services[target]; there {
			words = append(words, "--link", w.container(dep, 1)+":"+alias)
		}
	}
	words = append(words, s.Image)
	if !stand {
		words = append(words, command(s)...)
	}
	w.line(words...)
	for _, n := range nets[min(1, len(nets)):] {
		w.line(slices.Concat([]string{"network", "connect"}, w.endpoint(s, n, "--alias"), []string{w.project.Networks[n].Name, name})...)
	}
	w.line("start", name)
	return nil
}

// networks are a service's, the one with the highest priority first.
func networks(s types.ServiceConfig) []string {
	if s.NetworkMode != "" && s.NetworkMode != "default" {
		return nil
	}
	return s.NetworksByPriority()
}

// endpoint is a container's place in a network; alias is the option for names.
func (w *writer) endpoint(s types.ServiceConfig, n, alias string) []string {
	words := []string{alias, s.Name}
	e := s.Networks[n]
	if e == nil {
		return words
	}
	for _, a := range e.Aliases {
		words = append(words, alias, a)
	}
	if e.Ipv4Address != "" {
		words = append(words, "--ip", e.Ipv4Address)
	}
	if e.Ipv6Address != "" {
		words = append(words, "--ip6", e.Ipv6Address)
	}
	return words
}
