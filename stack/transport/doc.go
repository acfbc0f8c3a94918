// Package transport owns the TCP and UDP of a network namespace: a gVisor
// netstack behind one device that leads to the network layer around it, and the
// sockets of both protocols, whose calls block in virtual time. It is the only
// home of gVisor.
//
// It knows no interfaces, routes or rules: what it needs of them is [Network],
// which package stack implements. Packets that come in are given to
// [Layer.Deliver]; what netstack writes leaves by [Packet.Send].
//
// Start reading at [Layer] and [Network]. Every call of netstack goes through
// Layer.enter, which has segments processed (worker.go) before time moves on.
package transport
