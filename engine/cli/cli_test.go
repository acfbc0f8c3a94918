package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"dnetsim/userland"
)

func want(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			t.Errorf("%q is missing in\n%s", p, got)
		}
	}
}

func TestEveryCommandAnswersThroughTheCompiledInCommandLine(t *testing.T) {
	b := newLab(t, 1)
	for _, c := range []struct {
		line  string
		parts []string
	}{
		{"docker network ls", []string{"NETWORK ID", "bridge", "host", "none", "null"}},
		{"docker run -d --name n1 busybox sleep 1000; echo rc $?", []string{"rc 0"}},
		{"docker ps", []string{"CONTAINER ID", `"sleep 1000"`, "Up ", "n1"}},
		{"docker exec n1 hostname", []string{"\n"}},
		{"docker exec n1 sh -c 'echo out; echo err >&2; exit 7'; echo rc $?", []string{"out\n", "err\n", "rc 7"}},
		{"docker run --rm busybox echo hello", []string{"hello\n"}},
		{"docker run --name pp busybox sh -c 'echo one; sleep 1; echo two'; docker logs pp", []string{"one\ntwo\none\ntwo\n"}},
		{"docker logs --tail 1 -t pp", []string{"Z two\n"}},
		{"printf 'one\\ntwo' | docker run -i --rm busybox wc -c", []string{"7\n"}},
		{"printf 'one\\ntwo' | docker exec -i n1 cat", []string{"one\ntwo"}},
		{"docker inspect -f '{{.State.Status}} {{.NetworkSettings.IPAddress}}' n1", []string{"running 172.17.0.2"}},
		{"docker network create net1; docker network inspect -f '{{json .IPAM.Config}}' net1", []string{"172.18.0.0/16"}},
		{"docker network connect net1 n1; docker inspect -f '{{.NetworkSettings.Networks.net1.IPAddress}}' n1", []string{"172.18.0.2"}},
		{"docker network disconnect net1 n1; docker network rm net1", []string{"net1"}},
		{"docker network prune -f; docker container prune -f", []string{"Deleted Containers:"}},
		{"docker top n1", []string{"PID", "sleep 1000"}},
		{"docker pause n1; docker ps --format '{{.Status}}'; docker unpause n1", []string{"(Paused)"}},
		{"docker rename n1 n2; docker port n2; docker ps --format '{{.Names}}'", []string{"n2\n"}},
		{"docker restart -t 1 n2; docker kill n2; docker wait n2", []string{"137"}},
		{"docker start n2; docker stop -t 1 n2; docker rm n2", []string{"n2\nn2\nn2\n"}},
		{"docker images", []string{"busybox"}},
		{"docker image inspect -f '{{.Os}}' busybox", []string{"linux"}},
		{"docker history busybox", []string{"CREATED BY"}},
		{"docker version", []string{"1.41 (minimum version 1.12)", "Client:"}},
		{"docker info", []string{"Server Version: 20.10", "Plugins:\n  Volume: local"}},
		{"docker system df", []string{"Images"}},
		{"docker volume ls", []string{"DRIVER"}},
		{"docker inspect nosuch; echo rc $?", []string{"[]\n", "o such object: nosuch", "rc 1"}},
		{"docker foo", []string{"docker: 'foo' is not a docker command."}},
		{"docker run -it busybox sh", []string{"is not a terminal"}},
		{"docker build /nosuch", []string{"unable to prepare context"}},
		{"docker swarm init", []string{"Swarm initialized: current node ("}},
		{"docker run --rm -e X=1 -e HOME busybox env", []string{"X=1", "HOME=/root"}},
		{"docker events --since 1m --until 0s --filter type=network", []string{"network create"}},
	} {
		want(t, b.run(c.line), c.parts...)
	}
}

