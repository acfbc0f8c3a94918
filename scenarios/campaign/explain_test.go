package campaign

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/explain"
	"dnetsim/scenarios"
)

var (
	explainSeed = flag.Uint64("explain.seed", 71, "the first world's seed")
	explainN    = flag.Int("explain.n", 4, "how many worlds are explained")
)

// asked counts what became of the flows of the worlds.
type asked struct {
	flows, failed, unknown, wrong int
	codes                         map[explain.Code]int
	strange                       []string // flows without a cause
}

// The verdict of a journey is what a program in the container sees, in worlds
// that nobody made for it; what fails has a cause. The long form is make explain.
func TestExplainAgreesWithPackets(t *testing.T) {
	sum := asked{codes: map[explain.Code]int{}}
	for i := range *explainN {
		seed := *explainSeed + uint64(i)
		sum.world(t, seed)
		if (i+1)%20 == 0 {
			t.Logf("%d worlds: %s", i+1, &sum)
		}
	}
	t.Logf("%d worlds: %s", *explainN, &sum)
	for _, s := range sum.strange {
		t.Logf("unknown: %s", s)
	}
	if sum.unknown*100 > sum.failed && sum.failed > 200 {
		t.Errorf("%d of %d failed flows have no cause", sum.unknown, sum.failed)
	}
}

func (a *asked) String() string {
	var codes []string
	for _, c := range slices.Sorted(maps.Keys(a.codes)) {
		codes = append(codes, fmt.Sprintf("%s %d", c, a.codes[c]))
	}
	return fmt.Sprintf("%d flows, %d failed, %d unknown, %d wrong; %s", a.flows, a.failed, a.unknown, a.wrong, strings.Join(codes, ", "))
}

// world asks every ping of a world at a moment within it.
func (a *asked) world(t *testing.T, seed uint64) {
	t.Helper()
	drawn := Draw(seed)
	drawn.End = nil
	s, err := scenarios.Read(fmt.Sprintf("world-%d.yaml", seed), drawn.YAML())
	if err != nil {
		t.Fatal(err)
	}
	m := scenarios.Moment{Step: int(seed % uint64(len(s.Steps)+1))}
	w, _, err := scenarios.Stand(s, scenarios.Options{Docker: cli.Program}, m)
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
		return
	}
	defer w.Close()
	if err := explain.EachFlow(w, false, func(c explain.Cell) { a.cell(t, w, seed, m.Step, c) }); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
}

func (a *asked) cell(t *testing.T, w explain.World, seed uint64, step int, c explain.Cell) {
	t.Helper()
	a.flows++
	at := fmt.Sprintf("seed %d at %d: %s", seed, step, c.Flow)
	if c.Verdict != explain.Delivered {
		a.failed++
		a.codes[c.Code]++
		if c.Code == "UNKNOWN" {
			a.unknown++
			a.strange = append(a.strange, at+": "+c.Verdict.String())
		}
	}
	host, container, within := strings.Cut(c.Flow.From, "/")
	if !within || c.Flow.Proto != explain.ICMP || c.Target == "" {
		return
	}
	exit, out, err := w.Type(host, fmt.Sprintf("nsenter -t $(docker inspect -f '{{.State.Pid}}' %s) -n ping -c 3 -W 2 %s", container, c.Target))
	if err != nil || exit > 2 || c.Instead != "" || strings.Contains(out, "nsenter:") || strings.Contains(out, "Cannot connect") {
		return // docker itself does not answer, or the container has ended
	}
	if strings.Contains(out, "packet loss") && !strings.Contains(out, " 0% packet loss") && !strings.Contains(out, "100% packet loss") {
		return // chance decides
	}
	if got, want := c.Verdict == explain.Delivered || c.Verdict == explain.Lost, exit == 0; got != want {
		a.wrong++
		t.Errorf("%s (%s): explain says %s, ping says\n%s", at, c.Target, c, out)
	}
}
