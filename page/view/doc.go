// Package view is what the page shows of a world at one moment, as JSON: the
// topology (topo.go) and the tables of a machine, a container or an overlay's
// namespace (tables.go), as the commands there print them.
//
// It looks and changes nothing: no time passes, no packet is sent, nothing is
// drawn by chance. It owns the words of the page's protocol for what exists. It
// does not own packets (package packets), nor when something is looked at
// (package page).
//
// Start reading at [Topology].
package view