// script exercises waiting, streams, both at once, and parallel requests.
const script = `docker network ls
docker run -d --name n1 busybox sleep 1000
docker run -d --name n2 busybox sleep 1000
docker run -d --name n3 busybox sleep 1000
docker ps
docker ps -a --format '{{.Names}} {{.CreatedAt}} {{.RunningFor}}'
docker exec n1 ping -c 3 172.17.0.3
docker exec n1 ping -c 2 172.17.0.4 | docker exec -i n2 wc -l
docker run --rm busybox sh -c 'for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 1; done'
docker run --name pp busybox sh -c 'echo a; sleep 2; echo b' & sleep 1; docker logs -f pp; wait
docker logs -t pp
docker events & E=$!; docker stop -t 1 n1 n2 n3; sleep 1; kill -INT $E; wait
docker inspect -f '{{.Name}} {{.State.FinishedAt}}' n1 n2 n3
docker start n3 n1 n2
docker inspect -f '{{.Name}} {{.NetworkSettings.IPAddress}}' n1 n2 n3
docker network create net1
docker network connect net1 n1
docker network inspect net1
docker ps --format '{{.Names}} {{.Networks}}'
docker exec n1 ip addr
printf 'x\ny\n' | docker run -i --rm busybox cat
docker run --rm busybox nosuchprogram; echo $?
docker run --rm busybox sh -c 'exit 5'; echo $?
timeout 3 docker logs -f n1; echo $?
docker run -d --name ww busybox sleep 2; docker wait ww
docker start -a pp
docker kill n1 n2
docker rm -f n3 nosuch n2 n1 ww
docker ps -a
docker images
docker history busybox
docker network rm net1 nosuch
docker network prune -f
docker info
docker version
docker inspect pp
docker top pp
docker restart pp
docker attach pp
docker rm pp
docker events --since 2m --until 0s`

func transcript(t testing.TB) string {
	b := newLab(t, 7)
	var out strings.Builder
	for _, line := range strings.Split(script, "\n") {
		out.WriteString("$ " + line + "\n" + b.runAt(line, true))
	}
	out.WriteString(b.loop.Now().String())
	return out.String()
}

func TestSameBytesAtAnyGOMAXPROCS(t *testing.T) {
	first := transcript(t)
	rounds := 20
	if testing.Short() {
		rounds = 2
	}
	for _, n := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(n)
		for i := range rounds {
			got := transcript(t)
			if got == first {
				continue
			}
			a, b := strings.Split(first, "\n"), strings.Split(got, "\n")
			for k := range min(len(a), len(b)) {
				if a[k] != b[k] {
					t.Fatalf("GOMAXPROCS %d round %d line %d:\n%s\n%s\n%s", n, i, k, a[max(0, k-1)], a[k], b[k])
				}
			}
			t.Fatalf("GOMAXPROCS %d round %d: %d and %d lines", n, i, len(a), len(b))
		}
		runtime.GOMAXPROCS(before)
	}
}

func TestTheRealUsersSettingsHaveNoEffect(t *testing.T) {
	line := "docker ps; docker --help; docker info; docker context show; docker run --rm -e SECRET busybox env; docker network ls"
	clean := newLab(t, 1).run(line)
	home := t.TempDir()
	dir := filepath.Join(home, ".docker")
	if err := os.MkdirAll(filepath.Join(dir, "cli-plugins"), 0o755); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "config.json"),
		[]byte(`{"psFormat":"poison","networksFormat":"poison","currentContext":"poison","aliases":{"ps":"poison"}}`), 0o644)
	os.WriteFile(filepath.Join(dir, "cli-plugins", "docker-poison"), []byte("#!/bin/sh\necho poison\n"), 0o755)
	for k, v := range map[string]string{
		"HOME": home, "DOCKER_CONFIG": dir, "DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_CONTEXT": "poison",
		"DOCKER_TLS_VERIFY": "1", "DOCKER_API_VERSION": "1.24", "DOCKER_DEFAULT_PLATFORM": "poison/poison",
		"DOCKER_CUSTOM_HEADERS": "poison", "SECRET": "poison", "NO_COLOR": "1", "DOCKER_CLI_HINTS": "true",
		"DOCKER_AUTH_CONFIG": "poison", "HTTP_PROXY": "http://127.0.0.1:1", "TZ": "Asia/Tokyo",
	} {
		t.Setenv(k, v)
	}
	if got := newLab(t, 1).run(line); got != clean {
		t.Errorf("with a poisoned environment\n%s\nwithout\n%s", got, clean)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name aa busybox sleep 100; docker stop -t 0 aa; docker rm aa")
	before := runtime.NumGoroutine()
	for range 20 {
		b.run("docker run --name aa busybox true; docker attach aa; docker logs aa; docker rm aa; docker ps")
	}
	for i := 0; runtime.NumGoroutine() > before+5 && i < 3000; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before+5 {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after\n%s", before, n, buf[:runtime.Stack(buf, true)])
	}
}

