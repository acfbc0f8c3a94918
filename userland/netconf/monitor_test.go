package netconf

import (
	"strings"
	"testing"
	"time"

	"dnetsim/userland"
)

func TestMonitorTellsWhatChanges(t *testing.T) {
	b := newHost(t)
	b.run(b.host, "ip link add veth0 type veth peer name veth1")
	b.run(b.host, "ip link set veth1 up")
	var out strings.Builder
	watch := func(line string) *userland.Process {
		args := strings.Fields(line)
		p := b.host.Start(userland.ProcSpec{Program: b.host.Programs["ip"], Args: args, Stdout: &out, Stderr: &out})
		b.loop.RunFor(time.Second)
		return p
	}
	p := watch("ip monitor address route")
	for _, line := range []string{"ip link set veth0 up", "ip addr add 192.0.2.1/24 dev veth0", "ip route add 198.51.100.0/24 via 192.0.2.9", "ip route del 198.51.100.0/24", "ip addr del 192.0.2.1/24 dev veth0"} {
		b.run(b.host, line)
		b.loop.RunFor(100 * time.Millisecond)
	}
	p.Signal(userland.SIGINT)
	b.loop.RunFor(time.Second)
	for _, want := range []string{
		"    inet 192.0.2.1/24 scope global veth0\n       valid_lft forever preferred_lft forever\n", "\n192.0.2.0/24 dev veth0 proto kernel scope link src 192.0.2.1\n",
		"\n198.51.100.0/24 via 192.0.2.9 dev veth0\nDeleted 198.51.100.0/24 via 192.0.2.9 dev veth0\n", "\nDeleted 192.0.2.0/24 dev veth0 proto kernel scope link src 192.0.2.1\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "link/ether") || !p.Done() {
		t.Errorf("got\n%s", &out)
	}
	out.Reset()
	watch("ip monitor label link dev veth0")
	b.run(b.host, "ip link set veth0 mtu 1400")
	b.run(b.host, "ip link set veth1 mtu 1400")
	b.loop.RunFor(time.Second)
	if got := out.String(); !strings.HasPrefix(got, "[LINK]") || strings.Count(got, "mtu 1400") != 1 {
		t.Errorf("got\n%s", got)
	}
}
