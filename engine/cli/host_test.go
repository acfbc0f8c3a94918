package cli

import (
	"strings"
	"testing"
	"time"
)

// newListening is a lab whose daemon listens on port 2376 too.
func newListening(t testing.TB) *lab {
	b := newLab(t, 1)
	b.run(`echo '{"tls":false,"hosts":["tcp://0.0.0.0:2376","unix://"]}' > /etc/docker/daemon.json; systemctl restart docker`)
	return b
}

// A container's namespace has no name for ip until somebody links one: the
// link's text is all that ip needs.
func TestLinksNameContainersNamespaces(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -itd --name c1 busybox")
	if got := b.run("ip netns"); got != "" {
		t.Errorf("before: %q", got)
	}
	b.run("mkdir -p /var/run/netns; ln -s /proc/$(docker inspect -f '{{.State.Pid}}' c1)/ns/net /var/run/netns/c1")
	want(t, b.run("ip netns"), "c1")
	want(t, b.run("ip netns exec c1 ip -br addr"), "172.17.0.2/16")
	want(t, b.run("ip -n c1 route"), "default via 172.17.0.1 dev eth0")
	same := b.run("readlink /proc/$(docker inspect -f '{{.State.Pid}}' c1)/ns/net; docker exec c1 readlink /proc/self/ns/net; readlink /proc/self/ns/net")
	if f := strings.Fields(same); len(f) != 3 || f[0] != f[1] || f[1] == f[2] {
		t.Errorf("numbers of the namespaces: %q", same)
	}
	b.run("rm -r /var/run/netns; ln -s /var/run/docker/netns /var/run/netns")
	want(t, b.run("ip netns exec $(ip netns | cut -d' ' -f1) ip -br addr"), "172.17.0.2/16")
}

// A web server ends at its image's stop signal, so docker stop is quick; a
// shell as first process does not, and gets its ten seconds.
func TestWebServersStopAtTheirSignal(t *testing.T) {
	b := newLab(t, 1)
	for _, c := range []struct {
		image, status string
		slow          bool
	}{
		{"nginx", "exited 0", false}, {"httpd", "exited 0", false}, {"busybox", "exited 137", true},
	} {
		command := ""
		if c.image == "busybox" {
			command = "sleep 1000"
		}
		b.run("docker run -d --name " + c.image + " " + c.image + " " + command)
		b.loop.RunFor(time.Second)
		before := b.loop.Now()
		b.run("docker stop " + c.image)
		if took := b.loop.Now() - before; (took > 5*time.Second) != c.slow {
			t.Errorf("docker stop of %s took %v", c.image, took)
		}
		want(t, b.run("docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' "+c.image), c.status)
	}
}

func TestSystemctlTellsSinceWhen(t *testing.T) {
	b := newLab(t, 1)
	b.loop.RunFor(time.Hour)
	b.run("systemctl restart docker; sleep 65")
	got := b.run("systemctl status docker")
	want(t, got, "active (running) since Mon 2026-01-05 09:00:", "; 1min 5s ago\n", "Main PID: ", "(dockerd)")
	b.run("systemctl stop docker; sleep 20")
	want(t, b.run("systemctl status docker"), "inactive (dead) since Mon 2026-01-05 09:01:", "; 20s ago\n")
	b.run("echo '{' > /etc/docker/daemon.json; systemctl start docker")
	b.loop.RunFor(2 * time.Hour)
	want(t, b.run("systemctl status docker"), "failed (Result: exit-code) since ", "; 2h ago\n")
	want(t, b.run("systemctl show -p ActiveState,MainPID docker"), "MainPID=0\nActiveState=failed\n")
	want(t, b.run("systemctl show -p SubState --value docker"), "failed\n")
}