func TestTerminalReachesTheContainerAndIsGivenBack(t *testing.T) {
	b := newLab(t, 1)
	tty := userland.NewTTY(b.loop)
	var shown strings.Builder
	tty.OnOutput(func(o []byte) { shown.Write(o) })
	done := false
	p := b.host.Start(userland.ProcSpec{
		Args: []string{"bash"}, TTY: tty, OnExit: func(int) { done = true },
		Program: func(p *userland.Process) int { return b.shell.Run(p, "docker run -it --rm busybox sh") },
	})
	tty.SetForeground(b.host.Machine, p.PGID)
	type key struct {
		after time.Duration
		text  string
	}
	for _, k := range []key{{2 * time.Second, "echo $((6*7)); tty\r"}, {3 * time.Second, "exit 3\r"}} {
		b.loop.After(k.after, func() { tty.Input([]byte(k.text)) })
	}
	if err := b.loop.Run(func() bool { return done }, b.loop.Now()+time.Minute); err != nil {
		t.Fatalf("%v after\n%s", err, shown.String())
	}
	want(t, shown.String(), "echo $((6*7))", "42\r\n")
	if tty.Raw() {
		t.Error("the terminal stays raw")
	}
	buf := make([]byte, 1<<20)
	if s := string(buf[:runtime.Stack(buf, true)]); strings.Contains(s, "os/signal.loop") {
		t.Error("a signal of the real process was taken")
	}
}

func TestDetachKeysLeaveTheContainerRunning(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -itd --name cc busybox")
	tty := userland.NewTTY(b.loop)
	var shown strings.Builder
	tty.OnOutput(func(o []byte) { shown.Write(o) })
	done := false
	p := b.host.Start(userland.ProcSpec{
		Args: []string{"bash"}, TTY: tty, OnExit: func(int) { done = true },
		Program: func(p *userland.Process) int { return b.shell.Run(p, "docker attach cc; echo after") },
	})
	tty.SetForeground(b.host.Machine, p.PGID)
	for i, keys := range []string{"echo $((6*7))\r", "\x10", "\x11"} {
		b.loop.After(time.Duration(i+1)*time.Second, func() { tty.Input([]byte(keys)) })
	}
	if err := b.loop.Run(func() bool { return done }, b.loop.Now()+time.Minute); err != nil {
		t.Fatalf("%v after\n%s", err, shown.String())
	}
	want(t, shown.String(), "42\r\n", "read escape sequence\r\n", "after\r\n")
	want(t, b.run("docker ps"), "cc")
}

// One container after another, each removed again.
func BenchmarkRun(b *testing.B) {
	l := newLab(b, 1)
	l.run("docker pull busybox")
	for b.Loop() {
		if id := l.run("docker run -d --name xx busybox sleep 1000"); len(id) != 65 {
			b.Fatal(id)
		}
		b.StopTimer()
		l.run("docker rm -f xx")
		b.StartTimer()
	}
}

func BenchmarkNetworkLs(b *testing.B) {
	l := newLab(b, 1)
	for b.Loop() {
		l.run("docker network ls")
	}
}
