package cli

import (
	"strings"
	"testing"
)

// What a real 20.10.24 with its own client says of a swarm's objects that are not there or
// may not be so, and what its log has of that; 29's words are its client's own.
func TestASwarmOf2010SaysItInItsWords(t *testing.T) {
	const real = "docker service create -d --no-resolve-image "
	for release, lines := range map[string][][2]string{
		"20.10": {
			{"docker node inspect nosuch; docker service inspect nosuch; docker secret inspect nosuch; echo $?", "[]\nStatus: Error: No such node: nosuch, Code: 1\n[]\nStatus: Error: no such service: nosuch, Code: 1\n[]\nStatus: Error: No such secret: nosuch, Code: 1\n1\n"},
			{"docker service rm nosuch; docker node rm nosuch; docker config rm nosuch; docker service update -d --replicas 2 nosuch", "Error: No such service: nosuch\nError: No such node: nosuch\nError: No such config: nosuch\nError: No such service: nosuch\n"},
			{real + "--mode foo busybox; docker service scale p", "Unknown mode: foo, only replicated and global supported\nInvalid scale specifier 'p'.\n"},
			{"docker swarm update --autolock | tail -2; docker swarm update --autolock=false; docker swarm unlock", "Please remember to store this key in a password manager, since without it you\nwill not be able to restart the manager.\nSwarm updated.\nError: swarm is not locked\n"},
			{"docker swarm update 2>&1 | head -2", "\nUsage:  docker swarm update [OPTIONS]\n"},
			{real + "--name w busybox sh -c 'sleep 1 && sleep 1000 >&2' >/dev/null; docker service inspect w | grep u0026", `"sleep 1 \u0026\u0026 sleep 1000 \u003e\u00262"`},
			{"docker network create -d overlay o1 >/dev/null; docker network create -d overlay o1; docker network rm o1; docker network create -d overlay o2 >/dev/null; docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' o2", "Error response from daemon: network with name o1 already exists\no1\n10.0.2.0/24\n"},
			{"docker network inspect o2 | grep -E 'Containers|Labels'", "        \"Containers\": null,\n"},
			{real + "--name n --network o2 busybox sleep 1000 >/dev/null; docker service inspect --pretty n | grep Networks", "Networks: o2 \n"},
			{"docker run --name c1 --network o2 busybox 2>&1 | cut -d' ' -f2-; docker inspect -f '[{{.NetworkSettings.SandboxID}}]' c1; ls /var/run/docker/netns | wc -l", "error waiting for container: context canceled\"\n[]\n"},
			{"journalctl -u docker | grep -o 'msg=\"Error [a-z].*'", "msg=\"Error getting node nosuch: node nosuch not found\"\nmsg=\"Error getting service nosuch: service nosuch not found\"\nmsg=\"Error removing service nosuch: service nosuch not found\"\n"},
		},
		"29": {
			{"docker node inspect nosuch; docker service rm nosuch", "[]\nError response from daemon: node nosuch not found\nError response from daemon: service nosuch not found\n"},
			{"docker network create -d overlay o1 >/dev/null; docker network rm o1; docker network create -d overlay o2 >/dev/null; docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' o2", "o1\n10.0.1.0/24\n"},
		},
		// Of both the engine's.
		"": {
			{real + "--mount type=foo,target=/a busybox; " + real + "--restart-condition foo busybox; " + real + "--update-failure-action foo busybox; " + real + "--rollback-order foo busybox; " + real + "--endpoint-mode foo busybox",
				"daemon: invalid MountType: \"foo\"\nError response from daemon: invalid RestartCondition: \"foo\"\nError response from daemon: unrecognized update failure action foo\nError response from daemon: unrecognized update order foo\n" +
					"Error response from daemon: invalid ResolutionMode: \"foo\"\n"},
			{real + "--constraint foo busybox", "Error response from daemon: rpc error: code = Unknown desc = constraint expected one operator from ==, !=\n"},
			{real + "--name d busybox sleep 1000 >/dev/null; " + real + "--name d busybox", "name conflicts with an existing object: service d already exists\n"},
			{"docker service update -d --replicas 2 d; docker service rollback -d d; docker service rollback -d d; docker service ls --format '{{.Name}} {{.Replicas}}' | grep d", "d\nd\nd\nd "},
			{"sleep 5; docker service ls --format '{{.Name}} {{.Replicas}}' | grep d", "d 2/2\n"},
		},
	} {
		for _, r := range map[bool][]string{true: {"20.10", "29"}, false: {release}}[release == ""] {
			b := newLabOf(t, 1, luck{}, r)
			b.run("docker swarm init")
			for _, c := range lines {
				if got := b.run(c[0]); !strings.Contains(got, c[1]) {
					t.Errorf("%s: %s\nsays\n%swant\n%s", r, c[0], got, c[1])
				}
			}
			b.loop.Close()
		}
	}
}