// The API is at the daemon's socket for whoever asks with curl, and at the TCP
// ports that daemon.json's hosts name, which take 16 s to open as in 20.10.
func TestTheAPIAnswersOnSocketAndPort(t *testing.T) {
	b := newLab(t, 1)
	sock := "curl -s --unix-socket /var/run/docker.sock "
	want(t, b.run(sock+"-i http://localhost/_ping"), "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n", "Content-Length: 2\r\n\r\nOK")
	b.run(sock + `-d '{"Image":"busybox","Cmd":["sleep","1000"]}' -H 'Content-Type: application/json' http://localhost/v1.41/containers/create?name=web`)
	want(t, b.run(sock+"-X POST -w '%{http_code}' http://localhost/containers/web/start"), "204")
	want(t, b.run("docker ps --format '{{.Names}} {{.Status}}'"), "web Up ")
	stream := b.run(sock + "-m 2 http://localhost/events & sleep 1; docker kill web >/dev/null; wait")
	want(t, stream, `"Action":"die"`, `"signal":"9"`)

	before := b.loop.Now()
	b.run(`echo '{"hosts":["tcp://0.0.0.0:2376","unix:///var/run/docker.sock"]}' > /etc/docker/daemon.json; systemctl restart docker`)
	if took := b.loop.Now() - before; took < 16*time.Second || took > 18*time.Second {
		t.Errorf("a restart with a plain port took %v", took)
	}
	want(t, b.run("ss -lnt"), "*:2376")
	want(t, b.run("journalctl -u docker"), `level=warning msg="Binding to an IP address without --tlsverify is deprecated. Startup is intentionally being slowed down to show this message" host="tcp://0.0.0.0:2376"`,
		`msg="API listen on [::]:2376"`)
	want(t, b.run("curl -s http://10.0.0.11:2376/containers/json?all=1"), `"Names":["/web"]`)
	want(t, b.run("docker run -d -p 2376:80 nginx"), "Bind for 0.0.0.0:2376 failed: port is already allocated")
	want(t, b.run("docker -H tcp://10.0.0.11:2376 ps; DOCKER_HOST=tcp://10.0.0.11:2376 docker ps"), "docker -H tcp://10.0.0.11:2376: type", "DOCKER_HOST=tcp://10.0.0.11:2376: type")

	before = b.loop.Now()
	b.run(`echo '{"hosts":["tcp://10.0.0.11:2376"], "tls": false}' > /etc/docker/daemon.json; systemctl restart docker`)
	if took := b.loop.Now() - before; took > 3*time.Second {
		t.Errorf("a restart with tls: false took %v", took)
	}
	want(t, b.run("docker ps"), "Cannot connect to the Docker daemon at unix:///var/run/docker.sock")
	want(t, b.run("curl -s http://10.0.0.11:2376/_ping"), "OK")
	b.run("systemctl stop docker")
	want(t, b.run("curl http://10.0.0.11:2376/_ping"), "curl: (7) Failed to connect to 10.0.0.11 port 2376")
}

// Addresses that cannot be had keep the daemon from starting, and leave nothing
// behind.
func TestAPIAddressesThatCannotBeHad(t *testing.T) {
	b := newLab(t, 1)
	for _, c := range []struct{ hosts, says string }{
		{`["tcp://10.0.0.11:2376", "tcp://10.0.0.99:2376"]`, "failed to load listeners: listen tcp 10.0.0.99:2376: bind: cannot assign requested address"},
		{`["tcp://10.0.0.11:22", "tcp://10.0.0.11:22"]`, "failed to load listeners: listen tcp 10.0.0.11:22: bind: address already in use"},
		{`["http://10.0.0.11:2376"]`, "Invalid bind address format: http://10.0.0.11:2376"},
		{`["tcp://10.0.0.11:99999"]`, "Invalid bind address format: tcp://10.0.0.11:99999"},
	} {
		b.run(`echo '{"tls": false, "hosts": ` + c.hosts + `}' > /etc/docker/daemon.json; systemctl restart docker`)
		want(t, b.run("journalctl -u docker -n 1"), c.says)
		if got := b.run("ss -Hlnt"); got != "" {
			t.Errorf("%s leaves %s", c.hosts, got)
		}
	}
	b.run(`echo '{"tlsverify": true, "hosts": ["unix://", "tcp://10.0.0.11:2376"]}' > /etc/docker/daemon.json; systemctl restart docker`)
	want(t, b.run("curl -s http://10.0.0.11:2376/_ping"), "Client sent an HTTP request to an HTTPS server.")
	want(t, b.run("docker info --format '{{.ServerVersion}}'"), "20.10")

	b.run(`echo '{"hosts": ["unix:///tmp/d.sock"]}' > /etc/docker/daemon.json; systemctl restart docker`)
	want(t, b.run("curl -s --unix-socket /tmp/d.sock http://x/_ping"), "OK")
	want(t, b.run("docker ps"), "Cannot connect to the Docker daemon at unix:///var/run/docker.sock")
	want(t, b.run("rm /etc/docker/daemon.json; systemctl restart docker; ls /tmp/d.sock"), "No such file")
}

