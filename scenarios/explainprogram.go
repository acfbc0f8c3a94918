package scenarios

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"dnetsim/explain"
	"dnetsim/userland"
)

const explainUsage = `Usage: explain FROM TO [PORT[/tcp|/udp]] [--large] [--verbose]
       explain last      the last ping, curl, nc … that did not reach
       explain matrix    who reaches whom
FROM is a host, a container, or HOST/CONTAINER; TO is an address, a container,
or a name that FROM resolves.
`

// explain is a program on the simulated machines: what became of a flow, and
// why, in the world as it is now. Cures are not tried here.
func (l *Lab) explain(p *userland.Process) int {
	style := explain.Style{Colour: p.TTY != nil}
	var words []string
	large := false
	for _, a := range p.Args[1:] {
		switch a {
		case "--large":
			large = true
		case "--verbose", "-v":
			style.Verbose = true
		case "-h", "--help":
			fmt.Fprint(p.Stdout, explainUsage)
			return 0
		default:
			words = append(words, a)
		}
	}
	w := &world{lab: l, live: true}
	if len(words) == 1 && words[0] == "matrix" {
		m, err := explain.Reach(w, large)
		if err != nil {
			fmt.Fprintln(p.Stderr, "explain:", err)
			return 2
		}
		m.Write(p.Stdout, style)
		return 0
	}
	f, err := l.asked(p, words)
	if err != nil {
		fmt.Fprintln(p.Stderr, "explain:", err)
		return 2
	}
	f.Large = f.Large || large
	r, err := explain.Explain(w, f)
	if err != nil {
		fmt.Fprintln(p.Stderr, "explain:", err)
		return 2
	}
	r.Write(p.Stdout, style)
	if !r.Works() {
		return 1
	}
	return 0
}

// asked is the flow that the program's words name.
func (l *Lab) asked(p *userland.Process, words []string) (explain.Flow, error) {
	if len(words) == 1 && words[0] == "last" {
		if l.vain.To == "" {
			return explain.Flow{}, errors.New("no program has tried to reach somebody in vain so far")
		}
		return l.vain, nil
	}
	if len(words) < 2 || len(words) > 3 {
		return explain.Flow{}, errors.New("who, and whom? " + strings.SplitN(explainUsage, "\n", 2)[0])
	}
	f := explain.Flow{From: l.here(p, words[0]), To: words[1]}
	var err error
	if len(words) == 3 {
		f.Proto, f.Port, err = explain.ParsePort(words[2])
	}
	return f, err
}

// here is a container of the machine at which somebody types, if it has one of
// that name.
func (l *Lab) here(p *userland.Process, name string) string {
	host, _, _ := strings.Cut(p.Machine.Name, "/")
	if h, ok := l.hosts[host]; ok {
		if c, err := h.Daemon.Container(name); err == nil && c.Name == name {
			return host + "/" + name
		}
	}
	return name
}

// hear remembers the last program that reached for somebody in vain.
func (l *Lab) hear(p *userland.Process, status int) {
	if status == 0 || len(p.Args) == 0 {
		return
	}
	line := path.Base(p.Args[0]) + " " + strings.Join(p.Args[1:], " ")
	if f, ok := explain.Asked(p.Machine.Name, line); ok {
		l.vain = f
	}
}
