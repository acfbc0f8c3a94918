package scenarios

import "dnetsim/sim"

// running is a run in progress, whoever drives it: [Run] from the first step to
// the last, [Open] as far as the setup goes.
type running struct {
	loop       *sim.Loop
	lab        *Lab // nil if it could not be built
	result     *Result
	transcript *transcript
	digest     *digest
	options    Options
	hung       bool
	unlisten   []func()
}

// begin makes the world of a scenario, with everybody listening who was asked
// for. What goes wrong is the result's Err.
func begin(s *Scenario, o Options) *running {
	seed := s.Seed
	if o.Seed != nil {
		seed = *o.Seed
	}
	loop := sim.NewLoop(seed)
	r := &running{
		loop: loop, options: o, result: &Result{Name: s.Name, File: s.File, Seed: seed, document: s.document},
		transcript: &transcript{out: o.Transcript, style: o.Style}, digest: newDigest(loop, o.Digest),
	}
	if o.Trace != nil {
		r.unlisten = append(r.unlisten, loop.Journal().Listen(tracer(o.Trace)))
	}
	if o.journal != nil {
		r.unlisten = append(r.unlisten, loop.Journal().Listen(o.journal))
	}
	if o.Capture != nil {
		if r.result.Err = o.Capture.Open(loop); r.result.Err != nil {
			return r
		}
	}
	broken := guard(loop, func() {
		if r.lab, r.result.Err = build(s, loop, o.Docker, o.Clock); r.result.Err != nil {
			return
		}
		r.lab.unheed = r.lab.heed(o)
		if o.Built != nil {
			o.Built(r.lab)
		}
	})
	if broken != nil {
		r.broke(broken)
	}
	return r
}

// broke records a panic.
func (r *running) broke(err error) {
	r.result.Err = err
	if r.lab != nil {
		r.lab.broken = true
	}
}

// play runs steps until something ends the run.
func (r *running) play(steps []Step, setup bool) {
	if r.lab == nil || r.result.Err != nil {
		return
	}
	if err := guard(r.loop, func() { r.steps(steps, setup) }); err != nil {
		r.broke(err)
	}
}

// close ends the listening of those who were asked for by the options.
func (r *running) close() {
	for _, stop := range r.unlisten {
		stop()
	}
}
