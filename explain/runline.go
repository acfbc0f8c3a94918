package explain

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/image"
)

// options are the words of a docker run.
type options struct {
	words   [][2]string
	command func(string) string // what becomes of each word of the command; nil leaves them
}

func (o *options) add(name, value string) { o.words = append(o.words, [2]string{name, value}) }

func (o *options) set(name, value string) {
	o.drop(func(n, _ string) bool { return n == name })
	o.add(name, value)
}

func (o *options) drop(which func(name, value string) bool) {
	o.words = slices.DeleteFunc(o.words, func(w [2]string) bool { return which(w[0], w[1]) })
}

// said are the options with which a container was made, as far as its image does
// not say the same.
func said(n *Node) *options {
	c, o := n.Container, &options{}
	o.add("--name", c.Name)
	img, err := n.Host.Daemon.Images.Get(c.Config.Image)
	if err != nil {
		img = &image.Image{}
	}
	o.places(n)
	o.addresses(n)
	o.process(n, img)
	for _, x := range []struct {
		name   string
		values []string
	}{
		{"-p", publications(n)}, {"--add-host", c.HostConfig.ExtraHosts}, {"--dns", c.HostConfig.DNS}, {"--dns-search", c.HostConfig.DNSSearch},
		{"--dns-option", c.HostConfig.DNSOptions}, {"--cap-add", c.HostConfig.CapAdd}, {"--cap-drop", c.HostConfig.CapDrop}, {"-v", c.HostConfig.Binds},
	} {
		for _, v := range x.values {
			o.add(x.name, v)
		}
	}
	for _, l := range c.HostConfig.Links {
		o.add("--link", strings.ReplaceAll(strings.TrimPrefix(l, "/"), ":/"+c.Name+"/", ":"))
	}
	for _, k := range sortedKeys(c.HostConfig.Sysctls) {
		o.add("--sysctl", k+"="+c.HostConfig.Sysctls[k])
	}
	if p := c.HostConfig.RestartPolicy.Name; p != "" && p != "no" {
		o.add("--restart", p)
	}
	return o
}

// places are the options that say where a container is: its host's namespaces or
// a network, its name there.
func (o *options) places(n *Node) {
	c := n.Container
	if mode := c.HostConfig.NetworkMode; mode != "default" && mode != "bridge" && mode != "" {
		o.add("--network", mode)
	}
	if c.Config.Hostname != "" && c.Config.Hostname != c.ShortID() && c.HostConfig.NetworkMode != "host" && !strings.HasPrefix(c.HostConfig.NetworkMode, "container:") {
		o.add("--hostname", c.Config.Hostname)
	}
	for _, x := range [][2]string{{"--pid", c.HostConfig.PidMode}, {"--uts", c.HostConfig.UTSMode}} {
		if x[1] != "" {
			o.add(x[0], x[1])
		}
	}
}

// addresses are the options of the network that the container was made on.
func (o *options) addresses(n *Node) {
	e := n.Container.NetworkSettings.Networks[n.Container.HostConfig.NetworkMode]
	if e == nil {
		return
	}
	if e.IPAMConfig != nil && e.IPAMConfig.IPv4Address != "" {
		o.add("--ip", e.IPAMConfig.IPv4Address)
	}
	if e.IPAMConfig != nil && e.IPAMConfig.IPv6Address != "" {
		o.add("--ip6", e.IPAMConfig.IPv6Address)
	}
	for _, a := range e.Aliases {
		if !strings.HasPrefix(n.Container.ID, a) {
			o.add("--network-alias", a)
		}
	}
}

// process are the options of the program and what it finds.
func (o *options) process(n *Node, img *image.Image) {
	c := n.Container.Config
	for _, v := range c.Env {
		if !slices.Contains(img.Env, v) && !strings.HasPrefix(v, "PATH=") && !strings.HasPrefix(v, "TERM=") {
			o.add("-e", v)
		}
	}
	for _, p := range sortedPorts(c.ExposedPorts) {
		_, published := n.Container.HostConfig.PortBindings[p]
		if !img.ExposedPorts[p] && !published {
			o.add("--expose", p.String())
		}
	}
	if len(c.Entrypoint) == 1 && !slices.Equal(c.Entrypoint, img.Entrypoint) {
		o.add("--entrypoint", c.Entrypoint[0])
	}
	if c.User != "" {
		o.add("--user", c.User)
	}
}

func sortedPorts(m map[modes.Port]bool) []modes.Port {
	var out []modes.Port
	for p := range m {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b modes.Port) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// runLine is the docker run of a container with options.
func runLine(n *Node, o *options) string {
	c := n.Container
	line := "docker run -d"
	if c.Config.OpenStdin {
		line += "i"
	}
	if c.Config.Tty {
		line += "t"
	}
	if c.HostConfig.Privileged {
		line += " --privileged"
	}
	if c.HostConfig.AutoRemove {
		line += " --rm"
	}
	if c.HostConfig.PublishAllPorts {
		line += " -P"
	}
	for _, w := range o.words {
		line += " " + w[0] + " " + word(w[1])
	}
	line += " " + c.Config.Image
	img, err := n.Host.Daemon.Images.Get(c.Config.Image)
	if err == nil && slices.Equal(img.Cmd, c.Config.Cmd) {
		return line
	}
	for _, w := range c.Config.Cmd {
		if o.command != nil {
			w = o.command(w)
		}
		line += " " + word(w)
	}
	return line
}

// word is a text as one word of a shell's line.
func word(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"\\$`;&|<>()*?[]{}~#!") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// publications are a container's published ports as -p has them; tcp is not
// said.
func publications(n *Node) []string {
	var out []string
	for port, bindings := range n.Container.HostConfig.PortBindings {
		for _, b := range bindings {
			out = append(out, publication(b.HostIP, b.HostPort, port))
		}
	}
	slices.Sort(out)
	return out
}

// publication is one port as -p has it; the address and the host's port may be
// empty.
func publication(ip, hostPort string, port modes.Port) string {
	text := fmt.Sprint(port.Number)
	if port.Proto != "tcp" {
		text = port.String()
	}
	if hostPort != "" || ip != "" {
		text = hostPort + ":" + text
	}
	if strings.Contains(ip, ":") {
		ip = "[" + ip + "]"
	}
	if ip != "" {
		text = ip + ":" + text
	}
	return text
}
