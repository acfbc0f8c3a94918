// Package campaign is a judge of whole runs: it draws random worlds (hosts,
// cables, networks of every driver, people who type and cables that fail),
// runs them, and looks after every step whether what must always hold does.
//
// A world is an ordinary scenario file, so that `dnetsim run` and
// `dnetsim verify` take it, too. What is drawn depends on the world's seed
// alone. What must hold is judged by slow and obvious means from what the file
// declares, what the engines say, and the journal; nothing here asks the code
// that it judges.
//
// Start reading at world.go (what a world is), plan.go (how one is drawn) and
// judge.go (how one is run). The checks are a file each: conservation.go,
// isolation.go, owners.go, pools.go, store.go, rules.go, leftovers.go. shrink.go makes a
// failing world small. Only tests use the package; `make swarm` runs many.
package campaign
