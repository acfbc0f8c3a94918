package scenarios

import (
	"fmt"
	"strings"

	"dnetsim/sim"
	"dnetsim/stack"
)

// checkFiles writes the hosts' files on machines that nobody uses, to find out
// which of them cannot be.
func (r *reader) checkFiles(s *Scenario) {
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if len(h.Files) == 0 {
			continue
		}
		loop := sim.NewLoop(1)
		l := newLab(&Scenario{}, loop, nil)
		ns := stack.New(loop, h.Name, stack.Options{Host: true})
		for p, err := range h.lay(l.appliance(h.Name, ns)) {
			if err != nil {
				r.add(h.filesAt[p], "write the path of a file in a directory", "file %s of %s cannot be written: %s", fmt.Sprintf("%q", p), h.Name, strings.ToLower(err.Error()))
			}
		}
		l.Close()
		ns.Close()
	}
}
