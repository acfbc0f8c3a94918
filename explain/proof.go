package explain

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Proof is what became of the flow in another copy of the run, with the cure
// applied.
type Proof struct {
	Verdict Verdict
	Healed  []string // other flows that fail without the cure and work with it
	Broken  []string // other flows that work without the cure and fail with it
	Took    time.Duration
}

// rounds is how many causes may stand behind one another.
const rounds = 5

// trial is a copy of the run in which cures are applied.
type trial struct {
	w    World
	a    *atlas
	took time.Duration // virtual time that the cures took
}

// explainer is an explanation in the making.
type explainer struct {
	w     World
	flow  Flow
	to    string // who is meant, "HOST/CONTAINER", if the flow names an address of a container
	pong  map[string]bool
	alone bool // there are no forks
	// tried are the cures that could not be applied.
	tried []string
	lossy bool      // some packets pass, some are lost
	check *Evidence // what shows in the cured copy that the flow passes
}

// fork is a copy of the run with cures applied.
func (x *explainer) fork(cures []*Cure) (*trial, error) {
	w, err := x.w.Fork()
	if err != nil {
		x.alone = errors.Is(err, ErrNoFork)
		return nil, err
	}
	t := &trial{w: w}
	for _, c := range cures {
		if err := t.apply(c); err != nil {
			w.Close()
			return nil, err
		}
	}
	return t, nil
}

// apply does what a cure says, as a person would.
func (t *trial) apply(c *Cure) error {
	start := t.w.Loop().Now()
	for _, s := range c.Steps {
		switch {
		case s.Repair != "":
			if err := t.w.Repair(s.Repair); err != nil {
				return err
			}
		case s.Wait > 0:
			if err := t.w.Loop().RunFor(s.Wait); err != nil {
				return err
			}
		default:
			if exit, out, err := t.w.Type(s.Machine, s.Line); err != nil {
				return err
			} else if exit != 0 {
				return fmt.Errorf("%s: exit status %d: %s", s, exit, shorten(out))
			}
		}
	}
	t.took += t.w.Loop().Now() - start
	return nil
}

// ask sends the flow's probe in the trial.
func (x *explainer) ask(t *trial, f Flow) (*inquiry, error) {
	t.a = survey(t.w)
	from, err := t.a.find(f.From)
	if err != nil {
		return nil, err
	}
	if n := t.a.byName[x.to]; n != nil && f.To == x.flow.To && isAddress(f.To) {
		// The address may have changed with a restart; the container is meant.
		if ip, err := t.a.addressFor(from, n); err == nil && ip.IsValid() {
			f.To = x.to
		}
	}
	j, err := t.a.travel(from, f)
	if err != nil {
		return nil, err
	}
	if j.Verdict == Delivered {
		return &inquiry{atlas: t.a, flow: f, from: from, j: j}, nil
	}
	return t.a.inquire(f, from, j), nil
}

// prove finds, among causes, those whose cures together make the flow pass: it
// applies a cure in a fork, asks again, and goes on with what stands in the way
// then.
func (x *explainer) prove(first []Cause) []Cause {
	for i := range first {
		if chain := x.chain(&first[i], nil, x.flow); chain != nil {
			return x.needed(chain)
		}
	}
	return nil
}

// certain are the causes that are named though none of their cures cures.
func certain(causes []Cause) []Cause {
	return slices.DeleteFunc(slices.Clone(causes), func(c Cause) bool { return c.guess })
}

// chain tries the cures of a cause after others, and returns the causes whose
// cures make the flow pass.
func (x *explainer) chain(c *Cause, before []Cause, f Flow) []Cause {
	if len(before) >= rounds {
		return nil
	}
	for k := range c.cures {
		cure := &c.cures[k]
		t, err := x.fork(append(curesOf(before), cure))
		if err != nil {
			x.tried = append(x.tried, err.Error())
			continue
		}
		asked := f
		if cure.Instead != nil {
			asked = *cure.Instead
		}
		q, err := x.ask(t, asked)
		if err != nil {
			t.w.Close()
			continue
		}
		cured := *c
		cured.Cure = cure
		so := append(before[:len(before):len(before)], cured)
		if q.j.Verdict == Delivered {
			last := &so[len(so)-1]
			last.Proof = &Proof{Verdict: Delivered, Took: t.took}
			x.compare(t, last.Proof)
			x.check = t.check(q.flow, q.j, x.lossy)
			t.w.Close()
			return so
		}
		next := q.causes
		t.w.Close()
		if len(next) > 0 && next[0].Code == aftermath && c.Code != aftermath {
			if !c.extended {
				if chain := x.chain(c.extend(cure, &next[0]), before, f); chain != nil {
					return chain
				}
			}
			continue
		}
		if len(next) > 0 && next[0].same(c) {
			continue
		}
		for i := range next {
			if next[i].among(so) {
				continue
			}
			if chain := x.chain(&next[i], so, asked); chain != nil {
				return chain
			}
		}
	}
	return nil
}

// aftermath is what a cause may leave behind when it is cured: it is part of
// that one's cure, and no cause beside it.
const aftermath Code = "OVERLAY-GOSSIP-APART"

