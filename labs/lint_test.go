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

func TestLintSaysWhatIsNotSo(t *testing.T) {
	fine := strings.Replace(stepsLab, "      - when: {run: h1$ test -e /nowhere}\n        text: never\n", "", 1)
	fine = strings.Replace(fine, "        cost: 4\n", "", 1)
	for name, c := range map[string]struct{ old, new, want string }{
		"a hint for nobody":      {"      - text: Run it.", "      - when: {run: h1$ test -e /nowhere}\n        text: never\n      - text: Run it.", "steps.yaml:31: hint 1 of task run appeared for nobody"},
		"an accident":            {"      - reach: {from: h1, to: h1/{{name}}}", "      - reach: {from: h1, to: 10.0.0.1}", "the check holds at the start already"},
		"an unsolved task":       {"  - answer: say\n", "", "the solution does not solve task say: its question has no answer"},
		"a solution that fails":  {"  - h1$ docker run -itd --name {{name}} busybox", "  - h1$ docker run -itd --name other busybox", "the solution stops: task say still waits for another"},
		"a way that leads away":  {`way: ["h1$ systemctl stop docker.socket docker"]`, `way: ["h1$ ls"]`, "the way into the dead end off does not lead there"},
		"a text in one language": {"title: T\n", "title: {en: T, zh: 题}\n", `steps.yaml:1:8: most other texts have no "zh"`},
		"all is well":            {"points: 20", "points: 21", ""},
	} {
		l, err := Read("steps.yaml", []byte(strings.Replace(fine, c.old, c.new, 1)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := strings.Join(Lint(l, []string{"ann", "bob"}, cli.Program), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s\nwant %q", name, got, c.want)
		}
	}
}
