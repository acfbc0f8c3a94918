// Package object is what a swarm's managers agree on: the cluster itself, its
// nodes, networks, services, tasks, secrets and configs, each with an identifier
// and a version. Their JSON is that of the Engine API (types/swarm), which is also
// how they travel between managers and lie in the log. An object that has been
// committed is never changed in place: whoever changes one clones it first.
//
// Start reading at [Object]; a file for each noun.
package object
