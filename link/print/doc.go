// Package print is what tcpdump prints of a frame: Ethernet, ARP, IP, ICMP, TCP,
// UDP, DNS, VXLAN and the rest, letter by letter as tcpdump 4.99.3 does. File
// names are those of tcpdump's printers (print-tcp.c is tcp.go).
//
// It decides nothing about frames and keeps none: whoever has bytes gets text.
//
// Start reading at [Printer]; [Packet] is for a single frame.
package print
