package modes

import (
	"slices"
	"strings"
	"testing"

	"dnetsim/modes/config"
	"dnetsim/modes/container"
	"dnetsim/modes/network"
)

// --sysctl sets the container's own, or the container does not start.
func TestSysctlsOfAContainer(t *testing.T) {
	w := newWorld(t, "")
	c := w.run(w.a, named("c1", container.HostConfig{Sysctls: map[string]string{"net.ipv4.ip_default_ttl": "33", "kernel.shmmax": "1"}}))
	if v, _ := c.run.sandbox.NS.Sysctl("net.ipv4.ip_default_ttl"); v != "33" {
		t.Errorf("ip_default_ttl is %s", v)
	}
	if v, _ := w.a.NS().Sysctl("net.ipv4.ip_default_ttl"); v != "64" {
		t.Errorf("the host's is %s", v)
	}
	const failed = "failed to create shim task: OCI runtime create failed: runc create failed: "
	const init = failed + "unable to start container process: error during container init: "
	for _, c := range []struct{ mode, key, value, want string }{
		{"", "net.ipv4.nosuch", "1", init + "open /proc/sys/net/ipv4/nosuch: no such file or directory: unknown"},
		{"", "net.ipv4.ip_forward", "x", init + "write /proc/sys/net/ipv4/ip_forward: invalid argument: unknown"},
		{"host", "net.ipv4.ip_forward", "1", failed + `sysctl "net.ipv4.ip_forward" not allowed in host network namespace: unknown`},
	} {
		_, err := w.tryRun(w.a, named("c2", container.HostConfig{NetworkMode: c.mode, Sysctls: map[string]string{c.key: c.value}}))
		same(t, err, c.want)
		w.do(func() { same(t, w.a.Daemon.Containers.Remove("c2", RemoveOptions{}), "") })
	}
}

func TestLinkLocalAddresses(t *testing.T) {
	w := newWorld(t, "")
	w.network(w.a, network.Create{Name: "app", IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "10.77.0.0/24"}}}})
	r := named("c1", container.HostConfig{NetworkMode: "app"})
	r.Endpoints = map[string]*container.EndpointSettings{"app": {IPAMConfig: &container.EndpointIPAM{LinkLocalIPs: []string{"169.254.7.7"}}}}
	var got []string
	for _, a := range w.run(w.a, r).run.sandbox.NS.Interface("eth0").Addrs() {
		got = append(got, a.Prefix.String())
	}
	if strings.Join(got, " ") != "10.77.0.2/24 169.254.7.7/16" {
		t.Errorf("eth0 has %v", got)
	}
}

// Every key that 20.10 takes is of use, or dockerd's log says that it is not.
func TestEveryKeyOfDaemonJSON(t *testing.T) {
	of2010 := strings.Fields(`allow-nondistributable-artifacts api-cors-header authorization-plugins bip bridge builder cgroup-parent
cluster-advertise cluster-store cluster-store-opts containerd containerd-namespace containerd-plugins-namespace cpu-rt-period cpu-rt-runtime
cri-containerd data-root debug default-address-pools default-cgroupns-mode default-gateway default-gateway-v6 default-ipc-mode
default-runtime default-shm-size default-ulimits deprecated-key-path dns dns-opts dns-search exec-opts exec-root experimental features fixed-cidr
fixed-cidr-v6 graph group host-gateway-ip hosts icc init init-path insecure-registries ip ip-forward ip-masq ip6tables iptables ipv6 labels
live-restore log-driver log-level log-opts max-concurrent-downloads max-concurrent-uploads max-download-attempts metrics-addr mtu
network-control-plane-mtu network-diagnostic-port no-new-privileges node-generic-resources oom-score-adjust pidfile raw-logs registry-mirrors
rootless runtimes seccomp-profile selinux-enabled shutdown-timeout storage-driver storage-opts swarm-default-advertise-addr tls tlscacert
tlscert tlskey tlsverify userland-proxy userland-proxy-path userns-remap`)
	done := strings.Fields(`bip bridge cluster-advertise cluster-store cluster-store-opts debug default-address-pools default-gateway default-gateway-v6 dns
dns-opts dns-search experimental fixed-cidr fixed-cidr-v6 host-gateway-ip hosts icc init ip ip-forward ip-masq ip6tables iptables ipv6 labels
live-restore mtu swarm-default-advertise-addr tls tlsverify userland-proxy`)
	for _, key := range of2010 {
		cfg := config.Config{}
		if err := cfg.Merge([]byte(`{"` + key + `": null}`)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if says, does := len(cfg.Unheeded()) == 1, slices.Contains(done, key); says == does {
			t.Errorf("%s is of use: %v, and the log says that it is not: %v", key, does, says)
		}
	}
	w := newWorld(t, `{"selinux-enabled": true, "log-driver": "json-file", "metrics-addr": "127.0.0.1:9"}`)
	var said []string
	for line := range strings.Lines(logOf(w.a)) {
		if _, option, ok := strings.Cut(line, "does not simulate the option "); ok {
			option, _, _ = strings.Cut(option, ":")
			said = append(said, option)
		}
	}
	if got := strings.Join(said, " "); got != "metrics-addr selinux-enabled" {
		t.Errorf("the log names %s", got)
	}
}
