package scenarios

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"dnetsim/engine/cli"
)

const threeMore = `
lan: {subnet: 10.0.0.0/24}
hosts:
  bdc01: {address: 10.0.0.11}
  bdc02: {address: 10.0.0.12}
  bdc03: {address: 10.0.0.13}
steps:
`

// saying is a line that somebody types on a host, and what it prints: parts of it in
// their order, each a regular expression in which a dot is any character.
type saying struct {
	line string
	says []string
}

// says types lines on three hosts of an engine.
func says(t *testing.T, engine string, all []saying) {
	t.Helper()
	saysWith(t, engine, "", all)
}

// saysWith is says with more keys of the scenario.
func saysWith(t *testing.T, engine, keys string, all []saying) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "engine: %q\n%s%s", engine, keys, threeMore)
	for _, x := range all {
		fmt.Fprintf(&b, "  - {run: %q, expect: {exit: any}}\n", x.line)
	}
	s, err := Read("test.yaml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	r := Run(s, Options{Docker: cli.Program})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	for i, x := range all {
		got := r.Steps[i].Stdout + r.Steps[i].Stderr
		rest := got
		for _, want := range x.says {
			no := strings.HasPrefix(want, "!")
			at := regexp.MustCompile("(?s)" + strings.TrimPrefix(want, "!")).FindStringIndex(rest)
			switch {
			case no && at != nil:
				t.Errorf("engine %s: %s says\n%sand should not say %s", engine, x.line, got, want[1:])
			case !no && at == nil:
				t.Errorf("engine %s: %s says\n%sbut not %s", engine, x.line, got, want)
			case at != nil:
				rest = rest[at[1]:]
			}
		}
	}
}

// join is what somebody types on another host than the first one, with the role.
func join(role string) string {
	return "docker swarm join --token $(ssh bdc01 docker swarm join-token -q " + role + ") 10.0.0.11:2377"
}

func TestASwarmBeginsAndEnds(t *testing.T) {
	for _, engine := range Engines {
		says(t, engine, []saying{
			{"bdc01$ docker node ls", []string{`This node is not a swarm manager. Use "docker swarm init" or "docker swarm join"`}},
			{"bdc01$ docker swarm leave", []string{"This node is not part of a swarm"}},
			{"bdc01$ docker swarm init --advertise-addr nosuch0", []string{"advertise address must be a non-zero IP address or network interface"}},
			{"bdc01$ docker swarm init", []string{`Swarm initialized: current node \([0-9a-z]{25}\) is now a manager.`, `docker swarm join --token SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25} 10.0.0.11:2377`}},
			{"bdc01$ docker swarm init", []string{"This node is already part of a swarm"}},
			{"bdc02$ docker swarm join --token SWMTKN-1-bogus 10.0.0.11:2377", []string{"invalid join token"}},
			{"bdc02$ " + join("worker"), []string{"This node joined a swarm as a worker."}},
			{"bdc01$ ss -Hlnt sport = 2377; ss -Hnt sport = 2377", []string{`LISTEN[^\n]*:2377 `, `ESTAB .*10.0.0.11\]:2377 .*10.0.0.12`}},
			{"bdc01$ docker node ls", []string{`\* +bdc01 +Ready +Active +Leader`, `bdc02 +Ready +Active`}},
			{"bdc02$ docker node ls", []string{"Worker nodes can't be used to view or modify cluster state"}},
			{"bdc02$ docker info 2>/dev/null", []string{`Swarm: active\n  NodeID: [0-9a-z]{25}\n  Is Manager: false\n  Node Address: 10.0.0.12\n  Manager Addresses:\n   10.0.0.11:2377`}},
			{"bdc01$ docker swarm join-token -q worker > old; docker swarm join-token --rotate -q worker > new", nil},
			{"bdc03$ docker swarm join --token $(ssh bdc01 cat old) 10.0.0.11:2377", []string{"A valid join token is necessary to join this cluster"}},
			{"bdc03$ docker swarm join --token $(ssh bdc01 cat new | sed 's/-1-./-1-0/') 10.0.0.11:2377", []string{"remote CA does not match fingerprint. Expected: "}},
			{"bdc03$ docker info 2>/dev/null", []string{"Swarm: inactive"}},
			{"bdc01$ docker node rm bdc02", []string{"is not down and can't be removed"}},
			{"bdc01$ docker node demote bdc01", []string{"attempting to demote the last manager of the swarm"}},
			{"bdc02$ docker swarm leave", []string{"Node left the swarm."}},
			{"bdc01$ docker node ls", []string{"bdc02 +Ready"}},
			{"bdc01$ sleep 20; docker node ls; docker node rm bdc02; docker node ls -q | wc -l", []string{"bdc02 +Down", "\n1\n"}},
			{"bdc01$ docker swarm leave", []string{"Removing the last manager erases all current state of the swarm"}},
			{"bdc01$ docker swarm leave -f; ss -Hlnt sport = 2377; ls /var/lib/docker/swarm", []string{"Node left the swarm.", "!2377", "No such file"}},
		})
	}
}

