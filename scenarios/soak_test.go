package scenarios

import (
	"flag"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
)

// soakFor is how long the worlds of TestSoak live; make soak says 24h.
var soakFor = flag.Duration("soak", 10*time.Minute, "virtual time that TestSoak's worlds live")

// soakWorld is two hosts with a cluster store, and what stays for the whole soak.
const soakWorld = `
name: soak
limit: 87600h
lan: {subnet: 10.0.0.0/24}
hosts:
  h1: {address: 10.0.0.11, images: [busybox, nginx, progrium/consul], daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.11:2376"}}
  h2: {address: 10.0.0.12, images: [busybox, nginx], daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.12:2376"}}
setup:
  - h1$ docker run -d -p 8500:8500 -h consul --name consul progrium/consul -server -bootstrap
  - wait: 40s
  - h1$ docker network create -d overlay --subnet 172.16.0.0/24 ever
  - h1$ docker network create --subnet 172.30.0.0/24 stay
  - h1$ docker run -d --name k1 --network ever busybox sleep 1000000000
  - h2$ docker run -d --name k2 --network ever busybox sleep 1000000000
`

// soakLines are what people type, one a second and round and round: each makes
// something, uses it or takes it away. %[1]d is the round, so that most names
// are new and some come again.
var soakLines = []string{
	"h1$ docker network create n%[1]d",
	"h1$ docker run -d --name a%[1]d --network n%[1]d nginx",
	"h1$ docker run --rm --network n%[1]d busybox wget -q -O /dev/null a%[1]d",
	"h1$ docker network connect stay a%[1]d",
	"h1$ docker exec a%[1]d ls /proc",
	"h1$ docker network disconnect n%[1]d a%[1]d",
	"h1$ docker rm -f a%[1]d",
	"h1$ docker network rm n%[1]d",
	"h2$ docker network create -d macvlan --subnet 192.168.9.0/24 -o parent=eth0.9 m",
	"h2$ docker run -d --name mm --network m busybox sleep 1000",
	"h2$ docker rm -f mm",
	"h2$ docker network rm m",
	"h2$ docker network create -d ipvlan --subnet 192.168.8.0/24 -o parent=eth0.8 i%[1]d",
	"h2$ docker run -d --network i%[1]d --name i%[1]d busybox sleep 1000",
	"h2$ docker rm -f i%[1]d",
	"h2$ docker network rm i%[1]d",
	"h1$ docker network create -d overlay --subnet 172.17.9.0/24 o%[1]d",
	"h2$ docker run -d --name o%[1]d --network o%[1]d nginx",
	"h1$ docker run --rm --network o%[1]d busybox wget -q -O /dev/null o%[1]d",
	"h2$ docker rm -f o%[1]d",
	"h2$ docker network rm o%[1]d",
	"h1$ docker run -d --name p%[1]d -p 80:80 nginx",
	"h2$ curl -s http://10.0.0.11/ >/dev/null",
	"h1$ docker rm -f p%[1]d",
	"h1$ docker run --rm busybox ping -c 1 10.0.0.12 >/dev/null",
	"h2$ docker run --rm --network ever busybox ping -c 1 k1 >/dev/null",
	"h1$ docker run --rm --network host busybox true; docker run --rm --network container:k1 busybox true; docker run --rm --network none busybox true",
	"h2$ docker ps -a >/dev/null; docker network ls >/dev/null; ps >/dev/null; journalctl -u docker | tail -n 1 >/dev/null",
	"h1$ ip link add v%[1]d type veth peer name w%[1]d; ip netns add x%[1]d; ip link set w%[1]d netns x%[1]d; ip netns del x%[1]d",
	"h1$ iptables -A FORWARD -s 1.2.3.4 -j DROP; iptables -D FORWARD -s 1.2.3.4 -j DROP; sleep 1 & echo $RANDOM > /tmp/f%[1]d; rm /tmp/f%[1]d",
	"h1$ timeout 2 docker events >/dev/null; timeout 1 docker logs -f consul >/dev/null; true",
	"h1$ timeout 1 tcpdump -i any -c 1000 >/dev/null 2>&1; timeout 1 docker stats k1 >/dev/null; true",
	"h2$ docker run -d --name u%[1]d --network ever nginx; docker exec -d u%[1]d sleep 1000; docker pause u%[1]d; docker unpause u%[1]d; docker restart -t 0 u%[1]d; docker rename u%[1]d w%[1]d",
	"h1$ docker exec k1 wget -q -O /dev/null w%[1]d; docker exec k1 ping -c 1 -W 1 172.16.0.99; docker exec k1 nslookup nobody%[1]d; docker exec k1 arp -d 172.16.0.99; true",
	"h2$ docker stop -t 0 w%[1]d; docker start w%[1]d; docker rm -f w%[1]d",
	"h1$ docker run --name k1 busybox; docker run no/such%[1]d; docker run --network none%[1]d busybox; docker network create --subnet 172.30.0.0/25 q; docker run -p 8500:1 busybox; docker run --rm busybox nothere; docker container prune -f; true",
	"h2$ docker tag busybox b%[1]d; docker rmi b%[1]d; docker pull -q alpine; docker rmi alpine",
	"h2$ ssh h1 hostname; echo x | nc -w 1 10.0.0.11 9; curl -s -m 1 http://10.0.0.99/; ping -c 1 -W 1 10.0.0.$((50 + %[1]d %% 50)); true",
	"h2$ docker run -d --restart always --name r%[1]d busybox false; sleep 3; docker rm -f r%[1]d",
	"h2$ systemctl restart docker; docker start k2",
	// 20.10 leaves a directory in the store for the endpoints of every network there
	// was, as the captures show; whoever runs the store takes them away.
	"h1$ curl -s 'http://10.0.0.11:8500/v1/kv/docker/network/v1.0/endpoint/?keys' | tr -d '[]\"' | tr , '\\n' | grep -v $(docker network inspect -f '{{.Id}}' ever) | " +
		"while read k; do curl -s -X DELETE http://10.0.0.11:8500/v1/kv/$k >/dev/null; done; true",
	"h1$ docker network create --ipv6 --subnet fd00:%[1]x::/64 s%[1]d; docker run --rm --network s%[1]d busybox ping -6 -c 1 fd00:%[1]x::1; docker network rm s%[1]d",
}