// Time stands still between two commands, and yet the end of a container is
// known to the next.
func TestTheNextCommandKnowsThatAContainerHasEnded(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name c1 busybox sh -c 'exit 3'")
	want(t, b.run("docker rm c1"), "c1\n")
	b.run("docker run -d --name c2 busybox true")
	want(t, b.run("docker exec c2 echo x"), "is not running")
	b.run("docker run -d --name c3 busybox sleep 1000; kill -9 $(docker inspect -f '{{.State.Pid}}' c3)")
	want(t, b.run("docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' c3"), "exited 137")
	b.run("docker start c3; sleep 1")
	want(t, b.run("docker inspect -f '{{.State.Status}}' c3"), "running")
	b.run("docker network create n1; docker run --rm --network n1 busybox true")
	want(t, b.run("docker network rm n1"), "n1\n")
}

// A connection to the API is dockerd's: it ends with it, however it ends.
func TestConnectionsToTheAPIEndWithDockerd(t *testing.T) {
	for _, end := range []string{"systemctl restart docker", "kill -9 $(pidof dockerd); systemctl start docker"} {
		for _, way := range []string{"http://10.0.0.11:2376", "--unix-socket /var/run/docker.sock http://x"} {
			b := newListening(t)
			b.run("(curl -s -N " + way + "/events; echo ended) > /tmp/ev & sleep 1")
			b.run(end)
			b.run("docker run -d busybox sleep 100; sleep 1")
			if got := b.run("cat /tmp/ev"); got != "ended\n" {
				t.Errorf("%s, %s: the stream has %q", end, way, got)
			}
			if got := b.run("ss -Hntp state established state close-wait"); got != "" {
				t.Errorf("%s, %s: open are %s", end, way, got)
			}
		}
	}
}

// A start takes 16 s with a plain port, and in that time it can be asked for
// again, stopped, and killed; who asked for it may leave.
func TestAStartThatIsUnderWay(t *testing.T) {
	for _, c := range []struct{ meanwhile, state, port string }{
		{"systemctl start docker", "active", "*:2376"},
		{"systemctl stop docker", "inactive", ""},
		{"kill -9 $(pidof dockerd)", "failed", ""},
		{"systemctl stop docker; systemctl start docker", "active", "*:2376"},
	} {
		b := newLab(t, 1)
		b.run(`echo '{"hosts":["tcp://0.0.0.0:2376","unix://"]}' > /etc/docker/daemon.json`)
		b.run("timeout 3 systemctl restart docker")
		b.run(c.meanwhile)
		b.loop.RunFor(30 * time.Second)
		want(t, b.run("systemctl is-active docker"), c.state)
		if got := b.run("ss -Hlnt"); strings.Contains(got, "*:2376") != (c.port != "") {
			t.Errorf("%s: ports %q", c.meanwhile, got)
		}
		if got := strings.Count(b.run("ps -e"), "dockerd"); got != min(1, len(c.port)) {
			t.Errorf("%s: %d dockerd", c.meanwhile, got)
		}
	}
}

