// Package modes is Docker as a model: the host, its daemon, images,
// containers and networks, the address pools, published ports and the embedded
// name server, as Docker Engine 20.10 does them. It owns no HTTP and prints
// nothing: package engine speaks the API over it.
//
// "Whose network stack does the container use, and what is plugged into it?"
// The first question chooses between the host's stack (hostmode.go), another
// container's (joinmode.go) and one of its own (sandbox.go); the second is
// answered by the network's driver (bridge.go, nullmode.go, overlay.go).
//
// Networks of several hosts: cluster.go has the daemon's part in a cluster that
// shares a store (store/, discovery and gossip over real packets), global*.go
// what of a network is in the store, overlay*.go and peer*.go the driver,
// gwbridge.go the way out that such networks need, leftover.go and power.go
// what is left when somebody could not be told.
//
// Every method of [Daemon] runs on the loop; those that change something sleep
// in virtual time (the table in profile.go) and must be called from a process.
// Methods return *[Error] with the daemon's own words, and an error leaves
// nothing behind: no interface, rule, address or pool.
//
// Start reading at [Host], then [Daemon] and [Container].
package modes
