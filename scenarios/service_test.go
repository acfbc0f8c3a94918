package scenarios

import "testing"

// An update whose tasks fail is rolled back as soon as one has failed, to tasks of what was
// before, one for each slot; those that it had not come to are right as they are (a real
// 20.10 shows the same).
func TestAFailedUpdateIsRolledBackToWhatWas(t *testing.T) {
	for _, engine := range []string{"20.10", "29"} {
		says(t, engine, []saying{
			{"bdc01$ docker swarm init; docker service create -d --no-resolve-image --replicas 3 --name w busybox sleep 1000; sleep 5", nil},
			{"bdc01$ docker service update --no-resolve-image --args \"sh -c 'sleep 0.2; false'\" --update-failure-action rollback --update-monitor 1s w", []string{
				"rollback: update rolled back due to failure or early termination of task [0-9a-z]{25}\n", `rolling back update: 3 out of 3 tasks\n(verify: Waiting 1 seconds[^\n]*\n)+verify: Service [^\n]*converged\n`,
			}},
			{"bdc01$ sleep 20; docker service ps -f desired-state=running --format '{{.Name}} {{.CurrentState}}' w", []string{`^w.1 Running [^\n]*\nw.2 Running [^\n]*\nw.3 Running [^\n]*\n$`}},
			{"bdc01$ docker service ps --format '{{.Name}} {{.Error}}' w", []string{`w.1 "task: non-zero exit \(1\)"`, `!w.3 "task: non-zero`}},
			{"bdc01$ docker service inspect --format '{{.UpdateStatus.State}} {{.Spec.TaskTemplate.ContainerSpec.Args}}' w", []string{`^rollback_completed \[sleep 1000\]\n$`}},
		})
	}
}

func TestServicesRunOnTheNodesOfASwarm(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc02$ " + join("worker"), nil},
		{"bdc01$ docker network create -d overlay --attachable --subnet 172.16.0.0/24 --gateway 172.16.0.254 app; docker run -itd --name c1 --network app busybox", nil},
		{"bdc01$ docker service create --name web --replicas 2 --network app --no-resolve-image nginx", []string{"overall progress: 0 out of 2 tasks\n1/2:  \n2/2:  \n", "overall progress: 2 out of 2 tasks\nverify: Waiting 5 seconds", "verify: Service [0-9a-z]{25} converged"}},
		{"bdc01$ docker service ls; docker service ps web", []string{"web +replicated +2/2", `web.1 [^\n]*Running +Running [0-9]+ seconds ago`, `web.2 [^\n]*Running +Running [0-9]+ seconds ago`}},
		{"bdc02$ docker ps", []string{`nginx:latest .* web.[12].[0-9a-z]{25}\n`}},
		{"bdc01$ docker exec c1 nslookup tasks.web", []string{"172.16.0.[45]\n.*172.16.0.[45]\n"}},
		{"bdc01$ docker network rm app", []string{"is in use by (service|task)"}},
		{"bdc01$ docker node update --availability drain bdc02; sleep 8; docker service ps web", []string{`bdc01 +Running`, `bdc02 +Shutdown +Shutdown`}},
		{"bdc01$ docker node update --availability active bdc02; docker service scale -d web=3; sleep 3; docker service ps -f desired-state=running web", []string{"bdc02 +Running"}},
		{"bdc01$ docker service update --no-resolve-image --image nginx:1.25 --update-parallelism 2 web", []string{"overall progress: 3 out of 3 tasks"}},
		{"bdc01$ docker service inspect -f '{{.UpdateStatus.State}} {{.Spec.TaskTemplate.ContainerSpec.Image}}' web; docker service rollback web", []string{"completed nginx:1.25", "rollback: manually requested rollback", "rolling back update: 3 out of 3"}},
		{"bdc01$ docker service ps -f desired-state=running web", []string{"nginx:latest", "nginx:latest", "nginx:latest"}},
		{"bdc01$ docker service rm web; sleep 3; docker ps -q | wc -l; docker service ls -q", []string{"web\n1\n$"}},
	})
}

