package nft

import (
	"testing"

	"dnetsim/stack/netfilter"
)

// Rules of iptables in nft's words, as nft 1.0.6 lists what iptables-nft 1.8.9 has made.
func TestRulesOfIptablesInNftsWords(t *testing.T) {
	for _, c := range []struct {
		iptables, nft string
		warned        bool
	}{
		{`! -i docker0 -o docker0 -j DROP`, `iifname != "docker0" oifname "docker0" counter packets 2 bytes 120 drop`, false},
		{`-d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT`, `iifname != "docker0" oifname "docker0" ip daddr 172.17.0.2 tcp dport 80 counter packets 2 bytes 120 accept`, false},
		{`! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER`, `ip daddr != 127.0.0.0/8 fib daddr type local counter packets 2 bytes 120 jump DOCKER`, true},
		{`-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE`, `oifname != "docker0" ip saddr 172.17.0.0/16 counter packets 2 bytes 120 masquerade`, true},
		{`! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80`, `iifname != "docker0" tcp dport 8080 counter packets 2 bytes 120 dnat to 172.17.0.2:80`, true},
		{`-o br+ -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`, `oifname "br*" ct state related,established counter packets 2 bytes 120 accept`, true},
		{`-p icmp -m comment --comment "no pings" -j RETURN`, `meta l4proto icmp counter packets 2 bytes 120 return comment "no pings"`, false},
		{`-m statistic --mode random --probability 0.5 -j DROP`, `xt match "statistic" counter packets 2 bytes 120 drop`, true},
	} {
		got, warned := translate(netfilter.MadeRule{Text: c.iptables, Packets: 2, Bytes: 120}, "ip")
		if got != c.nft || warned != c.warned {
			t.Errorf("%s\n%s (%v), want\n%s (%v)", c.iptables, got, warned, c.nft, c.warned)
		}
	}
}
