package cli

import (
	"runtime"
	"testing"
	"time"
)

// A command that gives up what it was attached to leaves no goroutine behind:
// docker's copy of the output would wait for ever for somebody to take its
// result.
func TestNoGoroutineIsLeftByACommand(t *testing.T) {
	for _, release := range []string{"20.10", "29"} {
		leavesNone(t, newLabOf(t, 1, luck{}, release))
	}
}

func leavesNone(t *testing.T, l *lab) {
	l.run("docker run -d --name c1 busybox sleep 1000000")
	for _, line := range []string{
		"docker run --rm busybox nothere", "docker run --rm -p 80:80 -p 80:80 busybox true", "timeout 1 docker exec -it c1 sh", "timeout -s KILL 1 docker attach c1", "timeout 1 docker logs -f c1", "timeout 1 docker wait c1", "timeout 1 docker events",
	} {
		before := runtime.NumGoroutine()
		for range 100 {
			l.run(line)
		}
		for i := 0; i < 60_000 && runtime.NumGoroutine() > before+4; i++ {
			time.Sleep(time.Millisecond)
		}
		if n := runtime.NumGoroutine() - before; n > 4 {
			buf := make([]byte, 1<<16)
			t.Errorf("%s, a hundred times: %d goroutines more\n%s", line, n, buf[:runtime.Stack(buf, true)])
		}
	}
}
