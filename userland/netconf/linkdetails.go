package netconf

import (
	"fmt"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

// kindDetails are what `ip -d link` says of a kind of interface, after its
// name. A kind that has nothing to say maps to nil; one that is not here has no
// line of its own.
var kindDetails = map[stack.Kind]func(t *ipTool, l linkFacts) string{
	stack.KindVeth:    nil,
	stack.KindDummy:   nil,
	stack.KindBridge:  bridgeDetails,
	stack.KindMacvlan: macvlanDetails,
	stack.KindIPvlan:  ipvlanDetails,
	stack.KindVLAN:    vlanDetails,
	stack.KindVXLAN:   vxlanDetails,
}

// offloadLimits are the device limits at the end of `ip -d link`.
type offloadLimits struct{ queues, tsoMaxSize int }

var kindLimits = map[stack.Kind]offloadLimits{
	stack.KindVeth:   {2, 524280},
	stack.KindBridge: {1, 65536},
	stack.KindDummy:  {1, 65536},
	stack.KindVXLAN:  {1, 65536},
}

// maxTSO is the most that a device may say of the segments that it takes
// (TSO_MAX_SIZE).
const maxTSO = 524280

func limitsOf(i *stack.Interface) offloadLimits {
	lim, ok := kindLimits[i.Kind()]
	if !ok || i.VXLANOptions().Device != nil { // or the limits of the device below
		lim = offloadLimits{1, maxTSO}
	}
	if stack.HasHadPorts(i) {
		lim.tsoMaxSize = maxTSO
		for _, p := range i.Ports() {
			lim.tsoMaxSize = min(lim.tsoMaxSize, limitsOf(p).tsoMaxSize)
		}
	}
	return lim
}

// linkDetails is what -d adds after the link-layer address.
func (t *ipTool) linkDetails(l linkFacts, mode bool) string {
	var b strings.Builder
	allmulti := 0
	if l.Master() != nil {
		allmulti = 1
	}
	minMTU, maxMTU := 68, 65535
	if l.Kind() == stack.KindLoopback {
		minMTU, maxMTU = 0, 0
	}
	fmt.Fprintf(&b, "promiscuity %d  allmulti %d minmtu %d maxmtu %d ", promiscuity(l.Interface), allmulti, minMTU, maxMTU)
	if say, ok := kindDetails[l.Kind()]; ok {
		fmt.Fprintf(&b, "%s    %s ", t.sl(), l.Kind())
		if say != nil {
			b.WriteString(say(t, l))
		}
	}
	if m := l.Master(); m != nil && m.Kind() == stack.KindBridge {
		b.WriteString(t.sl() + "    bridge_slave " + bridgeSlaveDetails(l))
	}
	if mode {
		b.WriteString("addrgenmode eui64 ")
	}
	lim := limitsOf(l.Interface)
	fmt.Fprintf(&b, "numtxqueues %d numrxqueues %d gso_max_size 65536 gso_max_segs 65535 tso_max_size %d tso_max_segs 65535 gro_max_size 65536 ",
		lim.queues, lim.queues, lim.tsoMaxSize)
	return b.String()
}

// bridgeID is a bridge's identifier as iproute2 prints it: unpadded bytes.
func bridgeID(mac link.MAC) string {
	return fmt.Sprintf("8000.%x:%x:%x:%x:%x:%x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5])
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// bridgeTimer is what is left of a bridge's 300 s garbage collection round.
func bridgeTimer(now time.Duration) float64 {
	const round = 300 * time.Second
	return (round - now%round).Seconds()
}

func bridgeDetails(t *ipTool, l linkFacts) string {
	id := bridgeID(l.MAC())
	return fmt.Sprintf("forward_delay 1500 hello_time 200 max_age 2000 ageing_time %d stp_state 0 priority 32768 "+
		"vlan_filtering 0 bridge_id %s designated_root %s root_port 0 root_path_cost 0 topology_change 0 "+
		"topology_change_detected 0 hello_timer    0.00 tcn_timer    0.00 topology_change_timer    0.00 gc_timer %7.2f "+
		"group_fwd_mask 0 group_address 01:80:c2:00:00:00 mcast_snooping 1 no_linklocal_learn 0 mcast_vlan_snooping 0 "+
		"mcast_router 1 mcast_query_use_ifaddr 0 mcast_querier 0 mcast_hash_elasticity 16 mcast_hash_max 4096 "+
		"mcast_last_member_count 2 mcast_startup_query_count 2 mcast_last_member_interval 100 "+
		"mcast_membership_interval 26000 mcast_querier_interval 25500 mcast_query_interval 12500 "+
		"mcast_query_response_interval 1000 mcast_startup_query_interval 3124 mcast_stats_enabled 0 "+
		"mcast_igmp_version 2 mcast_mld_version 1 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0 ",
		bridgeAgeing(l.Interface)/(10*time.Millisecond), id, id, bridgeTimer(t.p.Loop().Now()))
}

func bridgeSlaveDetails(l linkFacts) string {
	id := bridgeID(l.Master().MAC())
	n := l.portNumber()
	return fmt.Sprintf("state %s priority 32 cost %d hairpin %s guard off root_block off fastleave off learning on flood on "+
		"port_id 0x%x port_no 0x%x designated_port %d designated_cost 0 designated_bridge %s designated_root %s "+
		"hold_timer    0.00 message_age_timer    0.00 forward_delay_timer %7.2f topology_change_ack 0 config_pending 0 "+
		"proxy_arp off proxy_arp_wifi off mcast_router 1 mcast_fast_leave off mcast_flood on bcast_flood on "+
		"mcast_to_unicast off neigh_suppress off group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off isolated %s locked off ",
		l.portState(), l.portCost(), onOff(portHairpin(l.Interface)), 0x8000+n, n, 0x8000+n, id, id,
		portForwardDelay(l.Interface).Seconds(), onOff(portIsolated(l.Interface)))
}
