// Package dnetsim is a userspace simulator of Docker's network modes, for Go
// programs and their tests: hosts, containers, networks, firewalls and cables
// without Docker, root or a network, in virtual time.
//
// [Open] makes a [World] of a scenario or Compose file, [Build] of a [Spec] that is
// written in Go. [World.Run] types a line at a host or in a container, docker's own
// command line included. [World.Dial] and [World.Listen] are net.Conn and
// net.Listener in the simulation, so that a program's own clients and servers can
// take part. [World.Fault] breaks something, [World.Watch] tells what became of every
// packet, [World.Explain] why a flow fails. Package dnetsimtest runs scenario files
// under go test.
//
// # Who moves virtual time
//
// A World has one goroutine of its own. It alone touches the simulation, and it alone
// moves virtual time; no goroutine of yours ever does. All calls may be made from
// any goroutine, at the same time and while others wait.
//
//   - While none of your calls waits, virtual time stands still.
//   - While Run, Advance, Fault, Repair, Explain, Dial or Listen waits, time jumps from
//     event to event: an hour of pings takes moments. Such a world repeats: the
//     same calls, one after the other, give the same bytes every time.
//   - A Read or a Write that waits makes it jump as well, for one virtual minute. One
//     that waits longer is an idle connection: then time goes with the clock, as it
//     always does while only Accept waits.
//   - When it is your turn, time goes with the clock: a connection has given your code
//     something, and your code has not closed it, nor written and come back to
//     read. A turn ends one second ([Options.Patience]) after the connection was last
//     used. So a handler may take its time, and the client in the simulation does not
//     see hours pass meanwhile. A Run, Advance or the like that is called in a turn
//     makes time jump all the same, and the turn goes on after it.
//
// Deadlines of connections are of virtual time, as far from now as they are by the
// clock. A line that has not ended after the scenario's limit (an hour of virtual
// time) is an error, so no call waits for ever but the Read of a connection that
// nobody writes to and the Accept of a listener that nobody dials; closing the
// connection, the listener or the World ends these. No call is made back into
// your code, so none can be made from a wrong place.
//
// The module's rooms, their order and its reasons are in ARCHITECTURE.md; the
// command is in cmd/dnetsim.
package dnetsim
