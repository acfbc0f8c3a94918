package userland

// Threads is how many threads a process remembers, for tests.
func Threads(p *Process) int { return len(p.threads) }
