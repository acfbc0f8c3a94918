package modes

import (
	"fmt"
	"sort"
	"strings"

	"dnetsim/modes/nat"
)

// linkEnv is the environment that --link gives on the default network.
func (d *Daemon) linkEnv(c *Container) []string {
	var env []string
	for _, l := range c.run.links {
		es := l.child.NetworkSettings.Networks["bridge"]
		if !l.child.State.Running() || es == nil {
			continue
		}
		env = append(env, l.env("/"+c.Name, es.IPAddress)...)
	}
	return env
}

func (l containerLink) env(parent, ip string) []string {
	up := strings.ReplaceAll(strings.ToUpper(l.alias), "-", "_")
	var env []string
	ports := nat.Sorted(l.child.Config.ExposedPorts)
	sort.SliceStable(ports, func(i, k int) bool { return ports[i].Proto == "tcp" && ports[k].Proto != "tcp" })
	for i, p := range ports {
		url := fmt.Sprintf("%s://%s:%d", p.Proto, ip, p.Number)
		if i == 0 {
			env = append(env, up+"_PORT="+url)
		}
		key := fmt.Sprintf("%s_PORT_%d_%s", up, p.Number, strings.ToUpper(p.Proto))
		env = append(env, key+"="+url, key+"_ADDR="+ip, fmt.Sprintf("%s_PORT=%d", key, p.Number), key+"_PROTO="+p.Proto)
	}
	env = append(env, up+"_NAME="+parent+"/"+l.alias)
	for _, kv := range l.child.Config.Env {
		k, v, ok := strings.Cut(kv, "=")
		if !ok || k == "HOME" || k == "PATH" {
			continue
		}
		env = append(env, up+"_ENV_"+k+"="+v)
	}
	return env
}
