// Package scenarios owns the scenario language: it reads a file, checks it,
// builds the hosts and cables it declares, runs what it types, and reports.
//
// It owns the words of the file and the form of a transcript. It does not own
// how anything behaves: hosts, containers and packets are the rooms to its
// right. The ready scenarios are in library/.
//
// Start reading at [Scenario], then [Read] (file to Scenario), [Lab] (Scenario
// to running hosts) and [Run] (steps to a [Result]).
package scenarios