func TestASwarmsPoolsAreShown(t *testing.T) {
	const info = "docker info 2>/dev/null | grep -A1 Pool; docker network inspect -f '{{.IPAM.Config}}' ingress"
	says(t, "20.10", []saying{{"bdc01$ docker swarm init; " + info, []string{"Default Address Pool: 10.0.0.0/8 +\n  SubnetSize: 24", "10.0.0.0/24"}}})
	says(t, "29", []saying{
		{"bdc01$ docker swarm init; " + info, []string{"!Pool", "10.0.0.0/24"}},
		{"bdc02$ docker swarm init --default-addr-pool 10.20.0.0/16; " + info, []string{"Default Address Pool: 10.20.0.0/16", "10.20.0.0/24"}},
	})
}

func TestAManagerCountsTheAddressesOfTheWholeSwarm(t *testing.T) {
	const status = "docker network inspect -f '{{json .Status}}' o1"
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc02$ " + join("worker"), nil},
		{"bdc01$ docker network create -d overlay --attachable --subnet 10.9.0.0/24 --ip-range 10.9.0.128/25 o1; " + status, []string{`"10.9.0.0/24":{"IPsInUse":3,"DynamicIPsAvailable":127}`}},
		{"bdc01$ docker run -d --name c1 --network o1 busybox sleep 100", nil},
		{"bdc02$ docker run -d --name c2 --network o1 busybox sleep 100; " + status, []string{`"IPsInUse":5,`}},
		{"bdc01$ " + status, []string{`"IPsInUse":7,"DynamicIPsAvailable":123`}},
		{"bdc01$ docker network create -d overlay --subnet 10.0.0.0/24 lan; docker network inspect lan", []string{`"Driver": "",`, `"Driver": "",`, `"Config": null`, `"Options": null,\n +"Labels": null,\n +"Containers": {}\n`}},
	})
}

// --ipv6 is the managers' to know, whether they find addresses or not. 29's cannot give a
// subnet of IPv6 to a network of a swarm (moby#52469); 20.10's give it, and a node cannot set
// up the network, for its own address there is asked for as one of IPv4 (moby#43615).
func TestANetworkOfASwarmMayAskForIPv6(t *testing.T) {
	const run = "docker run --rm --network o6 busybox true"
	const late = "attaching to network failed, make sure your network options are correct and check manager logs: context deadline exceeded"
	for _, engine := range Engines {
		says(t, engine, []saying{
			{"bdc01$ docker swarm init", nil},
			{"bdc01$ docker network create -d overlay --attachable --ipv6 o1; docker network inspect -f '{{.EnableIPv6}} {{.IPAM.Config}}' o1", []string{`true .*10.0.1.0/24`}},
			{"bdc01$ docker network create -d overlay --attachable o2; docker network inspect -f '{{.EnableIPv6}}' o2", []string{`false`}},
			{"bdc01$ docker network create -d overlay --attachable --ipv6 --subnet 2001:db8:4::/64 o6; docker network inspect o6", []string{`"EnableIPv6": true`}},
			{"bdc01$ " + run, []string{late}},
		})
	}
	says(t, "29", []saying{
		{"bdc01$ docker swarm init; docker network create -d overlay --attachable --ipv6 --subnet 172.16.4.0/24 --subnet 2001:db8:4::/64 o6; docker network inspect o6", []string{`"Driver": "",`, `"Driver": "",`}},
		{"bdc01$ " + run, []string{late}},
		{"bdc01$ journalctl -u docker | grep -i alloc", []string{
			`msg="Failed allocation for network ([0-9a-z]{25})" error="failed allocating pools and gateway IP for network [0-9a-z]{25}: cannot find address pool for poolID:2001:db8:4::/64/invalid Prefix" module=node`,
			`msg="task allocation failure" error="network [0-9a-z]{25} attached to task [0-9a-z]{25} not allocated yet" module=node`,
		}},
	})
	const invalid = `Invalid address 2001:db8:4::\d+: It does not belong to any of this network's subnets`
	says(t, "20.10", []saying{
		{"bdc01$ docker swarm init; docker network create -d overlay --attachable --ipv6 --subnet 2001:db8:4::/64 o6; docker network inspect o6", []string{`"Subnet": "2001:db8:4::/64",`, `"Gateway": "2001:db8:4::1"`, `"com.docker.network.driver.overlay.vxlanid_list": "4097"`}},
		{"bdc01$ " + run, []string{late}},
		{"bdc01$ journalctl -u docker | grep fatal", []string{`level=error msg="fatal task error" error="` + invalid + `" module=node/agent/taskmanager node.id=[0-9a-z]{25} service.id= task.id=[0-9a-z]{25}`}},
		{"bdc01$ docker service create -d -q --name web --network o6 busybox sleep 1000; sleep 3; docker service ps --no-trunc web", []string{`Rejected .*"` + invalid + `"`}},
	})
}

