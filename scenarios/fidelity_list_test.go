package scenarios

// disagreements are the captures that do not agree yet, each with the reason.
// The list only gets shorter.
var disagreements = map[string]string{
	"bridge/default/03-wire/conntrack.txt":       "which flows are still alive depends on the seconds the commands before took on that machine, and IGMP is not modelled",
	"bridge/default/03-wire/docker0-tcpdump.txt": "a third container re-checks its neighbour some seconds after its last packet: within the 6 s of this capture only because the commands before take less time here",

	"macvlan/06-host/bdc02-ip-d-link.txt":      "docker0 of bdc02 had carried containers in an earlier set of the same engine: a bridge keeps the segment size limit of its last ports",
	"macvlan/07-ping/tools-to-outside.txt":     "a race in that machine's kernel: the fourth request left while the failed gateway was being reported, which throws away the errors of the waiting ones (07-ping/tools-to-gateway shows all four)",
	"macvlan/07-ping/wire-tcpdump.txt":         "typed inside the switch, which is no machine here",
	"macvlan/09-host-in-subnet/ip-neigh.txt":   "bdc01 still knew bdc02 from an earlier set of the same engine",
	"macvlan/12-more/rm-with-endpoint.txt":     "the docker command line that is compiled in (v29) adds the line \"exit status 1\"",
	"macvlan/12-more/subinterface-eth0.10.txt": "the captures' kernel has no 802.1Q (README); here eth0.10 is made",
}
