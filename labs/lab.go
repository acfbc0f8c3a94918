package labs

import (
	"fmt"
	"strconv"
	"strings"

	"dnetsim/explain"
	"dnetsim/scenarios"

	"go.yaml.in/yaml/v3"
)

// Lab is a lab file, read and checked, with the values of one learner: of nobody in
// particular unless it is a [Variant]'s.
type Lab struct {
	Name    string
	File    string // as errors name it
	Source  []byte // the file's text
	Minutes int    // what a learner needs, about
	Level   int    // how difficult it is, from 1

	title, summary, story Text
	parameters            []parameter
	values                map[string]value
	scenario              *scenarios.Scenario
	tasks                 []*task
	deadEnds              []deadEnd
	solution              []move
	langs                 []string
}

// task is one thing to do or to find out.
type task struct {
	id          string
	title, text Text
	points      int
	needs       []string
	checks      []check
	ask         Text // the label of the answer's field; nil if nothing is asked
	answer      *source
	hints       []hint
	at          *yaml.Node
}

// hint helps with a task.
type hint struct {
	text Text
	flow *explain.Flow // what explain says of it is told, see tell
	tell string        // sentence, evidence or cure
	when []check       // only while these hold
	cost int
	at   *yaml.Node
}

// deadEnd is a state from which the tasks cannot be solved, or not easily.
type deadEnd struct {
	id     string
	when   []check
	advice Text
	way    []move // into it, for the proof
	at     *yaml.Node
}

// move is one step of a solution: of the scenario's language, or an answer.
type move struct {
	step   scenarios.Step
	answer string // the task
	at     *yaml.Node
}

// Title, Summary and Story are the lab's texts; the story is safe HTML. A language
// that the lab does not have gets English.
func (l *Lab) Title(lang string) string { return l.title.In(lang) }

// Summary is one sentence.
func (l *Lab) Summary(lang string) string { return l.summary.In(lang) }

// Story is what a learner reads first, as HTML that is safe to show.
func (l *Lab) Story(lang string) string { return html(l.story.In(lang)) }

// Languages are those that all of the lab's texts have, English first.
func (l *Lab) Languages() []string { return l.langs }

// Scenario is the world that the lab is about.
func (l *Lab) Scenario() *scenarios.Scenario { return l.scenario }

// Points is how many there are to get.
func (l *Lab) Points() int {
	sum := 0
	for _, t := range l.tasks {
		sum += t.points
	}
	return sum
}

// Tasks is how many there are.
func (l *Lab) Tasks() int { return len(l.tasks) }

func (l *Lab) task(id string) *task {
	for _, t := range l.tasks {
		if t.id == id {
			return t
		}
	}
	return nil
}

// taskName is a task as messages name it.
func taskName(t *task, i int) string {
	if t.id != "" {
		return "task " + t.id
	}
	return "task " + strconv.Itoa(i+1)
}

// Outline is the lab as plain text: what it is about, its tasks, the questions.
func (l *Lab) Outline(lang string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n%s\n", l.title.In(lang), l.summary.In(lang), l.story.In(lang))
	for i, t := range l.tasks {
		fmt.Fprintf(&b, "\n%d. %s (%d)\n", i+1, t.title.In(lang), t.points)
		for line := range strings.Lines(t.text.In(lang)) {
			b.WriteString("   " + strings.TrimRight(line, "\n") + "\n")
		}
		if t.ask != nil {
			fmt.Fprintf(&b, "   ? %s\n", t.ask.In(lang))
		}
	}
	return b.String()
}
