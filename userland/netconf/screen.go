package netconf

import "dnetsim/userland"

// screenWidth is the width of the terminal that standard output is, 0 for
// anything else.
func screenWidth(p *userland.Process) int {
	if p.TTY == nil || p.Stdout != any(p.TTY) {
		return 0
	}
	return p.TTY.Size().Cols
}
