package campaign

import (
	"fmt"
	"strings"
)

// What people do with images, files and users: services behind a proxy, images that they
// make, packages, volumes, and the tools of a host.

// services are images that serve something, with the port that they serve at.
var services = []struct {
	image string
	port  int
}{
	{"redis", 6379}, {"mysql", 3306}, {"postgres", 5432}, {"traefik/whoami", 80}, {"httpd", 80}, {"nginx", 80},
}

// service runs such an image with options of its process and its files.
func (p *plan) service() {
	h := p.busyHost()
	s := pick(p.dice, services...)
	c := &container{name: p.name("s"), image: s.image, host: h, network: "bridge", inside: s.port}
	opts := []string{"--name", c.name}
	if n := p.networkFor(h); n != "" {
		c.network = n
		opts = append(opts, "--network", n)
	}
	opts = append(opts, p.publish(c)...)
	for _, o := range []string{
		"-v data:/data", "-v /data", "-v /srv:/srv:ro", "--tmpfs /run", "--read-only", "--user 1000", "--user nobody", "--init", "--cap-drop ALL", "--cap-add NET_ADMIN",
		"--health-cmd true --health-interval 2s", "--health-cmd 'exit 1' --health-interval 1s --health-retries 2", "--sysctl net.ipv4.ip_forward=0",
		"--add-host other:10.1.2.3", "-e POSTGRES_PASSWORD=x -e MYSQL_ROOT_PASSWORD=x", "--restart on-failure:3", "--dns 10.9.9.9", "--network-alias back",
		"--log-opt max-size=10k", "--memory 64m", "--pid host", "--stop-signal INT",
	} {
		if p.dice.chance(6) {
			opts = append(opts, o)
		}
	}
	p.containers = append(p.containers, c)
	p.types(h, "docker run -d %s %s", strings.Join(opts, " "), s.image)
	switch s.image {
	case "redis":
		p.types(h, "docker exec %s redis-cli ping", c.name)
	case "postgres":
		p.types(h, "docker exec %s pg_isready; docker exec %s su postgres -c id", c.name, c.name)
	case "mysql":
		p.types(h, "docker exec %s mysqladmin ping", c.name)
	}
}

// proxy puts nginx before some container, and asks through it.
func (p *plan) proxy() {
	h := p.busyHost()
	n := p.someNetwork(h)
	c := &container{name: p.name("p"), image: "nginx", host: h, network: n, inside: 80, port: pick(p.dice, 8080, 8081, 9000)}
	back := pick(p.dice, p.known(h), p.target(h), "back")
	p.types(h, "mkdir -p /srv; printf 'upstream b { server %s; server %s:8080 backup; }\\nserver { listen 80; location / { proxy_pass http://b; proxy_connect_timeout 2s; } location /own { return 200 own; } }\\n' > /srv/%s.conf",
		back, p.target(h), c.name)
	p.types(h, "docker run -d --name %s --network %s -p %d:80 -v /srv/%s.conf:/etc/nginx/conf.d/default.conf nginx", c.name, n, c.port, c.name)
	p.containers = append(p.containers, c)
	p.types(h, "curl -s -m 4 http://127.0.0.1:%d/; curl -s -m 4 http://%s:%d/own", c.port, h.addr, c.port)
	if p.dice.chance(50) {
		p.types(h, "sed -i s/%s/%s/ /srv/%s.conf; docker exec %s nginx -t; docker exec %s nginx -s %s; sleep 1; curl -s -m 4 http://%s:%d/", back, p.target(h), c.name, c.name, c.name,
			pick(p.dice, "reload", "reload", "quit", "stop"), h.addr, c.port)
	}
}

// image makes an image, by a Dockerfile, of a container or of an archive, and runs it.
func (p *plan) image() {
	h := p.busyHost()
	c, name := p.known(h), p.name("i")
	switch p.dice.between(0, 4) {
	case 0:
		from := pick(p.dice, "busybox", "alpine", "nginx", "debian", "nosuchimage", name)
		p.types(h, "printf 'FROM %s AS a\\nARG X=1\\nRUN echo $X > /x\\nUSER nobody\\nFROM %s\\nCOPY --from=a /x /y\\nEXPOSE 8000\\nHEALTHCHECK CMD cat /y\\nCMD [\"sleep\", \"300\"]\\n' | docker build %s-t %s -",
			from, pick(p.dice, "busybox", from), pick(p.dice, "", "--no-cache ", "--build-arg X=2 "), name)
	case 1:
		p.types(h, "docker exec %s sh -c 'echo made > /made'; docker commit -c 'CMD sleep 300' %s %s; docker diff %s | tail -3", c, c, name, c)
	case 2:
		p.types(h, "docker save busybox alpine | docker load; docker save -o /tmp/%s.tar busybox; tar tf /tmp/%s.tar | wc -l; docker load -i /tmp/%s.tar; docker tag busybox %s", name, name, name, name)
	case 3:
		p.types(h, "docker export %s | tee /tmp/%s.tar | docker import - %s; tar tvf /tmp/%s.tar | head -3", c, name, name, name)
	default:
		p.types(h, "docker cp %s:/etc/hosts /tmp/%s; docker cp /tmp/%s %s:/tmp/; docker cp %s:/etc - | tar t | wc -l; docker tag busybox %s", c, name, name, c, c, name)
	}
	if p.dice.chance(70) {
		made := &container{name: p.name("m"), image: name, host: h, network: "bridge", inside: 8000}
		p.containers = append(p.containers, made)
		p.types(h, "docker run -d --name %s %s %s sleep 300", made.name, strings.Join(p.publish(made), " "), name)
	}
	if p.dice.chance(40) {
		p.types(h, "docker rmi %s%s; docker image prune -f; docker system df", pick(p.dice, "", "-f "), name)
	}
}

