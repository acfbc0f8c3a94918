package cli

import (
	"strings"
	"testing"
	"time"

	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// person is somebody at a terminal of the lab's host.
type person struct {
	b     *lab
	tty   *userland.TTY
	shown strings.Builder
}

func sitDown(b *lab) *person {
	p := &person{b: b, tty: userland.NewTTY(b.loop)}
	p.tty.OnOutput(func(o []byte) { p.shown.Write(o) })
	sh := b.host.Start(userland.ProcSpec{Program: shell.Sh(shell.Bash), Args: []string{"-sh", "--noediting"}, Dir: "/root", TTY: p.tty, NewGroup: true})
	p.tty.SetForeground(b.host.Machine, sh.PGID)
	return p
}

// types types each text and lets three seconds pass; it returns what was shown
// meanwhile.
func (p *person) types(keys ...string) string {
	p.shown.Reset()
	for _, k := range keys {
		p.tty.Input([]byte(k))
		p.b.loop.RunFor(3 * time.Second)
	}
	return p.shown.String()
}

// Whatever runs in the foreground of a terminal, the keys that end it on a real
// host end it here, and the shell is back.
func TestNoDockerCommandKeepsTheTerminal(t *testing.T) {
	const ctrlC = "\x03"
	for _, c := range []struct {
		line string
		keys []string
		says string
	}{
		{"docker run nginx", []string{ctrlC}, ""},
		{"docker run -p 80:80 httpd", []string{ctrlC}, ""},
		{"docker run -d --name web nginx; docker attach web", []string{ctrlC}, ""},
		{"docker run busybox sleep 1000", []string{ctrlC, ctrlC, ctrlC}, "\r\ngot 3 SIGTERM/SIGINTs, forcefully exiting\r\n"},
		{"docker run -i busybox cat", []string{ctrlC, ctrlC, ctrlC}, "forcefully exiting"},
		{"docker run -it busybox top", []string{"q"}, "PID"},
		{"docker run -it busybox top", []string{ctrlC}, "PID"},
		{"docker run -it busybox", []string{"while true; do sleep 1; done\r", ctrlC, "exit\r"}, "^C"},
		{"docker run -it busybox", []string{"yes\r", ctrlC, "exit\r"}, "y\r\ny\r\n"},
		{"docker run -it busybox", []string{"sleep 100\r", "\x1a", "jobs\r", "fg\r", ctrlC, "exit\r"}, "Stopped"},
		{"docker logs -f $(docker run -d busybox top)", []string{ctrlC}, ""},
		{"while true; do docker run --rm busybox true; done", []string{ctrlC}, ""},
		{"top", []string{"q"}, "COMMAND"},
	} {
		p := sitDown(newLab(t, 1))
		shown := p.types(append([]string{c.line + "\r"}, c.keys...)...)
		if back := p.types("echo ba''ck\r"); !strings.Contains(back, "\nback\r\n") || !strings.Contains(shown, c.says) {
			t.Errorf("%s and %q: the shell is not back\n%s\n%s", c.line, c.keys, shown, back)
		}
		p.b.loop.Close()
	}
}

func TestTopStaysInTheBackground(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name tt busybox top")
	b.loop.RunFor(time.Minute)
	want(t, b.run("docker ps"), "Up About a minute")
}

// On a terminal a pull has a row for each layer, which changes in its place.
func TestAPullShowsItsBarsOnATerminal(t *testing.T) {
	for _, c := range []struct {
		line  string
		cols  int
		parts []string
	}{
		{"docker pull nginx", 120, []string{
			"latest: Pulling from library/nginx\r\n", ": Pulling fs layer \r\r\n", "\x1b[3A\x1b[2K\r", "Downloading [============>", "   7.85MB/31.4MB\r\x1b[3B",
			"Extracting [==================================================]     626B/626B", ": Pull complete ", "Status: Downloaded newer image for nginx:latest\r\n",
		}},
		{"docker pull nginx", 80, []string{"Downloading   7.85MB/31.4MB\r"}},
		{"docker run --rm alpine true", 120, []string{"Unable to find image", "Downloading [", "Status: Downloaded newer image for alpine:latest\r\n"}},
	} {
		p := sitDown(newLab(t, 1))
		p.tty.Resize(userland.Winsize{Rows: 24, Cols: c.cols})
		shown := p.types(c.line+"\r", "", "")
		want(t, shown, c.parts...)
		p.b.loop.Close()
	}
}

// On a terminal each task of a service has a row with a bar, which changes in its place,
// and so have the sum and the wait; elsewhere there is a line each time, without bars.
func TestAServiceShowsItsProgressOnATerminal(t *testing.T) {
	const create = "docker swarm init >/dev/null; docker service create --name web --replicas 2 --no-resolve-image busybox sleep 1000"
	full := "[" + strings.Repeat("=", 50) + ">] \r"
	for _, c := range []struct {
		line  string
		cols  int
		parts []string
		not   string
	}{
		{create, 120, []string{
			"\r\n\x1b[1A\x1b[2K\roverall progress: 0 out of 2 tasks \r\x1b[1B", "\r\n\x1b[1A\x1b[2K\r1/2:   \r\x1b[1B",
			"\x1b[2A\x1b[2K\r1/2: running   " + full + "\x1b[2B", "\x1b[1A\x1b[2K\r2/2: running   " + full + "\x1b[1B", "\x1b[3A\x1b[2K\roverall progress: 2 out of 2 tasks \r\x1b[3B",
			"\x1b[1A\x1b[2K\rverify: Waiting 1 seconds to verify that tasks are stable... \r\x1b[1B", "\x1b[2K\rverify: Service ", " converged \r\x1b[1B",
		}, "converged\r\n"},
		{create, 80, []string{"1/2: running   \r"}, "==>"},
		{create + " | cat", 120, []string{"\r\noverall progress: 0 out of 2 tasks\r\n1/2:  \r\n2/2:  \r\noverall progress: ", "converged\r\n"}, "running"},
		{"docker swarm init >/dev/null; docker service create --name no --no-resolve-image busybox nosuch", 120, []string{"\x1b[2K\r1/1: ", "nosuch"}, "converged"},
	} {
		p := sitDown(newLab(t, 1))
		p.tty.Resize(userland.Winsize{Rows: 24, Cols: c.cols})
		shown := p.types(c.line+"\r", "", "", "")
		want(t, shown, c.parts...)
		if strings.Contains(shown, c.not) {
			t.Errorf("%s on %d columns shows %q:\n%q", c.line, c.cols, c.not, shown)
		}
		p.b.loop.Close()
	}
}

func TestAResizeReachesTheContainersTerminal(t *testing.T) {
	p := sitDown(newLab(t, 1))
	p.types("docker run -it --name c busybox\r")
	p.tty.Resize(userland.Winsize{Rows: 40, Cols: 60})
	want(t, p.types("stty size\r"), "40 60")
	p.types("\x10\x11", "docker exec -it c sh\r")
	p.tty.Resize(userland.Winsize{Rows: 50, Cols: 70})
	want(t, p.types("stty size\r"), "50 70")
}
