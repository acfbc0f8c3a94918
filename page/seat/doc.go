// Package seat is a learner's place: one goroutine that owns one world, lets its
// time follow the wall clock, and answers whoever is connected to it.
//
// A [Seat] takes requests (request.go) one after the other and never lets anybody
// wait for time that passes: it runs the world in slices of a few milliseconds.
// What takes long and needs no world of its own (explanations) happens in copies on
// other goroutines. While nobody is connected time stands still; a world that nobody
// has used for a while is dropped and made again from its log.
//
// It owns the words of the page's protocol between a connection and a world. It does
// not own connections, learners or files: those are package page's.
//
// Start reading at seat.go, then run.go.
package seat