// install brings programs into a container or onto a host, by way of the network.
func (p *plan) install() {
	h := p.busyHost()
	c := p.known(h)
	p.types(h, "%s", pick(p.dice,
		"docker exec "+c+" sh -c 'apt-get update && apt-get install -y iputils-ping iproute2 && ping -c 1 "+p.target(h)+"'",
		"docker exec "+c+" sh -c 'apk add --no-cache curl jq && curl -s -m 2 http://"+p.target(h)+"/ | head -1'",
		"docker exec "+c+" yum install -y net-tools",
		"docker run --rm ubuntu sh -c 'apt-get update -qq && apt-get install -y -qq curl && curl -s -m 2 http://"+p.target(h)+"/'",
		"timeout 3 apt-get update"))
}

// tools are what people type on a host beside docker.
func (p *plan) tools() {
	h, to := p.busyHost(), p.anyHost()
	c, port := p.known(h), p.dice.between(9200, 9203)
	p.types(h, "%s", pick(p.dice,
		fmt.Sprintf("timeout 15 socat TCP-LISTEN:%d,fork,reuseaddr EXEC:date & sleep 0.2; echo | timeout 3 socat - TCP:127.0.0.1:%d", port, port),
		fmt.Sprintf("timeout 15 socat UDP-LISTEN:%d,fork EXEC:cat & sleep 0.2; echo hi | timeout 2 socat - UDP:%s:%d", port, h.addr, port),
		fmt.Sprintf("timeout 15 socat TCP-LISTEN:%d,fork TCP:%s:80 & sleep 0.2; curl -s -m 3 http://127.0.0.1:%d/", port, p.target(h), port),
		"docker network inspect "+p.someNetwork(h)+" | jq -c '.[] | {Name, Containers: (.Containers | length)}'",
		"docker ps -aq | xargs -r docker inspect | jq -r '.[] | .Name + \" \" + (.NetworkSettings.Networks | keys | join(\",\"))' | column -t",
		"timeout 4 scp -o ConnectTimeout=2 /etc/hostname "+to.addr+":/tmp/from-"+h.name,
		"timeout 5 ssh -o ConnectTimeout=2 "+to.addr+" 'hostname; docker ps -q | wc -l'",
		fmt.Sprintf("timeout 4 ping -q -f -c 60 %s; tracepath -m 5 %s; timeout 8 traceroute -n -m 4 -w 1 %s", p.target(h), p.target(h), p.target(h)),
		"kill -HUP $(pidof dockerd); sleep 0.2; dockerd; systemctl status docker | tail -5",
		"docker system df -v; docker volume ls -q; ls /var/run/docker/netns | wc -l",
		"tar czf /tmp/etc.tgz /etc; tar tzf /tmp/etc.tgz | wc -l; mkdir -p /tmp/t; tar xzf /tmp/etc.tgz -C /tmp/t; rm -r /tmp/t",
		"docker exec -u 1000 "+c+" sh -c 'id; touch /x; ping -c 1 "+p.target(h)+"'",
		"docker run --rm --user 1000:1000 -v /srv:/srv busybox sh -c 'id -u; echo x > /srv/x; ls -l /srv'",
		"docker run --rm -v data:/d -v /d2 busybox sh -c 'date >> /d/log; wc -l < /d/log; ls /d2'",
		"docker volume create other; docker volume rm data; docker volume prune -f; docker volume ls",
		"docker run --rm --network container:"+c+" nicolaka/netshoot sh -c 'ss -tln; curl -s -m 2 http://127.0.0.1/'",
		"docker run --rm nicolaka/netshoot dig +tries=1 +time=1 "+p.target(h),
		"docker run --rm curlimages/curl -s -m 2 http://"+p.target(h)+"/",
		"ip route get "+to.addr+"; ip -s link; ip neigh; nstat; conntrack -S",
		fmt.Sprintf("timeout 5 watch -n 1 docker ps -q & sleep %d; jobs; kill %%1; wait", p.dice.between(1, 3))))
}
