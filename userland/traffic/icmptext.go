package traffic

import "fmt"

// icmpText is iputils' pr_icmph: an ICMP error in words. mtu is printed for
// "fragmentation needed".
func icmpText(typ, code int, info uint32) string {
	switch typ {
	case 0:
		return "Echo Reply"
	case 3:
		return unreachableText(code, info)
	case icmpSourceQuench:
		return "Source Quench"
	case icmpRedirect:
		return redirectText(code)
	case 8:
		return "Echo Request"
	case 11:
		switch code {
		case 0:
			return "Time to live exceeded"
		case 1:
			return "Frag reassembly time exceeded"
		}
		return fmt.Sprintf("Time exceeded, Bad Code: %d", code)
	case 12:
		return fmt.Sprintf("Parameter problem: pointer = %d", info>>24)
	}
	return fmt.Sprintf("Bad ICMP type: %d", typ)
}

func unreachableText(code int, info uint32) string {
	switch code {
	case 0:
		return "Destination Net Unreachable"
	case 1:
		return "Destination Host Unreachable"
	case 2:
		return "Destination Protocol Unreachable"
	case 3:
		return "Destination Port Unreachable"
	case 4:
		return fmt.Sprintf("Frag needed and DF set (mtu = %d)", info)
	case 5:
		return "Source Route Failed"
	case 6:
		return "Destination Net Unknown"
	case 7:
		return "Destination Host Unknown"
	case 8:
		return "Source Host Isolated"
	case 9:
		return "Destination Net Prohibited"
	case 10:
		return "Destination Host Prohibited"
	case 11:
		return "Destination Net Unreachable for Type of Service"
	case 12:
		return "Destination Host Unreachable for Type of Service"
	case 13:
		return "Packet filtered"
	case 14:
		return "Precedence Violation"
	case 15:
		return "Precedence Cutoff"
	}
	return fmt.Sprintf("Dest Unreachable, Bad Code: %d", code)
}

func redirectText(code int) string {
	kinds := []string{"Network", "Host", "Type of Service and Network", "Type of Service and Host"}
	if code < len(kinds) {
		return "Redirect " + kinds[code]
	}
	return fmt.Sprintf("Redirect, Bad Code: %d", code)
}

// icmp6Text is the same for ICMPv6.
func icmp6Text(typ, code int, info uint32) string {
	switch typ {
	case icmp6Unreachable:
		texts := []string{
			"No route", "Administratively prohibited", "Beyond scope of source address",
			"Address unreachable", "Port unreachable",
		}
		if code < len(texts) {
			return "Destination unreachable: " + texts[code]
		}
		return fmt.Sprintf("Destination unreachable: Unknown code %d", code)
	case icmp6TooBig:
		return fmt.Sprintf("Packet too big: mtu=%d", info)
	case icmp6TimeExceeded:
		if code == 0 {
			return "Time exceeded: Hop limit"
		}
		return "Time exceeded: Defragmentation failure"
	case icmp6ParamProblem:
		return fmt.Sprintf("Parameter problem: Unknown code %d", code)
	}
	return fmt.Sprintf("unknown icmp type: %d", typ)
}
