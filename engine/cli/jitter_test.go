package cli

import (
	"flag"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
)

var (
	jitterSeed  = flag.Uint64("jitter.seed", 1, "the first seed of TestDockersGoroutinesDecideNothingAtLength")
	jitterSeeds = flag.Uint64("jitter.seeds", 0, "how many seeds it takes")
)

// jitterLines are docker commands that use several goroutines, or print what is
// kept in maps, or ages.
var jitterLines = []string{
	"docker network create n1; docker network create n2; docker network create n3; docker network create n4; docker network create n5; docker network create n6; docker network create n7",
	"for i in 1 2 3 4 5 6; do docker run -d --name c$i -l a=1 -l b=2 -l c=3 --network n1 busybox sleep 1000; done",
	"for i in 2 3 4 5 6 7; do docker network connect n$i c1; done",
	"docker ps --no-trunc --format '{{.Names}} {{.Networks}} {{.Labels}} {{.RunningFor}} {{.CreatedAt}}'",
	"docker ps; docker ps -a --format json; docker ps -q",
	"docker stats --no-stream",
	"docker stats --no-stream c3 c1 c2 c3 c6",
	"docker stats --no-stream c3 nosuch c2",
	"docker pause c1 c2 c3; docker unpause c3 c2 c1; docker kill c5 c6 c5",
	"docker stop -t 1 c4 c3 c2 nosuch c1",
	"docker start c1 c2 c3 c4; docker restart -t 0 c1 c2",
	"docker rm -f c4 c3 nosuch c2",
	"for i in $(seq 60); do docker create --name x$i busybox; done >/dev/null; docker rm $(seq -f x%g 60)",
	"docker run --rm busybox sh -c 'echo out; echo err >&2; exit 3'; echo $?",
	"echo hello | docker run --rm -i busybox sh -c 'cat; sleep 1; echo done'",
	"docker run -d --name t busybox sh -c 'while :; do echo tick; sleep 0.3; done'; timeout 2 docker logs -f t; docker exec t sh -c 'sleep 0.1; echo x; exit 4'; echo $?; docker exec -d t sleep 100",
	"timeout 1 docker attach t; docker wait t & sleep 0.5; docker stop -t 0 t; wait",
	"docker run -d --rm --name w busybox sleep 1; docker wait w; docker ps -a",
	"(docker run --rm busybox ping -c 2 c1 & docker run --rm busybox ping -c 1 172.18.0.2 & docker ps & docker stats --no-stream & wait)",
	"docker events --since 100s --until 0s | wc -l; timeout 3 docker events & sleep 1; docker restart -t 0 c1; wait",
	"docker tag busybox a/b; docker tag busybox c/d:1; docker tag busybox e:5000/f:2; docker tag busybox a/b:2; docker images; docker images -q; docker image ls --digests",
	"docker history busybox; docker system df; docker system df -v",
	"docker network create -d ipvlan -o parent=eth0 --subnet 100.1.0.0/24 --subnet 100.2.0.0/24 --subnet 100.3.0.0/24 --subnet fd00:1::/64 --subnet fd00:2::/64 iv; docker network inspect -f '{{json .IPAM.Config}}' iv",
	"docker network create --subnet 10.9.0.0/24 --aux-address b=1.1.1.1 --aux-address a=2.2.2.2 --aux-address c=3.3.3.3 aux",
	"docker create --name vols -v v3:/c -v v1:/a -v v2:/b -v /tmp:/t:ro busybox; docker inspect -f '{{json .HostConfig.Binds}} {{json .Mounts}}' vols",
	"docker run -d --name p -p 8001:80 -p 8002:81/udp -p 127.0.0.1:8003:80 -P nginx; docker port p; docker inspect -f '{{range $k, $v := .NetworkSettings.Ports}}{{$k}} {{end}}' p",
	"docker info | grep -v Time; docker version | head -3; docker inspect c1 n1 busybox | wc -l; docker top p; docker diff p",
	"docker __complete rmi ''; docker __complete kill --signal ''; docker __complete stop ''; docker __complete network connect ''",
	"docker run -d --name q busybox sleep 1000; systemctl restart docker & docker stop q & docker rm -f p & docker ps & wait; docker ps -a",
	"docker container prune -f; docker network prune -f; docker volume prune -f; docker system prune -f",
	"nosuch | docker load; docker run busybox nosuch; docker run --network nosuch busybox true; docker stop; docker ps -x",
}

