package traffic

import (
	"net/netip"
	"testing"
	"time"

	"dnetsim/userland/names"
)

func TestBusyboxNslookup(t *testing.T) {
	l := newLab(t)
	l.check(l.bbox1, "nslookup bbox2", "", 1, `Server:		10.0.0.2
Address:	10.0.0.2:53

** server can't find bbox2: NXDOMAIN

** server can't find bbox2: NXDOMAIN

`)
	l.check(l.bbox1, "nslookup www.baidu.com", "", 0, `Server:		10.0.0.2
Address:	10.0.0.2:53

www.baidu.com	canonical name = www.a.shifen.com
Name:	www.a.shifen.com
Address: 220.181.38.150

www.baidu.com	canonical name = www.a.shifen.com

`)
	start := l.loop.Now()
	l.check(l.bbox1, "nslookup x 172.17.0.99", "", 1, ";; connection timed out; no servers could be reached\n\n")
	if took := l.loop.Now() - start; took != 5*time.Second {
		t.Errorf("gave up after %v, want 5s", took)
	}
}

func TestDigPrintsTheWholeAnswer(t *testing.T) {
	l := newLab(t)
	l.check(l.tools, "dig www.baidu.com", "", 0, `
; <<>> DiG 9.18.49-1~deb12u1-Debian <<>> www.baidu.com
;; global options: +cmd
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: <n>
;; flags: qr aa rd ra; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags:; udp: 1232
;; QUESTION SECTION:
;www.baidu.com.			IN	A

;; ANSWER SECTION:
www.baidu.com.		0	IN	CNAME	www.a.shifen.com.
www.a.shifen.com.	0	IN	A	220.181.38.150

;; Query time: <n> msec
;; SERVER: 10.0.0.2#53(10.0.0.2) (UDP)
;; WHEN: Mon Jan 05 08:00:05 UTC 2026
;; MSG SIZE  rcvd: 85

`)
	l.check(l.tools, "dig +short -x 220.181.38.150", "", 0, "www.a.shifen.com.\n")
	l.check(l.tools, "dig +short +tcp @10.0.0.2 www.baidu.com", "", 0, "www.a.shifen.com.\n220.181.38.150\n")
	l.check(l.tools, "host www.baidu.com", "", 0,
		"www.baidu.com is an alias for www.a.shifen.com.\nwww.a.shifen.com has address 220.181.38.150\n")
	l.check(l.tools, "host nosuch", "", 1, "Host nosuch not found: 3(NXDOMAIN)\n")
	l.check(l.tools, "nslookup nosuch", "", 1,
		"Server:\t\t10.0.0.2\nAddress:\t10.0.0.2#53\n\n** server can't find nosuch: NXDOMAIN\n\n")
	l.check(l.tools, "getent hosts db", "", 0, "10.9.8.7        db\n")
}

// What comes before the first name is for all names, what follows one for that one.
func TestDigLooksUpEveryName(t *testing.T) {
	l := newLab(t)
	l.check(l.tools, "dig +short www.baidu.com nosuch www.a.shifen.com -x 220.181.38.150", "", 0,
		"www.a.shifen.com.\n220.181.38.150\n220.181.38.150\nwww.a.shifen.com.\n")
	l.check(l.tools, "dig +noall +question www.baidu.com AAAA nosuch +short www.a.shifen.com", "", 0,
		";www.baidu.com.\t\t\tIN\tAAAA\n;www.a.shifen.com.\t\tIN\tA\n")
	got, _ := l.run(l.tools, "dig +nostats +nocomments x y", "")
	compare(t, "dig", got, "\n; <<>> DiG 9.18.49-1~deb12u1-Debian <<>> +nostats +nocomments x y\n;; global options: +cmd\n;x.\t\t\t\tIN\tA\n;y.\t\t\t\tIN\tA\n")
}

func TestResolverFollowsSearchListAndTriesEveryServer(t *testing.T) {
	l := newLab(t)
	l.zone.AddHost("web.example.com", netip.MustParseAddr("10.0.0.2"))
	l.file(l.tools, "/etc/resolv.conf", "search nowhere.test example.com\nnameserver 172.17.0.1\nnameserver 10.0.0.2\n")
	l.check(l.tools, "getent ahostsv4 web", "", 0,
		"10.0.0.2        STREAM web.example.com\n10.0.0.2        DGRAM  \n10.0.0.2        RAW    \n")
}

func TestResolverTellsNoServerFromNoName(t *testing.T) {
	l := newLab(t)
	l.check(l.tools, "ping -c 1 nosuch", "", 2, "ping: nosuch: Name or service not known\n")
	l.file(l.tools, "/etc/resolv.conf", "nameserver 172.17.0.99\n")
	start := l.loop.Now()
	l.check(l.tools, "ping -c 1 nosuch", "", 2, "ping: nosuch: Temporary failure in name resolution\n")
	if took := l.loop.Now() - start; took < 3*time.Second || took > 10*time.Second {
		t.Errorf("gave up after %v", took)
	}
	l.file(l.tools, "/etc/resolv.conf", "nameserver 172.17.0.1\n")
	l.start(l.host, (&names.Server{}).Run, "dnsmasq")
	l.check(l.tools, "ping -c 1 nosuch", "", 2, "ping: nosuch: Temporary failure in name resolution\n")
}

func TestServerForwardsToItsUpstream(t *testing.T) {
	l := newLab(t)
	up := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:53")}
	l.start(l.host, (&names.Server{Upstream: up}).Run, "dnsmasq")
	l.file(l.tools, "/etc/resolv.conf", "nameserver 172.17.0.1\n")
	l.check(l.tools, "dig +short www.baidu.com", "", 0, "www.a.shifen.com.\n220.181.38.150\n")
	l.wire.A().SetDown(true)
	l.loop.RunFor(time.Second)
	got, _ := l.run(l.tools, "dig +noall +comments +tries=1 +time=20 www.baidu.com", "")
	compare(t, "dig", got, ";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: SERVFAIL, id: <n>\n;; flags: qr rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 1\n\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n")
}
