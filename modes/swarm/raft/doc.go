// Package raft keeps one log on all managers of a swarm: terms, votes, a leader that
// appends, and entries that count when most of the members have them (Ongaro and
// Ousterhout, 2014; membership changes one at a time, §4.1 of Ongaro's thesis). It
// knows no network: messages go out by [Config.Send], and whoever gets one calls
// [Node.Step]. Its log lines are those of etcd's raft, which swarmkit uses.
//
// A leader that has not heard from most members within an election's time steps
// down, and a member that hears a leader gives nobody its vote (CheckQuorum).
//
// Start reading at [Node], then elect.go and replicate.go.
package raft
