package netconf

import (
	"fmt"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// ethtoolProgram is ethtool 6.1.
func ethtoolProgram(p *userland.Process) int {
	args := p.Args[1:]
	if len(args) == 0 {
		return ethtoolBad(p)
	}
	switch args[0] {
	case "-h", "--help":
		emit(p, usage("ethtool"))
		return 0
	case "--version":
		emit(p, "ethtool version 6.1\n")
		return 0
	}
	if !strings.HasPrefix(args[0], "-") {
		if i := p.NS().Interface(args[0]); i != nil {
			emit(p, ethtoolSettings(factsOf(i)))
			return 0
		}
		p.Errorf("%s", strings.Repeat(ethtoolNoDevice, 5))
		emit(p, "No data available\n")
		return 75
	}
	show, ok := ethtoolCommands[args[0]]
	if !ok || len(args) < 2 {
		return ethtoolBad(p)
	}
	i := p.NS().Interface(args[1])
	if i == nil {
		p.Errorf("%s", ethtoolNoDevice)
		return 1
	}
	return finish(p, show(p, factsOf(i), args[2:]))
}

const ethtoolNoDevice = "netlink error: no device matches name (offset 24)\nnetlink error: No such device\n"

func ethtoolBad(p *userland.Process) int {
	return fail(p, 1, "ethtool: bad command line argument(s)\nFor more information run ethtool -h")
}

type ethtoolCommand func(p *userland.Process, l linkFacts, args []string) error

var ethtoolCommands = map[string]ethtoolCommand{
	"-k": ethtoolFeatures, "--show-features": ethtoolFeatures, "--show-offload": ethtoolFeatures,
	"-K": ethtoolSet, "--features": ethtoolSet, "--offload": ethtoolSet,
	"-i": ethtoolDriver, "--driver": ethtoolDriver,
	"-S": ethtoolStatistics, "--statistics": ethtoolStatistics,
	"-P": ethtoolPermanent, "--show-permaddr": ethtoolPermanent,
	"-a": ethtoolUnsupported, "-g": ethtoolUnsupported, "-c": ethtoolUnsupported, "-l": ethtoolUnsupported,
}

func ethtoolUnsupported(*userland.Process, linkFacts, []string) error {
	return exitWith(1, "netlink error: Operation not supported")
}

func yesNo(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

// ethtoolSettings is the default display.
func ethtoolSettings(l linkFacts) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Settings for %s:\n", l.Name())
	if l.Kind() != stack.KindLoopback && l.Kind() != stack.KindDummy {
		duplex, port := "Full", "Twisted Pair"
		if l.Kind() == stack.KindBridge {
			duplex, port = "Unknown! (255)", "Other"
		}
		b.WriteString("\tSupported ports: [  ]\n\tSupported link modes:   Not reported\n\tSupported pause frame use: No\n" +
			"\tSupports auto-negotiation: No\n\tSupported FEC modes: Not reported\n\tAdvertised link modes:  Not reported\n" +
			"\tAdvertised pause frame use: No\n\tAdvertised auto-negotiation: No\n\tAdvertised FEC modes: Not reported\n")
		speed := "10000Mb/s"
		if !l.Carrier() && l.Kind() == stack.KindBridge {
			speed = "Unknown!"
		}
		fmt.Fprintf(&b, "\tSpeed: %s\n\tDuplex: %s\n\tAuto-negotiation: off\n\tPort: %s\n\tPHYAD: 0\n\tTransceiver: internal\n", speed, duplex, port)
		if l.Kind() != stack.KindBridge {
			b.WriteString("\tMDI-X: Unknown\n")
		}
	}
	fmt.Fprintf(&b, "\tLink detected: %s\n", yesNo(l.Up() && l.Carrier()))
	return b.String()
}

// drivers are what -i says of each kind.
var drivers = map[stack.Kind]struct{ name, version, blank string }{
	stack.KindVeth:     {"veth", "1.0", ""},
	stack.KindPhysical: {"virtio_net", "1.0.0", ""},
	stack.KindBridge:   {"bridge", "2.3", "N/A"},
	stack.KindDummy:    {"dummy", "1.0", ""},
	stack.KindVXLAN:    {"vxlan", "0.1", ""},
	stack.KindMacvlan:  {"macvlan", "0.1", ""},
	stack.KindVLAN:     {"802.1Q VLAN Support", "1.8", "N/A"},
}

func ethtoolDriver(p *userland.Process, l linkFacts, _ []string) error {
	d, ok := drivers[l.Kind()]
	if !ok {
		return exitWith(71, "Cannot get driver information: Operation not supported")
	}
	p.Printf("driver: %s\nversion: %s\nfirmware-version: %s\nexpansion-rom-version: \nbus-info: %s\n", d.name, d.version, d.blank, d.blank)
	p.Printf("supports-statistics: %s\nsupports-test: no\nsupports-eeprom-access: no\nsupports-register-dump: no\nsupports-priv-flags: no\n",
		yesNo(l.Kind() == stack.KindVeth))
	return nil
}

func ethtoolStatistics(p *userland.Process, l linkFacts, _ []string) error {
	if l.Kind() != stack.KindVeth {
		return exitWith(94, "no stats available")
	}
	p.Printf("NIC statistics:\n     peer_ifindex: %d\n", l.PeerIndex())
	for _, name := range []string{"rx_queue_0_xdp_packets", "rx_queue_0_xdp_bytes", "rx_queue_0_drops", "rx_queue_0_xdp_redirect",
		"rx_queue_0_xdp_drops", "rx_queue_0_xdp_tx", "rx_queue_0_xdp_tx_errors", "tx_queue_0_xdp_xmit", "tx_queue_0_xdp_xmit_errors"} {
		p.Printf("     %s: 0\n", name)
	}
	return nil
}

func ethtoolPermanent(p *userland.Process, l linkFacts, _ []string) error {
	if l.Kind() == stack.KindPhysical {
		p.Printf("Permanent address: %s\n", l.MAC())
		return nil
	}
	p.Printf("Permanent address: not set\n")
	return nil
}

// ethtoolFeatures is -k. What turning an offload off does is the interface's
// affair, see [stack.Interface.SetFeature].
func ethtoolFeatures(p *userland.Process, l linkFacts, _ []string) error {
	name := "ethtool-features"
	if l.Kind() == stack.KindBridge {
		name = "ethtool-features-bridge"
	}
	text := usage(name)
	p.Printf("Features for %s:\n", l.Name())
	for _, line := range strings.SplitAfter(text, "\n") {
		key, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		if !l.Feature(key) {
			line = strings.Replace(line, ": on", ": off", 1)
		}
		emit(p, line)
	}
	return nil
}

// featureGroups are the short words of -K and the features that they change.
var featureGroups = map[string][]string{
	"tx": {"tx-checksumming", "tx-checksum-ip-generic", "tx-checksum-sctp", "tcp-segmentation-offload", "tx-tcp-segmentation",
		"tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation", "tx-udp-segmentation"},
	"rx":  {"rx-checksumming"},
	"sg":  {"scatter-gather", "tx-scatter-gather", "tx-scatter-gather-fraglist"},
	"tso": {"tcp-segmentation-offload", "tx-tcp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation"},
	"gso": {"generic-segmentation-offload"}, "gro": {"generic-receive-offload"}, "lro": {},
	"rxvlan": {"rx-vlan-offload"}, "txvlan": {"tx-vlan-offload"},
}

func ethtoolSet(p *userland.Process, l linkFacts, args []string) error {
	var changed []string
	for n := 0; n+1 < len(args); n += 2 {
		group, ok := featureGroups[args[n]]
		if !ok {
			if !strings.Contains(usage("ethtool-features"), "\n\t"+args[n]+":") && !strings.Contains(usage("ethtool-features"), "\n"+args[n]+":") {
				return exitWith(92, "netlink error: bit name not found (offset 52)\nnetlink error: Operation not supported")
			}
			group = []string{args[n]}
		}
		for _, f := range group {
			on := args[n+1] != "off"
			if l.Feature(f) == on {
				continue
			}
			l.SetFeature(f, on)
			suffix := ""
			if args[n] == "tx" && strings.HasSuffix(f, "segmentation") {
				suffix = " [not requested]"
			}
			if strings.HasPrefix(f, "tx-") && f != "tx-checksumming" {
				changed = append(changed, f+": "+args[n+1]+suffix)
			}
		}
	}
	if len(changed) > 0 {
		p.Printf("Actual changes:\n%s\n", strings.Join(changed, "\n"))
	}
	return nil
}
