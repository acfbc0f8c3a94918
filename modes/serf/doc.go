// Package serf is a gossip cluster: membership with failure detection, user
// events and queries, over real TCP and UDP sockets of a simulated host.
//
// It follows hashicorp's memberlist and serf of the years of Docker 17 to 20,
// with their LAN defaults, their bytes on the wire and the words of their log,
// so that a firewall, a wrong address or a name used twice breaks it as it
// breaks the original. It knows nothing of what the events are about.
//
// Two layers share an [Agent]: the membership below (nodes that are alive,
// suspect, dead; files node.go, probe.go, gossip.go, stream.go) and the
// cluster above (members, Lamport clocks, events, queries; files member.go,
// event.go, query.go, conflict.go). Nothing runs beside the loop: what waits
// for a socket is a process, the rest are timers. Start reading at [New].
package serf
