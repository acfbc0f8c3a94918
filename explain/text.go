package explain

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"dnetsim/link/trail"
)

// Style is how a report looks.
type Style struct {
	Colour  bool
	Verbose bool // every packet of the probe, and its questions
	Frames  bool // the number of each hop's frame in the capture
}

const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	bold  = "\x1b[1m"
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

// writer is a report on its way to a terminal.
type writer struct {
	out   io.Writer
	style Style
	said  map[string]bool // what was explained already
}

func (w *writer) paint(colour, s string) string {
	if !w.style.Colour || s == "" {
		return s
	}
	return colour + s + plain
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w.out, format+"\n", args...) }

// Write prints the report for people.
func (r *Report) Write(out io.Writer, style Style) {
	w := &writer{out, style, map[string]bool{}}
	w.head(r)
	w.journey(r)
	for i := range r.Causes {
		w.cause(r, i)
	}
	w.check(r)
	w.rest(r)
}

// check is how a person sees on the machines themselves that it is cured.
func (w *writer) check(r *Report) {
	e := r.Check
	if e == nil {
		return
	}
	w.line("\n%s", w.paint(bold, "CHECK"))
	w.evidence(e)
}

// head is the verdict, in one line.
func (w *writer) head(r *Report) {
	if r.Failed != "" {
		w.line("%s", w.paint(red, "The scenario's own step failed: "+r.Failed))
	}
	to := r.Flow.To
	if r.Journey.Target.IsValid() && r.Flow.To != r.Journey.Target.String() {
		to += " (" + r.Journey.Target.String() + ")"
	} else if r.To != "" && r.To != r.Flow.To {
		to += " (" + r.To + ")"
	}
	if r.Works() {
		w.line("%s reaches %s by %s.", w.paint(bold, r.Flow.From), w.paint(bold, to), r.Flow.by())
		return
	}
	w.line("%s does not reach %s by %s: %s.", w.paint(bold, r.Flow.From), w.paint(bold, to), r.Flow.by(), w.paint(red, r.Journey.Verdict.inWords()))
	if e := r.Journey.Err; e != nil {
		w.line("  The program that asks is told: %v", e)
	}
}

// by is what a flow speaks, in words.
func (f Flow) by() string {
	s := "ping"
	if f.Proto != ICMP {
		s = fmt.Sprintf("%s port %d", strings.ToUpper(f.Proto.String()), f.Port)
	}
	if f.Large {
		s += " with packets of the interface's MTU"
	}
	return s
}