// interruptLines are commands that a signal ends while they wait: 29's command line cancels
// what it has asked for, and its goroutines hear of that in any order.
var interruptLines = []string{
	"docker swarm init >/dev/null; docker run -d --name c1 busybox sh -c 'while :; do echo tick; sleep 0.3; done'",
	"timeout -s INT 2 docker logs -f c1; echo $?", "timeout 1 docker wait c1; echo $?", "timeout -s INT 1 docker exec c1 sleep 9; echo $?", "timeout 1 docker stop -t 99 c1; echo $?",
	"(timeout -s INT 3 docker events; echo $?) & sleep 1; docker kill c1; docker start c1; wait",
	"timeout -s INT 3 docker service create --name web --no-resolve-image --replicas 3 --constraint node.labels.a==b busybox sleep 1000 | sed 's/ps .*t/ps ID t/'; docker service ls",
	"timeout -s INT 3 docker service scale web=5; echo $?", "timeout 3 docker service update --force web; echo $?", "timeout -s INT 1 docker service logs -f web; echo $?",
	"(sleep 1; docker node update --label-add a=b $(docker node ls -q)) & timeout -s INT 3 docker service update --force web; echo $?; wait",
	// A signal at the instant of an answer, of a line, of an end.
	"docker start c1 >/dev/null; for i in 0.2 0.4 1 2; do timeout -s INT $i docker service update --force web; echo $?; timeout $i docker service update --force web; echo $?; done",
	"for i in 0.3 0.6 1.2 1.5; do timeout -s INT $i docker logs -f c1 | tail -2; timeout $i docker exec c1 sh -c 'while :; do echo x; sleep 0.3; done' | tail -2; done",
	"docker run -d --name sig busybox sh -c 'trap \"echo got\" TERM; while :; do sleep 0.3; done' >/dev/null",
	"(timeout 0.6 docker attach --no-stdin --sig-proxy=false sig; echo $?) & sleep 5; docker kill sig; wait; docker start sig >/dev/null",
	"(timeout 0.6 docker attach sig; echo $?) & sleep 5; docker kill sig; wait; docker start sig >/dev/null",
	"(timeout 0.6 docker start -a sig; echo $?) & sleep 5; docker kill sig; wait; docker start sig >/dev/null",
	"for s in INT TERM; do timeout -s $s 1 docker exec c1 sleep 1; echo $?; timeout -s $s 1 docker run --name r busybox sleep 1; echo $?; docker wait r; docker rm r; timeout -s $s 2 docker stop -t 2 c1; echo $?; docker start c1; done",
}

// watchLines have streams whose messages are several lines, or end early.
var watchLines = []string{
	startTicks + "; docker run -d --name c3 -l 'a=x\ny\nz' busybox sleep 1000",
	"timeout 3 docker events --format '{{.Action}}{{println}}{{.Type}}{{println}}{{println}}' & sleep 1; docker restart -t 0 c1 c2; wait",
	"timeout 3 docker events & sleep 1; docker restart -t 0 c3; wait",
	"timeout 3 docker events --format json | wc -l & timeout 3 docker events --format '{{if eq .Type \"container\"}}{{.Action}}{{end}}' & sleep 1; docker restart -t 0 c3; wait",
	"docker logs -f c1 | head -2; docker events | head -2 & sleep 1; docker restart -t 0 c1; wait",
	"docker start c2; docker logs -f c1 & docker logs -f c2 & sleep 2; docker rm -f c1 c2; wait",
}

// stroke is what somebody at a terminal does after a while: keys, or another width.
type stroke struct {
	after time.Duration
	keys  string
	cols  int
}

func key(ms int, keys string) stroke { return stroke{time.Duration(ms) * time.Millisecond, keys, 0} }
func width(ms, cols int) stroke      { return stroke{time.Duration(ms) * time.Millisecond, "", cols} }

// sitting is what one does at a terminal whose commands print on a terminal as well.
var sitting = []stroke{
	key(0, "docker run -it --name c busybox\r"), width(1000, 60), key(0, "stty size\r"), key(1000, "while :; do echo t; sleep 0.3; done\r"), width(300, 70), key(300, "\x03"), key(300, "exit 4\r"),
	key(1000, "echo $?; docker run --rm -it busybox sh -c 'for i in 1 2 3; do echo x; sleep 0.3; done'\r"), key(800, "echo $?\r"), key(200, "abc\r"),
	key(1000, "docker run -it --name d busybox sh -c 'while :; do echo t; sleep 0.3; done'\r"), key(1200, "\x10\x11"), key(300, "docker logs -f d\r"), key(900, "\x1a"), key(300, "fg\r"), key(300, "\x03"),
	key(300, "docker exec -it d sh\r"), width(300, 50), key(0, "stty size; exit 3\r"), key(300, "docker rm -f d\r"), key(1000, "docker system prune\r"), key(1000, "y\r"), key(1000, ""),
}

