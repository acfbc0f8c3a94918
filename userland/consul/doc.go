// Package consul is a Consul 1.5 server as a simulated program: one agent that
// is a cluster of one. It answers the HTTP API that libkv uses and that a person
// tries with curl: keys and values with check-and-set, locks and blocking
// queries, sessions with their time to live, and the small part of agent,
// catalog, health and status that tells who the leader is.
//
// Everything goes over TCP sockets of the process's network namespace. What the
// agent knows is a log of records in its data directory (raftlog.go): it lives
// exactly as long as those files do.
//
// Not simulated: other servers (gossip, replication, -join), DNS, ACLs,
// prepared queries, /v1/txn, services registered by hand.
//
// Start reading at agent.go, then state.go and http.go.
package consul
