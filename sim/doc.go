// Package sim owns virtual time: the event loop, timers, processes as
// coroutines, named random streams, and the journal of what happened.
//
// It knows no networking word. Everything that happens in a run is an event on
// one [Loop], ordered by (time, sequence), so the same program and seed give
// the same order on every machine. Nothing in this package reads the wall
// clock or draws from a global source.
//
// Start reading at [Loop], then [Proc]: a program of the simulation is
// straight-line code on a Proc, and blocking calls find the process that makes
// them through [Loop.Current].
package sim
