// Package modes is Docker as a model: the host and its daemon with their containers,
// as Docker Engine 20.10 has them. It owns no HTTP and prints nothing: package engine
// speaks the API over it.
//
// A daemon's parts are its nouns: Containers, Execs, Images, Networks, Volumes, Events and
// the Journal, each a type of its own. "Whose network stack does the container use, and what
// is plugged into it?" The first question chooses between the host's stack and one of its
// own (network/sandbox.go) and another container's (joinmode.go); the second is answered by
// the network's driver, a package for each below network.
//
// startup.go, reload.go and service.go are about dockerd's process, power.go and leftover.go
// about what is left when somebody could not be told.
//
// Everything runs on the loop; those that change something sleep
// in virtual time (the table in package profile) and must be called from a process.
// Methods return *[Error] with the daemon's own words, and an error leaves
// nothing behind: no interface, rule, address or pool.
//
// Start reading at [Host], then [Daemon] and [Container].
package modes
