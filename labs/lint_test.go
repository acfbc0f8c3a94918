package labs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
)

// learners are some ids; LABS_LEARNERS says how many (make labs: 50).
func learners() (ids []string) {
	n, _ := strconv.Atoi(os.Getenv("LABS_LEARNERS"))
	for i := range max(n, 1) {
		ids = append(ids, fmt.Sprintf("learner-%d", i+1))
	}
	return ids
}

func TestEveryLabIsProved(t *testing.T) {
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		t.Run(l.Name, func(t *testing.T) {
			if only := os.Getenv("LAB"); only != "" && !strings.Contains(l.Name, only) {
				t.Skip()
			}
			t.Parallel()
			start := time.Now()
			for _, what := range Lint(l, learners(), cli.Program) {
				t.Error(what)
			}
			t.Logf("%.1f s", time.Since(start).Seconds())
		})
	}
}
