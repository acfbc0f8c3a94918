package userland

// Capability is a set of those of capabilities(7) that something asks for here.
type Capability uint8

// The capabilities.
const (
	SysTime  Capability = 1 << iota // set the clock
	NetAdmin                        // change interfaces, addresses, routes, rules
	NetRaw                          // raw and packet sockets
	NetBind                         // ports below net.ipv4.ip_unprivileged_port_start
	SysAdmin                        // names of the host, mounts and the like

	AllCapabilities = SysTime | NetAdmin | NetRaw | NetBind | SysAdmin
)

// HeldBy reports whether a process has the capability in its effective set: root
// on a host has all, in a container those that it was given ([ProcSpec]).
func (c Capability) HeldBy(p *Process) bool {
	return p.UID == 0 && (!p.Machine.Container || p.caps&c == c)
}
