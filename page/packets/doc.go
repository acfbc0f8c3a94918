// Package packets keeps what happened to the packets of a world for people who
// look at it: a row for each packet, its way hop by hop, its bytes wherever they
// changed, and a picture of how much happened when.
//
// It owns the words of the page's protocol for packets. What it keeps is bounded:
// the oldest packets go first, and the rows say how many went. It tells nothing of
// its own: everything comes from the trail (link/trail), and is printed by
// link/print and taken apart by link/dissect.
//
// Start reading at [Recorder]; detail.go is one packet for a reader, filter.go a
// list of some.
package packets