func TestTasksEndAsTheirPolicySays(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc02$ " + join("worker"), nil},
		{"bdc01$ docker service create -d --name fail --restart-condition on-failure --restart-max-attempts 2 --restart-delay 2s --no-resolve-image busybox sh -c 'exit 3'; sleep 20; docker service ps fail | grep -c non-zero", []string{"\n3\n$"}},
		{"bdc01$ docker service create -d --name none --restart-condition none --no-resolve-image busybox true; sleep 9; docker service ps none", []string{"none.1 .*Shutdown +Complete", "!none.1"}},
		{"bdc01$ docker service create -d --name far --constraint node.hostname==nobody --no-resolve-image busybox; sleep 1; docker service ps --no-trunc far", []string{`Pending .*"no suitable node \(scheduling constraints not satisfied on 2 nodes\)"`}},
		{"bdc01$ docker service create -d --name near --mode global --constraint node.role==worker --no-resolve-image nginx; sleep 9; docker service ps near", []string{"near.[0-9a-z]{25} [^\n]*bdc02 +Running +Running", "!bdc01"}},
		{"bdc01$ docker service create --name job --mode replicated-job --replicas 2 --no-resolve-image busybox sleep 1; docker service ls -f name=job", []string{"job complete", `replicated job +0/2 \(2/2 completed\)`}},
		{"bdc01$ docker service create --name each --mode global-job --no-resolve-image busybox sleep 1; docker service ls -f name=each; docker service ps each", []string{"job complete", `global job +0/0 \(2/2 completed\)`, `each.[0-9a-z]+ [^\n]*Complete +Complete`, `each.[0-9a-z]+ [^\n]*Complete +Complete`, `!each`}},
		{"bdc01$ docker service create -d --name try --mode global-job --restart-condition on-failure --restart-delay 1s --restart-max-attempts 2 --no-resolve-image busybox sh -c 'exit 3'; sleep 20; docker service ps try | grep -c non-zero; docker service ls -f name=try", []string{`\n6\n`, `global job +0/0 \(0/0 completed\)`}},
		{"bdc02$ systemctl stop docker", nil},
		{"bdc01$ docker service create -d --name two --replicas 2 --no-resolve-image nginx; sleep 25; docker service ps two; docker node ls", []string{"two.1 [^\n]*bdc01 +Running +Running", "two.2 [^\n]*bdc01 +Running +Running", "bdc02 +Down"}},
		{"bdc01$ docker service create -d --name host -p mode=host,target=80,published=8082 --no-resolve-image nginx; sleep 5; docker service ps host; curl -s -o /dev/null -w '%{http_code}' http://10.0.0.11:8082/", []string{`\*:8082->80/tcp`, "200"}},
	})
}

func TestAVirtualAddressIsBalancedOnEveryNode(t *testing.T) {
	const sbox = "nsenter --net=/var/run/docker/netns/ingress_sbox "
	says(t, "29", []saying{
		{"bdc01$ docker swarm init --default-addr-pool 10.20.0.0/16", nil},
		{"bdc02$ " + join("worker"), nil},
		{"bdc01$ docker network create -d overlay --attachable app; docker run -itd --name c1 --network app busybox", nil},
		{"bdc01$ docker service create -q --name web --replicas 2 --network app -p 8080:80 --no-resolve-image busybox sh -c 'hostname > /var/www/index.html; exec httpd -f -p 80 -h /var/www'", nil},
		{"bdc01$ for i in 1 2 3 4; do docker exec c1 wget -T 3 -q -O - http://web/; done | sort | uniq -c", []string{"2 [0-9a-f]{12}\n +2 [0-9a-f]{12}\n$"}},
		{"bdc01$ docker exec c1 ping -c 1 web", []string{" 0% packet loss"}},
		{"bdc03$ for h in 11 12; do for i in 1 2; do curl -s http://10.0.0.$h:8080/; done; done | sort | uniq -c", []string{"2 [0-9a-f]{12}\n +2 [0-9a-f]{12}\n$"}},
		{"bdc01$ curl -s http://127.0.0.1:8080/; curl -s http://10.0.0.11:8080/", []string{"[0-9a-f]{12}\n[0-9a-f]{12}\n$"}},
		{"bdc01$ " + sbox + "ipvsadm -Ln; " + sbox + "iptables -t mangle -S", []string{`FWM  \d+ rr\n  -> 10.20.0.\d:0 +Masq    1 .*\n  -> 10.20.0.\d:0 +Masq    1 `, `-A PREROUTING -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x1\d\d/0xffffffff`, `-A INPUT -d 10.20.0.\d/32 -j MARK`}},
		{"bdc01$ iptables -t nat -S DOCKER-INGRESS; iptables -S DOCKER-INGRESS; ss -Hlnt sport = 8080", []string{`-p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080`, `-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j ACCEPT`, "LISTEN"}},
		{"bdc01$ docker service scale -d web=1; sleep 14; " + sbox + "ipvsadm -Ln | grep -c Masq", []string{"\n1\n$"}},
		{"bdc01$ docker service rm web; sleep 14; iptables-save | grep -c 8080; ss -Hlnt sport = 8080; " + sbox + "ipvsadm -Ln | grep -c FWM", []string{"web\n0\n0\n$"}},
		{"bdc03$ curl -s -m 3 http://10.0.0.11:8080/ || echo gone", []string{"gone"}},
	})
}

