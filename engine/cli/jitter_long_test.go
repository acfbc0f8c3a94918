package cli

// startTicks starts two containers that print now and then.
const startTicks = "docker run -d --name c1 busybox sh -c 'while :; do echo tick; sleep 0.3; done' >/dev/null; docker run -d --name c2 busybox sh -c 'while :; do echo two; sleep 0.5; done' >/dev/null"

// longLines are groups of commands, each for a host of its own.
var longLines = [][]string{
	{startTicks,
		"for i in 0.3 0.6 1.2 1.5; do timeout -s INT $i docker logs -f c1 | tail -2; timeout $i docker exec c1 sh -c 'while :; do echo x; sleep 0.3; done' | tail -2; done",
		"docker logs -f c1 | head -1; docker logs c1 | head -1; docker logs -f c2 | head -2",
		"docker exec c1 sh -c 'while :; do echo x; echo y >&2; sleep 0.3; done' | head -3",
		"docker run --rm --name h busybox sh -c 'echo a; sleep 1; echo b; sleep 1; echo c' | head -1; docker ps -a",
		"docker attach --no-stdin c1 | head -2; docker attach --no-stdin --sig-proxy=false c2 | head -2",
		"docker events | head -2 & sleep 1; docker restart -t 0 c1; wait",
		"docker ps -a | head -1; docker images | head -1; docker info | head -2; docker stats --no-stream | head -1",
		"timeout 2 docker stats | head -3; timeout 2 docker stats c1 c2 | tail -3; timeout -s INT 1.5 docker stats c1",
	},
	{startTicks,
		"docker logs -f c1 & docker logs -f c2 & docker logs -f --tail 1 -t c1 | cut -c1-19 & sleep 2; docker rm -f c1 c2; wait",
		"docker run -d --name d1 busybox sleep 1 >/dev/null; docker run -d --name d2 busybox sleep 2 >/dev/null; docker run -d --name d3 busybox sh -c 'exit 3' >/dev/null; docker wait d1 d2 d3; docker wait d3 d2 d1",
		"docker start d1 d2; docker container wait d1 d2 nosuch; docker start d1; timeout 1 docker wait d1 d2; echo $?",
		"docker start d1; docker wait d1 & docker wait d1 & docker wait d1 & timeout 1 docker wait d1 & wait",
		"docker start -a d1; docker start -a d3; echo $?; docker start -a d1 d3; docker start -ai d3; echo $?",
		"docker start d2; docker stop d2 & docker kill d2 & docker rm -f d2 & docker wait d2 & docker logs -f d2 & docker attach d2 & wait",
		"docker create --name e1 --rm busybox sh -c 'echo hi; exit 2' >/dev/null; docker start -a e1; echo $?; docker ps -aq | wc -l",
		"docker create -i --name e2 --rm busybox sh -c 'cat; exit 2' >/dev/null; echo in | docker start -ai e2; echo $?; docker ps -aq | wc -l",
		"docker create -i --name e3 busybox cat >/dev/null; echo in | docker start -i e3; echo $?; (sleep 1; echo in2) | docker start -ai e3; echo x | docker attach e3; echo $?",
	},
	{startTicks,
		"timeout 3 docker events --filter type=container --filter event=die --format '{{.Action}} {{.Actor.Attributes.name}}' & timeout 3 docker events --filter container=c2 & timeout 3 docker events --format json | wc -l & sleep 1; docker restart -t 0 c1 c2; docker network create n1; docker network connect n1 c1; docker network disconnect n1 c1; docker run --rm busybox true; wait",
		"timeout 2 docker events --since 5m --until 1s | wc -l; docker events --since 5m --until 0s --filter event=start | wc -l",
		"docker cp c1:/etc/hostname - | tar t; docker cp c1:/etc /tmp/e; ls /tmp/e | head -3; docker cp /tmp/e c2:/tmp/; docker exec c2 ls /tmp/e | head -3; docker cp c1:/nosuch .; docker cp nosuch:/x .; tar c /etc/hostname | docker cp - c1:/tmp; docker exec c1 ls /tmp",
		"for i in 1 2 3; do docker cp c1:/etc /tmp/f$i & done; wait; ls /tmp",
		"mkdir b; printf 'FROM busybox\\nRUN echo a > /a\\nRUN sleep 1\\nRUN cat /a\\nCMD cat /a\\n' > b/Dockerfile; docker build -t my b; docker run --rm my; docker build -q b; timeout 0.5 docker build --no-cache b; echo $?; timeout -s INT 1 docker build --no-cache b; echo $?",
		"docker build --no-cache -t x1 b & docker build --no-cache -t x2 b & docker build -t x3 b & wait; docker images --format '{{.Repository}}' | sort",
		"docker build --no-cache b | head -3; docker build - < b/Dockerfile | tail -1; printf 'FROM nosuch/image\\n' | docker build -; printf 'FRM x\\n' | docker build -",
		"docker pull nginx & docker pull nginx & docker pull httpd & docker run --rm redis true & wait; docker images --format '{{.Repository}}' | sort",
		"docker rmi nginx; docker pull nginx | head -2; timeout 0.5 docker pull mysql; echo $?; timeout -s INT 0.3 docker pull postgres; echo $?; docker pull nosuch/x; docker pull -q alpine",
		"docker save busybox | docker load; docker save busybox alpine -o /tmp/a.tar; docker load -i /tmp/a.tar; docker export c1 | docker import - imp; docker export c1 | head -c 10 | wc -c; docker commit c1 com | wc -c",
	},
	{"docker run -d --name c0 busybox sleep 1000 >/dev/null; docker create --name o1 busybox >/dev/null; docker create --name o2 busybox >/dev/null; docker network create nn >/dev/null; docker volume create vv",
		"docker system prune <<< n; echo n | docker system prune; docker container prune < /dev/null; echo $?",
		"(sleep 1; echo y) | docker container prune; echo y | docker network prune; yes | docker volume prune; echo y | docker system prune -a --volumes; echo $?",
		"timeout 1 docker system prune; echo $?; (sleep 2; echo y) | timeout -s INT 1 docker image prune; echo $?; (sleep 1; echo y) | timeout -s INT 1 docker image prune; echo $?",
		"docker top c0; docker diff c0; docker rename c0 c9; docker update --restart no c9; docker port c9; docker inspect c9 nosuch bridge 2>&1 | tail -1",
		"docker run -d --restart on-failure:2 --name rs busybox sh -c 'sleep 1; exit 1' >/dev/null; docker logs -f rs; docker wait rs; docker inspect -f '{{.RestartCount}}' rs",
		"docker run --rm -d --name rr busybox sleep 2; docker wait rr & docker logs -f rr & docker attach rr & timeout 5 docker events & wait",
		"docker run --name ss --stop-timeout 1 busybox sh -c 'trap \"\" TERM; while :; do sleep 1; done' & sleep 2; docker stop ss; wait; echo $?",
		"docker run --cidfile cid busybox true; docker run --cidfile cid busybox true; echo $?; cat cid | wc -c; docker run -d --rm -p 80:80 nginx | wc -c; docker run --rm -p 80:80 nginx; echo $?",
		"docker run --rm -i busybox sh < /dev/null; echo 'echo a; sleep 1; echo b; exit 5' | docker run --rm -i busybox sh; echo $?; yes | docker run --rm -i busybox head -1; yes | docker run -i --rm busybox true; echo x | docker exec -i c9 cat; yes | docker exec -i c9 head -2; (sleep 1; echo l) | docker exec -i c9 cat",
		"docker run --rm -i busybox sh -c 'exec 0<&-; sleep 1; echo done' < /etc/hostname; (echo a; sleep 1; echo b; sleep 1) | docker run --rm -i busybox sh -c 'read x; echo $x; sleep 0.5; exit 3'; echo $?; docker run --rm -a stderr busybox sh -c 'echo o; echo e >&2'; docker run --rm -a stdout busybox sh -c 'echo o; echo e >&2'",
	},
	{"docker swarm init >/dev/null; docker network create -d overlay ov >/dev/null",
		"docker service create --name web --network ov --replicas 3 busybox sh -c 'while :; do echo hello; sleep 1; done' | sed 's/[a-z0-9]\\{25\\}/ID/'",
		"timeout 3 docker service logs -f web; timeout -s INT 2.1 docker service logs -f --raw web; docker service logs web | head -1; docker service logs -f web | head -2; docker service logs -t --since 1s web | wc -l",
		"docker service update --env-add a=b --update-parallelism 1 --update-delay 1s web; docker service ps web --format '{{.Name}} {{.CurrentState}}'",
		"docker service scale web=5 & docker service logs -f web | head -20 & sleep 3; docker service rollback web & wait",
		"timeout 20 docker service update --image nosuch:1 --update-failure-action rollback --update-monitor 1s web; echo $?; docker service update --force -d web; docker service update --force web | tail -1",
		"printf 'services:\\n  a:\\n    image: busybox\\n    command: sleep 1000\\n    deploy:\\n      replicas: 2\\n  b:\\n    image: nginx\\n    ports: [\"8080:80\"]\\n' > s.yml; docker stack deploy --detach=false -c s.yml st; docker stack ps st --format '{{.Name}} {{.CurrentState}}'; docker stack services st --format '{{.Name}} {{.Replicas}}'; docker stack rm st; docker stack rm --detach=false st",
		"docker stack deploy -c s.yml s1 & docker stack deploy --detach=false -c s.yml s2 & timeout -s INT 2 docker stack deploy --detach=false -c s.yml s3 & wait; docker service ls --format '{{.Name}} {{.Replicas}}'",
		"docker service create --mode replicated-job --name job --replicas 3 --max-concurrent 2 busybox sleep 1 | sed 's/[a-z0-9]\\{25\\}/ID/'; docker service rm job web; docker service create --detach=false --mode global --name g busybox sleep 100 | sed 's/[a-z0-9]\\{25\\}/ID/'",
		"for i in 0.2 0.4 1 2 5; do timeout -s INT $i docker service update --force g; echo $?; timeout $i docker service update --force g; echo $?; done",
		"timeout 5 docker events --filter type=service & timeout 5 docker events --filter type=node & docker node update --availability drain $(docker node ls -q); sleep 1; docker node update --availability active $(docker node ls -q); wait",
		"docker node ls --format '{{.Hostname}} {{.Status}}'; docker node ps; docker secret create s1 /etc/hostname | wc -c; docker secret ls; docker swarm join-token -q worker | wc -c; timeout 1 docker swarm join --token SWMTKN-1-x-y 10.0.0.99:2377; echo $?; docker swarm leave; docker swarm leave --force & docker service ls & docker node ls & wait",
		"docker swarm join --token SWMTKN-1-2to8b0v1l0t3u3c2v3j3s8z8i6v0i2s5q7n0k1b9c8d7e6f5g4-abcdefghijklmnopqrstuvwxy 10.0.0.99:2377; timeout -s INT 1 docker swarm join --token SWMTKN-1-2to8b0v1l0t3u3c2v3j3s8z8i6v0i2s5q7n0k1b9c8d7e6f5g4-abcdefghijklmnopqrstuvwxy 10.0.0.99:2377; echo $?",
	},
	{startTicks,
		"for i in 0.001 0.3 1 10; do for c in 'run --rm busybox sleep 1' 'exec c1 sleep 1' 'stop -t 1 c2' 'start -a c2' 'attach c1' 'logs -f c1' 'wait c1' 'restart -t 1 c1' 'pull nginx' 'network create nx' 'ps' 'stats'; do for s in INT TERM KILL; do echo \"== $i $s $c\"; timeout -k 5 -s $s $i docker $c | tail -2; docker start c1 c2 >/dev/null; docker network rm nx >/dev/null 2>&1; docker rmi nginx >/dev/null 2>&1; done; done; done",
		"docker ps -a --format '{{.Image}} {{.Status}}'",
	},
	{startTicks,
		"systemctl restart docker & docker ps & docker exec c1 sleep 5 & timeout 30 docker logs -f c1 | tail -1 & timeout 30 docker events & timeout 30 docker wait c1 & timeout 30 docker attach c2 | tail -1 & docker run --rm busybox sleep 3 & timeout 30 docker stats | tail -1 & docker pull mysql | tail -1 & wait",
		"systemctl stop docker docker.socket; docker ps; docker run busybox; docker logs c1; docker version | tail -1; systemctl start docker; docker ps -a --format '{{.Names}} {{.Status}}'",
		"docker start c1 c2; (sleep 1; kill -9 $(pidof dockerd)) & timeout 30 docker logs -f c1 | tail -1 & timeout 30 docker exec -i c1 cat & timeout 30 docker wait c1 c2 & docker run --rm -i busybox sh -c 'sleep 3; echo done' & wait; sleep 5; docker ps -a --format '{{.Names}} {{.Status}}'",
		"docker start c1 c2; docker pause c1; timeout 1 docker exec c1 true; timeout 1 docker logs -f c1 | tail -1; docker unpause c1; docker exec c1 sh -c 'kill 1'; timeout 20 docker logs -f c1 | tail -1; docker stop -t 1 c1 & docker rm -f c1 & docker start c1 & docker restart c1 & wait",
		"for i in 1 2 3 4 5 6 7 8; do docker run --rm busybox sh -c \"sleep 0.$i; echo $i\" & done; wait",
		"for i in 1 2 3 4 5 6 7 8; do docker run -d --name z$i busybox sleep 100 & done; wait; docker stop -t 0 z1 z2 z3 z4 & docker rm -f z5 z6 z7 z8 & docker kill z1 z5 & docker restart -t 0 z1 z2 & docker inspect -f '{{.State.Status}}' z1 z2 z3 & wait",
	},
}