// Certificates are judged by the clock of who looks: the root's begins five minutes before
// the swarm, a node's an hour before it is issued, and lasts ninety days.
func TestCertificatesAreJudgedByOnesOwnClock(t *testing.T) {
	const now = "date -s @$(ssh bdc01 date +%s)"
	for engine, words := range map[string]string{"20.10": "", "29": "tls: failed to verify certificate: "} { // Go 1.19's, and 1.26's
		says(t, engine, []saying{
			{"bdc01$ docker swarm init", nil},
			{"bdc02$ date -s '-4 minutes'", nil},
			{"bdc02$ " + join("worker"), []string{"This node joined a swarm as a worker."}},
			{"bdc03$ date -s '-6 minutes'; time " + join("worker"), []string{`error while validating Root CA Certificate: x509: certificate has expired or is not yet valid: current time \S+ is before 2026-01-05T07:55:00Z`, "real\t0m10"}},
			{"bdc03$ date -s '+100 days'; " + join("worker"), []string{`transport: authentication handshake failed: ` + words + `x509: certificate has expired or is not yet valid: current time 2026-04-15T\S+ is after 2026-04-05T08:00:00Z`}},
			{"bdc01$ docker node ls -q | wc -l; date -s '+3 hours'", []string{"^2\n"}},
			{"bdc03$ date -s '-100 days'; date -s '+6 minutes'; " + join("worker"), []string{`certificate \(1 - [0-9a-z]{25}\) not valid before Mon, 05 Jan 2026 10:0\d:00 UTC, and it is currently Mon, 05 Jan 2026 08:0\d:\d\d UTC: x509: certificate has expired or is not yet valid:`}},
			{"bdc01$ docker node ls", []string{`[0-9a-z]{25} +Unknown +Active`}},
			{"bdc03$ " + now + "; " + join("worker"), []string{"This node joined a swarm as a worker."}},
			{"bdc02$ date -s '+100 days'; systemctl restart docker; sleep 2; docker info 2>/dev/null", []string{`Swarm: error\n.*Error: error while loading TLS certificate in /var/lib/docker/swarm/certificates/swarm-node.crt: certificate \(1 - .*not valid after Sun, 05 Apr 2026`}},
			{"bdc02$ " + now + "; systemctl restart docker; sleep 5; docker info 2>/dev/null", []string{"Swarm: active"}},
		})
	}
}

func TestAJoinWaitsForItsManager(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init; iptables -I INPUT -p tcp --dport 2377 -j DROP", nil},
		{"bdc02$ time " + join("worker"), []string{"Timeout was reached before node joined", "real\t0m20"}},
		{"bdc02$ docker info 2>/dev/null", []string{`Swarm: pending\n  NodeID: \n  Is Manager: false`}},
		{"bdc02$ " + join("worker"), []string{"This node is already part of a swarm"}},
		{"bdc01$ iptables -F INPUT; sleep 15; docker node ls", []string{"bdc02 +Ready"}},
		{"bdc01$ iptables -I INPUT -p tcp --dport 2377 -j DROP; sleep 25; docker node ls", []string{"bdc02 +Down"}},
		{"bdc01$ iptables -F INPUT; sleep 15; docker node ls", []string{"bdc02 +Ready"}},
		{"bdc02$ systemctl restart docker", nil},
		{"bdc01$ systemctl restart docker; sleep 15; docker node ls", []string{"bdc01 +Ready +Active +Leader", "bdc02 +Ready"}},
		{"bdc01$ systemctl stop docker; rm -r /var/lib/docker/swarm; systemctl start docker; docker info", []string{"Swarm: inactive"}},
	})
}