func TestSecretsAndConfigsAreInTheContainers(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc02$ " + join("worker"), nil},
		{"bdc01$ echo -n hush | docker secret create pw -; echo port=80 > conf; docker config create app conf; docker config create app conf", []string{`[0-9a-z]{25}\n[0-9a-z]{25}\n`, "config app already exists"}},
		{"bdc01$ docker secret ls; docker config inspect -f '{{json .Spec}}' app; docker secret inspect pw", []string{"pw .* seconds? ago", `"Data":"cG9ydD04MAo="`, `"Name": "pw"`, "!Data"}},
		{"bdc01$ docker service create -q --name web --secret pw --config source=app,target=/etc/app.conf --constraint node.hostname==bdc02 --no-resolve-image busybox sleep 1000", nil},
		{"bdc02$ docker exec $(docker ps -q) sh -c 'cat /run/secrets/pw /etc/app.conf; ls -l /run/secrets/pw'", []string{"hushport=80\n-r--r--r--"}},
		{"bdc01$ docker secret rm pw; docker config rm nosuch", []string{"secret 'pw' is in use by the following service: web", "nosuch"}},
		{"bdc01$ docker service rm web; docker secret rm pw; docker secret ls -q", []string{"web\npw\n$"}},
		{"bdc01$ docker secret create pw - <<< hush; docker config create --template-driver golang tmpl - <<< '{{.Node.Hostname}} {{env \"FOO\"}} {{secret \"pw\"}}'", nil},
		{"bdc01$ docker service create -q --name own --secret pw --config source=tmpl,target=/etc/x,uid=33,gid=44,mode=0440 --env FOO=bar-{{.Task.Slot}} --hostname '{{.Node.Hostname}}-{{.Service.Name}}' --mount source=v-{{.Task.Slot}},target=/data --constraint node.hostname==bdc02 busybox sleep 1000", nil},
		{"bdc02$ docker exec $(docker ps -q -f name=own) sh -c 'hostname; echo $FOO; ls -ln /etc/x; cat /etc/x'; docker volume ls -q", []string{"^bdc02-own\nbar-1\n-r--r----- +1 33 +44 .*\nbdc02 bar-1 hush\n\nv-1\n$"}},
		{"bdc01$ docker service create -q --name wrong --hostname '{{.Node.Hostnam}}' busybox", []string{"InvalidArgument desc = expanding hostname failed: template: expansion:1:7: executing .*can't evaluate field Hostnam"}},
		{"bdc01$ docker service create -q --name bad --secret gone --no-resolve-image busybox; docker secret create x nofile", []string{"secret not found: gone", "open nofile: no such file or directory"}},
	})
}

