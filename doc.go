// Package dnetsim is a userspace simulator of Docker's network modes. This
// folder holds no code: it holds the test that keeps the rooms apart. Start
// reading at ARCHITECTURE.md; the command is in cmd/dnetsim.
package dnetsim
