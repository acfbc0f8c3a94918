package explain

import (
	_ "embed"
	"encoding/json"
	"io"
)

// Schema is the JSON Schema of what [Report.WriteJSON] prints.
//
//go:embed schema.json
var Schema []byte

// The report as JSON; schema.json describes it. Names stay, fields may be added.
type (
	reportJSON struct {
		Scenario string        `json:"scenario"`
		At       string        `json:"at"`
		Flow     flowJSON      `json:"flow"`
		Target   string        `json:"target,omitempty"` // the address
		To       string        `json:"to,omitempty"`     // whose it is
		Verdict  string        `json:"verdict"`
		Error    string        `json:"error,omitempty"` // what the program that sent it was told
		Sent     int           `json:"sent"`
		Received int           `json:"received"`
		RTT      float64       `json:"rtt_ms"`
		Lookups  []pathJSON    `json:"lookups,omitempty"`
		Forward  *pathJSON     `json:"forward,omitempty"`
		Asks     []pathJSON    `json:"asks,omitempty"`
		Return   *pathJSON     `json:"return,omitempty"`
		Causes   []causeJSON   `json:"causes"`
		Ruled    []string      `json:"ruled_out,omitempty"`
		Notes    []string      `json:"notes,omitempty"`
		Check    *evidenceJSON `json:"check,omitempty"`
		Failed   string        `json:"failed_step,omitempty"`
	}
	flowJSON struct {
		From  string `json:"from"`
		To    string `json:"to"`
		Proto string `json:"protocol"`
		Port  uint16 `json:"port,omitempty"`
		Large bool   `json:"large,omitempty"`
	}
	pathJSON struct {
		What string    `json:"what"`
		Hops []hopJSON `json:"hops"`
		End  endJSON   `json:"end"`
	}
	hopJSON struct {
		At     float64 `json:"at_s"`
		Packet uint64  `json:"packet_id"`
		Parent uint64  `json:"parent_id,omitempty"`
		Place  string  `json:"place"`
		Verb   string  `json:"verb"`
		Says   string  `json:"packet"`
		Rule   string  `json:"rule,omitempty"`
		Reason string  `json:"reason,omitempty"`
		Row    string  `json:"row,omitempty"`
		Frame  int     `json:"frame,omitempty"`
	}
	endJSON struct {
		Delivered bool   `json:"delivered"`
		Place     string `json:"place,omitempty"`
		Node      string `json:"node,omitempty"`
		Reason    string `json:"reason,omitempty"`
		Rule      string `json:"rule,omitempty"`
	}
	causeJSON struct {
		Code     Code           `json:"code"`
		Sentence string         `json:"sentence"`
		Evidence []evidenceJSON `json:"evidence"`
		Cure     *cureJSON      `json:"cure,omitempty"`
		Proof    *proofJSON     `json:"proof,omitempty"`
	}
	evidenceJSON struct {
		Place   string `json:"place"`
		Command string `json:"command"`
		Shows   string `json:"shows"`
		Says    string `json:"says,omitempty"`
	}
	cureJSON struct {
		Says    string     `json:"says,omitempty"`
		Remarks []string   `json:"remarks,omitempty"`
		Steps   []stepJSON `json:"steps"`
		Instead *flowJSON  `json:"ask_instead,omitempty"`
	}
	stepJSON struct {
		Machine string  `json:"machine,omitempty"`
		Line    string  `json:"line,omitempty"`
		Repair  string  `json:"repair,omitempty"`
		Wait    float64 `json:"wait_s,omitempty"`
	}
	proofJSON struct {
		Verdict string   `json:"verdict"`
		Healed  []string `json:"heals_also,omitempty"`
		Broken  []string `json:"breaks,omitempty"`
	}
)

// WriteJSON prints the report for programs.
func (r *Report) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r.toJSON())
}

func (r *Report) toJSON() reportJSON {
	j := r.Journey
	v := reportJSON{
		Scenario: r.Scenario, At: r.At, Flow: r.Flow.toJSON(), To: r.To, Verdict: j.Verdict.String(), Sent: j.Sent, Received: j.Received,
		RTT: j.RTT.Seconds() * 1000, Lookups: pathsJSON(j.Lookups), Forward: j.Forward.toJSON(), Asks: pathsJSON(j.Asks), Return: j.Return.toJSON(),
		Causes: []causeJSON{}, Ruled: r.Ruled, Notes: r.Notes, Failed: r.Failed,
	}
	if j.Target.IsValid() {
		v.Target = j.Target.String()
	}
	if j.Err != nil {
		v.Error = j.Err.Error()
	}
	if r.Check != nil {
		e := evidenceJSON(*r.Check)
		v.Check = &e
	}
	for i := range r.Causes {
		v.Causes = append(v.Causes, r.Causes[i].toJSON())
	}
	return v
}

func (f Flow) toJSON() flowJSON { return flowJSON{f.From, f.To, f.Proto.String(), f.Port, f.Large} }

func pathsJSON(all []*Path) []pathJSON {
	var out []pathJSON
	for _, p := range all {
		out = append(out, *p.toJSON())
	}
	return out
}

func (p *Path) toJSON() *pathJSON {
	if p == nil {
		return nil
	}
	v := &pathJSON{What: p.What, Hops: []hopJSON{}, End: endJSON{p.End.Delivered, p.End.Place, p.End.Node, p.End.Reason, p.End.Rule}}
	for _, h := range p.Hops {
		v.Hops = append(v.Hops, hopJSON{h.At.Seconds(), uint64(h.event.Packet), uint64(h.event.Parent), h.Place, h.Verb, h.Packet, h.Rule, h.Reason, h.Row, h.Frame})
	}
	return v
}

func (c *Cause) toJSON() causeJSON {
	v := causeJSON{Code: c.Code, Sentence: c.Sentence, Evidence: []evidenceJSON{}}
	for _, e := range c.Evidence {
		v.Evidence = append(v.Evidence, evidenceJSON(e))
	}
	if c.Cure != nil {
		v.Cure = &cureJSON{Says: c.Cure.Says, Remarks: c.Cure.remarks(), Steps: []stepJSON{}}
		for _, s := range c.Cure.Steps {
			v.Cure.Steps = append(v.Cure.Steps, stepJSON{s.Machine, s.Line, s.Repair, s.Wait.Seconds()})
		}
		if f := c.Cure.Instead; f != nil {
			x := f.toJSON()
			v.Cure.Instead = &x
		}
	}
	if c.Proof != nil {
		v.Proof = &proofJSON{c.Proof.Verdict.String(), c.Proof.Healed, c.Proof.Broken}
	}
	return v
}