// A stack is what its Compose file, and the files that it names, say on the machine
// where it is deployed.
func TestAStackIsDeployedFromTheFilesOfItsHost(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc02$ " + join("worker"), nil},
		{`bdc01$ mkdir app; printf 'services:\n  web:\n    image: nginx:${TAG:-1.25}\n    env_file: web.env\n    environment: [B=own]\n    ports: ["8080:80"]\n    deploy: {replicas: 2}\n    secrets: [pw]\n  db: {image: redis, networks: [back]}\nnetworks: {back: }\nsecrets: {pw: {file: ./pw.txt}}\n' > app/web.yml`, nil},
		{"bdc01$ docker stack deploy -c app/web.yml shop; echo rc $?", []string{"rc 1", "open /root/app/web.env: no such file or directory"}},
		{`bdc01$ printf 'A=1\nB=2\nC=$x\nHOME\n' > app/web.env; docker stack deploy -c app/web.yml shop; echo rc $?`, []string{"Creating network shop_back\nCreating network shop_default\n", "rc 1", "open /root/app/pw.txt: no such file or directory"}},
		{"bdc01$ echo geheim > app/pw.txt; TAG=1.24 docker stack deploy -c app/web.yml shop", []string{"!Creating network", "Creating secret shop_pw\nCreating service shop_db\nCreating service shop_web\n", "Since --detach=false"}},
		{"bdc01$ sleep 15; docker stack ls; docker stack services shop; docker stack ps shop", []string{`shop +2\n`, `shop_web +replicated +2/2 +nginx:1.24 +\*:8080->80/tcp`, "shop_web.2 .*Running"}},
		{"bdc01$ docker exec $(docker ps -q -f name=shop_web | head -n 1) sh -c 'env | sort | grep -E \"^(A|B|C|HOME)=\"; cat /run/secrets/pw'", []string{"A=1\nB=own\nC=\\$x\nHOME=/root\ngeheim\n"}},
		{"bdc01$ docker stack config -c app/web.yml", []string{`image: nginx:1.25\n`, "file: /root/app/pw.txt"}},
		{"bdc01$ cd app; docker stack deploy -d -c - shop < web.yml; cd; sleep 25; docker stack services shop", []string{"Updating service shop_web", "nginx:1.25"}},
		{"bdc02$ docker stack ls; docker stack deploy -c app/web.yml x; echo rc $?", []string{"This node is not a swarm manager", "no such file"}},
		{`bdc01$ echo 'services: {a: {image: nginx, foo: 1}}' | docker stack deploy -c - x; echo 'services: {a: {image: "N N"}}' | docker stack deploy -c - x; docker stack deploy x`, []string{"additional property .foo. is not allowed", "invalid image reference for service a", "specify a Compose file"}},
		{"bdc01$ docker stack rm shop; sleep 15; docker network ls -q -f driver=overlay | wc -l; docker ps -q | wc -l", []string{"Removing service shop_db\nRemoving service shop_web\nRemoving secret shop_pw\nRemoving network shop_back\nRemoving network shop_default\n1\n0\n"}},
	})
}

// The logs of a service come from the nodes of its tasks, over the managers.
func TestLogsOfAServiceComeFromItsNodes(t *testing.T) {
	const web = "docker service create -d --name web --replicas 3 --no-resolve-image busybox sh -c 'i=0; while true; do i=$((i+1)); echo tick $i; echo oops >&2; sleep 5; done'"
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc02$ " + join("worker"), nil},
		{"bdc01$ " + web + "; sleep 13; docker service logs web 2>&1 | sort", []string{`web.1.\w+@bdc0\d +\| oops\n`, `web.1.\w+@bdc0\d +\| tick 1\n`, `web.1.\w+@bdc0\d +\| tick 2\n`, `web.2.\w+@bdc02 +\| tick 2\n`, `web.3.\w+@bdc0\d +\| tick 2\n`}},
		{"bdc01$ docker service logs --raw --tail 1 web | wc -l; docker service logs -t --tail 2 $(docker service ps -q web | head -n 1)", []string{`0\n2026-01-05T08:00:\S+Z web.1.\w+@bdc0\d +\| tick 3\n`, `web.1.\w+@bdc0\d +\| oops\n`, "!web.2"}},
		{"bdc01$ timeout 7 docker service logs -f --tail 0 web; docker service scale -d web=4; timeout 9 docker service logs -f --since 1s web", []string{`web.1.\w+@bdc0\d +\| tick 4\n`, `web.4.\w+@bdc0\d +\| tick 1\n`}},
		{"bdc02$ docker service logs web", []string{"This node is not a swarm manager"}},
		{"bdc01$ docker service logs nobody", []string{"no such task or service: nobody"}},
		{"bdc02$ systemctl stop docker", nil},
		{"bdc01$ sleep 1; docker service logs --tail 1 web; echo rc $?", []string{"rc 1\n", "Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. some logs could not be retrieved for the following reasons: node [0-9a-z]{25} is not available\n"}},
	})
}

