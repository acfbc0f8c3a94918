package socket

import (
	"slices"

	"dnetsim/sim"
)

// Table is the list of a namespace's sockets, in the order in which they were
// made. Make one with [NewTable].
type Table struct {
	loop *sim.Loop
	list []Socket
}

// NewTable makes an empty table of sockets that live on the loop.
func NewTable(loop *sim.Loop) *Table { return &Table{loop: loop} }

// Add puts a socket at the end of the list.
func (t *Table) Add(s Socket) {
	s.hold().loop = t.loop
	t.list = append(t.list, s)
}

// Remove takes a socket out.
func (t *Table) Remove(s Socket) {
	t.list = slices.DeleteFunc(t.list, func(x Socket) bool { return x == s })
}

// All is a copy of the list.
func (t *Table) All() []Socket { return slices.Clone(t.list) }

// CloseHeld closes the sockets of a process that has ended, as the kernel does
// with its descriptors (do_exit): connections are finished, or reset where data
// was left unread. A process is its program, its number and what it is to the
// loop ([sim.Proc.Local]); two machines in one namespace may have the same
// numbers.
func (t *Table) CloseHeld(program string, pid int, holder any) {
	for _, s := range t.All() {
		if o := s.hold(); o.pid == pid && o.program == program && o.holder == holder {
			s.Close()
		}
	}
}

// Abandon ends every socket: their namespace is closing.
func (t *Table) Abandon() {
	for _, s := range t.All() {
		s.Abandon()
	}
}
