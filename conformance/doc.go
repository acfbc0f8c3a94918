// Conformance is a scoreboard for dnetsim up that dnetsim did not write itself: Moby's own
// integration tests, clients that other people made, and the OpenAPI documents of the
// Engine API.
//
//	go run . [--only moby,clients,openapi] [--run REGEXP] [--dnetsim BINARY]
//
// It is a module of its own, because Moby's tests bring two hundred modules along that
// dnetsim does without. What cannot run here is left out and named. The exit code is 1 when
// something failed that reasons.txt does not explain, or when something that it does explain
// passes.
package main
