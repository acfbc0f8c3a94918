package userland

// Threads is how many threads a process remembers, for tests.
func Threads(p *Process) int { return len(p.threads) }

// Jobs is how many background jobs a shell remembers, for tests.
func Jobs(s *Shell) int { return len(s.jobs) }
