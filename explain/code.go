package explain

import (
	"maps"
	"slices"
)

// Code names a cause. Codes are stable: reports, marks and pages quote them.
type Code string

// conditions are all codes with what each one means, in one clause.
var conditions = map[Code]string{
	"OVERLAY-ADVERTISE-SHARED":      "two daemons advertise the same address",
	"OVERLAY-ADVERTISE-NOT-LOCAL":   "the advertised address is on no interface of the host",
	"OVERLAY-ADVERTISE-MISSING":     "a cluster store is configured and no address to advertise",
	"OVERLAY-ADVERTISE-UNREACHABLE": "a host advertises an address that only it has or can reach",
	"OVERLAY-HOSTNAME-DUPLICATE":    "two members of the gossip have one name",
	"OVERLAY-GOSSIP-TCP-BLOCKED":    "TCP 7946 does not pass between the hosts",
	"OVERLAY-GOSSIP-UDP-BLOCKED":    "UDP 7946 does not pass between the hosts",
	"OVERLAY-GOSSIP-APART":          "the hosts' gossip lost or never found each other, and nothing makes it try again",
	"OVERLAY-VXLAN-BLOCKED-HOST":    "a rule of a host drops UDP 4789",
	"OVERLAY-VXLAN-BLOCKED-FABRIC":  "the network between the hosts loses UDP 4789",
	"OVERLAY-STORE-UNREACHABLE":     "an engine cannot reach the cluster store",
	"OVERLAY-STORE-SPLIT":           "the hosts use two cluster stores",
	"OVERLAY-STORE-WIPED":           "the cluster store has lost its keys",
	"OVERLAY-FDB-STALE":             "a tunnel's row sends to a host that the container is not on",
	"OVERLAY-VNI-MISMATCH":          "the hosts use two tunnel identifiers for one network",
	"OVERLAY-SOURCE-MISMATCH":       "tunnel packets come from another address than their sender's",
	"OVERLAY-UNDERLAY-SHADOWED":     "a network of the host covers the peer's address",
	"OVERLAY-RPFILTER":              "the reverse path filter drops tunnel packets",
	"OVERLAY-CHECKSUM-OFFLOAD":      "a network card gets checksums within tunnels wrong",
	"SWARM-ADVERTISE-WRONG":         "a node of a swarm advertises an address that does not lead to it",
	"SWARM-DATAPATH-MISMATCH":       "the tunnels to a node of a swarm go where it is not",
	"SWARM-JOIN-BLOCKED":            "a host that was told to join a swarm does not reach the manager",
	"SWARM-CLOCK-SKEW":              "by a host's clock a certificate of the swarm is not valid",
	"SWARM-KERNEL-LACKS":            "the kernel was built without what services or encrypted networks need",
	"SWARM-NOT-ATTACHABLE":          "the swarm's network takes services only, and no docker run",
	"SWARM-NODE-DOWN":               "the managers do not hear from a node: nothing new gets on the swarm's networks there",
	"SWARM-SPLIT":                   "the hosts are two swarms",
	"SWARM-POOL-OVERLAP":            "the subnet of a swarm's network is that of another",
	"SWARM-ESP-BLOCKED":             "IP protocol 50 of an encrypted network does not pass between the hosts",
	"SWARM-QUORUM-LOST":             "too few managers are there to agree on anything",
	"MTU-BLACKHOLE":                 "small packets pass and large ones do not",
	"BRIDGE-CROSS-HOST":             "bridge networks end at their host",
	"DIRECT-ROUTING-BLOCKED":        "the engine drops what is routed to a container's own address from outside of its host",
	"BRIDGE-ISOLATED":               "the two containers are on different bridge networks",
	"BRIDGE-ICC-OFF":                "communication between containers is switched off on the bridge",
	"BRIDGE-INTERNAL":               "the network is internal: it has no way out or in",
	"BRIDGE-SUBNET-SHADOWS":         "a Docker subnet covers the real destination",
	"POOL-OVERLAP":                  "two networks of one address space have overlapping subnets",
	"PORT-TAKEN":                    "something else has the host's port already",
	"PORT-NOT-PUBLISHED":            "the container's port is not published on the host",
	"PORT-WRONG-ADDRESS":            "the port is published on another address of the host",
	"PORT-NOT-LISTENING":            "nothing listens at the port",
	"PORT-LISTENS-LOOPBACK":         "the service listens on its own loopback address only",
	"PORT-WRONG":                    "another port is the one that listens",
	"PORT-PUBLISHED-USED-INSIDE":    "the host's published port was used between containers",
	"LOCALHOST-IS-SELF":             "localhost within a container is that container",
	"HOST-NAME-UNSET":               "host.docker.internal is not set on this engine without host-gateway",
	"SERVICE-NOT-READY":             "the container is there and its service is not yet",
	"FIREWALL-INPUT":                "a rule or policy of INPUT drops it",
	"FIREWALL-FORWARD":              "a rule or policy of FORWARD drops it",
	"FIREWALL-OUTPUT":               "a rule or policy of OUTPUT drops it",
	"FIREWALL-NAT":                  "a rule that somebody typed sends it to another destination",
	"NEIGHBOUR-WRONG":               "a permanent neighbour entry has the wrong link address",
	"FIREWALL-FABRIC":               "the network between the machines loses this protocol or port",
	"FORWARDING-OFF":                "the host does not forward packets",
	"MASQUERADE-MISSING":            "packets leave with a container's own address, and nobody knows the way back",
	"RULES-FLUSHED":                 "Docker's rules are gone from the host",
	"REVERSE-PATH-FILTER":           "the reverse path filter drops it",
	"CONNTRACK-STALE":               "an old tracked connection takes the packet elsewhere",
	"NO-NETWORK":                    "the container has no network",
	"NO-ROUTE":                      "there is no route to the destination",
	"ADDRESS-UNUSED":                "nobody has the address",
	"ADDRESS-DUPLICATE":             "two have the address",
	"CONTAINER-NOT-RUNNING":         "the container does not run",
	"MACVLAN-HOST-ISOLATION":        "a child of an interface and its host do not hear each other",
	"MACVLAN-GATEWAY-ABSENT":        "nobody on the LAN has the network's gateway address",
	"MACVLAN-PARENT-DOWN":           "the parent interface is down",
	"MACVLAN-MAC-FILTERED":          "the switch lets only the host's own link address pass",
	"DNS-DEFAULT-BRIDGE":            "the default bridge network has no names",
	"DNS-OTHER-NETWORK":             "the name is of a container on another network",
	"DNS-NO-SUCH-NAME":              "nobody has the name",
	"DNS-SERVER-UNREACHABLE":        "the name server cannot be reached",
	"LINK-DOWN":                     "an interface or cable is down",
	"HOST-DOWN":                     "the machine has no power",
	"LINK-LOSSY":                    "a cable loses packets",
	"ROUTE-LOOP":                    "routers send the packet in circles",
	"UNKNOWN":                       "the cause was not found",
}

// Codes are all codes, in order.
func Codes() []Code { return slices.Sorted(maps.Keys(conditions)) }

// Condition is what a code means, in one clause; "" for none of ours.
func (c Code) Condition() string { return conditions[c] }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
