package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"dnetsim/scenarios"
)

// source is a scenario that an argument stands for, or why there is none.
type source struct {
	src      scenarios.Source
	scenario *scenarios.Scenario // nil if wrong is not
	wrong    error
}

// loaded are the scenarios of a command line, in its order.
type loaded []source

// find reads every scenario that the arguments stand for.
func find(ctx context.Context, t *terminal, args []string) loaded {
	var list loaded
	for _, a := range args {
		found, err := scenarios.Find(a, t.input(ctx))
		if err != nil {
			list = append(list, source{src: scenarios.Source{File: a}, wrong: err})
			continue
		}
		for _, src := range found {
			src, err := composed(t, src)
			if err != nil {
				list = append(list, source{src: src, wrong: err})
				continue
			}
			all, err := scenarios.ReadAll(src.File, src.Text)
			if err != nil {
				list = append(list, source{src: src, wrong: err})
			}
			for i, s := range all {
				src.Document = i
				list = append(list, source{src: src, scenario: s})
			}
		}
	}
	return list
}

// err is what is wrong with the files, all of it at once, or nil.
func (list loaded) err() error {
	var wrong []error
	for _, x := range list {
		wrong = append(wrong, x.wrong)
	}
	return errors.Join(wrong...)
}

// say says what is wrong with the files.
func (list loaded) say(t *terminal) {
	if err := list.err(); err != nil {
		t.say("%v", err)
	}
}

// load reads every scenario that the arguments stand for. All mistakes of all
// files come together, and then there is none.
func load(ctx context.Context, t *terminal, args []string) ([]*scenarios.Scenario, []scenarios.Source, error) {
	list := find(ctx, t, args)
	if err := list.err(); err != nil {
		return nil, nil, status{exitUsage, err}
	}
	var all []*scenarios.Scenario
	var sources []scenarios.Source
	for _, x := range list {
		all, sources = append(all, x.scenario), append(sources, x.src)
	}
	return all, sources, nil
}

// loadOne reads the one scenario that an argument stands for; a folder of several
// is a usage error, with what the verb does with one.
func loadOne(ctx context.Context, t *terminal, arg, does string) (*scenarios.Scenario, error) {
	list, _, err := load(ctx, t, []string{arg})
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, status{exitUsage, fmt.Errorf("%s: %d scenarios: %s one", arg, len(list), does)}
	}
	return list[0], nil
}

// shard is a part of the scenarios, i of n; all of them if n is 0. It implements
// pflag.Value.
type shard struct{ i, n int }

func (s *shard) String() string {
	if s.n == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.i, s.n)
}

// Type implements pflag.Value.
func (s *shard) Type() string { return "i/n" }

// Set implements pflag.Value.
func (s *shard) Set(text string) error {
	a, b, _ := strings.Cut(text, "/")
	i, err1 := strconv.Atoi(a)
	n, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil || i < 1 || n < i {
		return errors.New("write the part and the number of parts, from 1/3 to 3/3")
	}
	s.i, s.n = i, n
	return nil
}

// of takes every nth scenario, so that the parts are about as long as each other.
func (s *shard) of(list loaded) loaded {
	if s.n == 0 {
		return list
	}
	var part loaded
	for i, x := range list {
		if i%s.n == s.i-1 {
			part = append(part, x)
		}
	}
	return part
}
