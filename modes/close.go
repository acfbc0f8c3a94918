package modes

import "dnetsim/stack"

// Namespaces are the network namespaces of the host's containers, in the order
// in which they were made; the host's own is not among them.
func (h *Host) Namespaces() []*stack.Namespace {
	var out []*stack.Namespace
	for _, sb := range h.Daemon.sandboxes {
		if !sb.shared {
			out = append(out, sb.ns)
		}
	}
	for _, b := range h.Daemon.overlayBoxes {
		out = append(out, b.ns)
	}
	return out
}

// Close gives the containers' namespaces back. It is for the end of a run:
// nothing is stopped in order.
func (h *Host) Close() {
	for _, sb := range h.Daemon.sandboxes {
		if !sb.shared {
			sb.ns.Close()
		}
	}
	for _, b := range h.Daemon.overlayBoxes {
		b.ns.Close()
	}
}
