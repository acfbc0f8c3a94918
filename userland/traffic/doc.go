// Package traffic is the programs that make or watch traffic: ping, traceroute,
// name lookups, HTTP, netcat, iperf, tcpdump, and the small servers of the
// simulated internet (DNS, web, echo).
//
// Everything a program here prints comes from packets of the simulated stack or
// from the machine's files; blocking calls block in virtual time, so a round
// trip time is virtual time too. The package owns no network state: addresses
// and sockets are package stack's, frames and their one-line descriptions
// package link's, files and processes package userland's.
//
// Start reading at [Busybox] and [Host] for the sets of programs, at [Resolve]
// for how a name becomes an address, and at [names.Handler] for the server side.
package traffic
