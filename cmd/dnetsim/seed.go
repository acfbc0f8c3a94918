package main

import (
	"fmt"
	"math"
	"strconv"
)

// seed is a flag: the seed of a run, or nothing for the file's.
type seed struct{ value *uint64 }

// String implements pflag.Value.
func (s *seed) String() string {
	if s.value == nil {
		return ""
	}
	return strconv.FormatUint(*s.value, 10)
}

// Set implements pflag.Value.
func (s *seed) Set(text string) error {
	v, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return fmt.Errorf("a seed is a whole number from 0 to %d", uint64(math.MaxUint64))
	}
	s.value = &v
	return nil
}

// Type implements pflag.Value.
func (s *seed) Type() string { return "seed" }
