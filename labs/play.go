package labs

import (
	"fmt"
	"strings"
	"time"

	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
)

// player types at a sitting's terminals as a learner would: for solutions.
type player struct {
	s         *Sitting
	terminals map[string]int // by place
}

// patience is how long a player waits for a line to end, in virtual time.
const patience = 10 * time.Minute

// play makes moves. After each, it looks.
func (p *player) play(moves []move) error {
	for _, m := range moves {
		if err := p.move(m); err != nil {
			return err
		}
		if err := p.settle(); err != nil {
			return err
		}
	}
	return nil
}

// settle looks as long as a look may still find something.
func (p *player) settle() error {
	if _, err := p.s.Look(); err != nil {
		return err
	}
	return nil
}

func (p *player) move(m move) error {
	w := p.s.world
	if m.answer != "" {
		return p.answer(m.answer)
	}
	if m.step.Kind == scenarios.StepWait {
		for end := w.Now() + m.step.Wait; w.Now() < end; {
			if err := w.Run(min(end, w.Now()+time.Second), never); err != nil {
				return err
			}
			if err := p.settle(); err != nil {
				return err
			}
		}
		return nil
	}
	place := m.step.Host
	if m.step.Container != "" {
		place += "/" + m.step.Container
	}
	return p.line(place, m.step.Line)
}

func never() bool { return false }

// until lets time pass, and looks, until something is the case or nothing more can
// come.
func (p *player) until(is func() bool) error {
	w := p.s.world
	for end := w.Now() + 2*time.Minute; !is() && w.Now() < end; {
		if err := w.Run(w.Now()+time.Second, never); err != nil {
			return err
		}
		if _, err := p.s.Look(); err != nil {
			return err
		}
	}
	return nil
}

// answer gives the right answer, as the world says it.
func (p *player) answer(id string) error {
	t := p.s.lab.task(id)
	if err := p.until(func() bool { return !p.s.locked(t) }); err != nil {
		return err
	}
	if p.s.locked(t) {
		return fmt.Errorf("task %s still waits for another", id)
	}
	all, err := p.s.moment().right(t.answer)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("the world does not say the answer of task %s", id)
	}
	right, says, err := p.s.Answer(id, all[0], English)
	if err == nil && !right {
		err = fmt.Errorf("%q is not right for task %s: %s", all[0], id, says)
	}
	return err
}

// ready reports whether a terminal shows a prompt at its end.
func (p *player) ready(terminal int) bool { return atPrompt(p.s.world.Shown(terminal)) }

// line types a line at a terminal of a place and waits for its end.
func (p *player) line(place, line string) error {
	w := p.s.world
	n := p.terminals[place]
	if n == 0 || w.Ended(n) {
		if err := w.Do(replay.Input{Kind: replay.OpenTerminal, Place: place, Rows: 40, Cols: 200}); err != nil {
			return err
		}
		n = w.Terminals()
		p.terminals[place] = n
		if err := p.wait(n); err != nil {
			return fmt.Errorf("%s: no shell: %w", place, err)
		}
	}
	if err := w.Do(replay.Input{Kind: replay.TypeKeys, Terminal: n, Data: strings.TrimRight(line, "\n") + "\r"}); err != nil {
		return err
	}
	if err := w.Run(w.Now()+time.Millisecond, never); err != nil {
		return err
	}
	if err := p.wait(n); err != nil {
		return fmt.Errorf("%s$ %s: %w", place, line, err)
	}
	return nil
}

func (p *player) wait(n int) error {
	w := p.s.world
	end := w.Now() + patience
	if err := w.Run(end, func() bool { return w.Ended(n) || p.ready(n) }); err != nil {
		return err
	}
	if w.Ended(n) || p.ready(n) {
		return nil
	}
	shown := w.Shown(n)
	return fmt.Errorf("it does not end within %v; the terminal shows %q", patience, shown[max(0, len(shown)-300):])
}
