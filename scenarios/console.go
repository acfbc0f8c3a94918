package scenarios

import (
	"slices"
	"strings"

	"dnetsim/modes/image"
	"dnetsim/userland"

	"gopkg.in/yaml.v3"
)

// furnish gives every machine the commands that only a lab has, for whoever types
// there: help, fault and repair, which are also `dnetsim fault` and the like.
func (l *Lab) furnish() {
	set := map[string]userland.Program{}
	for _, name := range []string{"help", "fault", "repair"} {
		set[name] = func(p *userland.Process) int { return l.console(p, p.Args) }
	}
	set["dnetsim"] = func(p *userland.Process) int { return l.console(p, p.Args[1:]) }
	for _, m := range l.inOrder() {
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

// trouble makes a fault or a repair that is written as in a file:
// fault cable: h1, loss: 10%.
func (l *Lab) trouble(p *userland.Process, kind StepKind, words []string) int {
	text := strings.TrimSpace(strings.Join(words[1:], " "))
	if !strings.HasPrefix(text, "{") {
		text = "{" + text + "}"
	}
	st := Step{Kind: kind, At: -1}
	r := &reader{}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		p.Errorf("%s: write it as in a file: %s cable: %s, loss: 10%%\n", words[0], words[0], l.First())
		return 2
	}
	r.fault(pair{words[0], place{}, doc.Content[0]}, &st)
	if len(r.list) == 0 {
		r.checkStep(l.Scenario, &st)
	}
	for _, problem := range r.list {
		problem.File, problem.Line = words[0], 0
		p.Errorf("%s\n", problem.Error())
	}
	if len(r.list) > 0 {
		return 2
	}
	if st.Fault.Host != "" {
		return l.switchPower(p, &st)
	}
	if err := l.fault(&st); err != nil {
		p.Errorf("%s: %v\n", words[0], err)
		return 1
	}
	return 0
}

// switchPower takes a host's power, perhaps that under the command itself, or
// gives it back and waits for the engine.
func (l *Lab) switchPower(p *userland.Process, st *Step) int {
	host, m := l.hosts[st.Fault.Host], l.machines[st.Fault.Host]
	if st.Kind == StepRepair {
		if err := host.PowerOn(); err != nil {
			p.Errorf("repair: %v\n", err)
			return 1
		}
		return 0
	}
	l.Loop.After(0, func() {
		host.Crash()
		m.KillAll()
		delete(l.shells, st.Fault.Host)
	})
	return 0
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
