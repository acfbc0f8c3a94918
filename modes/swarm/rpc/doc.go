// Package rpc is how the nodes of a swarm talk: connections of TCP port 2377
// between the stacks of their hosts, calls and streams of messages on each, and
// the statuses that calls end with, in gRPC's words.
//
// It is no TLS and no HTTP/2: records, handshake and messages have the sizes and
// the order of those, so that captures and tables look alike, but a certificate is
// a description in JSON and the cipher hides nothing. Whoever sends what is none
// of this is dropped, counted and logged.
//
// Start reading at [Server], then [Dial] and [Conn.Call].
package rpc