func TestASwarmsNetworksAreMadeByManagers(t *testing.T) {
	for engine, refusal := range map[string]string{"20.10": "Cannot create a multi-host network from a worker node", "29": "This node is not a swarm manager"} {
		next := map[string]string{"20.10": "10.20.0.128/26", "29": "10.20.0.64/26"}[engine] // behind the last one, or the lowest that is free
		says(t, engine, []saying{
			{"bdc01$ docker network create -d overlay early", []string{"This node is not a swarm manager"}},
			{"bdc01$ docker swarm init --default-addr-pool 10.20.0.0/16 --default-addr-pool-mask-length 26", nil},
			{"bdc02$ " + join("worker"), nil},
			{"bdc02$ docker network create -d overlay o1", []string{refusal}},
			{"bdc01$ docker network create -d overlay --attachable o1; docker network create -d overlay o1", []string{`^[0-9a-z]{25}\n`, "network with name o1 already exists|network o1 already exists"}},
			{"bdc01$ docker network inspect -f '{{.Scope}} {{.IPAM.Config}} {{.Options}}' ingress o1", []string{`swarm .*10.20.0.0/26.*10.20.0.1.*vxlanid_list:4096`, `swarm .*10.20.0.64/26.*10.20.0.65.*vxlanid_list:4097`}},
			{"bdc01$ docker network rm o1; docker network create -d overlay o2; docker network inspect -f '{{.IPAM.Config}} {{.Options}}' o2", []string{next + `.*vxlanid_list:4098`}},
			{"bdc02$ docker network ls", []string{"!o2"}},
			{"bdc01$ docker network create -d overlay --subnet 10.20.0.0/24 clash; docker network create -d overlay --ingress again", []string{"[0-9a-z]{25}", "code = AlreadyExists desc = ingress network .* is already present"}},
			{"bdc01$ docker network create -d overlay --subnet 10.9.0.0/24 --gateway 10.8.0.1 bad", []string{"does not contain gateway|no matching subnet"}},
			{"bdc01$ docker run -d --name c1 --network o2 busybox", []string{"Could not attach to network o2: rpc error: code = PermissionDenied desc = network o2 not manually attachable"}},
			{"bdc02$ docker run -d --name c1 --network none1 busybox", []string{"Could not attach to network none1: rpc error: code = NotFound desc = network none1 not found"}},
		})
	}
}

func TestManagersAgreeAndDoWithoutOne(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc02$ " + join("manager"), []string{"This node joined a swarm as a manager."}},
		{"bdc03$ " + join("worker"), nil},
		{"bdc01$ docker node promote bdc03; sleep 5; docker node ls", []string{"Node bdc03 promoted to a manager", "bdc01 +Ready +Active +Leader", "bdc02 +Ready +Active +Reachable", "bdc03 +Ready +Active +Reachable"}},
		{"bdc02$ docker node ls; docker network create -d overlay made-by-2", []string{`\* +bdc02`, "[0-9a-z]{25}\n$"}},
		{"bdc01$ docker network ls; docker swarm leave", []string{"made-by-2", "The only way to restore a swarm"}},
		{"bdc01$ systemctl stop docker", nil},
		{"bdc02$ sleep 40; docker node ls; docker network ls", []string{"bdc01 +(Unknown|Down) +Active +Unreachable", "(Leader|Reachable)", "made-by-2"}},
		{"bdc03$ systemctl stop docker", nil},
		{"bdc02$ sleep 25; docker node ls; docker info", []string{"Error: rpc error", "The swarm does not have a leader. It's possible that too few managers are online"}},
		{"bdc01$ systemctl start docker; sleep 30; docker node ls", []string{"bdc01 +Ready +Active +(Leader|Reachable)", "bdc02 +Ready +Active +(Leader|Reachable)", "bdc03 +(Down|Unknown) +Active +Unreachable"}},
		{"bdc03$ systemctl start docker; sleep 15; docker node ls", []string{"bdc03 +Ready +Active +Reachable"}},
		{"bdc02$ docker node demote bdc01; sleep 8; docker node ls", []string{"Manager bdc01 demoted", `bdc01 +Ready +Active +29`}},
		{"bdc01$ docker node ls; ss -Hlnt sport = 2377", []string{"Worker nodes can't be used to view", "!LISTEN"}},
		{"bdc02$ docker node demote bdc03; sleep 8; docker node demote bdc02; docker node ls", []string{"bdc02 +Ready +Active +Leader", "attempting to demote the last manager of the swarm"}},
	})
}

