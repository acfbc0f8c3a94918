package labs

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/link/trail"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
)

// steps is a lab of one host, whose tasks are quick to do.
const stepsLab = `title: T
summary: S
story: X
parameters:
  name: [one, two, three]
scenario:
  lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.1}
  hosts:
    h1: {address: 10.0.0.7}
tasks:
  - id: look
    title: Look
    text: Look at {{name}}.
    check:
      - typed: {at: h1, line: "ip (-4 )?addr"}
        says: looked
  - id: run
    title: Run
    text: Run {{name}}.
    points: 20
    needs: look
    check:
      - run: h1$ docker inspect -f '{{.State.Running}}' {{name}}
        expect: {stdout: "true"}
        says: it runs
      - reach: {from: h1, to: h1/{{name}}}
        says: it answers
      - unreachable: {from: h1, to: 10.0.0.99}
        keep: true
    hints:
      - when: {run: h1$ test -e /nowhere}
        text: never
      - text: Run it.
        cost: 3
      - explain: {from: h1, to: h1/{{name}}}
        cost: 4
  - id: say
    title: Say
    text: Say it.
    needs: run
    ask: Which address?
    answer:
      run: h1$ docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' {{name}}
dead-ends:
  - id: off
    when: {run: h1$ systemctl is-active docker, expect: {exit: 3, stdout: inactive}}
    advice: Start it.
    way: ["h1$ systemctl stop docker.socket docker"]
solution:
  - h1$ ip addr
  - h1$ docker run -itd --name {{name}} busybox
  - answer: say
`

