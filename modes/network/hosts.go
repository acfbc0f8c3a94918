package network

import (
	"net/netip"
	"strings"
)

// HostGateway is the address that host-gateway stands for, "" without a default network.
func (ctl *Controller) HostGateway() string {
	if ctl.Config.HostGateway != "" {
		return ctl.Config.HostGateway
	}
	if n, ok := ctl.Named("bridge"); ok && len(n.Core.V4) > 0 {
		return n.Core.V4[0].gateway.Addr().String()
	}
	return ""
}

// addHosts adds the endpoint's addresses with the container's name.
func (sb *Sandbox) addHosts(ep *Endpoint) {
	if ep.gatewayName != "" || sb.balances != nil {
		return
	}
	name := sb.C.Config.Hostname
	if dom := sb.C.Config.Domainname; dom != "" {
		name = name + "." + dom + " " + name
	}
	fs, at := sb.ctl.machine().FS(), sb.C.File("hosts")
	b, _ := fs.ReadFile(at)
	text := string(b)
	for _, a := range []netip.Prefix{ep.Addr, ep.Addr6} {
		if a.IsValid() {
			text += a.Addr().String() + "\t" + name + "\n"
		}
	}
	fs.WriteFile(at, []byte(text), 0o644)
}

// dropHosts removes the endpoint's lines.
func (sb *Sandbox) dropHosts(ep *Endpoint) {
	fs, at := sb.ctl.machine().FS(), sb.C.File("hosts")
	b, err := fs.ReadFile(at)
	if err != nil {
		return
	}
	var kept strings.Builder
	for line := range strings.Lines(string(b)) {
		addr, _, _ := strings.Cut(line, "\t")
		if ep.Addr.IsValid() && addr == ep.Addr.Addr().String() || ep.Addr6.IsValid() && addr == ep.Addr6.Addr().String() {
			continue
		}
		kept.WriteString(line)
	}
	fs.WriteFile(at, []byte(kept.String()), 0o644)
}
