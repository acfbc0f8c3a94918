package cli

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// docker's client reckons ages from the clock of the host it runs on, and the
// engine "Up" from its own: what was created before the clock was set on by
// five hours is five hours old.
func TestDockerShowsTheTimeOfItsHostsClock(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name old busybox sh -c 'while true; do echo tick; sleep 60; done'")
	b.loop.RunFor(90 * time.Second)
	run := b.loop.Wall()
	b.run("date -s '+5 hours'")
	b.run("docker run -d --name new busybox sleep 1000")
	b.loop.RunFor(2 * time.Minute)

	ages := b.run("docker ps --format '{{.Names}} {{.RunningFor}} {{.Status}}'")
	want(t, ages, "new 2 minutes ago Up 2 minutes", "old 5 hours ago Up 5 hours")
	hour := run.Add(5 * time.Hour).Format("2006-01-02T15:")
	want(t, b.run("docker inspect -f '{{.Created}} {{.State.StartedAt}}' new"), hour)
	want(t, b.run("docker inspect -f '{{.Created}} {{.State.StartedAt}}' old"), run.Format("2006-01-02T15:"))
	want(t, b.run("docker logs -t old | tail -1"), hour)
	if got := b.run("docker logs --since 3m old"); strings.Count(got, "tick") < 2 || strings.Count(got, "tick") > 3 {
		t.Errorf("logs of the last three minutes: %q", got)
	}
	want(t, b.run("docker events --since 10m --until 0s --filter event=start"), hour, "name=new")
	if got := b.run("docker events --since 10m --until 0s"); strings.Contains(got, "name=old") {
		t.Errorf("events of the last ten minutes begin before the clock was set:\n%s", got)
	}
	b.run("docker network create later")
	want(t, b.run("docker network inspect -f '{{.Created}}' later"), strings.Replace(hour, "T", " ", 1))
	want(t, b.run("docker exec new date +%FT%H:"), hour)
	b.run("docker kill new")
	want(t, b.run("docker inspect -f '{{.State.FinishedAt}}' new"), hour)
	want(t, b.run("systemctl restart docker; journalctl -u docker | tail -1"), run.Add(5*time.Hour).Format("Jan 02 15:"), hour)
}

// A clock that is set back makes what is there younger than nothing, which
// docker's words for ages take for no time at all.
func TestAgesAfterAClockWasSetBack(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name n1 busybox sleep 100000")
	b.loop.RunFor(10 * time.Minute)
	b.run("date -s '-5 hours'")
	want(t, b.run("docker ps --format '{{.RunningFor}}, {{.Status}}'"), "Less than a second ago, Up Less than a second")
	// A stream of events ends when the time has passed, not when the clock
	// says so.
	before := b.loop.Now()
	b.run("(sleep 1; date -s '-1 hour') & docker events --until $(( $(date +%s) + 3 ))")
	if took := b.loop.Now() - before; took < 2*time.Second || took > 5*time.Second {
		t.Errorf("events until in 3 s took %v", took)
	}
}

func TestOnlyAContainerWithSysTimeSetsTheClock(t *testing.T) {
	b := newLab(t, 1)
	for _, c := range []struct {
		options string
		may     bool
	}{
		{"", false},
		{"--cap-add NET_ADMIN", false},
		{"--cap-add SYS_TIME", true},
		{"--cap-add CAP_SYS_TIME --cap-drop ALL", true},
		{"--cap-add ALL --cap-drop SYS_TIME", false},
		{"--cap-add ALL", true},
		{"--privileged", true},
		{"--privileged -u nobody", false},
	} {
		b.run("date -s '2026-02-01 10:00'")
		got := b.run("docker run --rm " + c.options + " busybox date -s '2027-03-01 10:00'")
		may := b.host.Wall().Year() == 2027
		if may != c.may || strings.Contains(got, "date: can't set date: Operation not permitted\n") == may {
			t.Errorf("%s: set is %v, want %v: %s", c.options, may, c.may, got)
		}
	}
	b.run("date -s '2026-02-01 10:00'; docker run -d --name n1 busybox sleep 1000")
	b.run("docker exec n1 date -s '2027-03-01 10:00'")
	if y := b.host.Wall().Year(); y != 2026 {
		t.Errorf("docker exec set the clock to %d", y)
	}
	got := b.run("docker exec --privileged n1 sh -c \"date -s '2027-03-01 10:00'\"")
	if !regexp.MustCompile(`^Mon Mar +1 10:00:00 UTC 2027\n$`).MatchString(got) || b.host.Wall().Year() != 2027 {
		t.Errorf("docker exec --privileged: %q, and the host is in %d", got, b.host.Wall().Year())
	}
}

// A machine under load may take so long over a list of ages that its second
// turns. The same answers are then printed again: nothing is asked twice, and
// what another command does meanwhile is not seen.
func TestAgesDoNotDependOnTheMachinesSecond(t *testing.T) {
	lines := []string{
		"docker run -d --name c1 busybox sleep 1000; docker run -d --name c2 busybox sleep 1000; sleep 100",
		"(docker rm -f c1 & docker run -d --name c3 busybox sleep 5 & docker ps -a & systemctl restart docker & wait)",
		"docker ps -a --format '{{.Names}} {{.RunningFor}} {{.CreatedAt}}'; docker images; docker history busybox",
		"docker system df -v; docker ps -a | wc -l; docker __complete stop ''",
		"docker swarm init >/dev/null; docker network create -d overlay ov >/dev/null; docker service create -d --name web --network ov --no-resolve-image busybox sleep 1000 >/dev/null; sleep 20",
		"docker node ps; docker node ps nosuch; docker service ps web nosuch; docker stack ps nosuch; docker service inspect --pretty web; docker service inspect --pretty web nosuch; docker secret ls; docker ps; docker history nosuch",
	}
	play := func(every int) (out []string) {
		asked := 0
		b := newUnluckyLab(t, 1, luck{second: func() int64 {
			if asked++; every > 0 && asked%every == 0 {
				return second() - 1
			}
			return second()
		}})
		defer b.loop.Close()
		for _, l := range lines {
			out = append(out, fmt.Sprint(b.runAt(l, true), b.loop.Now(), b.loop.Fired()))
		}
		return out
	}
	calm := play(0)
	for _, every := range []int{3, 4, 5} {
		for i, got := range play(every) {
			if got != calm[i] {
				t.Errorf("the second turned at every %dth look: %s\n%s\nwant\n%s", every, lines[i], got, calm[i])
			}
		}
	}
}