func sit(t *testing.T, learner string) *Sitting {
	t.Helper()
	l, err := Read("steps.yaml", []byte(stepsLab))
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.For(learner)
	if err != nil {
		t.Fatal(err)
	}
	v.World.Docker = cli.Program
	s, err := v.Sit()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// typist types at one terminal.
func typist(t *testing.T, s *Sitting) func(line string) {
	p := &player{s: s, terminals: map[string]int{}}
	return func(line string) {
		t.Helper()
		if err := p.line("h1", strings.ReplaceAll(line, "NAME", s.lab.values["name"].text)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Look(); err != nil {
			t.Fatal(err)
		}
	}
}

func states(s *Sitting) string {
	var b []string
	for _, t := range s.Progress(English).Tasks {
		b = append(b, t.State)
	}
	return strings.Join(b, " ")
}

func want(t *testing.T, s *Sitting, tasks string, points int) {
	t.Helper()
	if got := states(s); got != tasks || s.Mark().Points != points {
		t.Errorf("the tasks are %q with %d points, want %q with %d", got, s.Mark().Points, tasks, points)
	}
}

func TestASittingFromStartToEnd(t *testing.T) {
	s := sit(t, "ann")
	typed := typist(t, s)
	want(t, s, "todo locked locked", 0)
	if s.Glance() != nil {
		t.Error("what nobody has touched is looked at")
	}
	if _, _, err := s.Answer("say", "x", English); err == nil {
		t.Error("a locked task takes an answer")
	}
	typed("ls")
	want(t, s, "todo locked locked", 0)
	typed("ip addr")
	want(t, s, "done todo locked", 10)
	h, err := s.Hint("run", English)
	if err != nil || h.Kind != "written" || !strings.Contains(h.Text, "Run it") {
		t.Errorf("the first hint that fits: %+v %v", h, err)
	}
	typed("docker run -itd --name NAME busybox")
	want(t, s, "done done todo", 10+17)
	if right, says, err := s.Answer("say", "10.9.9.9", Chinese); right || err != nil || !strings.Contains(says, "不符") {
		t.Errorf("a wrong answer: %v %q %v", right, says, err)
	}
	if right, _, err := s.Answer("say", " 172.17.0.2. ", English); !right || err != nil {
		t.Errorf("the right answer: %v %v", right, err)
	}
	want(t, s, "done done done", 37)
	if m, err := s.lab.Grade(s.Record(), cli.Program); err != nil || !reflect.DeepEqual(m, s.Mark()) {
		t.Errorf("marked again: %+v %v, not %+v", m, err, s.Mark())
	}
}

func TestASittingGoesOnAfterARestart(t *testing.T) {
	s := sit(t, "ann")
	typed := typist(t, s)
	typed("ip addr")
	typed("docker run -itd --name NAME busybox; ip link add d0 type dummy")
	var text bytes.Buffer
	if err := s.Record().Write(&text); err != nil {
		t.Fatal(err)
	}
	r, err := ReadRecord(&text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.variant.Resume(r)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	want(t, again, "done done todo", 30)
	if !reflect.DeepEqual(again.Record(), s.Record()) || again.world.Now() != s.world.Now() {
		t.Errorf("the record is %+v, was %+v", again.Record(), s.Record())
	}
	if a, b := again.world.Shown(1), s.world.Shown(1); !bytes.Equal(a, b) {
		t.Errorf("the terminal shows %q, not %q", a, b)
	}
}

func TestGoingBackKeepsWhatWasDone(t *testing.T) {
	s := sit(t, "ann")
	typed := typist(t, s)
	typed("ip addr")
	typed("docker run -itd --name NAME busybox")
	typed("docker rm -f NAME")
	want(t, s, "done done todo", 30)
	if right, says, err := s.Answer("say", "172.17.0.2", English); right || err != nil || says != saysLater[English] {
		t.Errorf("without the container: %v %q %v", right, says, err)
	}
	if err := s.Back("run"); err != nil {
		t.Fatal(err)
	}
	want(t, s, "done done todo", 30)
	if right, _, err := s.Answer("say", "172.17.0.2", English); !right || err != nil {
		t.Errorf("at the checkpoint: %v %v", right, err)
	}
	log := s.world.Log()
	if err := s.BackTo(log[len(log)-1].At - time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if s.world.Inputs() != len(log)-1 || s.BackTo(s.world.Now()+1) == nil {
		t.Errorf("a moment before the last input there are %d of %d", s.world.Inputs(), len(log))
	}
	typed = typist(t, s)
	typed("true")
	if err := s.Back(startName); err != nil {
		t.Fatal(err)
	}
	typed = typist(t, s)
	typed("docker ps -a")
	if shown := string(s.world.Shown(1)); strings.Contains(shown, "busybox") {
		t.Errorf("at the start there is a container: %q", shown)
	}
	want(t, s, "done done done", 40)
	if m, err := s.lab.Grade(s.Record(), cli.Program); err != nil || !reflect.DeepEqual(m, s.Mark()) {
		t.Errorf("marked again: %+v %v, not %+v", m, err, s.Mark())
	}
	again, err := s.variant.Resume(s.Record())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if !reflect.DeepEqual(again.Record(), s.Record()) || string(again.world.Shown(1)) != string(s.world.Shown(1)) {
		t.Errorf("after a restart: %+v, was %+v", again.Record(), s.Record())
	}
}

func TestADeadEndIsSeen(t *testing.T) {
	s := sit(t, "ann")
	typed := typist(t, s)
	typed("systemctl stop docker.socket docker")
	if got := s.Progress(English).DeadEnd; !strings.Contains(got, "Start it.") {
		t.Errorf("advice %q", got)
	}
	typed("systemctl start docker")
	if got := s.Progress(English).DeadEnd; got != "" {
		t.Errorf("advice %q after it was mended", got)
	}
}

// A record is not believed: what it claims is looked at.
func TestARecordThatLiesGetsNothingForIt(t *testing.T) {
	s := sit(t, "ann")
	typist(t, s)("ip addr")
	honest := s.Record()
	at, index := honest.At, len(honest.Log)
	claim := func(acts ...Act) Record {
		r := honest
		r.Acts = append(append([]Act(nil), honest.Acts...), acts...)
		return r
	}
	for name, r := range map[string]Record{
		"a task that is not done":      claim(Act{Kind: Done, Task: "run", At: at, Index: index}),
		"a wrong answer said right":    claim(Act{Kind: Done, Task: "run", At: at, Index: index}, Act{Kind: Answered, Task: "say", Text: "1", Right: true, At: at, Index: index}, Act{Kind: Done, Task: "say", At: at, Index: index}),
		"a task that waits":            claim(Act{Kind: Done, Task: "say", At: at, Index: index}),
		"before anything was typed":    {Learner: "ann", Lab: "steps", Acts: []Act{{Kind: Done, Task: "look", At: at}}},
		"somebody else's look, locked": {Learner: "ann", Lab: "steps", Acts: []Act{{Kind: Done, Task: "run", At: at}}},
	} {
		most := 10
		if len(r.Log) == 0 {
			most = 0
		}
		if m, err := s.lab.Grade(r, cli.Program); err != nil || m.Points != most {
			t.Errorf("%s: %d points, %v", name, m.Points, err)
		}
	}
	for name, r := range map[string]Record{
		"out of the log":       claim(Act{Kind: Done, Task: "run", At: at, Index: index + 1}),
		"back into what comes": claim(Act{Kind: WentBack, To: 5, At: at, Index: index}),
		"another lab":          {Learner: "ann", Lab: "other"},
		"years":                claim(Act{Kind: Done, Task: "run", At: 1e18, Index: index}),
		"a task that is none":  claim(Act{Kind: Done, Task: "fly", At: at, Index: index}),
		"time that goes back":  {Learner: "ann", Lab: "steps", Log: []replay.Input{{At: time.Minute, Kind: replay.OpenTerminal, Place: "h1"}, {At: time.Second, Kind: replay.TypeKeys, Terminal: 1}}, Acts: []Act{{Kind: Done, Task: "look", At: time.Minute, Index: 2}}},
	} {
		if m, err := s.lab.Grade(r, cli.Program); err == nil {
			t.Errorf("%s: it is marked: %+v", name, m)
		}
	}
	if _, err := ReadRecord(strings.NewReader("[]")); err == nil {
		t.Error("a list is a record")
	}
}

// What only looks costs no copy of the world; what is looked at costs one.
func TestALookIsCheapAfterWhatOnlyLooks(t *testing.T) {
	s := sit(t, "ann")
	typed := typist(t, s)
	typed("ip addr")
	typed("docker run -itd --name NAME busybox; docker exec NAME true")
	for _, line := range []string{"docker ps -a", "ip -d link", "ip a", "ip r", "bridge fdb show", "iptables -S", "nft -a list ruleset", "nft 'list tables'", "ping -c 1 10.0.0.1", "cat /etc/hosts", "docker network inspect bridge", "history", "echo hello; cd /tmp", "x=1", "sh -c 'ls; ip addr'", "docker exec NAME ls"} {
		p := s.stirred
		typed(line)
		if s.stirred != p || s.Glance() != nil {
			t.Errorf("after %s the world is copied", line)
		}
	}
	for _, line := range []string{"echo hello > /tmp/x", "sleep 0 > /tmp/y", "docker exec NAME sh -c 'true; ip link set lo down'", "docker exec NAME ip link set lo up"} {
		p := s.stirred
		typed(line)
		if s.stirred == p {
			t.Errorf("%s goes unseen", line)
		}
	}
	for _, line := range []string{"docker network create n", "ip link add d0 type dummy", "ip a a 10.1.1.1/24 dev eth0", "bridge fdb replace 02:00:00:00:00:01 dev vxlan0", "iptables -A INPUT -j ACCEPT", "nft add table ip x", "nft -f /etc/nftables.conf", "nft 'flush ruleset'", "sysctl -w net.ipv4.ip_forward=1", "systemctl restart docker", "ssh bdc02 docker rm x", "sh -c true; docker rm x", "sh -c echo x > /tmp/x"} {
		if !changes(line) {
			t.Errorf("%s changes nothing", line)
		}
	}
}

// A look after a line that only looks, and after one that may have changed something,
// in a lab of two hosts whose first task is open; with the line itself.
func BenchmarkLook(b *testing.B) {
	l, err := Named("overlay-planes")
	if err != nil {
		b.Fatal(err)
	}
	v, err := l.For("ann")
	if err != nil {
		b.Fatal(err)
	}
	v.World.Docker = cli.Program
	for _, c := range []struct{ name, line string }{{"reads", "docker ps"}, {"changes", "ip link set lo up"}} {
		b.Run(c.name, func(b *testing.B) {
			s, err := v.Sit()
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			p := &player{s: s, terminals: map[string]int{}}
			for b.Loop() {
				if err := p.line("bdc02", c.line); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Look(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A learner's world is the same wherever it is made, packet by packet, and another
// learner's is another one.
func TestALearnersWorldIsTheSameEverywhere(t *testing.T) {
	digest := func(learner string, procs int) (sum uint64, events int) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		l, err := Named("overlay-planes")
		if err != nil {
			t.Fatal(err)
		}
		v, err := l.For(learner)
		if err != nil {
			t.Fatal(err)
		}
		v.World.Docker = cli.Program
		h := fnv.New64a()
		v.World.Built = func(l *scenarios.Lab) {
			trail.Of(l.Loop).Listen(func(e *trail.Event) {
				fmt.Fprint(h, e.At, e.Place, e.Verb, e.Why(), e.Packet, e.Parent, e.Frame)
				events++
			})
		}
		s, err := v.Sit()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		p := &player{s: s, terminals: map[string]int{}}
		if err := p.play(s.lab.solution[:4]); err != nil {
			t.Fatal(err)
		}
		return h.Sum64(), events
	}
	a, n := digest("ann", 1)
	if b, m := digest("ann", 4); a != b || n != m {
		t.Errorf("ann's world has %d events and then %d, or others", n, m)
	}
	if b, _ := digest("bob", 1); a == b {
		t.Error("bob has ann's world")
	}
}
