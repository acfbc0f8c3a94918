// Package replay owns worlds that somebody works in and that can be made again. A
// [World] is a scenario after its setup with terminals on its machines. Each of its
// inputs is kept with its virtual time, and virtual time moves only when its owner
// says so; so the same scenario, seed and log of inputs are the same world, on any
// machine. Going back in time, a copy to try a cure in, a world that was put to sleep
// and the marks of a transcript all come from that.
//
// It owns no lab files and no connections: those are of rooms to the left. Start
// reading at world.go; explain.go is what package explain may ask of a world.
package replay
