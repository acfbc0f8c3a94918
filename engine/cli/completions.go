package cli

import (
	"sync"
	_ "unsafe" // for linkname

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// cobra keeps the completion functions of every flag of every tree that was ever
// built in one map and never forgets them, and with them the whole tree. A run
// builds a tree for each docker command, so it must forget.
//
//go:linkname flagCompletions github.com/spf13/cobra.flagCompletionFunctions
var flagCompletions map[*pflag.Flag]cobra.CompletionFunc

//go:linkname flagCompletionMutex github.com/spf13/cobra.flagCompletionMutex
var flagCompletionMutex *sync.RWMutex

// forgetCompletions forgets those of one tree: another session's may be asked
// for at the same time.
func forgetCompletions(c *cobra.Command) {
	flagCompletionMutex.Lock()
	defer flagCompletionMutex.Unlock()
	forget(c)
}

func forget(c *cobra.Command) {
	for _, all := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
		all.SortFlags = false // nobody sees the order, and sorting cost more than the rest
		all.VisitAll(func(f *pflag.Flag) { delete(flagCompletions, f) })
	}
	for _, sub := range c.Commands() {
		forget(sub)
	}
}
