package netfilter

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A change is refused exactly if the whole table that it makes would be, and what
// it leaves is what it would leave in a table of its own.
func TestAChangeIsRefusedIfTheWholeTableWouldBe(t *testing.T) {
	refused := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r := New(Options{})
		one := func(of ...string) string { return of[rng.IntN(len(of))] }
		for range 60 {
			table := one("filter", "nat", "mangle")
			chain := one("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING", "a", "b", "c")
			target := one("ACCEPT", "RETURN", "a", "b", "c", "REJECT", "MASQUERADE", "DNAT --to-destination 10.0.0.1", "MARK --set-mark 1", "LOG")
			match := one("", "-i eth0", "-o eth0", "-p tcp --dport 80", "-m tcp --dport 80", "-s 10.0.0.0/8")
			var line string
			switch rng.IntN(9) {
			case 0, 1:
				line = fmt.Sprintf("-t %s -N %s", table, one("a", "b", "c"))
			case 2:
				line = fmt.Sprintf("-t %s %s %s", table, one("-F", "-Z", "-X"), chain)
			case 3:
				line = fmt.Sprintf("-t %s -D %s %d", table, chain, 1+rng.IntN(3))
			case 4:
				line = fmt.Sprintf("-t %s -I %s %d %s -j %s", table, chain, 1+rng.IntN(3), match, target)
			case 5:
				line = fmt.Sprintf("-t %s -R %s 1 %s -j %s", table, chain, match, target)
			default:
				line = fmt.Sprintf("-t %s -A %s %s -j %s", table, chain, match, target)
			}
			words := strings.Fields(line)
			ps := r.newParser(words)
			if ps.parse() != nil {
				continue
			}
			before := r.table(table)
			was, whole := listed(before), before.clone("")
			err := r.apply(whole, ps)
			if err == nil {
				err = r.validate(whole)
			}
			_, got := r.Run(words)
			if (got == nil) != (err == nil) {
				t.Fatalf("seed %d: %s: %v, and the whole table: %v", seed, line, got, err)
			}
			if got != nil {
				refused++
			}
			want := was
			if err == nil {
				want = listed(whole)
			}
			if left := listed(r.table(table)); left != want {
				t.Fatalf("seed %d: %s leaves\n%s\nwant\n%s", seed, line, left, want)
			}
		}
	}
	if refused < 1000 {
		t.Errorf("only %d changes were refused", refused)
	}
}

func listed(t *table) string {
	var b strings.Builder
	for _, c := range t.chains {
		fmt.Fprintf(&b, "%s\n", c.name)
		for _, x := range c.rules {
			fmt.Fprintf(&b, "  %s\n", x)
		}
	}
	return b.String()
}
