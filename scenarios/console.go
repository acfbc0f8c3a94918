package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/modes/image"
	"dnetsim/userland"

	"go.yaml.in/yaml/v3"
)

// furnish gives every machine the commands that only a lab has, for whoever types
// there: help, fault and repair, which are also `dnetsim fault` and the like.
func (l *Lab) furnish() {
	set := map[string]userland.Program{}
	for _, name := range []string{"help", "fault", "repair"} {
		set[name] = func(p *userland.Process) int { return l.console(p, p.Args) }
	}
	set["dnetsim"] = func(p *userland.Process) int { return l.console(p, p.Args[1:]) }
	for _, m := range l.Machines() {
		m.Install(set)
	}
}

// console runs a command of the lab.
func (l *Lab) console(p *userland.Process, words []string) int {
	word := ""
	if len(words) > 0 {
		word = words[0]
	}
	switch word {
	case "help":
		p.Printf("%s", l.help(p))
		return 0
	case "fault":
		return l.trouble(p, StepFault, words)
	case "repair":
		return l.trouble(p, StepRepair, words)
	}
	p.Errorf("dnetsim: in a lab there are dnetsim fault, dnetsim repair and dnetsim help\n")
	return 2
}

// trouble makes a fault or a repair that somebody types: fault cable: h1, loss: 10%.
func (l *Lab) trouble(p *userland.Process, kind StepKind, words []string) int {
	err := l.Trouble(kind, strings.Join(words[1:], " "))
	wrong, ok := err.(Problems)
	switch {
	case err == nil:
		return 0
	case !ok:
		p.Errorf("%s: %v\n", words[0], err)
		return 1
	}
	for _, problem := range wrong {
		p.Errorf("%s\n", problem.Error())
	}
	return 2
}

// Trouble makes a fault or a repair, kind, that is written as in a file: "cable:
// h1, loss: 10%". What cannot be read is [Problems]. It must be called by a process
// of the loop: a host that gets its power back takes its time.
func (l *Lab) Trouble(kind StepKind, text string) error {
	word := "fault"
	if kind == StepRepair {
		word = "repair"
	}
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") {
		text = "{" + text + "}"
	}
	st := Step{Kind: kind, At: -1}
	r := &reader{}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		return Problems{{File: word, What: fmt.Sprintf("write it as in a file: %s cable: %s, loss: 10%%", word, l.First())}}
	}
	r.fault(pair{word, place{}, doc.Content[0]}, &st)
	if len(r.list) == 0 {
		r.checkStep(l.Scenario, &st)
	}
	for i := range r.list {
		r.list[i].File, r.list[i].Line = word, 0
	}
	switch {
	case len(r.list) > 0:
		return r.list
	case st.Fault.Host != "":
		return l.switchPower(&st)
	}
	return l.fault(&st)
}

// switchPower takes a host's power, perhaps that under the command itself, or
// gives it back and waits for the engine.
func (l *Lab) switchPower(st *Step) error {
	host, m := l.hosts[st.Fault.Host], l.machines[st.Fault.Host]
	if st.Kind == StepRepair {
		return host.PowerOn()
	}
	l.Loop.After(0, func() {
		host.Crash()
		m.KillAll()
		delete(l.shells, st.Fault.Host)
	})
	return nil
}

// help is what there is in the lab, for somebody who came in without a page.
func (l *Lab) help(p *userland.Process) string {
	var b strings.Builder
	section := func(title string, words []string) {
		b.WriteString(title + "\n")
		line := " "
		for _, w := range words {
			if len(line)+len(w) > 78 {
				b.WriteString(line + "\n")
				line = " "
			}
			line += " " + w
		}
		b.WriteString(line + "\n\n")
	}
	var programs []string
	for name := range p.Machine.Programs {
		programs = append(programs, name)
	}
	slices.Sort(programs)
	section("Programs here:", programs)
	section("Hosts, with ssh NAME or ssh NAME 'COMMAND'; exit comes back:", l.Scenario.machines())
	images := image.Names()
	for _, im := range l.Scenario.Images {
		images = append(images, im.Name)
	}
	slices.Sort(images)
	section("Images for docker run:", slices.Compact(images))
	section("Faults in the words of a scenario file:", []string{"fault cable: " + l.First() + ", down: true;", "repair cable: " + l.First() + ";", "fault host: " + l.First() + ", crash: true"})
	b.WriteString("exit or Ctrl-D leaves; ~. at the start of a line always does, ~? lists what else.\n")
	return b.String()
}
