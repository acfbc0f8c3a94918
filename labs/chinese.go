package labs

import "dnetsim/explain"

// conditions are explain's codes in Chinese: what each one means, in one clause.
var conditions = map[explain.Code]string{
	"OVERLAY-ADVERTISE-SHARED":      "两台主机的 dockerd 通告了同一个地址",
	"OVERLAY-ADVERTISE-NOT-LOCAL":   "通告的地址不在这台主机的任何接口上",
	"OVERLAY-ADVERTISE-MISSING":     "配置了集群存储，却没有配置要通告的地址",
	"OVERLAY-ADVERTISE-UNREACHABLE": "主机通告的地址只有它自己才有，别人到不了",
	"OVERLAY-HOSTNAME-DUPLICATE":    "gossip 的两个成员同名",
	"OVERLAY-GOSSIP-TCP-BLOCKED":    "主机之间 TCP 7946 不通",
	"OVERLAY-GOSSIP-UDP-BLOCKED":    "主机之间 UDP 7946 不通",
	"OVERLAY-GOSSIP-APART":          "主机之间的 gossip 断开了或从未建立，而且不会再自动重试",
	"OVERLAY-VXLAN-BLOCKED-HOST":    "主机上的一条规则丢弃了 UDP 4789",
	"OVERLAY-VXLAN-BLOCKED-FABRIC":  "主机之间的网络丢弃了 UDP 4789",
	"OVERLAY-STORE-UNREACHABLE":     "dockerd 连不上集群存储",
	"OVERLAY-STORE-SPLIT":           "两台主机用的不是同一个集群存储",
	"OVERLAY-STORE-WIPED":           "集群存储丢失了它的键",
	"OVERLAY-FDB-STALE":             "隧道的转发表项指向一台主机，而容器并不在那台主机上",
	"OVERLAY-VNI-MISMATCH":          "同一个网络，两台主机用了不同的隧道标识（VNI）",
	"OVERLAY-SOURCE-MISMATCH":       "隧道报文的源地址不是发送者的地址",
	"OVERLAY-UNDERLAY-SHADOWED":     "主机上的一个网络盖住了对端主机的地址",
	"OVERLAY-RPFILTER":              "反向路径过滤（rp_filter）丢弃了隧道报文",
	"OVERLAY-CHECKSUM-OFFLOAD":      "网卡把隧道内报文的校验和算错了",
	"SWARM-ADVERTISE-WRONG":         "swarm 的一个节点通告了一个到不了它的地址",
	"SWARM-DATAPATH-MISMATCH":       "通往某个 swarm 节点的隧道指向了别处",
	"SWARM-JOIN-BLOCKED":            "要加入 swarm 的主机连不上管理节点",
	"SWARM-NOT-ATTACHABLE":          "这个 swarm 网络只接受服务，不接受 docker run",
	"SWARM-NODE-DOWN":               "管理节点收不到某个节点的消息，它上面的 swarm 网络不会再有新变化",
	"SWARM-SPLIT":                   "这些主机分属两个 swarm",
	"SWARM-POOL-OVERLAP":            "swarm 网络的子网和另一个网络的子网相同",
	"SWARM-ESP-BLOCKED":             "加密网络用的 IP 协议 50 在主机之间不通",
	"SWARM-CLOCK-SKEW":              "按某台主机的时钟，swarm 的证书还没有生效或者已经过期",
	"SWARM-KERNEL-LACKS":            "内核编译时没有带上服务或加密网络需要的功能",
	"SWARM-QUORUM-LOST":             "在线的管理节点太少，达不成一致",
	"MTU-BLACKHOLE":                 "小报文能过，大报文过不去",
	"BRIDGE-CROSS-HOST":             "bridge 网络到主机为止，不跨主机",
	"BRIDGE-ISOLATED":               "两个容器在不同的 bridge 网络上",
	"BRIDGE-ICC-OFF":                "这个网桥关闭了容器之间的通信",
	"BRIDGE-INTERNAL":               "这是 internal 网络，既出不去也进不来",
	"DIRECT-ROUTING-BLOCKED":        "引擎丢弃从主机外面直接路由到容器自己地址的报文",
	"BRIDGE-SUBNET-SHADOWS":         "一个 Docker 子网盖住了真正的目的地址",
	"POOL-OVERLAP":                  "同一个地址空间里的两个网络子网重叠",
	"PORT-TAKEN":                    "主机的这个端口已经被另一个容器发布",
	"PORT-NOT-PUBLISHED":            "容器的端口没有发布到主机上",
	"PORT-WRONG-ADDRESS":            "端口发布在主机的另一个地址上",
	"PORT-NOT-LISTENING":            "这个端口上没有程序在监听",
	"PORT-LISTENS-LOOPBACK":         "服务只监听它自己的环回地址",
	"PORT-WRONG":                    "真正在监听的是另一个端口",
	"PORT-PUBLISHED-USED-INSIDE":    "容器之间误用了发布到主机上的端口号",
	"LOCALHOST-IS-SELF":             "容器里的 localhost 就是这个容器自己",
	"HOST-NAME-UNSET":               "这个版本的引擎不设置 host.docker.internal，除非用 host-gateway",
	"SERVICE-NOT-READY":             "容器已经在了，里面的服务还没有就绪",
	"FIREWALL-INPUT":                "INPUT 链的规则或默认策略丢弃了它",
	"FIREWALL-FORWARD":              "FORWARD 链的规则或默认策略丢弃了它",
	"FIREWALL-OUTPUT":               "OUTPUT 链的规则或默认策略丢弃了它",
	"FIREWALL-NAT":                  "有人写的一条 NAT 规则把它送到了别的目的地",
	"NEIGHBOUR-WRONG":               "一条永久的邻居表项写错了链路地址",
	"FIREWALL-FABRIC":               "主机之间的网络丢弃了这个协议或端口",
	"FORWARDING-OFF":                "主机没有开启转发",
	"MASQUERADE-MISSING":            "报文带着容器自己的地址出去了，没有人知道回来的路",
	"RULES-FLUSHED":                 "主机上 Docker 的规则被清空了",
	"REVERSE-PATH-FILTER":           "反向路径过滤（rp_filter）丢弃了它",
	"CONNTRACK-STALE":               "一条旧的连接跟踪记录把报文带去了别处",
	"NO-NETWORK":                    "容器没有网络",
	"NO-ROUTE":                      "没有到目的地的路由",
	"ADDRESS-UNUSED":                "没有谁拥有这个地址",
	"ADDRESS-DUPLICATE":             "有两个接口拥有同一个地址",
	"CONTAINER-NOT-RUNNING":         "容器没有在运行",
	"MACVLAN-HOST-ISOLATION":        "接口的子接口（macvlan、ipvlan）和它所在的主机互相听不见",
	"MACVLAN-GATEWAY-ABSENT":        "局域网里没有谁拥有这个网络的网关地址",
	"MACVLAN-PARENT-DOWN":           "父接口没有启用",
	"MACVLAN-MAC-FILTERED":          "交换机只放行主机自己的链路地址",
	"DNS-DEFAULT-BRIDGE":            "默认的 bridge 网络不提供名字解析",
	"DNS-OTHER-NETWORK":             "这个名字属于另一个网络上的容器",
	"DNS-NO-SUCH-NAME":              "没有谁叫这个名字",
	"DNS-SERVER-UNREACHABLE":        "连不上名字服务器",
	"LINK-DOWN":                     "有接口或网线断开了",
	"HOST-DOWN":                     "机器断电了",
	"LINK-LOSSY":                    "有一根网线在丢包",
	"ROUTE-LOOP":                    "路由器之间互相转发，报文在打转",
	"UNKNOWN":                       "没有找到原因",
}

// Condition is what a code of explain means, in one sentence of a language; "" if
// explain's own sentence is all there is in it.
func Condition(c explain.Code, lang string) string {
	if s := conditions[c]; lang == Chinese && s != "" {
		return s + "。"
	}
	return ""
}

// conditionIn is a code's meaning in Chinese, or the code itself.
func conditionIn(c explain.Code) string {
	if s := conditions[c]; s != "" {
		return s
	}
	return string(c)
}
