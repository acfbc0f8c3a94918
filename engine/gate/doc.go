// Package gate owns the connections between ordinary goroutines and the
// namespaces of a simulation: a [Conn] is a net.Conn at one end and a simulated
// TCP connection at the other, and [Datagrams] are a UDP socket. Bytes wait at the gate in bounded queues, so that
// whoever does not read makes the other side's window close, as in reality.
//
// Calls of a Conn or a [Listener] block their goroutine and never the loop. They
// end only while somebody drives the loop with [sim.Loop.Live], or when the Gate
// is closed.
package gate
