// Package link owns layer 2 in motion: Ethernet frames, wires with
// impairments, learning bridges, the devices that share or tunnel another one
// (macvlan, ipvlan, 802.1Q, VXLAN), capture points and pcapng files, and how a
// frame is printed and filtered in tcpdump's notation.
//
// It knows no addresses of layer 3 beyond what it must read to cut, print or
// filter a frame; no routes, no namespaces, no Docker.
//
// Start reading at [Frame], then [Wire] and [Bridge]. Whoever takes frames
// implements [Receiver]; whoever wants to watch attaches an [Observer] or
// listens to the journal, where every frame ends as "receive" or as "drop" with
// a [trail.Reason]. Sending on a wire schedules an event, even at zero delay; a
// bridge forwards within the event that brought the frame, and the wires behind
// its ports schedule the next.
package link