func TestListsOfASwarmAreFiltered(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init --default-addr-pool 10.20.0.0/16", nil},
		{"bdc02$ echo '{\"labels\": [\"disk=ssd\"]}' > /etc/docker/daemon.json; systemctl restart docker; sleep 1; " + join("worker"), nil},
		{"bdc01$ for s in one two; do printf 'services: {web: {image: nginx}}' > $s.yaml; docker stack deploy -c $s.yaml $s; done; docker service create -d --name alone nginx; sleep 5", nil},
		{"bdc01$ docker stack ps --format '{{.Name}}' one", []string{"^one_web.1\n$"}},
		{"bdc01$ docker stack ps three", []string{"^nothing found in stack: three"}},
		{"bdc01$ docker node update --label-add a=b bdc02", nil},
		{"bdc01$ docker node ls --format '{{.Hostname}}' -f node.label=a=b; docker node ls -q -f node.label=a=c", []string{"^bdc02\n$"}},
		{"bdc01$ docker node ls --format '{{.Hostname}}' -f label=disk; docker node ls -q -f label=a", []string{"^bdc02\n$"}},
		{"bdc01$ docker node ls --format '{{.Hostname}}' -f membership=pending; docker node ls -q -f membership=accepted | wc -l", []string{"^2\n$"}},
		{"bdc01$ docker node ls -f role=boss", []string{"Invalid role filter: 'boss'"}},
		{"bdc01$ docker node ls -f membership=none", []string{"Invalid membership filter: 'none'"}},
		{"bdc01$ docker service ps -f desired-state=asleep alone", []string{"Invalid desired-state filter: 'asleep'"}},
	})
}

func TestManagersTellTheEventsOfTheirSwarm(t *testing.T) {
	events := func(more string) string {
		return "bdc01$ docker events --since 1h --until 0s --format '{{.Type}} {{.Action}} {{.Scope}} {{json .Actor.Attributes}}' " + more
	}
	says(t, "29", []saying{
		{"bdc01$ docker swarm init --default-addr-pool 10.20.0.0/16", nil},
		{"bdc02$ " + join("worker"), nil},
		{"bdc01$ docker network create -d overlay net; echo a | docker secret create sec -; echo b | docker config create cfg -", nil},
		{"bdc01$ docker service create -d --name web --network net nginx; sleep 5; docker service update -q --image nginx:1.25 --replicas 2 web", nil},
		{"bdc01$ docker node update --availability drain bdc02; docker node update --availability active bdc02; docker node promote bdc02; sleep 5", nil},
		{"bdc01$ docker service rm web; docker secret rm sec; docker config rm cfg; sleep 5; docker network rm net; sleep 1", nil},
		{events("-f type=service"), []string{
			`^service create swarm {"name":"web"}\n`,
			`service update swarm {"image.new":"nginx:1.25","image.old":"nginx:latest","name":"web","replicas.new":"2","replicas.old":"1"}\n`,
			`"updatestate.new":"updating"}`, `"updatestate.new":"completed","updatestate.old":"updating"}`,
			`service remove swarm {"name":"web"}\n$`,
		}},
		{events("-f node=bdc02"), []string{
			`"name":"bdc02","state.new":"ready","state.old":"unknown"}`, `"availability.new":"drain","availability.old":"active","name":"bdc02"}`,
			`"role.new":"manager","role.old":"worker"}`,
		}},
		{events("-f secret=sec -f event=remove"), []string{`^secret remove swarm {"name":"sec"}\n$`}},
		{events("-f config=cfg"), []string{`^config create swarm {"name":"cfg"}\nconfig remove swarm {"name":"cfg"}\n$`}},
		{events("-f scope=swarm -f type=network"), []string{`^network create swarm {"name":"net"}\n`, `network remove swarm {"name":"net"}\n$`}},
		{events("-f service=web") + " | wc -l; ssh bdc02 \"docker events --since 1h --until 0s -f scope=swarm -f type=service\"", []string{`service remove`}},
		{"bdc03$ docker events --since 1h --until 0s -f scope=swarm", []string{`^$`}},
	})
}

// A number without measure is refused before anybody counts to it.
func TestAServiceHasNotTasksWithoutEnd(t *testing.T) {
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc01$ docker service create -d --name many --replicas 99999999999 nginx", []string{"dnetsim simulates at most 5000 tasks of a service, not 99999999999"}},
		{"bdc01$ docker service create -d --name many --mode replicated-job --max-concurrent 4 --replicas 18446744073709551615 nginx", []string{"at most 5000 tasks of a service"}},
		{"bdc01$ docker service create -d -q --name many nginx; docker service scale -d many=9223372036854775808", []string{"many: .*at most 5000 tasks of a service, not 9223372036854775808"}},
		{"bdc01$ docker service ls", []string{"many +replicated +[01]/1"}},
	})
}