// journey draws the ways there and back.
func (w *writer) journey(r *Report) {
	j := r.Journey
	for i := 0; i < len(j.Lookups); {
		again := 1
		for !w.style.Verbose && i+again < len(j.Lookups) && sameWay(j.Lookups[i], j.Lookups[i+again]) {
			again++
		}
		title := "the name server is asked"
		if again > 1 {
			title = fmt.Sprintf("the name server is asked, %d times alike", again)
		}
		if j.Verdict == NameNotResolved || w.style.Verbose {
			w.path(j.Lookups[i], title)
		}
		i += again
	}
	w.path(j.Forward, "there")
	for _, p := range j.Asks {
		w.path(p, "it waits for a link address, and asks")
	}
	w.path(j.Return, "back")
	if r.Works() && j.RTT > 0 {
		w.line("\n  %d of %d answered, the last after %s.", j.Received, j.Sent, milliseconds(j.RTT))
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
}

// sameWay reports whether two packets went the same way to the same end: the
// questions of one program for one name.
func sameWay(a, b *Path) bool {
	if a.End.Place != b.End.Place || a.End.Reason != b.End.Reason || a.End.Delivered != b.End.Delivered || len(a.Hops) == 0 || len(b.Hops) == 0 {
		return false
	}
	return a.Hops[0].Place == b.Hops[0].Place && a.Hops[0].event.pkt.dst == b.Hops[0].event.pkt.dst && a.Hops[0].event.pkt.dport == b.Hops[0].event.pkt.dport
}

// path draws one way: a line for each machine, and below it what happened there.
func (w *writer) path(p *Path, title string) {
	if p == nil || len(p.Hops) == 0 {
		return
	}
	w.line("\n  %s", w.paint(bold, title))
	place, packet := "", ""
	for i, h := range p.Hops {
		last := i == len(p.Hops)-1
		if !w.style.Verbose && !telling(p.Hops, i) {
			continue
		}
		mark := "│"
		switch {
		case h.event.Verb == trail.Drop:
			mark = w.paint(red, "✗")
		case h.event.Verb == trail.Deliver && last:
			mark = w.paint(green, "✓")
		}
		text := h.describe(packet)
		name := h.Place
		if name == place {
			name = ""
		} else {
			place = name
		}
		packet = h.Packet
		if w.style.Frames && h.Frame > 0 {
			text += w.paint(dim, fmt.Sprintf("  [frame %d]", h.Frame))
		}
		w.line("  %s %-30s %s", mark, name, text)
		if h.Row != "" {
			w.line("  │ %-30s %s", "", w.paint(dim, h.Row))
		}
	}
	if e := p.End; e.event == nil {
		w.line("  %s %-30s %s", w.paint(red, "✗"), "", "it is not answered")
	}
	for i, h := range p.Hops {
		if s := whereabouts(h.event.Place); s != "" && !w.said[s] && (w.style.Verbose || telling(p.Hops, i)) {
			w.said[s] = true
			w.line("  %s", w.paint(dim, "("+s+")"))
		}
	}
}

// sandbox is the namespace that an engine keeps for an overlay network:
// HOST/GENERATION-NETWORK, and the number of the namespace in a run.
var sandbox = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([^/]+)/([0-9]+-[0-9a-z]{10})(?:/[0-9]+)?$`) })

// whereabouts says of a place that is no machine's or container's interface
// where a person finds it; "" of the others.
func whereabouts(p trail.Place) string {
	if m := sandbox().FindStringSubmatch(p.Machine); m != nil {
		return fmt.Sprintf("%s is the overlay network's own namespace on %s, named by the beginning of its id: nsenter --net=/var/run/docker/netns/%s", p.Machine, m[1], m[2])
	}
	switch {
	case p.Cable != "":
		return fmt.Sprintf("%s is an end of the cable of %s, that is the network between the machines", p, p.Cable)
	case p.Port != "" && p.Interface == "" && strings.Contains(p.Port, ":"):
		return fmt.Sprintf("%s is the switch port that %s is plugged into", p, p.Port)
	}
	return ""
}

// telling reports whether a hop says something: where a packet passes a veth or
// a cable on its way, one of the two ends is enough.
func telling(hops []Hop, i int) bool {
	h := hops[i]
	switch h.event.Verb {
	case trail.Drop, trail.Deliver, trail.Rewrite, trail.Encapsulate, trail.Decapsulate, trail.Queue, trail.Join:
		return true
	case trail.Receive:
		return false
	}
	return i == 0 || h.Row != "" || hops[i-1].event.Verb != trail.Encapsulate
}

// describe is what happened at a hop; the packet is said when it has changed.
func (h *Hop) describe(before string) string {
	s := ""
	switch h.event.Verb {
	case trail.Drop:
		s = "dropped: " + h.Reason
		if x := reasonWords[h.event.Reason]; x != "" {
			s += ", " + x
		}
		if h.Rule != "" {
			s = "dropped by " + h.Rule
		}
	case trail.Queue:
		s = "waits for the next hop's link address"
	case trail.Rewrite:
		s = "rewritten"
		if h.Rule != "" {
			s += " by " + h.Rule
		}
	case trail.Encapsulate:
		s = "into the tunnel"
	case trail.Decapsulate:
		s = "out of the tunnel"
	case trail.Deliver:
		s = "delivered"
	case trail.Send:
		s = "sent"
	default:
		s = h.Verb
	}
	if h.Packet != before {
		s += ": " + h.Packet
	}
	return s
}

// cause prints a cause with its evidence, its cure and the proof.
func (w *writer) cause(r *Report, i int) {
	c := &r.Causes[i]
	title := "CAUSE"
	if len(r.Causes) > 1 {
		title = fmt.Sprintf("CAUSE %d of %d", i+1, len(r.Causes))
	}
	w.line("\n%s %s", w.paint(bold, title), w.paint(red, string(c.Code)))
	w.line("  %s", wrap(c.Sentence, 100, "  "))
	if len(c.Evidence) > 0 {
		w.line("\n  %s", w.paint(bold, "evidence")+w.as(i))
	}
	for k := range c.Evidence {
		w.evidence(&c.Evidence[k])
	}
	w.cure(r, c)
}

// as says once how the lines are meant that a person types.
func (w *writer) as(cause int) string {
	if cause > 0 {
		return ""
	}
	return w.paint(dim, " (what stands before $ is the machine to type at, as root; HOST/NAME is a container)")
}

func (w *writer) evidence(e *Evidence) {
	w.line("    %s", w.paint(dim, e.Place+"$ ")+e.Command)
	for _, l := range strings.Split(e.Shows, "\n") {
		if l != "" {
			w.line("      %s", l)
		}
	}
	if e.Says != "" {
		w.line("      %s", w.paint(dim, "← "+e.Says))
	}
}

func (w *writer) cure(r *Report, c *Cause) {
	cure, title := c.Cure, "cure"
	if cure == nil && c.Untried != nil {
		cure, title = c.Untried, "cure (not tried here)"
	}
	if cure == nil {
		if c.Code != "UNKNOWN" {
			w.line("\n  No cure was found that makes the flow pass.")
		}
		return
	}
	w.line("\n  %s", w.paint(bold, title))
	if cure.Says != "" {
		w.remark(cure.Says)
	}
	for _, s := range cure.remarks() {
		w.remark(s)
	}
	for _, s := range cure.Steps {
		w.line("    %s", strings.ReplaceAll(s.String(), "\n", "\n    "))
	}
	if f := cure.Instead; f != nil && (f.To != r.Flow.To && f.To != r.To || f.Port != r.Flow.Port || f.Proto != r.Flow.Proto) {
		to := f.To
		if host, name, ok := strings.Cut(to, "/"); ok {
			to = name + " (on " + host + ")"
		}
		if f.Proto != ICMP {
			to += fmt.Sprintf(", %s port %d", strings.ToUpper(f.Proto.String()), f.Port)
		}
		w.remark(fmt.Sprintf("from then on %s asks for %s", f.From, to))
	}
	if p := c.Proof; p != nil {
		w.line("\n  %s tried in a copy of the run: %s.", w.paint(green, "proof"), p.Verdict)
		for _, h := range p.Healed {
			w.line("    heals also: %s", h)
		}
		for _, b := range p.Broken {
			w.line("    %s", w.paint(red, "breaks: "+b))
		}
	}
}

// remark is a line of a cure that is not typed.
func (w *writer) remark(s string) {
	for l := range strings.Lines(wrap(s, 100, "")) {
		w.line("    %s", w.paint(dim, "# "+strings.TrimRight(l, "\n")))
	}
}

// rest is what was ruled out, and where to read more.
func (w *writer) rest(r *Report) {
	if len(r.Ruled) > 0 && !r.Works() {
		w.line("\n%s", w.paint(bold, "RULED OUT"))
		for _, s := range r.Ruled {
			w.line("  %s", s)
		}
	}
	for _, s := range r.Tried {
		w.line("\nTRIED  %s", s)
	}
	for _, n := range r.Notes {
		w.line("\nNOTE %s", n)
	}
	if !r.Works() && r.Causes[0].Code != "UNKNOWN" {
		w.line("\nMore: dnetsim explain --code %s", r.Causes[0].Code)
	}
}

// wrap breaks a text into lines.
func wrap(s string, width int, indent string) string {
	var out strings.Builder
	n := 0
	for i, word := range strings.Fields(s) {
		l := len([]rune(word))
		switch {
		case i == 0:
		case n+1+l > width:
			out.WriteString("\n" + indent)
			n = -1
		default:
			out.WriteString(" ")
		}
		out.WriteString(word)
		n += 1 + l
	}
	return out.String()
}
