package transport

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/log"
)

// quiet takes netstack's own log from the standard error of the process, where
// it would appear among what a user typed, with the wall clock on it. It speaks
// of segments that it drops, which is no more than what happens on a network.
type quiet struct{}

// Emit implements log.Emitter.
func (quiet) Emit(int, log.Level, time.Time, string, ...any) {}

// silence does so once for the process: the log is netstack's only global.
var silence = sync.OnceFunc(func() { log.SetTarget(quiet{}) })