// soak is a world that lives on.
type soak struct {
	lab    *Lab
	digest *digest
	rounds int
}

func newSoak(t testing.TB) *soak {
	s, err := Read("soak", []byte(soakWorld))
	if err != nil {
		t.Fatal(err)
	}
	lab, e := Open(s, Options{Docker: cli.Program})
	if e != nil {
		t.Fatal(e)
	}
	fill(lab)
	return &soak{lab: lab, digest: newDigest(lab.Loop, true)}
}

// fill fills to their bounds what takes this world hours to fill, so that what
// grows leaks: the 16,384 names that a run remembers to have drawn for (five to
// eight hours), and dockerd's 3,000 lines in the journal (twelve on h1).
func fill(lab *Lab) {
	for i := range 1 << 14 {
		lab.Loop.Stream(fmt.Sprintf("asked for once, and never again: %d", i))
	}
	for _, name := range []string{"h1", "h2"} {
		for range 3000 {
			lab.hosts[name].Daemon.Journal.Error(strings.Repeat("as long as a line of the gossip's is ", 4))
		}
	}
}

// round types every line once, each at a second of its own.
func (s *soak) round(t testing.TB) {
	loop := s.lab.Loop
	for _, l := range soakLines {
		next := loop.Now() + time.Second
		host, line, _ := strings.Cut(l, "$ ")
		if strings.Contains(line, "%") {
			line = fmt.Sprintf(line, s.rounds)
		}
		j := s.lab.Start(host, line)
		if err := loop.Run(j.Done, next+time.Minute); err != nil || j.Exit() != 0 {
			t.Fatalf("at %v: %s$ %s: exit %d %v\n%s", loop.Now(), host, line, j.Exit(), err, j.Output())
		}
		loop.RunFor(max(0, next-loop.Now()))
	}
	s.rounds++
}

// reading is what a world needs of the machine at a moment.
type reading struct {
	heap       float64 // MB
	goroutines int
}

// read reads the meters as soon as no more goroutines are left than wanted: those of
// docker's command lines end in real time. After a minute it reads them all the same.
func (s *soak) read(want int) reading {
	for range 60_000 {
		if runtime.NumGoroutine() <= want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return reading{float64(m.HeapAlloc) / 1e6, runtime.NumGoroutine()}
}

// live types round after round until at, and reads the meters at its end, see read.
func (s *soak) live(t testing.TB, at time.Duration, want int) reading {
	for s.lab.Loop.Now() < at {
		s.round(t)
	}
	r := s.read(want)
	t.Logf("after %v, %d rounds of %d lines: heap %.2f MB, %d goroutines, %d processes, %d events due",
		s.lab.Loop.Now().Round(time.Second), s.rounds, len(soakLines), r.heap, r.goroutines, s.lab.Loop.Procs(), s.lab.Loop.Pending())
	return r
}

// end is the digest of a world, which ends with it.
func (s *soak) end() string {
	sum := s.digest.sum("", s.lab)
	s.lab.Close()
	return sum
}

// onTheirWay is how many coroutines may run at one moment and not at another: a
// probe of the gossip, an exchange of its whole state. A leak is one each round.
const onTheirWay = 2

// What is made and removed leaves nothing: a world in which something is made or
// removed every second needs no more memory and no more goroutines later than
// early. A second world of the same seed goes the same way.
//
// Early is after a twelfth of the time. What fills up to a bound later than that
// is within the tenth: of a shell the 1,024 jobs that nobody waits for, 150 bytes
// each.
func TestSoak(t *testing.T) {
	s, warm := newSoak(t), max(*soakFor/12, 4*time.Minute)
	before := s.live(t, warm, math.MaxInt)
	for hour := *soakFor / 24; s.lab.Loop.Now() < *soakFor; {
		now := s.live(t, min(s.lab.Loop.Now().Truncate(hour)+hour, *soakFor), before.goroutines+onTheirWay)
		if now.heap > before.heap*1.1 {
			t.Errorf("after %v the heap is %.2f MB, after %v it was %.2f MB: something is kept of what was removed", s.lab.Loop.Now(), now.heap, warm, before.heap)
		}
		if now.goroutines > before.goroutines+onTheirWay {
			t.Errorf("after %v there are %d goroutines, there were %d", s.lab.Loop.Now(), now.goroutines, before.goroutines)
		}
	}
	first := s.end()
	s = newSoak(t)
	s.live(t, *soakFor, math.MaxInt)
	if again := s.end(); again != first {
		t.Errorf("two worlds of one seed: %s and %s", first, again)
	}
}
