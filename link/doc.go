// Package link owns layer 2 in motion: Ethernet frames, wires with
// impairments, learning bridges, the devices that share or tunnel another one
// (macvlan, ipvlan, 802.1Q, VXLAN), capture points and pcapng files. What tcpdump
// prints of a frame is link/print, what it filters link/pcapfilter, and what
// happened to each packet link/trail.
//
// It knows no addresses of layer 3 beyond what it must read to cut or block a
// frame; no routes, no namespaces, no Docker.
//
// Start reading at [Frame], then [Wire] and [Bridge]. Whoever takes frames
// implements [Receiver]; whoever wants to watch attaches an [Observer] or
// listens to the trail, where every frame ends as "deliver" or as "drop" with a
// [trail.Reason]. Sending on a wire schedules an event, even at zero delay; a
// bridge forwards within the event that brought the frame, and the wires behind
// its ports schedule the next.
package link
