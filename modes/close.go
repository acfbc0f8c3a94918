package modes

import "dnetsim/stack"

// Namespaces are the network namespaces of the host's containers, in the order
// in which they were made; the host's own is not among them.
func (h *Host) Namespaces() []*stack.Namespace {
	return h.Daemon.net.Namespaces()
}

// Close gives the containers' namespaces back. It is for the end of a run:
// nothing is stopped in order.
func (h *Host) Close() {
	for _, ns := range h.Namespaces() {
		ns.Close()
	}
}
