// Package swarm is dockerd's part in a swarm: how a node begins one or joins it, which
// certificate it has, whether it manages, and what of that is on its disk. It is what
// moby has in daemon/cluster, with the packages below it in the place of swarmkit.
//
// Start reading at [Node], then life.go: a life is the time from an init, a join or a
// start of dockerd to its end.
package swarm
