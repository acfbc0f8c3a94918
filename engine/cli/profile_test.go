package cli

import "testing"

// The words are docker/cli 20.10.24's; the captures under
// scenarios/testdata/ground-truth show most of them.
func TestTheCommandLineSpeaksAsTheEnginesRelease(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name web -p 80:80 busybox sleep 1000")
	for _, c := range []struct{ line, out string }{
		{"docker network create a b; echo $?", "\"docker network create\" requires exactly 1 argument.\nSee 'docker network create --help'.\n\nUsage:  docker network create [OPTIONS] NETWORK\n\nCreate a network\n1\n"},
		{"docker run", "\"docker run\" requires at least 1 argument.\nSee 'docker run --help'.\n\nUsage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun a command in a new container\n"},
		{"docker ps x", "\"docker ps\" accepts no arguments.\nSee 'docker ps --help'.\n\nUsage:  docker ps [OPTIONS]\n\nList containers\n"},
		{"docker ps --nosuch; echo $?", "unknown flag: --nosuch\nSee 'docker ps --help'.\n125\n"},
		{"docker foo", "docker: 'foo' is not a docker command.\nSee 'docker --help'\n"},
		{"docker run -d --network nosuch --name a1 busybox >/dev/null; echo $?", "docker: Error response from daemon: network nosuch not found.\n125\n"},
		{"docker run --name x/y busybox", "docker: Error response from daemon: Invalid container name (x/y), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed.\nSee 'docker run --help'.\n"},
		{"docker run -d -p 70000:80 busybox", "docker: Invalid hostPort: 70000.\nSee 'docker run --help'.\n"},
		{"docker run -d --expose abc busybox; docker run -d --expose=90-80/tcp busybox; docker run --expose 80:80 busybox", "docker: invalid range format for --expose: abc, error: strconv.ParseUint: parsing \"abc\": invalid syntax.\nSee 'docker run --help'.\n" +
			"docker: invalid range format for --expose: 90-80/tcp, error: Invalid range specified for the Port: 90-80.\nSee 'docker run --help'.\n" +
			"docker: invalid port format for --expose: 80:80.\nSee 'docker run --help'.\n"},
		{"docker ps --filter name=web --format '{{.Names}} {{.Ports}}'", "web 0.0.0.0:80->80/tcp, :::80->80/tcp\n"},
		{"docker port web", "80/tcp -> 0.0.0.0:80\n80/tcp -> :::80\n"},
		{"docker images | head -n 1", "REPOSITORY      TAG       IMAGE ID       CREATED             SIZE\n"},
		{"docker network rm nosuch; echo $?", "Error: No such network: nosuch\n1\n"},
		{"docker rm -f nosuch; echo $?", "Error: No such container: nosuch\n0\n"},
		{"docker rm nosuch; docker logs nosuch; docker port nosuch", "Error: No such container: nosuch\nError: No such container: nosuch\nError: No such container: nosuch\n"},
		{"docker start nosuch", "Error response from daemon: No such container: nosuch\nError: failed to start containers: nosuch\n"},
		{"docker rename nosuch y", "Error response from daemon: No such container: nosuch\nError: failed to rename container named nosuch\n"},
		{"docker rmi nosuch; docker volume rm nosuch", "Error: No such image: nosuch\nError: No such volume: nosuch\n"},
		{"docker network create --subnet abc x; echo $?", "Error response from daemon: Invalid subnet abc : invalid CIDR address: abc\n1\n"},
		{"docker network create --subnet 10.9.0.0/24 --gateway abc x", "no matching subnet for gateway abc\n"},
		{"docker network create --subnet abc --label a=b --ip-range 10.0.0.0/8 x", "Invalid subnet <nil> : invalid CIDR address: abc\n"},
		{"docker network create --subnet 10.9.0.0/24 --ip-range 10.9.0.128/20 x >/dev/null; docker network inspect -f '{{(index .IPAM.Config 0).IPRange}}' x", "10.9.0.128/20\n"},
		{"docker network connect --ip 1.2.3 x web", "Error response from daemon: Invalid IPv4 address: 1.2.3)\n"},
		{"docker run -d --network x --ip abc busybox", "docker: Error response from daemon: invalid IPv4 address: abc.\nSee 'docker run --help'.\n"},
		{"docker info | grep -E '^ (Version|Registry|Labels|Experimental)'", " Registry: https://index.docker.io/v1/\n Labels:\n Experimental: false\n"},
		{"docker version | sed -n '2,3p;8,9p'", " Version:           20.10.24+dfsg1\n API version:       1.41\n Context:           default\n Experimental:      true\n"},
	} {
		if got := b.run(c.line); got != c.out {
			t.Errorf("%s\ngot  %q\nwant %q", c.line, got, c.out)
		}
	}
}
