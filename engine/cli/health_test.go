package cli

import "testing"

// --health-cmd probes in virtual time: ps, inspect, events and the filter follow.
func TestHealthOfAContainer(t *testing.T) {
	b := newLab(t, 1)
	const ps = "docker ps -a --format '{{.Names}} {{.Status}}'"
	const health = "docker inspect -f '{{.State.Health.Status}} {{.State.Health.FailingStreak}} {{len .State.Health.Log}}' web"
	b.run("docker run -d --name web --health-cmd 'test -f /ok' --health-interval 5s --health-retries 2 busybox sleep 1000")
	for _, c := range []struct{ line, want string }{
		{ps, "web Up Less than a second (health: starting)\n"},
		{health, "starting 0 0\n"},
		{"sleep 7; " + health, "starting 1 1\n"},
		{"sleep 5; " + health, "unhealthy 2 2\n"},
		{ps, "web Up 12 seconds (unhealthy)\n"},
		{"docker exec web touch /ok; sleep 5; " + ps, "web Up 17 seconds (healthy)\n"},
		{health, "healthy 0 3\n"},
		{"docker ps -q --filter health=healthy | wc -l", "1\n"},
		{"docker ps -q --filter health=unhealthy | wc -l", "0\n"},
		{"sleep 100; " + health, "healthy 0 5\n"},
		{"docker pause web; " + ps, "web\nweb Up About a minute (Paused)\n"},
		{"docker unpause web; " + health, "web\nunhealthy 0 5\n"},
		{"sleep 6; " + health, "healthy 0 5\n"},
		{"docker stop -t 0 web; " + health, "web\nunhealthy 0 5\n"},
		{"docker start web; " + health, "web\nstarting 0 5\n"},
		{"docker events --since 5m --until 0s --filter event=health_status --format '{{.Action}}'",
			"health_status: unhealthy\nhealth_status: healthy\nhealth_status: healthy\n"},
	} {
		if got := b.run(c.line); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.line, got, c.want)
		}
	}
}

// A probe that hangs is ended after its time, one that is no program has runc's
// words, and failures within the start period do not count.
func TestHealthProbesThatFail(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name slow --health-cmd 'sleep 100' --health-interval 2s --health-timeout 3s --health-retries 1 busybox sleep 1000")
	b.run("docker run -d --name late --health-cmd false --health-interval 2s --health-start-period 20s --health-retries 1 busybox sleep 1000")
	b.run("docker run -d --name none --no-healthcheck busybox sleep 1000; sleep 10")
	for _, c := range []struct{ line, want string }{
		{"docker inspect -f '{{.State.Health.Status}}' slow late", "unhealthy\nstarting\n"},
		{"docker inspect -f '{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}' slow", "-1 Health check exceeded timeout (3s)\n"},
		{"docker exec slow ps | grep -c 'sleep 100$'", "0\n"},
		{"sleep 12; docker inspect -f '{{.State.Health.Status}}' late", "unhealthy\n"},
		{"docker inspect -f '{{.State.Health}}' none", "<nil>\n"},
		{"docker create --health-cmd true --health-interval 1us busybox", "Error response from daemon: Interval in Healthcheck cannot be less than 1ms\n"},
	} {
		if got := b.run(c.line); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.line, got, c.want)
		}
	}
}