func TestALockedManagerWaitsForItsKey(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init --autolock", []string{"Swarm initialized", "docker swarm unlock", "SWMKEY-1-"}},
		{"bdc01$ docker swarm unlock-key -q > key; cat key", []string{"SWMKEY-1-"}},
		{"bdc01$ systemctl restart docker; docker node ls; docker info", []string{"Swarm: locked", "Swarm is encrypted and needs to be unlocked before it can be used"}},
		{"bdc01$ echo SWMKEY-1-x | docker swarm unlock", []string{"invalid key provided"}},
		{"bdc01$ cat key | docker swarm unlock; docker node ls", []string{"bdc01 +Ready +Active +Leader"}},
		{"bdc01$ docker swarm update --autolock=false; systemctl restart docker; sleep 2; docker node ls", []string{"Swarm updated.", "bdc01 +Ready +Active +Leader"}},
	})
}

func TestCertificatesAreRenewed(t *testing.T) {
	const cert = "/var/lib/docker/swarm/certificates/swarm-node.crt"
	says(t, "29", []saying{
		{"bdc01$ docker swarm init --cert-expiry 30m", []string{"minimum certificate expiry time is: 1h0m0s"}},
		{"bdc01$ docker swarm init --cert-expiry 1h", nil},
		{"bdc02$ " + join("worker") + "; cp " + cert + " before", nil},
		{"bdc02$ sleep 1500; cmp before " + cert + " && echo same; sleep 900; cmp -s before " + cert + " || echo another", []string{"same\nanother"}},
		{"bdc01$ docker node ls", []string{"bdc02 +Ready"}},
	})
}

// A manager's folder is what the manager is (Docker's documentation, "Back up the swarm"): on
// another host the swarm goes on with it, locked if it was, and the first manager's own
// engine finds what somebody has put back.
func TestAManagersFolderIsABackup(t *testing.T) {
	const move = "systemctl stop docker; rm -rf /var/lib/docker/swarm; ssh bdc01 cat b.tar | tar -C /var/lib/docker -xf -; systemctl start docker; sleep 1; "
	for _, engine := range Engines {
		says(t, engine, []saying{
			{"bdc01$ docker swarm init; docker network create -d overlay o1; docker service create -d -q --name web --network o1 busybox sleep 1000; sleep 5; docker service ls", []string{"web .*1/1"}},
			{"bdc01$ systemctl stop docker; tar -C /var/lib/docker -cf b.tar swarm; systemctl start docker; sleep 1; docker service rm web; docker network rm o1", nil},
			{"bdc03$ " + move + "docker swarm init --force-new-cluster --advertise-addr 10.0.0.13; sleep 20; docker node ls; docker service ls", []string{"bdc03 +Ready +Active +Leader", "web .*1/1"}},
			{"bdc03$ docker swarm join-token -q worker; ssh bdc01 docker swarm join-token -q worker", []string{`^(SWMTKN-\S+)\n`}},
			{"bdc02$ docker swarm join --token $(ssh bdc03 docker swarm join-token -q worker) 10.0.0.13:2377; ssh bdc03 docker node ls", []string{"bdc02 +Ready"}},
			{"bdc01$ " + strings.Replace(move, "ssh bdc01 cat", "cat", 1) + "sleep 10; docker service ls", []string{"web .*1/1"}},
			{"bdc01$ docker swarm update --autolock > key; sleep 2; systemctl stop docker; tar -C /var/lib/docker -cf b.tar swarm", nil},
			{"bdc02$ docker swarm leave; " + move + "docker node ls", []string{"Swarm is encrypted and needs to be unlocked"}},
			{"bdc02$ ssh bdc01 cat key | grep SWMKEY | docker swarm unlock; docker info | grep -A2 Swarm", []string{"Swarm: active"}},
		})
	}
}

