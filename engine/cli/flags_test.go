package cli

import (
	"sort"
	"strings"
	"testing"

	"dnetsim/userland"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// done says of a flag that what it asks for happens, or that it is the client's own.
const done = "done"

// flags are all the flags of the commands that make containers and networks: done, or
// a command line's words that use the flag, of which docker then says that it is not
// simulated.
var flags = map[string]map[string]string{
	"create": {
		"add-host": done, "attach": done, "cap-add": done, "cap-drop": done, "cidfile": done, "detach": done, "detach-keys": done,
		"dns": done, "dns-opt": done, "dns-option": done, "net": done, "net-alias": done, "dns-search": done, "domainname": done, "entrypoint": done, "env": done, "env-file": done, "expose": done,
		"help": done, "hostname": done, "interactive": done, "ip": done, "ip6": done, "label": done, "label-file": done, "link": done,
		"mac-address": done, "name": done, "network": done, "network-alias": done, "no-healthcheck": done, "privileged": done, "publish": done,
		"publish-all": done, "pull": done, "quiet": done, "restart": done, "rm": done, "shm-size": done, "sig-proxy": done, "stop-signal": done,
		"stop-timeout": done, "sysctl": done, "tty": done, "user": done, "uts": done, "workdir": done,

		"annotation": "--annotation a=b", "blkio-weight": "--blkio-weight 100", "blkio-weight-device": "--blkio-weight-device /dev/sda:100",
		"cgroup-parent": "--cgroup-parent /x", "cgroupns": "--cgroupns private", "cpu-count": "--cpu-count 1", "cpu-percent": "--cpu-percent 10",
		"cpu-period": "--cpu-period 1000", "cpu-quota": "--cpu-quota 1000", "cpu-rt-period": "--cpu-rt-period 1000", "cpu-rt-runtime": "--cpu-rt-runtime 1000",
		"cpu-shares": "--cpu-shares 5", "cpus": "--cpus 1", "cpuset-cpus": "--cpuset-cpus 0", "cpuset-mems": "--cpuset-mems 0", "device": "--device /dev/null",
		"device-cgroup-rule": "--device-cgroup-rule 'c 1:3 r'", "device-read-bps": "--device-read-bps /dev/sda:1mb", "device-read-iops": "--device-read-iops /dev/sda:10",
		"device-write-bps": "--device-write-bps /dev/sda:1mb", "device-write-iops": "--device-write-iops /dev/sda:10", "disable-content-trust": "",
		"gpus": "--gpus all", "group-add": done, "health-cmd": done, "health-interval": done,
		"health-retries": done, "health-start-interval": "--health-start-interval 1s", "health-start-period": done,
		"health-timeout": done, "init": done, "io-maxbandwidth": "--io-maxbandwidth 1m", "io-maxiops": "--io-maxiops 1",
		"ipc": "--ipc host", "isolation": "--isolation hyperv", "kernel-memory": "", "link-local-ip": done,
		"log-driver": done, "log-opt": "--log-opt max-size=1m", "memory": "-m 64m", "memory-reservation": "--memory-reservation 64m",
		"memory-swap": "--memory-swap 64m", "memory-swappiness": "--memory-swappiness 10", "mount": done, "oom-kill-disable": "--oom-kill-disable",
		"oom-score-adj": "--oom-score-adj 10", "pid": "--pid host", "pids-limit": "--pids-limit 10", "platform": "--platform linux/arm64", "read-only": done,
		"runtime": "--runtime other", "security-opt": "--security-opt no-new-privileges", "storage-opt": "--storage-opt size=1G", "tmpfs": done,
		"umask": "--umask 022", "ulimit": "--ulimit nofile=10", "use-api-socket": "--use-api-socket", "userns": "--userns host", "volume": done, "volume-driver": "--volume-driver x",
		"volumes-from": done,
	},
	"network create": {
		"attachable": done, "aux-address": done, "config-from": done, "config-only": done, "driver": done, "gateway": done, "help": done, "ingress": done,
		"internal": done, "ip-range": done, "ipam-driver": done, "ipam-opt": done, "ipv4": done, "ipv6": done, "label": done, "opt": done, "scope": done, "subnet": done,
	},
	"network connect": {
		"alias": done, "driver-opt": done, "gw-priority": "--gw-priority 1", "help": done, "ip": done, "ip6": done, "link": done, "link-local-ip": done,
	},
}

// No flag is swallowed: what it asks for is done, or docker says that it is not.
func TestNoFlagIsSwallowed(t *testing.T) {
	has := map[string]map[string]bool{}
	tree(t, func(p *userland.Process, root *cobra.Command) {
		everyFlag(root, func(name string, cmd *cobra.Command, f *pflag.Flag) {
			name, _, _ = strings.Cut(name, " --")
			if has[name] == nil {
				has[name] = map[string]bool{}
			}
			has[name][f.Name] = true
		})
	})
	flags["run"] = flags["create"]
	for command, table := range flags {
		for flag := range has[command] {
			if _, ok := table[flag]; !ok {
				t.Errorf("nobody has said what becomes of docker %s --%s", command, flag)
			}
		}
	}
	b := newLab(t, 1)
	b.run("docker run -d --name box busybox sleep 1000; docker network create app")
	for _, flag := range sortedFlags(flags["create"]) {
		use := flags["create"][flag]
		if use == done || use == "" || !has["create"][flag] {
			continue
		}
		got := b.run("docker create " + use + " busybox true")
		if !strings.Contains(got, "does not simulate") && !strings.Contains(got, "Error response from daemon") && !strings.Contains(got, "requires API version") && !strings.Contains(got, "only supported on") {
			t.Errorf("docker create %s is swallowed:\n%s", use, got)
		}
	}
	for _, flag := range sortedFlags(flags["network connect"]) {
		use := flags["network connect"][flag]
		if use == done || !has["network connect"][flag] {
			continue
		}
		if got := b.run("docker network connect " + use + " app box"); !strings.Contains(got, "does not simulate") {
			t.Errorf("docker network connect %s is swallowed:\n%s", use, got)
		}
	}
}

func sortedFlags(m map[string]string) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// What a service does unless it is told otherwise is swarmkit's, which absent/ has in short.
func TestDefaultsOfAServiceAreSwarmkits(t *testing.T) {
	b := newLab(t, 1)
	help := strings.Join(strings.Fields(b.run("docker service create --help")), " ")
	want(t, help, `Restart when condition is met ("none", "on-failure", "any") (default "any")`, "Delay between restart attempts (ns|us|ms|s|m|h) (default 5s)",
		`("pause", "continue", "rollback") (default "pause")`, `("pause", "continue") (default "pause")`, "Duration after each task update to monitor for failure (ns|us|ms|s|m|h) (default 5s)",
		`Update order ("start-first", "stop-first") (default "stop-first")`, "(0 to update all at once) (default 1)", "killing a container (ns|us|ms|s|m|h) (default 10s)")
	b.run("docker swarm init; docker service create -q --detach --name w --update-delay 3s busybox sleep 100")
	want(t, b.run("docker service inspect --format '{{json .Spec.UpdateConfig}}' w"),
		`{"Parallelism":1,"Delay":3000000000,"FailureAction":"pause","Monitor":5000000000,"MaxFailureRatio":0,"Order":"stop-first"}`)
}
