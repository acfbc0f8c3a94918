// Package serf is a gossip cluster: membership with failure detection, user
// events and queries, over real TCP and UDP sockets of a simulated host.
//
// It follows hashicorp's memberlist and serf of the years of Docker 17 to 20,
// with their LAN defaults, their bytes on the wire and the words of their log,
// so that a firewall, a wrong address or a name used twice breaks it as it
// breaks the original. It knows nothing of what the events are about.
//
// The membership below is package memberlist's; an [Agent] is its user, and adds
// members with intents, Lamport clocks, user events and queries (files member.go,
// event.go, query.go, conflict.go) and network coordinates (vivaldi.go). What
// waits is a process of the loop, the rest are timers. Start reading at [New].
package serf
