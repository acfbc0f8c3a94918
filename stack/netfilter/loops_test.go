package netfilter

import (
	"fmt"
	"math/rand"
	"testing"
)

// A rule that is added is refused exactly if the table with it is: what is looked at
// when one rule is added to many gives the answer of a look at everything.
func TestAnAddedRuleIsRefusedAsTheWholeTableIs(t *testing.T) {
	refused := 0
	for seed := range int64(300) {
		rnd := rand.New(rand.NewSource(seed))
		r := New(Options{})
		table := []string{"filter", "nat", "mangle"}[rnd.Intn(3)]
		chains := r.Chains(table)
		for i := range 4 {
			name := fmt.Sprint("C", i)
			if err := r.Exec("-t", table, "-N", name); err != nil {
				t.Fatal(err)
			}
			chains = append(chains, name)
		}
		targets := append([]string{"ACCEPT", "RETURN", "REJECT", "MASQUERADE", "LOG"}, chains...)
		for range 60 {
			at, target := chains[rnd.Intn(len(chains))], targets[rnd.Intn(len(targets))]
			args := []string{"-t", table, []string{"-A", "-I"}[rnd.Intn(2)], at, "-j", target}
			if rnd.Intn(3) == 0 {
				args = append(args, "-s", "10.0.0.1,10.0.0.2")
			}
			ps := r.newParser(args)
			var want *ExitError
			whole := r.table(table).clone("")
			if err := ps.parse(); err != nil {
				continue
			}
			if want = r.apply(whole, ps); want == nil {
				want = r.validate(whole)
			}
			_, got := r.Run(args)
			if (got == nil) != (want == nil) || got != nil && got.Text != want.Text {
				t.Fatalf("seed %d: iptables %v: %v, of the whole table %v", seed, args, got, want)
			}
			if got != nil {
				refused++
			}
			if rnd.Intn(5) == 0 {
				r.Exec("-t", table, "-D", at, "1")
			}
			if err := r.validate(r.table(table)); err != nil {
				t.Fatalf("seed %d: the table is no good after %v: %v", seed, args, err)
			}
		}
	}
	if refused < 1000 {
		t.Errorf("only %d refusals", refused)
	}
}
