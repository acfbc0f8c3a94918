package socket

import "slices"

// Table is the list of a namespace's sockets, in the order in which they were
// made. The zero value is empty.
type Table struct{ list []Socket }

// Add puts a socket, of which h (or nil) is the holder, at the end of the list.
func (t *Table) Add(s Socket, h Holder) {
	Give(s, h)
	t.list = append(t.list, s)
}

// Remove takes a socket out: nobody holds it any more.
func (t *Table) Remove(s Socket) {
	Give(s, nil)
	t.list = slices.DeleteFunc(t.list, func(x Socket) bool { return x == s })
}

// All is a copy of the list.
func (t *Table) All() []Socket { return slices.Clone(t.list) }

// Abandon ends every socket: their namespace is closing.
func (t *Table) Abandon() {
	for _, s := range t.All() {
		s.Abandon()
	}
}
