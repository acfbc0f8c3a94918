package engine

import (
	"testing"

	"github.com/moby/term"
)

// FuzzDetachKeys asks of any text whether it is a sequence of detach keys; the
// judge is the parser that dockerd itself has (moby/term).
func FuzzDetachKeys(f *testing.F) {
	for _, s := range []string{
		"ctrl-p,ctrl-q", "ctrl-@,ctrl-_", "a", "ctrl-A", "ctrl-", "ctrl-pp", // the edges of its table
		",", ",,", "x,,", "a,", ",a", "é", "ctrl-é", "", // commas that are keys, letters of two bytes, none
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, keys string) {
		if keys == "" { // asks for the default
			return
		}
		_, want := term.ToBytes(keys)
		if got := checkKeys(keys); (got == nil) != (want == nil) {
			t.Errorf("%q: %v, dockerd: %v", keys, got, want)
		}
	})
}
