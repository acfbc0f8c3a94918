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
	explainCure = flag.Int("explain.cures", 1, "for how many failed flows of a world, of a code each, the cure is looked for and tried")
)

// asked counts what became of the flows of the worlds.
type asked struct {
	flows, failed, unknown, wrong int
	codes                         map[explain.Code]int
	strange                       []string // flows without a cause
	cured, uncured                map[explain.Code]int
	hopeless                      []string // flows that no cure of their cause makes pass
}

// The verdict of a journey is what a program in the container sees, in worlds
// that nobody made for it; what fails has a cause. The long form is make explain.
func TestExplainAgreesWithPackets(t *testing.T) {
	sum := asked{codes: map[explain.Code]int{}, cured: map[explain.Code]int{}, uncured: map[explain.Code]int{}}
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
	t.Logf("cured: %s; not cured: %s", counts(sum.cured), counts(sum.uncured))
	for _, s := range sum.hopeless {
		t.Logf("not cured: %s", s)
	}
	if sum.unknown*100 > sum.failed && sum.failed > 200 {
		t.Errorf("%d of %d failed flows have no cause", sum.unknown, sum.failed)
	}
}

func (a *asked) String() string {
	return fmt.Sprintf("%d flows, %d failed, %d unknown, %d wrong; %s", a.flows, a.failed, a.unknown, a.wrong, counts(a.codes))
}

func counts(of map[explain.Code]int) string {
	var codes []string
	for _, c := range slices.Sorted(maps.Keys(of)) {
		codes = append(codes, fmt.Sprintf("%s %d", c, of[c]))
	}
	return strings.Join(codes, ", ")
}

// world asks every ping of a world at a moment within it.
func (a *asked) world(t *testing.T, seed uint64) {
	t.Helper()
	drawn := drawWorld(seed)
	drawn.End = nil
	s, err := scenarios.Read(fmt.Sprintf("world-%d.yaml", seed), drawn.yaml())
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
	first := map[explain.Code]explain.Flow{}
	err = explain.EachFlow(w, false, func(c explain.Cell) {
		a.cell(t, w, seed, m.Step, c)
		if _, ok := first[c.Code]; !ok && c.Verdict != explain.Delivered {
			first[c.Code] = c.Flow
		}
	})
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	codes := slices.Sorted(maps.Keys(first))
	for i := range min(*explainCure, len(codes)) {
		a.cure(t, s, seed, m, first[codes[(int(seed)+i)%len(codes)]])
	}
}

// cure explains a flow in a copy of the world that nobody has asked yet. A cure
// that is printed has made the flow pass; what has none is listed.
func (a *asked) cure(t *testing.T, s *scenarios.Scenario, seed uint64, m scenarios.Moment, f explain.Flow) {
	t.Helper()
	w, _, err := scenarios.Stand(s, scenarios.Options{Docker: cli.Program}, m)
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
		return
	}
	defer w.Close()
	r, err := explain.Explain(w, f)
	if err != nil {
		t.Errorf("seed %d at %d: %s: %v", seed, m.Step, f, err)
		return
	}
	if r.Works() {
		return
	}
	last := r.Causes[len(r.Causes)-1]
	switch {
	case last.Cure == nil:
		a.uncured[last.Code]++
		a.hopeless = append(a.hopeless, fmt.Sprintf("seed %d at %d: %s: %s %s", seed, m.Step, f, last.Code, last.Sentence))
	case last.Proof == nil || last.Proof.Verdict != explain.Delivered:
		t.Errorf("seed %d at %d: %s: %s has a cure that does not cure", seed, m.Step, f, last.Code)
	default:
		a.cured[last.Code]++
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
	if err != nil || exit > 2 || c.Instead != "" || strings.Contains(out, "nsenter:") || strings.Contains(out, "Cannot connect") || strings.Contains(out, "No such object") {
		return // docker itself does not answer, or the container has ended
	}
	if strings.Contains(out, "packet loss") && !strings.Contains(out, " 0% packet loss") && !strings.Contains(out, "100% packet loss") {
		return // chance decides
	}
	agree := func(c explain.Cell) bool {
		if c.Verdict == explain.Lost && exit == 0 { // chance decides: a lossy cable, a rule with -m statistic or limit
			return c.Code == "LINK-LOSSY" || c.Code == "OVERLAY-VXLAN-BLOCKED-HOST" || strings.HasPrefix(string(c.Code), "FIREWALL-")
		}
		return (c.Verdict == explain.Delivered) == (exit == 0) || c.Code == "LINK-LOSSY"
	}
	if agree(c) {
		return
	}
	// What the steps started goes on meanwhile: the world may have changed between
	// the one and the other, and then explain sees it, too. Where a cable loses some,
	// three probes in a row may come through, but not time after time.
	for try := range 6 {
		again, err := explain.Briefly(w, c.Flow)
		if err != nil {
			break
		}
		if agree(again) && (try == 0 || again.Code == "LINK-LOSSY") {
			return
		}
	}
	a.wrong++
	t.Errorf("%s (%s): explain says %s, ping says\n%s", at, c.Target, c, out)
}

// Worlds of which something other was once said than ping saw: a cable that loses some,
// a rule that thins out a tunnel, a container that is restarted while another has its network.
func TestExplainAgreesWithPacketsWhereItDidNot(t *testing.T) {
	for _, seed := range []uint64{910240, 930165, 960204} {
		a := asked{codes: map[explain.Code]int{}, cured: map[explain.Code]int{}, uncured: map[explain.Code]int{}}
		if a.world(t, seed); a.flows == 0 || a.unknown > 0 {
			t.Errorf("seed %d: %d flows, without a cause: %s", seed, a.flows, a.strange)
		}
	}
}
