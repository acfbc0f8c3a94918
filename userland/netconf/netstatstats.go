package netconf

import (
	"fmt"
	"strings"

	"dnetsim/stack"
	"dnetsim/stack/socket"
)

// netstatStatistics is netstat -s as far as the stack counts: what interfaces
// and sockets tell. A protocol that is not asked for is left out.
func netstatStatistics(ns *stack.Namespace, tcp, udp, raw bool) string {
	all := !tcp && !udp && !raw
	var b strings.Builder
	var in, out uint64
	for _, i := range ns.Interfaces() {
		if i.Master() == nil {
			c := i.Counters()
			in, out = in+c.RxPackets, out+c.TxPackets
		}
	}
	established := 0
	for _, s := range ns.Sockets() {
		if s.Proto == "tcp" && s.State == socket.Established {
			established++
		}
	}
	forwarding := 2
	if v, _ := ns.Sysctl("net.ipv4.ip_forward"); v == "1" {
		forwarding = 1
	}
	if all {
		fmt.Fprintf(&b, "Ip:\n    Forwarding: %d\n    %d total packets received\n    0 forwarded\n"+
			"    0 incoming packets discarded\n    %d incoming packets delivered\n    %d requests sent out\n", forwarding, in, in, out)
		b.WriteString("Icmp:\n    0 ICMP messages received\n    0 input ICMP message failed\n    ICMP input histogram:\n" +
			"    0 ICMP messages sent\n    0 ICMP messages failed\n    ICMP output histogram:\n")
	}
	if all || tcp {
		fmt.Fprintf(&b, "Tcp:\n    0 active connection openings\n    0 passive connection openings\n"+
			"    0 failed connection attempts\n    0 connection resets received\n    %d connections established\n"+
			"    0 segments received\n    0 segments sent out\n    0 segments retransmitted\n"+
			"    0 bad segments received\n    0 resets sent\n", established)
	}
	if all || udp {
		b.WriteString("Udp:\n    0 packets received\n    0 packets to unknown port received\n    0 packet receive errors\n" +
			"    0 packets sent\n    0 receive buffer errors\n    0 send buffer errors\nUdpLite:\n")
	}
	return b.String()
}
