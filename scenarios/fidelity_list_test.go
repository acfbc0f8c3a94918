package scenarios

// disagreements are the captures that do not agree yet, each with the reason.
// The list only gets shorter.
var disagreements = map[string]string{
	"bridge/default/03-wire/conntrack.txt":       "which flows are still alive depends on the seconds the commands before took on that machine, and IGMP is not modelled",
	"bridge/default/03-wire/eth0-tcpdump.txt":    "bdc02, whose entry for bdc01 had been confirmed within the last half minute there, asks for it within the 6 s of this capture here: the commands before take less time",
	"bridge/default/03-wire/docker0-tcpdump.txt": "a third container re-checks its neighbour some seconds after its last packet: within the 6 s of this capture only because the commands before take less time here",

	"errors/054-docker-network-create-config-only-co-docker-network-inspect-co-docker.txt":  "docker run --rm of what does not start reads two answers at a time, of the start and of the wait; in 041 and 164 the first is quicker and the wait is logged as cancelled, as here, and in this capture the second",
	"errors/113-docker-run-itd-name-r25-nosuchimage.txt":                                    "the captures had no registry at all",
	"errors/149-docker-network-create-d-macvlan-mv0-docker-network-inspect-mv0-ip-br-l.txt": "docker0 had a container's carrier on that machine, left by one of the cases that the list above names; here no container is up",
	"errors/dockerd-debian-build-without-consul.txt":                                        "Debian builds its engine without the Consul back end; the one here has it, as upstream",

	"macvlan/07-ping/tools-to-outside.txt": "a race in that machine's kernel: the fourth request left while the failed gateway was being reported, which throws away the errors of the waiting ones (07-ping/tools-to-gateway shows all four)",
	"macvlan/07-ping/wire-tcpdump.txt":     "typed inside the switch, which is no machine here",

	"overlay-kv-consul/correct/10-wire/serf-idle.txt":                                                "gossip's packets by random timers: their order and sizes differ from run to run",
	"overlay-kv-consul/correct/12-other-engine-stopped/09-logs/bdc01-dockerd.log":                    "a timer that is drawn at random: when the gateway's entry of bbox1 becomes stale again (15 to 45 s after a confirmation), and whether serf tries to reconnect within these seconds",
	"overlay-kv/causes/kv-stopped-after-start/20-kv-down/09-logs/bdc01-dockerd.log":                  "the words of the etcd client; here the store is Consul",
	"overlay-kv/causes/kv-stopped-after-start/20-kv-down/09-logs/bdc02-dockerd.log":                  "the words of the etcd client; here the store is Consul",
	"overlay-kv/causes/no-store-on-bdc02/06-host/bdc02-ss.txt":                                       "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/causes/no-store-on-bdc02/07-overlay-netns/bdc02-bridge-fdb.txt":                      "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/causes/no-store-on-bdc02/07-overlay-netns/bdc02-ip-neigh.txt":                        "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/causes/no-store-on-bdc02/07-overlay-netns/bdc02-ip-s-vxlan.txt":                      "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/02-network-inspect-bdc02.txt":              "with etcd the request that does not fit is the one that writes bbox2's endpoint; Consul's answer that lists the networks is too large already, so bdc02 has no network",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/02-network-ls-bdc02.txt":                   "with etcd the request that does not fit is the one that writes bbox2's endpoint; Consul's answer that lists the networks is too large already, so bdc02 has no network",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/03-run-bdc02.txt":                          "with etcd the request that does not fit is the one that writes bbox2's endpoint; Consul's answer that lists the networks is too large already, so bdc02 has no network",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/05-ping/underlay-host-sizes.txt":           "no line of the sequence shows it, and it depends on a send queue of that machine's veth (ping: sendmsg: No buffer space available)",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/06-host/bdc02-network-inspect-overlay.txt": "with etcd the request that does not fit is the one that writes bbox2's endpoint; Consul's answer that lists the networks is too large already, so bdc02 has no network",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/07-overlay-netns/bdc02-bridge-fdb.txt":     "with etcd the request that does not fit is the one that writes bbox2's endpoint; Consul's answer that lists the networks is too large already, so bdc02 has no network",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/07-overlay-netns/bdc02-ip-neigh.txt":       "with etcd the request that does not fit is the one that writes bbox2's endpoint; Consul's answer that lists the networks is too large already, so bdc02 has no network",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/07-overlay-netns/bdc02-ip-s-vxlan.txt":     "with etcd the request that does not fit is the one that writes bbox2's endpoint; Consul's answer that lists the networks is too large already, so bdc02 has no network",
	"overlay-kv/causes/path-mtu-1450-blackhole-from-start/09-logs/bdc02-dockerd.log":                 "with etcd the request that does not fit is the one that writes bbox2's endpoint; Consul's answer that lists the networks is too large already, so bdc02 has no network",
	"overlay-kv/causes/store-unreachable-from-bdc02/06-host/bdc02-ss.txt":                            "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/causes/store-unreachable-from-bdc02/07-overlay-netns/bdc02-bridge-fdb.txt":           "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/causes/store-unreachable-from-bdc02/07-overlay-netns/bdc02-ip-neigh.txt":             "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/causes/store-unreachable-from-bdc02/07-overlay-netns/bdc02-ip-s-vxlan.txt":           "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/causes/store-unreachable-from-bdc02/09-logs/bdc02-dockerd.log":                       "shows a sandbox, its socket or lines that an earlier case left on the same machine; here the hosts are fresh",
	"overlay-kv/correct/09-logs/bdc01-dockerd.log":                                                   "a timer that is drawn at random: when the gateway's entry of bbox1 becomes stale again, 15 to 45 s after a confirmation",
	"overlay-kv/correct/10-wire/serf-idle.txt":                                                       "gossip's packets by random timers: their order and sizes differ from run to run",
	"overlay-kv/correct/12-other-engine-stopped/09-logs/bdc01-dockerd.log":                           "a timer that is drawn at random: when the gateway's entry of bbox1 becomes stale again (15 to 45 s after a confirmation), and whether serf tries to reconnect within these seconds",
	"overlay-kv/same-advertise/06-host/bdc01-ip-addr.txt":                                            "one more veth of an earlier case was left on that machine",
}