// What a swarm refuses, in the engine's words.
func TestASwarmRefuses(t *testing.T) {
	const already = `This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.`
	const token = "rpc error: code = InvalidArgument desc = A valid join token is necessary to join this cluster"
	for _, engine := range Engines {
		says(t, engine, []saying{
			{"bdc01$ docker swarm init --advertise-addr nosuch0 || docker swarm init --listen-addr 10.0.0.77", []string{"advertise address must be a non-zero IP address or network interface", "listen tcp 10.0.0.77:2377: bind: cannot assign requested address"}},
			{"bdc01$ docker swarm init; docker swarm init", []string{already}},
			{"bdc02$ docker swarm join 10.0.0.11:2377; docker swarm join --token nonsense 10.0.0.11:2377", []string{token, "response from daemon: invalid join token"}},
			{"bdc02$ T=$(ssh bdc01 docker swarm join-token -q worker); ssh bdc01 docker swarm join-token --rotate -q worker; docker swarm join --token $T 10.0.0.11:2377", []string{token}},
			{"bdc02$ docker swarm join --token SWMTKN-1-24zdvmvi48nwpqvacsmnyk2ppk5pwy3p7801l17k1ia7n10055-7v1e87eb5pycih3rkjtdb6720 10.0.0.11:2377", []string{"remote CA does not match fingerprint. Expected: [0-9a-f]{64}"}},
			{"bdc02$ " + join("worker"), nil},
			{"bdc03$ " + join("manager"), nil},
			{"bdc01$ docker node rm bdc02; docker node rm bdc03", []string{"code = FailedPrecondition desc = node [0-9a-z]{25} is not down and can't be removed", "is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal"}},
			{"bdc01$ docker network create -d overlay --attachable o1; docker run -d --network o1 busybox sleep 1000; docker network rm o1", []string{"code = FailedPrecondition desc = network [0-9a-z]{25} is in use by task [0-9a-z]{25}"}},
			// The leader knows at once that the other is gone, and cannot note it.
			{"bdc01$ ssh bdc03 systemctl stop docker; sleep 3; docker node ls; docker node demote bdc01", []string{"bdc03 .* Unreachable", "code = FailedPrecondition desc = can't remove member from the raft: this would result in a loss of quorum"}},
		})
	}
}

// A task whose image is nowhere is rejected, and another takes its place.
func TestATaskWithoutAnImageIsRejected(t *testing.T) {
	for _, engine := range Engines {
		saysWith(t, engine, "strict-images: true\n", []saying{
			{"bdc01$ docker swarm init; docker service create -d -q --name web nosuch:1; sleep 12; docker service ps web", []string{`web.1 +nosuch:1 +bdc01 +Ready +Rejected [^\n]*"No such image: nosuch:1"`, "Shutdown +Rejected", "Shutdown +Rejected"}},
			{"bdc01$ docker service ls; journalctl -u docker", []string{"web +replicated +0/1", `level=error msg="pulling image failed" error="[^"]*nosuch[^"]*" module=node/agent/taskmanager node.id=[0-9a-z]{25} service.id=[0-9a-z]{25} task.id=[0-9a-z]{25}\n`, `level=error msg="fatal task error" error="No such image: nosuch:1"`}},
		})
	}
}

// A stack file is refused in the words of the release's schema.
func TestAStackFileIsRefused(t *testing.T) {
	for engine, words := range map[string][]string{
		"20.10": {`\nservices.web Additional property nosuch is not allowed\n`, `\(root\) Additional property foo is not allowed\n`, `services.web.deploy.replicas must be a integer\n`},
		"29":    {`\nservices.web: additional property 'nosuch' is not allowed\n`, `\(root\): additional property 'foo' is not allowed\n`, `services.web.deploy.replicas: must be an integer\n`},
	} {
		const deploy = ` > s.yml; docker stack deploy -c s.yml s; `
		says(t, engine, []saying{{"bdc01$ docker swarm init; printf 'version: \"3\"\nservices:\n  web:\n    image: busybox\n    nosuch: 1\n'" + deploy +
			"printf 'version: \"3\"\nfoo: 1\n'" + deploy + "printf 'version: \"3\"\nservices:\n  web:\n    image: busybox\n    deploy:\n      replicas: x\n'" + deploy, words}})
	}
}
