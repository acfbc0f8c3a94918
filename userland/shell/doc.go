// Package shell is the POSIX shell, as busybox's ash and as bash: evaluation over
// mvdan.cc/sh's syntax trees, builtins, jobs, expansion, the line editor with its
// history. It does not own the programs that it starts (userland/programs and
// others), nor processes, pipes and terminals (userland). Start with [Shell], then
// eval.go and call.go.
package shell
