package modes

import (
	"fmt"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/userland"
)

// The files that Docker mounts over those of the image, by their names in
// /var/lib/docker/containers/ID.
var mounted = [][2]string{
	{"/etc/resolv.conf", "resolv.conf"}, {"/etc/hostname", "hostname"}, {"/etc/hosts", "hosts"},
}

// mountFiles makes the container see its three files, which are on the host.
func (c *Container) mountFiles(fs *userland.FS) {
	d := c.run.daemon
	host := d.host.FS()
	host.MkdirAll("/var/lib/docker/containers/"+c.ID, 0o700)
	fs.MkdirAll("/etc", 0o755)
	for _, m := range mounted {
		at := func() string {
			if c.run.base != nil {
				return c.run.base.File(m[1])
			}
			return c.File(m[1])
		}
		fs.Remove(m[0])
		fs.Synthetic(m[0], func() []byte {
			b, _ := host.ReadFile(at())
			return b
		}, func(b []byte) error { return host.WriteFile(at(), b, 0o644) })
	}
}

// writeFiles writes the three files when a container starts, before it has any
// address.
func (c *Container) writeFiles() error {
	d := c.run.daemon
	fs := d.host.FS()
	fs.WriteFile(c.File("hostname"), []byte(c.Config.Hostname+"\n"), 0o644)
	if container.IsHostMode(c.HostConfig.NetworkMode) && len(c.HostConfig.ExtraHosts) == 0 {
		b, _ := fs.ReadFile("/etc/hosts")
		fs.WriteFile(c.File("hosts"), b, 0o644)
	} else {
		fs.WriteFile(c.File("hosts"), []byte(c.hostsFile()), 0o644)
	}
	fs.WriteFile(c.File("resolv.conf"), []byte(c.run.sandbox.SetupDNS()), 0o644)
	return nil
}

// hostsFile is /etc/hosts before the container's own addresses.
func (c *Container) hostsFile() string {
	d := c.run.daemon
	var b strings.Builder
	if container.IsHostMode(c.HostConfig.NetworkMode) {
		own, _ := d.host.FS().ReadFile("/etc/hosts")
		b.Write(own)
	} else {
		b.WriteString(d.profile.Hosts)
	}
	for _, h := range c.HostConfig.ExtraHosts {
		name, addr, _ := strings.Cut(h, ":")
		if addr == "host-gateway" {
			addr = d.net.HostGateway()
		}
		fmt.Fprintf(&b, "%s\t%s\n", addr, name)
	}
	for _, l := range c.run.links {
		es := l.child.NetworkSettings.Networks["bridge"]
		if es == nil {
			continue
		}
		names := l.alias + " " + l.child.Config.Hostname
		if l.alias != l.child.Name {
			names += " " + l.child.Name
		}
		for _, addr := range []string{es.IPAddress, es.GlobalIPv6Address} {
			if addr != "" {
				fmt.Fprintf(&b, "%s\t%s\n", addr, names)
			}
		}
	}
	return b.String()
}

// moveHost changes the address of a name in a container's hosts, wherever the name
// comes first in its line.
func (c *Container) moveHost(name, addr string) {
	fs, at := c.run.daemon.host.FS(), c.File("hosts")
	b, err := fs.ReadFile(at)
	if err != nil {
		return
	}
	var now strings.Builder
	for line := range strings.Lines(string(b)) {
		_, names, _ := strings.Cut(line, "\t")
		if rest, ok := strings.CutPrefix(names, name); ok && rest != "" && strings.ContainsRune(" \t\n.", rune(rest[0])) {
			line = addr + "\t" + names
		}
		now.WriteString(line)
	}
	fs.WriteFile(at, []byte(now.String()), 0o644)
}
