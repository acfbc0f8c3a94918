package page

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"time"

	"dnetsim/explain"
	"dnetsim/page/packets"
	"dnetsim/page/seat"
	"dnetsim/page/view"
	"dnetsim/scenarios"
)

// The bounds of a recording.
const (
	recordedBytes   = 64 << 20 // of packets, while it is made
	recordedDetails = 2000     // packets whose bytes are in it
	recordedMoves   = 20000
)

// recording is the run of a scenario as a page without a server reads it: what a
// server would have said, and when.
type recording struct {
	V         int                        `json:"v"`
	Scenario  string                     `json:"scenario"`
	From      int64                      `json:"from"`
	To        int64                      `json:"to"`
	Steps     []said                     `json:"steps"`
	Packets   []packets.Row              `json:"packets"`
	Details   map[string]*packets.Detail `json:"details"`
	Tables    []tablesAt                 `json:"tables"`
	Explained []explainedAt              `json:"explained"`
}

// said is a message at a moment.
type said struct {
	At int64 `json:"at"`
	M  any   `json:"m"`
}

type tablesAt struct {
	At     int64        `json:"at"`
	Node   string       `json:"node"`
	Tables []view.Table `json:"tables"`
}

type explainedAt struct {
	From string          `json:"from"`
	To   string          `json:"to"`
	Port string          `json:"port"`
	At   int64           `json:"at"`
	Data *seat.Explained `json:"data"`
}

// tape records a run.
type tape struct {
	recording
	rec   *packets.Recorder
	terms map[string]int // by place
	list  []map[string]any
	seen  map[string]view.Seen
	last  map[string][]view.Table
	shape *view.Topo
	marks []map[string]any
}

// Record runs a scenario and writes the run as one HTML file that needs no server: its
// topology, terminals, packets and tables to step through, and why the last thing that
// failed does. A run whose expectations fail is recorded all the same.
func Record(w io.Writer, s *scenarios.Scenario, o scenarios.Options) error {
	t := &tape{terms: map[string]int{}, seen: map[string]view.Seen{}, last: map[string][]view.Table{}, recording: recording{
		V: 1, Scenario: s.Name, Steps: []said{}, Details: map[string]*packets.Detail{}, Tables: []tablesAt{}, Explained: []explainedAt{},
	}}
	setup := len(s.Setup)
	o.Built = func(l *scenarios.Lab) {
		if setup == 0 {
			t.begin(l)
		}
	}
	o.Stepped = func(l *scenarios.Lab, st *scenarios.StepResult) {
		if st.Setup {
			if setup--; setup == 0 {
				t.begin(l)
			}
			return
		}
		t.step(l, st)
	}
	r := scenarios.Run(s, o)
	if t.rec == nil {
		if r.Err != nil {
			return r.Err
		}
		return fmt.Errorf("%s: the setup fails, so there is nothing to record:\n%s", s.Name, r.Report())
	}
	t.end()
	if f, _, ok := r.LastFailed(); ok {
		if err := t.explain(s, o, f); err != nil {
			return err
		}
	}
	if errors.Is(r.Err, scenarios.ErrMemory) {
		return r.Err
	}
	return t.write(w)
}

// begin records from now on.
func (t *tape) begin(l *scenarios.Lab) {
	t.rec = packets.Record(l.Loop, recordedBytes)
	t.rec.KeepMoves(recordedMoves)
	t.From = l.Loop.Now().Microseconds()
	places := []string{}
	for _, m := range l.Machines() {
		places = append(places, m.Name)
	}
	t.say(t.From, map[string]any{"t": "hello", "lab": nil, "scenario": t.Scenario, "places": places, "teacher": false, "learner": ""})
	t.look(l)
}

func (t *tape) say(at int64, m any) { t.Steps = append(t.Steps, said{at, m}) }

// step records what a step has done.
func (t *tape) step(l *scenarios.Lab, st *scenarios.StepResult) {
	from, to := st.Start.Microseconds(), st.End.Microseconds()
	t.travelled()
	switch x := st.Step; x.Kind {
	case scenarios.StepRun:
		place, prompt := x.Host, "[root@"+x.Host+" ~]# "
		if x.Container != "" {
			place, prompt = x.Host+"/"+x.Container, "/ # "
		}
		n, known := t.terms[place]
		if !known {
			n = len(t.terms) + 1
			t.terms[place] = n
			t.list = append(t.list, map[string]any{"term": n, "place": place, "ended": false})
			t.say(from, map[string]any{"t": "terms", "list": append([]map[string]any{}, t.list...)})
		}
		t.say(from, map[string]any{"t": "out", "term": n, "data": prompt + lines(x.Line) + "\r\n"})
		if text := lines(st.Stdout + st.Stderr); text != "" {
			if !strings.HasSuffix(text, "\n") {
				text += "\r\n"
			}
			t.say(to, map[string]any{"t": "out", "term": n, "data": text})
		}
		t.marks = append(t.marks, map[string]any{"at": from, "text": place + "$ " + x.Line, "kind": "command"})
	case scenarios.StepFault, scenarios.StepRepair:
		t.say(from, map[string]any{"t": "say", "level": "info", "text": x.String()})
		t.marks = append(t.marks, map[string]any{"at": from, "text": x.String(), "kind": "command"})
	}
	t.look(l)
}

