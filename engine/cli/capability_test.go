package cli

import (
	"strings"
	"testing"
)

// What an ordinary container may not do, and what --cap-add and --cap-drop change.
func TestCapabilitiesOfAContainer(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name plain busybox sleep 1000; docker run -d --name admin --cap-add NET_ADMIN busybox sleep 1000")
	b.run("docker run -d --name deb debian sleep 1000; docker run -d --name drop --cap-drop ALL debian sleep 1000; docker run -d --name priv --privileged debian sleep 1000")
	for _, c := range []struct{ line, want string }{
		{"docker exec plain ip link set eth0 mtu 1400", "ip: SIOCSIFMTU: Operation not permitted\n"},
		{"docker exec plain ip addr add 10.9.9.9/24 dev eth0", "ip: RTNETLINK answers: Operation not permitted\n"},
		{"docker exec plain ifconfig eth0 down", "ifconfig: SIOCSIFADDR: Operation not permitted\n"},
		{"docker exec plain route add default gw 172.17.0.9", "route: SIOCADDRT: Operation not permitted\n"},
		{"docker exec plain ip route show default", "default via 172.17.0.1 dev eth0 \n"},
		{"docker exec admin ip addr add 10.9.9.9/24 dev eth0", ""},
		{"docker exec --privileged plain ip link set eth0 mtu 1400", ""},
		{"docker exec deb ip route add 10.8.0.0/16 via 172.17.0.1", "RTNETLINK answers: Operation not permitted\n"},
		{"docker exec deb ip -4 route | grep -c default", "1\n"},
		{"docker exec priv ip route add 10.8.0.0/16 via 172.17.0.1", ""},
		// Since 20.10 every container may send ICMP echo without a raw socket.
		{"docker exec drop ping -c 1 172.17.0.1 | grep -c '1 received'", "1\n"},
		{"docker exec drop tcpdump -i eth0 -c 1", "tcpdump: eth0: You don't have permission to capture on that device\n(socket: Operation not permitted)\n"},
	} {
		if got := b.run(c.line); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.line, got, c.want)
		}
	}
	if got := b.run("docker run --cap-add FOO busybox"); !strings.HasPrefix(got, `docker: Error response from daemon: invalid CapAdd: unknown capability: "CAP_FOO"`) {
		t.Error(got)
	}
}