// What a service asks of its nodes is seen on the container of a task.
func TestATasksContainerIsInspected(t *testing.T) {
	const id = "$(docker ps -q)"
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc01$ docker service create -d -q --name web --cap-add NET_ADMIN --sysctl net.core.somaxconn=99 --dns 9.9.9.9 --host db:1.2.3.4 --read-only --init --limit-cpu 0.5 --limit-memory 64m --limit-pids 10 --mount source=vol,target=/v --mount type=tmpfs,target=/t -p mode=host,published=8080,target=80 nginx; sleep 5", nil},
		{"bdc01$ docker inspect -f '{{with .HostConfig}}{{.CapAdd}} {{.Sysctls}} {{.Dns}} {{.ExtraHosts}} {{.ReadonlyRootfs}} {{.Init}} {{.NanoCpus}} {{.Memory}} {{.PidsLimit}}{{end}}' " + id, []string{`^\[CAP_NET_ADMIN\] map\[net.core.somaxconn:99\] \[9.9.9.9\] \[db:1.2.3.4\] true true 500000000 67108864 10\n$`}},
		{"bdc01$ docker inspect -f '{{json .HostConfig.Mounts}} {{json .HostConfig.PortBindings}}' " + id, []string{`{"Type":"volume","Source":"vol","Target":"/v"}`, `"80/tcp":\[{"HostIp":"","HostPort":"8080"}\]`}},
		{"bdc01$ docker inspect -f '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.Mode}} {{.RW}}{{println}}{{end}}' " + id + "; docker ps --format '{{.Mounts}}'", []string{`^volume vol /v z true\ntmpfs +/t .*vol`}},
	})
}

// The networks that every node has of its own are there for services, too.
func TestAServiceRunsOnTheHostsNetwork(t *testing.T) {
	refused := map[string]string{
		"20.10": "container cannot be disconnected from host network or connected to host network",
		"29":    "cannot connect container to host network - container must be created in host network mode",
	}
	for _, engine := range Engines {
		says(t, engine, []saying{
			{"bdc01$ docker swarm init --default-addr-pool 10.20.0.0/16", nil},
			{"bdc02$ " + join("worker"), nil},
			{"bdc01$ docker network ls --format '{{.Name}} {{.Scope}}'", []string{`^bridge local\ndocker_gwbridge local\nhost local\ningress swarm\nnone local\n$`}},
			{"bdc01$ docker service create -q --name web --network host --mode global --no-resolve-image nginx; sleep 3", []string{`^[0-9a-z]{25}\n$`}},
			{"bdc03$ curl -s -o /dev/null -w '%{http_code}\\n' http://10.0.0.11/; curl -s -o /dev/null -w '%{http_code}\\n' http://10.0.0.12/", []string{`^200\n200\n$`}},
			{"bdc02$ docker inspect -f '{{.HostConfig.NetworkMode}} {{.Config.Hostname}} {{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{end}}' $(docker ps -q)", []string{`^host bdc02 host \n$`}},
			{"bdc01$ id=$(docker service inspect -f '{{range .Spec.TaskTemplate.Networks}}{{.Target}}{{end}}' web); docker network inspect -f '{{.Name}} {{.Driver}} {{.Scope}}' $id; docker service inspect --pretty web; docker network rm $id",
				[]string{`^host host swarm\n`, `network host \([0-9a-z]{25}\) is a swarm predefined network and cannot be removed`}},
			{"bdc01$ docker service ps --format '{{.Name}}' web | head -n 1 | grep -c web; docker network ls -q | wc -l; docker network inspect -f '{{.Scope}} {{len .Containers}}' host", []string{`^1\n5\nlocal 1\n$`}},
			{"bdc01$ docker service create -q --name br --network bridge --constraint node.hostname==bdc02 --no-resolve-image nginx; sleep 3", nil},
			{"bdc02$ docker inspect -f '{{.HostConfig.NetworkMode}} {{.NetworkSettings.Networks.bridge.IPAddress}}' $(docker ps -q -f name=br)", []string{`^bridge 172.17.0.2\n$`}},
			{"bdc01$ docker service create -q --name no --network none --no-resolve-image nginx", []string{"network none not found"}},
			{"bdc01$ docker service create -d -q --name both --network host -p 8080:80 --no-resolve-image nginx; sleep 3; docker service ps --no-trunc both", []string{refused[engine]}},
			{"bdc01$ docker service rm web br both; sleep 3; docker network ls --format '{{.Name}} {{.Scope}}'; docker network create -d overlay --label com.docker.swarm.predefined=true x", []string{`bridge local\ndocker_gwbridge local\nhost local\ningress swarm\nnone local\n`, "label com.docker.swarm.predefined is for internally created predefined networks"}},
		})
	}
}
