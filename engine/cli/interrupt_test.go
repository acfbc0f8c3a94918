package cli

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// ^C ends what waits for a service to converge, and nothing else: docker says that the
// operation goes on, and its status is 0, except for scale, whose error is the end of its
// context (docker/cli cmd/docker, service/progress, service/scale).
func TestCtrlCLeavesAServiceToItself(t *testing.T) {
	const stack = `docker swarm init >/dev/null; printf 'services:\n  web:\n    image: busybox\n    command: sleep 1000\n    deploy:\n      replicas: 2\n      placement:\n        constraints: [node.role==worker]\n' > s.yml`
	const create = "docker service create --name web --no-resolve-image --constraint node.role==worker busybox sleep 1000"
	for _, c := range []struct {
		release, line, id, says string
		status                  int
	}{
		{"20.10", create, "ID", "", 0},
		{"29", create, "ID", "", 0},
		{"29", create + " -q; true", "", "", 0},
		{"20.10", strings.Replace(create, "create", "create -d", 1) + ">/dev/null; docker service update --force web", "web", "", 0},
		{"29", strings.Replace(create, "create", "create -d", 1) + ">/dev/null; docker service update --force web", "web", "", 0},
		{"20.10", strings.Replace(create, "create", "create -d", 1) + ">/dev/null; docker service scale web=2", "web", "web scaled to 2\r\n", 0},
		{"29", strings.Replace(create, "create", "create -d", 1) + ">/dev/null; docker service scale web=2 nosuch=1", "web", "nosuch: ", 1},
		{"29", strings.Replace(create, "create", "create -d", 1) + ">/dev/null; docker service scale web=2", "web", "web: context canceled\r\n", 1},
		{"29", "docker stack deploy --detach=false -c s.yml s", "ID", "", 0},
	} {
		p := sitDown(newLabOf(t, 1, luck{}, c.release))
		line := strings.Replace(c.line, " -q; true", " 2>&1", 1)
		if strings.Contains(c.line, " -q") {
			line = strings.Replace(line, "create", "create -q", 1)
		}
		p.types(stack + "\r")
		shown := p.types(line+"\r", "", "\x03")
		_, after, _ := strings.Cut(shown, "^C")
		said := regexp.MustCompile("Operation continuing in background.\r\nUse `docker service ps ([a-z0-9]+)` to check progress.\r\n").FindStringSubmatch(after)
		switch {
		case c.id == "" && strings.Contains(after, "Operation"), c.id != "" && said == nil, c.id == "web" && said[1] != "web", c.id == "ID" && len(said[1]) != 25, !strings.Contains(shown, c.says):
			t.Errorf("%s: %s\n%s", c.release, c.line, shown)
		}
		want(t, p.types("echo rc $?\r"), fmt.Sprint("\nrc ", c.status, "\r"))
		want(t, p.types("docker node update --role worker $(docker node ls -q) >/dev/null 2>&1; docker service ls --format '{{.Name}} {{.Replicas}}'\r"), "web 0/")
		p.b.loop.Close()
	}
}

// ^C ends the context of a command that waits: its status says by which signal, where the
// command passes on why. 20.10's dies of it.
func TestCtrlCEndsWhatWaits(t *testing.T) {
	for _, c := range []struct {
		line string
		at   map[string]int
	}{
		{"docker logs -f c1", map[string]int{"20.10": 130, "29": 130}},
		{"docker wait c1", map[string]int{"20.10": 130, "29": 130}},
		{"docker events", map[string]int{"20.10": 130, "29": 130}},
		{"docker service logs -f web", map[string]int{"20.10": 130, "29": 130}},
		{"docker exec c1 sleep 1000", map[string]int{"20.10": 130, "29": 0}},
		{"docker stop -t 100 c1", map[string]int{"20.10": 130, "29": 130}},
		{"docker container prune", map[string]int{"20.10": 130, "29": 0}},
	} {
		for _, release := range []string{"20.10", "29"} {
			p := sitDown(newLabOf(t, 1, luck{}, release))
			p.types("docker swarm init >/dev/null; docker run -d --name c1 busybox sleep 1000 >/dev/null; docker service create -d --no-resolve-image --name web busybox sleep 1000 >/dev/null\r", "")
			shown := p.types(c.line+"\r", "\x03")
			if _, after, _ := strings.Cut(shown, "^C"); strings.Contains(shown, "rror") || strings.Trim(after, "\r\n") != "" && !strings.HasSuffix(after, "# ") {
				t.Errorf("%s: %s says\n%s", release, c.line, shown)
			}
			if after := shown[strings.Index(shown, "^C")+2:]; release == "20.10" && !strings.HasPrefix(after, "\r\n") {
				t.Errorf("%s does not die of the signal: %s\n%q", c.line, release, after) // bash begins a line then
			}
			if got, want := p.types("echo rc $?\r"), fmt.Sprint("\nrc ", c.at[release], "\r"); !strings.Contains(got, want) {
				t.Errorf("%s: %s: %q, want %q; %s", release, c.line, got, want, shown)
			}
			p.b.loop.Close()
		}
	}
}

// docker waits for a rotation of the root certificate in virtual time, and shows how far it
// is; Ctrl-C leaves it to the managers.
func TestARotationOfTheRootIsAwaited(t *testing.T) {
	for _, release := range []string{"20.10", "29"} {
		p := sitDown(newLabOf(t, 1, luck{}, release))
		p.types("docker swarm init >/dev/null; stty cols 120\r", "")
		p.shown.Reset()
		p.tty.Input([]byte("docker swarm ca --rotate\r"))
		p.b.loop.RunFor(time.Second)
		p.tty.Input([]byte("\x03"))
		p.b.loop.RunFor(time.Second)
		p.tty.Input([]byte("docker info -f '{{.Swarm.Cluster.RootRotationInProgress}}' 2>/dev/null\r"))
		p.b.loop.RunFor(time.Second)
		want(t, p.shown.String(), "desired root digest:  \r", "  rotated TLS certificates:  \r", "  rotated CA certificates:   \r",
			"desired root digest: sha256:", "  rotated TLS certificates:  [>                                                  ] 0/1 nodes", "  rotated CA certificates:   [>                                                  ] 0/1 nodes",
			"  rotated TLS certificates:  [==================================================>] 1/1 nodes", "  rotated CA certificates:   [>                                                  ] 0/1 nodes",
			"Operation continuing in background.", "Use `swarmctl cluster inspect default` to check progress.", "true")
		// The signal does not end the context of 20.10's commands: attach goes on.
		if got := strings.Contains(p.shown.String(), "BEGIN CERTIFICATE"); got != (release == "20.10") {
			t.Errorf("%s: the root is shown: %v\n%s", release, got, p.shown.String())
		}
		shown := p.types("docker info -f '{{.Swarm.Cluster.RootRotationInProgress}}' 2>/dev/null; docker swarm ca --rotate\r", "", "echo rc $?\r")
		want(t, shown, "false", "0/1 nodes", "rotated TLS certificates:  [==================================================>] 1/1 nodes",
			"rotated CA certificates:   [==================================================>] 1/1 nodes", "-----BEGIN CERTIFICATE-----", "rc 0")
		p.b.loop.Close()
	}
}
