package socket

import "dnetsim/sim"

// Owner is who holds a socket, for ss -p and netstat -p. The zero value is
// nobody.
type Owner struct {
	program string
	pid     int
	loop    *sim.Loop
	holder  any // what the process that said so is to the room above
}

// SetOwner names the program that holds the socket, and remembers the running
// process as the one with that number, see [Table.CloseHeld].
func (o *Owner) SetOwner(program string, pid int) {
	o.program, o.pid = program, pid
	if o.loop != nil && o.loop.Current() != nil {
		o.holder = o.loop.Current().Local()
	}
}

// Fill says in an Info who holds the socket.
func (o *Owner) Fill(i Info) Info {
	i.Owner, i.PID = o.program, o.pid
	return i
}

// Inherit makes the owner that of another socket: of the listener, for a
// connection that it accepted.
func (o *Owner) Inherit(from *Owner) { *o = *from }

func (o *Owner) hold() *Owner { return o }