// Odd requests get an answer, or end the connection; a stream ends with its
// client, whatever else that has sent.
func TestOddRequestsToTheAPI(t *testing.T) {
	b := newListening(t)
	send := func(request string) string {
		return b.run("(printf '" + request + "'; sleep 1) | timeout 3 nc 10.0.0.11 2376")
	}
	for _, r := range []string{`GET /%%%%zz HTTP/1.1\r\nHost: x\r\n\r\n`, `GE@T / HTTP/1.1\r\nHost: x\r\n\r\n`, `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n`, `hello\r\n\r\n`} {
		want(t, send(r), "HTTP/1.1 400 Bad Request\r\n")
	}
	want(t, send(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: foo\r\n\r\n`), "HTTP/1.1 501 ")
	if got := send(`HEAD /events?since=0&until=1 HTTP/1.1\r\nHost: x\r\n\r\n`); !strings.HasSuffix(got, "\r\n\r\n") {
		t.Errorf("HEAD has a body: %q", got)
	}
	if got := send(`GET /events?since=0&until=1 HTTP/1.0\r\nHost: x\r\n\r\n`); strings.Contains(got, "chunked") {
		t.Errorf("HTTP/1.0 has chunks: %q", got)
	}
	send(`GET /events HTTP/1.1\r\nHost: x\r\n\r\nX`)
	b.run("sleep 5; docker run -d busybox sleep 100; sleep 100")
	if got := b.run("ss -Hntp state established state close-wait"); got != "" {
		t.Errorf("open are %s", got)
	}
	want(t, b.run(`curl -s --unix-socket /var/run/docker.sock -H 'Content-Type: application/json' -d '{"Image":"busybox","Entrypoint":[""]}' http://x/containers/create`), "No command specified")
}

// What cannot be is refused in the engine's words, and leaves nothing behind.
func TestRefusalsOfNetworks(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker network create -o com.docker.network.driver.mtu=67 m67")
	before := b.run("ip -br link; iptables-save -c | grep -v '^#'")
	want(t, b.run("docker run -d --name c1 --network m67 busybox sleep 100"), "failed to set MTU on host interface veth", ": invalid argument")
	if after := b.run("ip -br link; iptables-save -c | grep -v '^#'"); after != before {
		t.Errorf("before\n%safter\n%s", before, after)
	}
	want(t, b.run("docker network create -d overlay --scope local yy"), "cannot downgrade network scope for overlay networks")
	want(t, b.run("curl -s --unix-socket /var/run/docker.sock -d '{}' http://x/networks/create"), "Content-Type specified (application/x-www-form-urlencoded) must be 'application/json'")
}

// The journal has what a service wrote, all of it with priority info.
func TestJournalctlSelectsAndForms(t *testing.T) {
	b := newLab(t, 1)
	for _, c := range [][2]string{
		{"journalctl -k", "-- No entries --\n"}, {"journalctl -p err", "-- No entries --\n"},
		{"journalctl -p 0..3", "-- No entries --\n"}, {"journalctl -p info -n 1", "API listen on"},
		{"journalctl -n 1 -o json", `"SYSLOG_IDENTIFIER":"dockerd"`}, {"journalctl -n 1 -o short-iso", "2026-01-05T08:00:0"},
		{"journalctl -o xml", "Unknown output format 'xml'"}, {"journalctl -p 9", "Unknown log level 9"},
	} {
		want(t, b.run(c[0]), c[1])
	}
}

func TestProcNetIsTheReadersNamespace(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name c1 busybox sleep 1000; docker exec c1 ping -c 1 172.17.0.1; ip link add link eth0 name eth0.10 type vlan id 10")
	want(t, b.run("docker exec c1 cat /proc/net/arp"), "172.17.0.1       0x1         0x2         02:42:", "     *        eth0\n")
	want(t, b.run("docker exec c1 cat /proc/net/route"), "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t", "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t")
	want(t, b.run("cat /proc/net/dev"), "docker0:")
	want(t, b.run("cat /proc/net/vlan/config"), "eth0.10        | 10  | eth0\n")
	if got := b.run("docker exec c1 cat /proc/net/dev"); strings.Contains(got, "docker0") {
		t.Errorf("a container sees the host's interfaces:\n%s", got)
	}
}

func TestStatsCountAContainersTraffic(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name c1 busybox sleep 1000; docker exec c1 ping -c 3 172.17.0.1")
	// Three echoes of 98 bytes and an ARP exchange of 42, each way.
	want(t, b.run("docker stats --no-stream --format '{{.NetIO}}' c1"), "508B / 336B") // and the probes for the addresses of the veth and of docker0
	b.run("docker run -d --name h1 --network host busybox sleep 1000")
	want(t, b.run("docker stats --no-stream --format '{{.NetIO}}' h1"), "0B / 0B")
}

// bash opens /dev/tcp/HOST/PORT itself, on hosts and in images that have it.
func TestBashOpensConnections(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name web -p 80:80 nginx; sleep 1")
	for line, says := range map[string]string{
		"exec 3<>/dev/tcp/10.0.0.11/80; echo x >&3; head -1 <&3": "HTTP/1.1 400 Bad Request\r\n", "docker exec web bash -c ': < /dev/tcp/localhost/80 && echo open'": "open\n",
		"bash -c '(: < /dev/tcp/10.0.0.11/81) || echo closed'":   "bash: line 1: connect: Connection refused\nbash: line 1: /dev/tcp/10.0.0.11/81: Connection refused\nclosed\n",
		"bash -c ': < /dev/tcp/127.0.0.1/http'":                  "bash: line 1: /dev/tcp/127.0.0.1/http: No such file or directory\n",
		"docker run --rm busybox sh -c ': < /dev/tcp/1.2.3.4/5'": "sh: can't open /dev/tcp/1.2.3.4/5: no such file\n", "docker run --rm alpine getent hosts localhost": "localhost\n",
	} {
		want(t, b.run(line), says)
	}
}

// The end of a container's first process ends all of it, also a master that starts
// another worker when it hears of the end of the one that it had.
func TestNothingOutlivesTheFirstProcess(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name web --init nginx; sleep 1; docker rm -f web; sleep 1")
	if got := b.run("ps -ef | grep -c '[n]ginx: '"); got != "0\n" {
		t.Errorf("%s processes are left", got)
	}
}
