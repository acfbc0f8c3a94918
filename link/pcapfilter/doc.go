// Package pcapfilter reads and applies the filter expressions of tcpdump
// (pcap-filter(7)), as libpcap 1.10 does, its error messages included.
//
// It looks at a frame's bytes only. It knows no interfaces, and looks up no host
// names.
//
// Start reading at [Parse].
package pcapfilter
