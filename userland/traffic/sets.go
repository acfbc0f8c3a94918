package traffic

import "dnetsim/userland"

// Busybox is the programs of the busybox image.
func Busybox() map[string]userland.Program {
	return map[string]userland.Program{
		"arping":      arpingBusybox,
		"httpd":       httpdBusybox,
		"nc":          ncBusybox,
		"nslookup":    nslookupBusybox,
		"ping":        pingBusybox,
		"ping6":       pingBusybox,
		"telnet":      telnetBusybox,
		"traceroute":  tracerouteBusybox,
		"traceroute6": tracerouteBusybox,
		"wget":        wgetBusybox,
	}
}

// Debian is the programs of a Debian 12 image with the network tools installed.
func Debian() map[string]userland.Program {
	return map[string]userland.Program{
		"arping":      arpingIputils,
		"curl":        curl,
		"dig":         dig,
		"getent":      getent,
		"host":        hostProgram,
		"iperf":       iperf2,
		"iperf3":      iperf3,
		"nc":          ncOpenBSD,
		"netcat":      ncOpenBSD,
		"nslookup":    nslookupBind,
		"ping":        pingIputils,
		"ping4":       pingIputils,
		"ping6":       pingIputils,
		"socat":       socat,
		"tcpdump":     tcpdump,
		"telnet":      telnetGNU,
		"tracepath":   tracepath,
		"traceroute":  tracerouteLinux,
		"traceroute6": tracerouteLinux,
		"wget":        wgetGNU,
	}
}

// Host is the programs of a Debian 12 host.
func Host() map[string]userland.Program { return Debian() }

// CentOS6 is the programs of the centos:6.9 image with iputils and bind-utils.
func CentOS6() map[string]userland.Program {
	return map[string]userland.Program{
		"arping":   arpingIputils,
		"curl":     curlOld,
		"getent":   getent,
		"host":     hostProgram,
		"nc":       ncOpenBSD,
		"nslookup": nslookupBind,
		"dig":      dig,
		"ping":     pingOld,
		"ping6":    pingOld,
		"telnet":   telnetGNU,
		"wget":     wgetGNU,
	}
}
