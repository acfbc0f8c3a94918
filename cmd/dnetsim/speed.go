package main

import (
	"errors"
	"strconv"
)

// speed is a flag: how many virtual seconds pass in a real one, or max to jump
// over the time in which a client only waits. It implements pflag.Value.
type speed struct {
	times float64
	max   bool
}

func (s *speed) String() string {
	if s.max {
		return "max"
	}
	return strconv.FormatFloat(s.times, 'g', -1, 64)
}

// Type implements pflag.Value.
func (s *speed) Type() string { return "N" }

// Set implements pflag.Value.
func (s *speed) Set(text string) error {
	if text == "max" {
		*s = speed{times: 1, max: true}
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0.01 && n <= 1000) {
		return errors.New("write how many virtual seconds pass in a real one, from 0.01 to 1000, or max")
	}
	*s = speed{times: n}
	return nil
}
