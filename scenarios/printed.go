package scenarios

import (
	"io"

	"dnetsim/userland"
)

// maxPrinted bounds what the steps of a run print, which is kept until its end:
// for its transcript, its expectations and its reports.
const maxPrinted = 64 << 20

// printed passes on what a job prints. Once a run has printed too much, it is a
// disk that is full.
type printed struct {
	lab *Lab
	job *Job
	to  io.Writer
}

func (p *printed) Write(b []byte) (int, error) {
	if p.lab.printed+len(b) > maxPrinted {
		p.job.flooded = true
		return 0, userland.ENOSPC
	}
	p.lab.printed += len(b)
	return p.to.Write(b)
}
