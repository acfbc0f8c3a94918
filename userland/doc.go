// Package userland is a machine that programs run on: its processes, its
// in-memory files, pipes and terminals.
//
// It owns what a program can see of its machine. It does not own addresses,
// routes or sockets (package stack), nor Docker (package modes). Nothing here
// reads or writes the real machine: every path goes through [FS], every process
// is a coroutine of package sim, every pipe blocks in virtual time.
//
// Start reading at [Machine], then [Process] and [Program]. The shell is the
// sub-package shell, the programs are in programs, netconf and traffic.
package userland