// longStrokes are sittings at a terminal, each of a host of its own.
func longStrokes() [][]stroke {
	all := [][]stroke{
		{key(0, "docker run -it --name c busybox\r"), width(1000, 60), key(0, "stty size\r"), key(1000, "while :; do echo t; sleep 0.3; done\r"), width(300, 70), key(300, "\x03"), key(300, "exit 4\r"), key(1000, "echo $?\r")},
		{key(0, "docker run -it --name c busybox sh -c 'while :; do echo t; sleep 0.3; done'\r"), key(3000, "\x10"), key(300, "\x11"), key(300, "echo $?; docker attach c\r"), key(900, "\x10\x11"), key(10, "docker attach --detach-keys a,b c\r"), key(900, "a"), key(300, "b"), key(300, "docker rm -f c\r")},
		{key(0, "docker run -d --name c busybox sleep 1000\r"), key(3000, "docker exec -it c sh\r"), width(0, 50), width(300, 60), key(300, "stty size\r"), width(0, 70), key(0, "stty size\r"), key(300, "\x04"), key(1000, "echo $?\r"), key(300, "docker exec -it c sh -c 'sleep 1; exit 3'\r"), width(1000, 80), key(0, "x\r"), key(500, "echo $?\r"), key(300, "docker exec -it c nosuch\r"), key(1000, "docker exec -it c top\r"), key(1000, "q"), key(1000, "docker exec -it c sleep 100\r"), key(1000, "\x10\x11"), key(1000, "docker exec -it c sleep 100\r"), key(1000, "\x1c"), key(1000, "echo $?\r")},
		{key(0, "docker pull nginx\r"), width(500, 60), width(500, 120), key(300, "\x03"), key(1000, "docker pull nginx\r"), key(5000, "docker run --rm -it redis echo hi\r"), key(500, "\x03"), key(5000, "docker rmi redis; docker pull redis & docker pull mysql & docker pull httpd & wait\r"), key(20000, "")},
		{key(0, "printf 'FROM alpine\\nRUN sleep 1\\nRUN sleep 1\\n' > Dockerfile; docker build .\r"), key(20000, "docker build --no-cache .\r"), key(1000, "\x03"), key(1000, "echo $?; docker build --no-cache .\r"), key(1500, "\x03\x03\x03"), key(4000, "echo $?\r")},
		{key(0, "docker create -it --name c busybox\r"), key(3000, "docker start -ai c\r"), width(100, 60), key(100, "stty size\r"), key(300, "exit 3\r"), key(300, "echo $?; docker start -ai c\r"), key(500, "\x10\x11"), key(300, "docker attach c\r"), width(0, 90), key(300, "stty size; exit\r"), key(300, "docker attach c\r")},
		{key(0, "docker system prune\r"), key(1000, "\x03"), key(1000, "docker system prune\r"), key(1000, "n\r"), key(1000, "docker container prune\r"), key(1000, "y\r"), key(1000, "docker volume prune\r"), key(1000, "\x04"), key(1000, "docker image prune\r"), key(1000, "y"), key(500, "\x1c"), key(500, "docker network prune\r"), key(500, "y\r\x03"), key(500, "")},
		{key(0, "docker run -d --name c busybox sleep 100\r"), key(3000, "docker stats\r"), key(1500, "\x03"), key(500, "docker stats c\r"), key(1499, "\x03"), key(500, "docker stats c\r"), key(1001, "\x1c"), key(500, "docker stats\r"), key(1000, "\x1a"), key(1000, "fg\r"), key(1000, "\x03")},
		{key(0, "docker run -d --name c busybox sh -c 'while :; do echo t; sleep 0.3; done'\r"), key(3000, "docker logs -f --tail 1 c\r"), key(900, "\x1a"), key(1000, "jobs; bg\r"), key(600, "fg\r"), key(600, "\x03"), key(300, "docker logs -f --tail 1 c &\r"), key(900, "kill %1\r"), key(500, "docker exec c sleep 5 &\r"), key(300, "wait\r"), key(600, "\x03"), key(300, "docker attach c\r"), key(600, "\x1a"), key(600, "fg\r"), key(600, "\x1c"), key(600, "docker ps -a\r")},
		{key(0, "docker swarm init > /dev/null; docker service create --name web --replicas 2 busybox sh -c 'while :; do echo hi; sleep 1; done'\r"), width(2000, 60), width(2000, 140), key(8000, "docker service logs -f web\r"), key(2000, "\x03"), key(500, "docker service update --force web\r"), key(2000, "\x03"), key(1000, "docker service scale web=3\r"), key(1200, "\x03\x03"), key(2000, "docker service update --force web\r"), key(1000, "\x1a"), key(1000, "fg\r"), key(9000, "docker service rollback web\r"), key(1000, "\x1c"), key(5000, "docker service ps web | wc -l\r")},
	}
	// ^C, ^\ and ^Z at each tenth of a second of what prints each three tenths.
	for _, cmd := range []string{"docker logs -f c", "docker attach --sig-proxy=false c", "docker attach c", "docker exec c sh -c 'while :; do echo x; sleep 0.3; done'", "docker exec -it c sh -c 'while :; do echo x; sleep 0.3; done'", "docker run --rm busybox sh -c 'for i in 1 2 3; do echo x; sleep 0.3; done'", "docker run --rm -it busybox sh -c 'for i in 1 2 3; do echo x; sleep 0.3; done'", "docker start -a c", "docker events", "docker stop -t 1 c", "docker wait c"} {
		s := []stroke{key(0, "docker run -d --name c busybox sh -c 'while :; do echo t; sleep 0.3; done' > /dev/null; docker create --name z busybox >/dev/null\r"), key(5000, "")}
		for i, k := range []string{"\x03", "\x1c", "\x1a", "\x03"} {
			s = append(s, key(1000-100*i, cmd+"\r"), key(600+i*300, k), key(600, "kill %1\r"), key(300, "echo $?; docker start c\r"), key(3000, ""))
		}
		all = append(all, s)
	}
	return all
}
