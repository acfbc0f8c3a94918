package cli

import (
	"strings"
	"testing"
	"time"
)

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