// outcome is what there is to see after a line, or a stroke.
type outcome struct {
	what, out string
	at        time.Duration
	fired     uint64
	journal   uint64
}

// recording is what becomes of a lab.
type recording struct {
	b   *lab
	sum hash.Hash64
	all []outcome
}

func record(b *lab) *recording {
	sum := fnv.New64a()
	b.loop.Journal().Listen(func(e *sim.Entry) { fmt.Fprintf(sum, "%v %v", e.At, e.What) })
	return &recording{b: b, sum: sum}
}

func (r *recording) add(what, out string) {
	r.all = append(r.all, outcome{what, out, r.b.loop.Now(), r.b.loop.Fired(), r.sum.Sum64()})
}

// lines are played in a host's shell, each piece of output with its instant.
func lines(lines []string) func(b *lab) []outcome {
	return func(b *lab) []outcome {
		r := record(b)
		for _, line := range lines {
			r.add(line, b.runAt(line, true))
		}
		return r.all
	}
}

// strokes are played at a terminal of the host, whose output has its instants.
func strokes(strokes []stroke) func(b *lab) []outcome {
	return func(b *lab) []outcome {
		r, p := record(b), sitDown(b)
		last := time.Duration(-1)
		p.tty.OnOutput(func(o []byte) { // how much docker reads at a time is luck, and nobody sees it
			if now := b.loop.Now(); now != last {
				fmt.Fprintf(&p.shown, "[%v]", now)
				last = now
			}
			p.shown.Write(o)
		})
		p.tty.Resize(userland.Winsize{Rows: 24, Cols: 120})
		for _, x := range append(strokes, key(10_000, "")) {
			p.b.loop.RunFor(x.after)
			r.add(fmt.Sprintf("before %q", x.keys), p.shown.String())
			if p.shown.Reset(); x.cols > 0 {
				p.tty.Resize(userland.Winsize{Rows: 24, Cols: x.cols})
			} else {
				p.tty.Input([]byte(x.keys))
			}
		}
		return r.all
	}
}

// decidesNothing plays with each seed, and compares with what is without jitter.
func decidesNothing(t *testing.T, release string, play func(b *lab) []outcome, first, seeds uint64) {
	t.Helper()
	once := func(jitter func()) []outcome {
		b := newLabOf(t, 1, luck{jitter: jitter}, release)
		defer b.loop.Close()
		return play(b)
	}
	want := once(nil)
	for seed := first; seed < first+seeds; seed++ {
		got := once(holdUp(seed))
		for i := range want {
			if got[i] == want[i] {
				continue
			}
			t.Errorf("%s, seed %d: %s\n at %v after %d events, without jitter at %v after %d; journals equal %v; printed\n%s\nwithout jitter\n%s", release, seed, want[i].what,
				got[i].at, got[i].fired, want[i].at, want[i].fired, got[i].journal == want[i].journal, got[i].out, want[i].out)
			break
		}
	}
}

// The order in which docker's goroutines come to the session is luck. Held up at
// random where they do, they must not change what is printed, when, or how many
// events a line takes.
func TestDockersGoroutinesDecideNothing(t *testing.T) {
	decidesNothing(t, "20.10", lines(jitterLines), 0, 3)
	decidesNothing(t, "29", lines(interruptLines), 0, 3)
	for _, release := range []string{"20.10", "29"} {
		decidesNothing(t, release, lines(watchLines), 0, 2)
		decidesNothing(t, release, strokes(sitting), 0, 2)
	}
}

// Every kind of command that has several goroutines or requests, on both releases, with as
// many seeds as one has time for (make jitter); without that a piece of it with one.
func TestDockersGoroutinesDecideNothingAtLength(t *testing.T) {
	for _, release := range []string{"20.10", "29"} {
		if *jitterSeeds == 0 {
			decidesNothing(t, release, lines(longLines[1]), *jitterSeed, 1)
			decidesNothing(t, release, strokes(longStrokes()[5]), *jitterSeed, 1)
			continue
		}
		for _, all := range append(longLines, jitterLines, interruptLines, watchLines) {
			decidesNothing(t, release, lines(all), *jitterSeed, *jitterSeeds)
		}
		for _, all := range append(longStrokes(), sitting) {
			decidesNothing(t, release, strokes(all), *jitterSeed, *jitterSeeds)
		}
	}
}

// holdUp returns a function that sometimes takes a while.
func holdUp(seed uint64) func() {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 1))
	return func() {
		mu.Lock()
		k, d := rng.IntN(6), time.Duration(rng.IntN(400))*time.Microsecond
		mu.Unlock()
		switch k {
		case 0:
			time.Sleep(d)
		case 1:
			runtime.Gosched()
		}
	}
}
