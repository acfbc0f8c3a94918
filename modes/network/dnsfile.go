package network

import (
	"net/netip"

	"dnetsim/modes/container"
	"dnetsim/modes/resolvconf"
	"dnetsim/userland/names"
)

// Where a release describes resolv.conf, it is made anew from the host's file
// whenever the sandbox changes, as long as nobody else has touched it.

// described is the container's file before the engine fits it to its networks.
func (sb *Sandbox) described() *resolvconf.Described {
	ctl := sb.ctl
	h, cfg := sb.C.HostConfig, ctl.Config
	path := "/etc/resolv.conf"
	if container.IsDefaultMode(h.NetworkMode) || h.NetworkMode == "none" {
		path = ctl.hostResolvPath()
	}
	text, _ := ctl.machine().FS().ReadFile(path)
	d := resolvconf.Read(string(text), path)
	first := func(a, b []string) []string {
		if len(a) > 0 {
			return a
		}
		return b
	}
	d.Override(first(h.DNS, cfg.DNS), first(h.DNSSearch, cfg.DNSSearch), first(h.DNSOptions, cfg.DNSOptions))
	return d
}

// describeDNS fits a file that nobody has touched to a network that is joined.
func (sb *Sandbox) describeDNS(n *Network) {
	fs, at := sb.ctl.machine().FS(), sb.C.File("resolv.conf")
	if b, err := fs.ReadFile(at); err != nil || string(b) != sb.resolvConf {
		return
	}
	d := sb.described()
	d.Legacy(n.EnableIPv6)
	sb.resolvConf = d.String()
	fs.WriteFile(at, []byte(sb.resolvConf), 0o644)
}

// describeResolver points the container at the embedded name server, which asks those
// of the host's file in the host's namespace. The file is not followed from then on.
func (sb *Sandbox) describeResolver() {
	fs, at := sb.ctl.machine().FS(), sb.C.File("resolv.conf")
	if b, err := fs.ReadFile(at); err != nil || string(b) != sb.resolvConf {
		return
	}
	d := sb.described()
	sb.NdotsSet = d.Ndots()
	for _, s := range d.Internal(ResolverAddr) {
		u := names.Upstream{At: netip.AddrPortFrom(s.Addr, 53), From: sb.NS}
		if s.Host {
			u.From = sb.ctl.ns()
		}
		sb.Upstreams = append(sb.Upstreams, u)
	}
	fs.WriteFile(at, []byte(d.String()), 0o644)
}

// upstreams are the servers that the embedded one asks. Those of the host are not
// asked for a container without a way out: an internal network is to be one.
func (sb *Sandbox) upstreams() []names.Upstream {
	if !sb.ctl.Face.Profile.DescribedDNS {
		return sb.Upstreams
	}
	for _, ep := range sb.endpoints {
		v4, v6 := ep.ways()
		if !ep.net.Internal && (v4 || v6) {
			return sb.Upstreams
		}
	}
	var own []names.Upstream
	for _, u := range sb.Upstreams {
		if u.From == sb.NS {
			own = append(own, u)
		}
	}
	return own
}