// lines are those of a text as a terminal gets them.
func lines(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// travelled records what moved, in parts of a tenth of a second.
func (t *tape) travelled() {
	var part []packets.Move
	flush := func() {
		if len(part) > 0 {
			t.say(part[0].At, map[string]any{"t": "moves", "list": part})
		}
		part = nil
	}
	for _, m := range t.rec.Moves() {
		if len(part) > 0 && m.At-part[0].At > 100_000 {
			flush()
		}
		part = append(part, m)
	}
	flush()
}

// look records the topology and the tables that have changed.
func (t *tape) look(l *scenarios.Lab) {
	now := l.Loop.Now().Microseconds()
	t.To = now
	topo := view.Topology(l)
	if shape := topo.Shape(); !reflect.DeepEqual(shape, t.shape) {
		t.shape = shape
		topo.Rev = len(t.Steps) + 1
		t.say(now, map[string]any{"t": "topo", "topo": topo})
	}
	for _, n := range topo.Nodes {
		if n.Kind == "lan" || n.Kind == "bridge" || n.State != "up" && n.Kind == "container" {
			continue
		}
		tables, err := view.Tables(l, n.ID)
		if err != nil {
			continue
		}
		if t.seen[n.ID] == nil {
			t.seen[n.ID] = view.Seen{}
		}
		t.seen[n.ID].Compare(tables)
		if !view.Changed(tables) && t.last[n.ID] != nil {
			continue
		}
		t.last[n.ID] = tables
		t.Tables = append(t.Tables, tablesAt{now, n.ID, tables})
	}
}

// end records the packets.
func (t *tape) end() {
	t.travelled()
	t.Packets = t.rec.Rows(nil, 0, 1<<30, false).Rows
	for _, p := range t.Packets[max(0, len(t.Packets)-recordedDetails):] {
		if d, ok := t.rec.Detail(p.Packet); ok {
			t.Details[fmt.Sprint(p.Packet)] = d
		}
	}
	_, density, drops := t.rec.Density(time.Duration(t.To)*time.Microsecond, 200)
	if t.marks == nil {
		t.marks = []map[string]any{}
	}
	bar := said{t.From, map[string]any{"t": "bar", "from": t.From, "to": t.To, "density": density, "drops": drops, "marks": t.marks}}
	t.Steps = slices.Insert(t.Steps, 1, bar)
	slices.SortStableFunc(t.Steps, func(a, b said) int { return int(a.At - b.At) })
}

// explain records why a flow fails at the end.
func (t *tape) explain(s *scenarios.Scenario, o scenarios.Options, f explain.Flow) error {
	o.Built, o.Stepped = nil, nil
	w, _, err := scenarios.Stand(s, o, scenarios.End)
	if err != nil {
		return err
	}
	defer w.Close()
	r, err := explain.Explain(w, f)
	var wrong *explain.UsageError
	if errors.As(err, &wrong) {
		return nil // it cannot be asked any more
	}
	if err != nil {
		return err
	}
	r.Scenario, r.At = s.Name, "end"
	data, err := seat.Explain(r)
	if err != nil {
		return err
	}
	port := ""
	if f.Port != 0 {
		port = fmt.Sprintf("%d/%s", f.Port, f.Proto)
	}
	t.Explained = append(t.Explained, explainedAt{f.From, f.To, port, t.To, data})
	return nil
}

// write writes the page with the recording in it. Its policy lets nothing run but the
// page's own script, and nothing be loaded.
func (t *tape) write(w io.Writer) error {
	files := assets()
	script, err := fs.ReadFile(files, "app.js")
	if err != nil {
		return errors.New("this dnetsim was built without its page: run make page and build it again")
	}
	style, err := fs.ReadFile(files, "app.css")
	if err != nil {
		return err
	}
	code := strings.ReplaceAll(string(script), "</script", `<\/script`)
	look := strings.ReplaceAll(string(style), "</style", `<\/style`)
	data, err := json.Marshal(t.recording) // no < in it
	if err != nil {
		return err
	}
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	title := strings.NewReplacer("<", "&lt;", "&", "&amp;").Replace(t.Scenario)
	_, err = fmt.Fprintf(w, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"+
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src %s; style-src %s; img-src data:\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body><div id=\"page\"></div>\n"+
		"<script type=\"application/json\" id=\"recording\">%s</script>\n<script>%s</script>\n</body>\n</html>\n", hash(code), hash(look), title, look, data, code)
	return err
}
