package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"dnetsim/scenarios"
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

// engineName is a flag: the engine's profile, or nothing for the file's.
type engineName string

// String implements pflag.Value.
func (e *engineName) String() string { return string(*e) }

// Set implements pflag.Value.
func (e *engineName) Set(text string) error {
	if !slices.Contains(scenarios.Engines, text) {
		return errors.New("write " + strings.Join(scenarios.Engines, " or "))
	}
	*e = engineName(text)
	return nil
}

// Type implements pflag.Value.
func (e *engineName) Type() string { return "profile" }

// args are the flags that give a process of ours the same choices.
func (f *shared) args() (args []string) {
	if f.seed.value != nil {
		args = append(args, "--seed", f.seed.String())
	}
	if f.engine != "" {
		args = append(args, "--engine", f.engine.String())
	}
	return args
}

// apply gives scenarios what the flags say of them.
func (f *shared) apply(list ...*scenarios.Scenario) {
	for _, s := range list {
		if f.engine != "" && s != nil {
			s.UseEngine(f.engine.String())
		}
	}
}

// load is [load] with the flags applied.
func (f *shared) load(ctx context.Context, t *terminal, args []string) ([]*scenarios.Scenario, []scenarios.Source, error) {
	list, sources, err := load(ctx, t, args)
	f.apply(list...)
	return list, sources, err
}

// loadOne is [loadOne] with the flags applied.
func (f *shared) loadOne(ctx context.Context, t *terminal, arg, does string) (*scenarios.Scenario, error) {
	s, err := loadOne(ctx, t, arg, does)
	f.apply(s)
	return s, err
}
