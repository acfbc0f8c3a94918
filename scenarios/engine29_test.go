package scenarios

import (
	"fmt"
	"strings"
	"testing"
)

// What the API could not do is in dockerd's log, by the router's own name of the path and in
// fields; what a client did wrong is not.
func TestTheLogNamesTheRouteThatFailed(t *testing.T) {
	lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	last := func(command string) string {
		lab.Output("bdc01", command)
		h, _ := lab.Host("bdc01")
		log := h.Daemon.Journal.Lines()
		_, text, _ := strings.Cut(log[len(log)-1].Text, " ")
		return text
	}
	for _, c := range []struct{ command, want string }{
		{"docker node ls", `level=error msg="Handler for GET /nodes returned error" error-response="This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." method=GET module=api request-url=/v1.56/nodes status=503 vars="map[version:1.56]"`},
		{"docker service inspect web", `msg="Handler for GET /services/{id} returned error"`},
		{"docker swarm leave", `level=error msg="Handler for POST /swarm/leave returned error" error-response="This node is not part of a swarm" method=POST module=api request-url=/v1.56/swarm/leave status=503 vars="map[version:1.56]"`},
		{"docker run -d --name vv -p 10.9.9.9:80:80 busybox sleep 9", `msg="Handler for POST /containers/{name:.*}/start returned error" error-response="failed to set up container networking: driver failed programming external connectivity on endpoint vv`},
		{"docker network create -d macvlan -o parent=nope mm", `msg="Handler for POST /networks/create returned error"`},
	} {
		if got := last(c.command); !strings.Contains(got, c.want) {
			t.Errorf("%s\n%s\nwant %s", c.command, got, c.want)
		}
	}
	if got := last("docker inspect nosuch"); strings.Contains(got, "nosuch") {
		t.Errorf("what is not there was logged: %s", got)
	}
}

// A connection of UDP that somebody keeps alive began before its port was published: the
// engine forgets it, so that its next datagram meets the new rules.
func TestAnOldFlowOfUDPMeetsANewPort(t *testing.T) {
	lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	flows := func() string {
		_, out, _ := lab.Output("bdc01", "conntrack -L -p udp 2>/dev/null | grep -c dport=8053")
		return strings.TrimSpace(out)
	}
	lab.Output("bdc02", "echo x | nc -u -w 1 -p 5555 10.0.0.11 8053")
	if got := flows(); got != "1" {
		t.Fatalf("%s flows to a port that nobody has", got)
	}
	lab.Output("bdc01", "docker run -d --name uu -p 8053:53/udp busybox sleep 1000")
	if got := flows(); got != "0" {
		t.Errorf("%s flows from before are left", got)
	}
	lab.Output("bdc02", "echo x | nc -u -w 1 -p 5555 10.0.0.11 8053")
	if _, out, _ := lab.Output("bdc01", "conntrack -L -p udp 2>/dev/null"); !strings.Contains(out, "src=172.17.0.2") {
		t.Errorf("the next datagram was not translated: %s", out)
	}
}

// A port of SCTP needs a socket of the host, which no kernel here has.
func TestAPortOfSCTPIsRefusedByTheKernel(t *testing.T) {
	lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	exit, out, _ := lab.Output("bdc01", "docker run -d --name ss -p 7000:80/sctp busybox sleep 9 2>&1")
	if want := "failed to create socket for 0.0.0.0:7000/sctp: protocol not supported"; exit != 125 || !strings.Contains(out, want) {
		t.Errorf("exit %d, %s\nwant 125, %s", exit, out, want)
	}
	h, _ := lab.Host("bdc01")
	found := false
	for _, l := range h.Daemon.Journal.Lines() {
		found = found || strings.Contains(l.Text, `level=warning msg="Failed to allocate port" error="failed to create socket`)
	}
	if !found {
		t.Error("the log does not tell which port could not be had")
	}
}

// What docker says on a host of 29, line by line of what was typed.
func TestWordsOf29(t *testing.T) {
	lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	for _, c := range []struct{ typed, want string }{
		{"docker run -d --name n1 --network bridge --network host busybox sleep 9", "failed to set up container networking: container sharing network namespace with another container or host cannot be connected to any other network"},
		{"docker run -d --name n2 --network none --network bridge busybox sleep 9", "container cannot be connected to multiple networks with one of the networks in private (none) mode"},
		{"docker network create --config-only --subnet 10.20.0.0/24 cfg; docker network create --config-from cfg made; docker network rm cfg", `error while removing network: configuration network "cfg" is in use`},
		{"docker network rm made; docker network rm cfg; docker network ls -q | wc -l", "3"},
		{"docker run -d --name n0 --mount type=bind,source=/nope,target=/x busybox sleep 9", `invalid mount config for type "bind": bind source path does not exist: /nope`},
		{"docker run -d --name n3 busybox sleep 100; docker volume create vv; docker system df", "Images          2         1"},
		{"docker system df", "Containers      3         1"},
		{"docker system df", "Local Volumes   1         0"},
		{"docker system df -v | grep -A3 '^Local Volumes'", "vv            0         0B"},
	} {
		if _, out, _ := lab.Output("bdc01", "{ "+c.typed+"; } 2>&1"); !strings.Contains(out, c.want) {
			t.Errorf("%s\n%s\nwant %s", c.typed, out, c.want)
		}
	}
}

// docker looks for a service's flags by their types when it updates one.
func TestAServicesVariablesAreUpdated(t *testing.T) {
	lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	_, out, err := lab.Output("bdc01", "docker swarm init --advertise-addr 10.0.0.11 >/dev/null; docker service create -q -d --name cc --no-resolve-image busybox sleep 1000;"+
		"export X=y; docker service update -q -d --env-add A=b --env-add X --mount-add type=volume,source=vv,target=/x --log-opt max-size=1m cc;"+
		"docker service inspect -f '{{json .Spec.TaskTemplate.ContainerSpec.Env}}' cc; docker service create -q -d --name jj --mode replicated-job --no-resolve-image busybox true; sleep 3; docker service ls")
	if !strings.Contains(out, "0/1 (1/1 completed)") {
		t.Errorf("a job is not listed: %s", out)
	}
	if err != nil || !strings.Contains(out, `["A=b","X=y"]`) {
		t.Errorf("%v %s", err, out)
	}
}

// Ages are by the simulated host's clock, also that of a service's update.
func TestTheAgeOfAnUpdate(t *testing.T) {
	lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
	defer lab.Close()
	_, out, _ := lab.Output("bdc01", "docker swarm init --advertise-addr 10.0.0.11 >/dev/null; docker service create -q -d --name cc --no-resolve-image busybox sleep 1000; sleep 2;"+
		"docker service update -q -d --env-add A=b cc; sleep 60; docker service inspect --pretty cc | grep -A3 UpdateStatus")
	if !strings.Contains(out, "About a minute ago") || strings.Contains(out, "months") {
		t.Errorf("%s", out)
	}
}
