// Package netconf has the programs that show and change the configuration of a
// network namespace: ifconfig, ip, arp, route, netstat, ss, bridge, brctl,
// sysctl, iptables and its relatives, conntrack, ethtool, nsenter and tc.
//
// It owns their command lines and the exact form of what they print; what they
// print and change is the [stack.Namespace] of the process. It keeps no network
// state of its own, except the names that `ip netns add` gives.
//
// Each tool has one file, or one per object for ip. Where busybox, net-tools
// 1.60 (CentOS 6) and net-tools 2.10 print the same facts in different forms,
// the facts are gathered once and each form has its own printer. Start reading
// at [Host], the set of programs of a Debian 12 host.
//
// The forms were taken from net-tools 2.10, iproute2 6.1.0, procps 4.0.2,
// bridge-utils 1.7.1, ethtool 6.1, conntrack 1.4.7 and busybox 1.35.0 on Linux
// 6.18; trailing spaces are theirs.
package netconf
