package replay

import (
	"time"

	"dnetsim/explain"
	"dnetsim/link"
	"dnetsim/modes"
	"dnetsim/sim"
	"dnetsim/userland"
)

// standing is a world for package explain. Its copies are of the moment at, before
// questions moved it.
type standing struct {
	w  *World
	at time.Duration
}

var _ explain.World = standing{}

// Standing is the world for package explain: questions move it, so ask a copy. Cures
// are tried in further copies.
func (w *World) Standing() explain.World { return standing{w, w.Now()} }

func (s standing) Loop() *sim.Loop                        { return s.w.lab.Loop }
func (s standing) Machines() []*userland.Machine          { return s.w.lab.Machines() }
func (s standing) Host(name string) (*modes.Host, bool)   { return s.w.lab.Host(name) }
func (s standing) Cables() []*link.Wire                   { return s.w.lab.Cables() }
func (s standing) Repair(what string) error               { return s.w.lab.Repair(what) }
func (s standing) Close()                                 { s.w.Close() }
func (s standing) Type(at, l string) (int, string, error) { return s.w.Line(at, l) }

func (s standing) Fork() (explain.World, error) {
	f, err := s.w.copyAt(s.at)
	if err != nil {
		return nil, err
	}
	return standing{f, s.at}, nil
}

// Explain says why a flow fails, or that it works, and tries cures. All of it happens
// in copies: the world stays as it is.
func (w *World) Explain(f explain.Flow) (*explain.Report, error) {
	c, err := w.Fork()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r, err := explain.Explain(c.Standing(), f)
	if err == nil {
		r.Scenario, r.At = w.lab.Scenario.Name, "now"
	}
	return r, err
}

// Matrix says who reaches whom, in a copy.
func (w *World) Matrix(large bool) (*explain.Matrix, error) {
	c, err := w.Fork()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	m, err := explain.Reach(c.Standing(), large)
	if err == nil {
		m.Scenario, m.At = w.lab.Scenario.Name, "now"
	}
	return m, err
}