// extend is the cause with a cure to which those of its aftermath are added.
func (c *Cause) extend(cure *Cure, after *Cause) *Cause {
	more := *c
	more.cures, more.extended = nil, true
	for _, a := range after.cures {
		more.cures = append(more.cures, Cure{
			Says: strings.TrimPrefix(cure.Says+"; then the engine has to be restarted, for one that failed to join does not try again", "; "), Instead: cure.Instead,
			Steps: append(append([]CureStep(nil), cure.Steps...), a.Steps...),
		})
	}
	return &more
}

// same reports whether two causes are one: of one code, with one cure.
func (c *Cause) same(o *Cause) bool {
	return c.Code == o.Code && (len(c.cures) == 0 || len(o.cures) == 0 || fmt.Sprint(c.cures[0].Steps) == fmt.Sprint(o.cures[0].Steps))
}

// among reports whether a cause is one of several.
func (c *Cause) among(all []Cause) bool {
	return slices.ContainsFunc(all, func(o Cause) bool { return o.same(c) })
}

func curesOf(causes []Cause) []*Cure {
	var out []*Cure
	for i := range causes {
		out = append(out, causes[i].Cure)
	}
	return out
}

// needed leaves out the causes without whose cure the flow passes, too: each
// that is named breaks it alone.
func (x *explainer) needed(chain []Cause) []Cause {
	for i := 0; len(chain) > 1 && i < len(chain)-1; {
		others := append(append([]Cause(nil), chain[:i]...), chain[i+1:]...)
		f := x.flow
		for _, c := range curesOf(others) {
			if c.Instead != nil {
				f = *c.Instead
			}
		}
		t, err := x.fork(curesOf(others))
		if err != nil {
			i++
			continue
		}
		q, err := x.ask(t, f)
		if err == nil && q.j.Verdict == Delivered {
			chain = others
		} else {
			i++
		}
		t.w.Close()
	}
	return chain
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// check types in the cured copy what a person would, to see that the flow
// passes: the first of the lines that can be typed there.
func (t *trial) check(f Flow, j *Journey, lossy bool) *Evidence {
	all := survey(t.w).checks(f, j, lossy)
	for i := range all {
		e := &all[i]
		if f.Proto == UDP {
			return e // it waits for what comes
		}
		exit, out, err := t.w.Type(e.Place, e.Command)
		if err != nil || exit == 126 || exit == 127 || i < len(all)-1 && exit != 0 {
			continue // the container's image has no such program
		}
		e.Shows, e.Says = telltale(out), "so it looks when it is cured"
		return e
	}
	return nil
}

// telltale is the line of a ping's output that says how many were answered, or
// all of another's.
func telltale(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "packet loss") {
			return strings.TrimSpace(line)
		}
	}
	return shorten(out)
}

// checks are the lines that show on the machines whether a flow passes, the one
// that comes nearest to what failed first: from within the container if its
// image has the program, else in its network with the host's own. Where some
// packets pass without the cure, more are sent.
func (a *atlas) checks(f Flow, j *Journey, lossy bool) []Evidence {
	from, err := a.find(f.From)
	if err != nil {
		return nil
	}
	to := f.To
	if isAddress(to) || a.byName[to] != nil && len(j.Lookups) == 0 {
		if to = ""; j.Target.IsValid() {
			to = j.Target.String()
		}
	}
	const works = "it is answered when it is cured"
	q := &inquiry{atlas: a}
	var line func(string) string
	switch f.Proto {
	case UDP:
		return a.arrival(f, j)
	case TCP:
		line = func(to string) string { return fmt.Sprintf("nc -zv -w 3 %s %d", to, f.Port) }
	default:
		count := 3
		if lossy {
			count = 20
		}
		size := ""
		if f.Large && j.outcome.size > 28 {
			size = fmt.Sprintf(" -s %d", j.outcome.size-28)
		}
		line = func(to string) string { return fmt.Sprintf("ping -c %d -W 2%s %s", count, size, to) }
	}
	var out []Evidence
	if to != "" && from.isContainer() {
		out = append(out, Evidence{Place: from.On(), Command: "docker exec " + from.Container.Name + " " + line(to), Says: works})
	}
	if j.Target.IsValid() && from.isContainer() {
		to = j.Target.String()
	}
	if to != "" {
		out = append(out, Evidence{Place: from.On(), Command: q.within(from, line(to)), Says: works})
	}
	return out
}

// arrival is where a datagram is seen that has no answer: in the network of its
// receiver.
func (a *atlas) arrival(f Flow, j *Journey) []Evidence {
	if j.Forward == nil || !j.Forward.End.Delivered {
		return nil
	}
	n := a.byName[j.Forward.End.Node]
	if n == nil {
		return nil
	}
	q := &inquiry{atlas: a}
	return []Evidence{{
		Place: n.On(), Command: q.within(n, fmt.Sprintf("tcpdump -nn -i any -c 1 udp port %d", j.Forward.End.event.pkt.dport)),
		Says: "type it while " + f.From + " sends: a datagram shows when it arrives where it is meant to",
	}}
}
