package explain

import (
	"fmt"
	"net/netip"
	"strings"
)

// Report is the whole explanation of a flow.
type Report struct {
	Scenario string // what was run, as on the command line
	At       string // the moment, in words
	Flow     Flow
	To       string // who is meant, "" if nobody has the address
	Journey  *Journey
	Causes   []Cause
	Ruled    []string // what was looked at and is not the cause
	Notes    []string
	Tried    []string // cures that could not be applied, when none was found
	// Check is what to type to see that the flow passes, and what it prints once
	// the cure is applied.
	Check  *Evidence
	Failed string // a step of the scenario that failed on the way, or ""
}

// Works reports whether the flow passes.
func (r *Report) Works() bool { return r.Journey.Verdict == Delivered }

// Explain sends a flow's probe in a world and says what became of it and why;
// cures are tried in forks of the world. The world has moved on after that. It
// returns a [UsageError] if the question cannot be asked.
func Explain(w World, f Flow) (*Report, error) {
	a := survey(w)
	from, err := a.find(f.From)
	if err != nil {
		return nil, err
	}
	f.From = from.Name
	if err := a.known(f); err != nil {
		return nil, err
	}
	j, err := a.travel(from, f)
	if err != nil && from.isContainer() && !from.running() && (&inquiry{atlas: a, flow: f, from: from, j: &Journey{}}).kept(from) {
		j, err = &Journey{Verdict: NoRoute}, nil // why it cannot send is the answer
	}
	if err != nil {
		return nil, err
	}
	r := &Report{Flow: f, Journey: j}
	if j.Verdict == Delivered {
		if n := (&inquiry{atlas: a, flow: f, from: from, j: j}).meant(); n != nil {
			r.To = n.Name
		}
		return r, nil
	}
	q := a.inquire(f, from, j)
	if q.to != nil {
		r.To = q.to.Name
	}
	r.Ruled, r.Notes = q.ruled, q.notes
	x := &explainer{w: w, flow: f, lossy: j.Verdict == Lost}
	if q.to != nil && q.to.isContainer() {
		x.to = q.to.Name
	}
	if r.Causes = x.prove(q.causes); r.Causes == nil {
		r.Causes, r.Tried = certain(q.causes), x.tried
		if x.alone {
			r.untried()
		}
	}
	r.Check = x.check
	if r.Check == nil && len(r.Causes) > 0 {
		if all := a.checks(f, j, x.lossy); len(all) > 0 {
			r.Check = &all[0]
		}
	}
	if len(r.Causes) == 0 {
		r.Causes = []Cause{{Code: "UNKNOWN", Sentence: "The cause was not found."}}
	}
	return r, nil
}

// untried shows the cures that are likely where none can be tried.
func (r *Report) untried() {
	r.Tried = nil
	for i := range r.Causes {
		if c := &r.Causes[i]; len(c.cures) > 0 {
			c.Untried = &c.cures[0]
		}
	}
}

// known refuses what cannot be addressed at all: a container that is not there,
// an address that is in no subnet of the world and on no way out of it.
func (a *atlas) known(f Flow) error {
	if strings.Contains(f.To, "/") && a.byName[f.To] == nil {
		return &UsageError{fmt.Sprintf("there is no %s: there are %s", f.To, a.names())}
	}
	ip, err := netip.ParseAddr(f.To)
	if err != nil || ip.IsLoopback() || len(a.holders(ip.Unmap())) > 0 || len(a.absent(ip.Unmap())) > 0 || a.inSubnet(ip.Unmap()) {
		return nil
	}
	return &UsageError{fmt.Sprintf("%s is nowhere: no subnet of the scenario has it; there are %s", f.To, a.names())}
}

// inSubnet reports whether an address is in a network's pool or in the subnet of
// somebody's interface.
func (a *atlas) inSubnet(ip netip.Addr) bool {
	for _, n := range a.networks() {
		if n.covers(ip) {
			return true
		}
	}
	for _, ns := range a.space {
		for _, i := range ns.Interfaces() {
			for _, x := range i.Addrs() {
				if x.Prefix.Bits() > 0 && x.Prefix.Masked().Contains(ip) {
					return true
				}
			}
		}
	}
	return false
}

// Briefly is what became of a flow and why, without evidence or cure.
func Briefly(w World, f Flow) (Cell, error) {
	a := survey(w)
	a.quiet = true
	from, err := a.find(f.From)
	if err != nil {
		return Cell{}, err
	}
	f.From = from.Name
	return a.cell(from, f)
}
