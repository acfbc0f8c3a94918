package dnetsim

import (
	"encoding/json"
	"fmt"
	"maps"
)

// Spec is a world written in Go. What it leaves out is as in a scenario file that
// leaves it out; Extra takes any other key of one.
type Spec struct {
	Name   string         // "world" if empty
	Seed   uint64         // 1 if zero
	LAN    LAN            // the network between the hosts
	Hosts  []Host         // at least one; they start in the order of their names
	Engine string         // "20.10" or "29"; "20.10" if empty
	Setup  []string       // lines with their prompts: "h1$ docker run -d nginx"
	Extra  map[string]any // further keys of a scenario file: "internet", "images", "routers", …
}

// LAN is the physical network between the hosts.
type LAN struct {
	Subnet  string // "10.0.0.0/24" if empty
	Gateway string // the router to the internet; none if empty
	Delay   string // of each cable, one way: "200us"
}

// Host is a Docker host.
type Host struct {
	Name    string
	Address string         // on the LAN
	Daemon  map[string]any // /etc/docker/daemon.json; none if nil
}

// Build makes the world of a Spec and runs its setup. o may be nil.
func Build(s Spec, o *Options) (*World, error) {
	text, err := json.MarshalIndent(s.keys(), "", "  ") // which is YAML, too
	if err != nil {
		return nil, fmt.Errorf("dnetsim: the spec's Extra or Daemon: %w", err)
	}
	var with Options
	if o != nil {
		with = *o
	}
	if with.File == "" {
		with.File = "spec"
	}
	return Open(text, &with)
}

// keys is the scenario file that the spec stands for.
func (s *Spec) keys() map[string]any {
	put := func(m map[string]any, key, value string) {
		if value != "" {
			m[key] = value
		}
	}
	lan := map[string]any{"subnet": "10.0.0.0/24"}
	put(lan, "subnet", s.LAN.Subnet)
	put(lan, "gateway", s.LAN.Gateway)
	put(lan, "delay", s.LAN.Delay)
	hosts := map[string]any{}
	for _, h := range s.Hosts {
		host := map[string]any{"address": h.Address}
		if h.Daemon != nil {
			host["daemon"] = h.Daemon
		}
		hosts[h.Name] = host
	}
	keys := map[string]any{"name": "world", "lan": lan, "hosts": hosts}
	put(keys, "name", s.Name)
	put(keys, "engine", s.Engine)
	if s.Seed != 0 {
		keys["seed"] = s.Seed
	}
	if len(s.Setup) > 0 {
		keys["setup"] = s.Setup
	}
	maps.Copy(keys, s.Extra)
	return keys
}
