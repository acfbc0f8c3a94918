package campaign

import "math/rand/v2"

// dice are one world's source of chance.
type dice struct{ r *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 0x73776172))} }

// between is a number from lo to hi, both included.
func (d dice) between(lo, hi int) int { return lo + d.r.IntN(hi-lo+1) }

// chance is true in percent of 100 cases.
func (d dice) chance(percent int) bool { return d.r.IntN(100) < percent }

// pick is one of several things.
func pick[T any](d dice, of ...T) T { return of[d.r.IntN(len(of))] }
