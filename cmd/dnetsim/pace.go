package main

import (
	"errors"
	"strconv"
	"time"
)

// pace ties virtual time to the wall clock: speed virtual seconds pass in a
// real one. It implements sim.Pacer and is the only clock of the command.
type pace struct {
	start time.Time
	base  time.Duration // virtual time at start
	speed float64
	// hurry reports whether somebody waits for time to pass: then it jumps to
	// the next event. Nil never does.
	hurry func() bool
}

func newPace(base time.Duration, speed float64) *pace {
	return &pace{start: time.Now(), base: base, speed: speed}
}

// Elapsed is the virtual time that the wall clock allows by now.
func (p *pace) Elapsed() time.Duration {
	return p.base + time.Duration(float64(time.Since(p.start))*p.speed)
}

// Wait blocks until virtual time at is allowed, or wake receives.
func (p *pace) Wait(at time.Duration, wake <-chan struct{}) {
	if at < 0 {
		<-wake
		return
	}
	if p.hurry != nil && p.hurry() {
		p.start, p.base = time.Now(), at
		return
	}
	real := time.Duration(float64(at-p.Elapsed()) / p.speed)
	if real <= 0 {
		return
	}
	timer := time.NewTimer(real)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	}
}

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
