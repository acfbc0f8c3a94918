package scenarios

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/sim"
)

var updateLibrary = flag.Bool("update", false, "rewrite the expected transcripts of the library")

// openText builds a lab from a scenario's text.
func openText(t *testing.T, text string) *Lab {
	t.Helper()
	s, err := Read("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	lab, err := Build(s, s.Seed, cli.Program)
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

// Every library scenario passes, prints the transcript that the repository
// has, and gives one digest whatever the number of processors.
func TestLibrary(t *testing.T) {
	for _, src := range Library() {
		name := strings.TrimSuffix(src.File, ".yaml")
		t.Run(name, func(t *testing.T) {
			s, err := Read(src.File, src.Text)
			if err != nil {
				t.Fatal(err)
			}
			r := Run(s, Options{Docker: cli.Program, Digest: true})
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if r.Failed() {
				t.Error(r.Report())
			}
			golden := filepath.Join("library", name+".transcript")
			if *updateLibrary {
				if err := os.WriteFile(golden, []byte(r.Transcript), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != r.Transcript {
				t.Errorf("the transcript is not that of %s (go test ./scenarios -run TestLibrary -update rewrites it):\n%s", golden, textDiff(string(want), r.Transcript))
			}
			for _, n := range []int{1, 2, 8} {
				was := runtime.GOMAXPROCS(n)
				again := Run(s, Options{Docker: cli.Program, Digest: true})
				runtime.GOMAXPROCS(was)
				if again.Digest != r.Digest {
					t.Errorf("GOMAXPROCS %d gives %s, not %s", n, again.Digest, r.Digest)
				}
			}
		})
	}
}

func TestNoGoroutineIsLeftAfterARun(t *testing.T) {
	before := runtime.NumGoroutine()
	// Shells that wait for a terminal, consul, gossip, a capture, a stream of
	// events and a blocked reader are all there at the end.
	s, err := Read("test.yaml", []byte(strings.Replace(twoHosts, "steps:", `setup:
  - bdc01$ docker run -d -p 8500:8500 --name consul progrium/consul -server -bootstrap
  - bdc01$ docker run -itd --restart always --name c1 busybox
  - bdc01$ docker run -d --name web nginx
  - bdc01$ docker exec -d c1 sleep 1000
  - bdc01$ (tcpdump -ni eth0 > /dev/null 2>&1 & curl -s http://10.0.0.11:8500/v1/kv/x?index=99 & docker events & nc -l -p 9 &) > /dev/null 2>&1
  - bdc02$ echo '{"cluster-store":"consul://10.0.0.11:8500", "cluster-advertise":"10.0.0.12:2376", "hosts":["tcp://0.0.0.0:2376","unix://"]}' > /etc/docker/daemon.json
  - bdc02$ systemctl restart docker; docker network create -d overlay o; docker run -itd --network o busybox
steps:`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if r := Run(s, Options{Docker: cli.Program}); r.Err != nil {
		t.Fatal(r.Err)
	}
	// Goroutines of the command line end in real time, when they are scheduled:
	// only one that stays for long is a leak.
	for i := 0; i < 60_000 && runtime.NumGoroutine() > before; i++ {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines more than before\n%s", n-before, buf[:runtime.Stack(buf, true)])
	}
}

// A capture must not show a bad checksum where none was made: every frame's
// checksum is right, or right once what is left to fill in is filled in, at
// every place that it passes.
func TestEveryChecksumOnTheWayIsRight(t *testing.T) {
	s, err := Read("test.yaml", []byte(`
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}
internet:
  www.baidu.com: {address: 220.181.38.150}
hosts:
  bdc01: {address: 10.0.0.11}
  bdc02: {address: 10.0.0.12}
steps:
  - bdc01$ docker run -d --name web -p 8080:80 nginx
  - bdc02$ curl -s http://10.0.0.11:8080/
  - bdc01$ docker run --rm busybox wget -q -O - http://www.baidu.com/
  - bdc01$ docker run --rm busybox ping -c 1 www.baidu.com
  - bdc01$ docker run --rm busybox wget -q -O - http://172.17.0.2/
`))
	if err != nil {
		t.Fatal(err)
	}
	seen, tcp := 0, 0
	r := Run(s, Options{Docker: cli.Program, journal: func(e *sim.Entry) {
		x, ok := e.What.(*trail.Event)
		if !ok || x.Unverified {
			return
		}
		f := link.NewFrame(slices.Clone(x.Frame))
		if x.Unsummed {
			f.Checksum = link.ChecksumPartial
		}
		seen++
		if b := f.Bytes(); f.EtherType() == link.TypeIPv4 && b[23] == 6 {
			tcp++
		}
		link.FillChecksum(f)
		if !link.ChecksumGood(f) {
			t.Errorf("%s", traceLine(e))
		}
	}})
	if r.Failed() || r.Err != nil {
		t.Fatal(r.Report(), r.Err)
	}
	if seen == 0 || tcp == 0 {
		t.Fatalf("%d frames, %d of TCP: the test sees nothing", seen, tcp)
	}
}
