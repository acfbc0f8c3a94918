package shell

// Jobs is how many background jobs a shell remembers, for tests.
func Jobs(s *Shell) int { return len(s.jobs) }
