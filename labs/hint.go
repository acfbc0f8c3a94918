package labs

import (
	"fmt"
	"strings"

	"dnetsim/explain"
	"dnetsim/scenarios/replay"
)

var saysNoMore = Text{English: "There is no further hint for this task as your world is now.", Chinese: "就你现在的环境来说，这个任务没有更多提示了。"}

// Hint tells a task's next hint. One that is computed is told of the world as it is
// now, in copies; one whose conditions do not hold is passed over. When there is none
// left, its Kind is "none", and it costs nothing.
func (s *Sitting) Hint(id, lang string) (Hint, error) {
	job, err := s.Asking(id)
	if err != nil {
		return Hint{}, err
	}
	return s.Tell(job(), lang)
}

// Asking begins to ask for a hint: what it returns may run on another goroutine, and
// its result is for [Sitting.Tell].
func (s *Sitting) Asking(id string) (func() Told, error) {
	t, err := s.open(id)
	if err != nil {
		return nil, err
	}
	if s.done(id) {
		return nil, fmt.Errorf("task %s is done", id)
	}
	told := Told{moment: s.moment(), task: t, hint: s.nextHint(t)}
	return func() Told {
		for ; told.hint < len(t.hints); told.hint++ {
			ok := false
			if told.says, ok, told.err = told.moment.hint(&t.hints[told.hint]); ok || told.err != nil {
				break
			}
		}
		return told
	}, nil
}

// Tell takes over what came of asking for a hint.
func (s *Sitting) Tell(told Told, lang string) (Hint, error) {
	t, m := told.task, told.moment
	switch {
	case told.err != nil:
		return Hint{}, told.err
	case m.back != s.backs():
		return Hint{}, errBack
	case told.hint >= len(t.hints):
		return Hint{Text: html(saysNoMore.In(lang)), Kind: "none"}, nil
	case told.hint >= s.nextHint(t): // else it was asked for twice
		s.actAt(Act{Kind: Hinted, Task: t.id, Hint: told.hint, Says: told.says}, m.at, m.index)
	}
	return t.hints[told.hint].shown(told.says, lang), nil
}

// hint is what a hint says at a moment, if it is one for it; a written one says
// nothing of its own.
func (m moment) hint(h *hint) (says Text, ok bool, err error) {
	if len(h.when) > 0 {
		ok, err = m.holds(h.when)
		if !ok || err != nil {
			return nil, false, err
		}
	}
	if h.flow == nil {
		return nil, true, nil
	}
	w, err := m.world()
	if err != nil {
		return nil, false, err
	}
	defer w.Close()
	says = h.computed(w)
	return says, says != nil, nil
}

// holds reports whether checks hold at a moment.
func (m moment) holds(all []check) (bool, error) {
	if !needsCopy(all) {
		return holds(all, nil, m.ran)
	}
	w, err := m.world()
	if err != nil {
		return false, err
	}
	defer w.Close()
	return holds(all, w, m.ran)
}

// computed is what explain has to say of the hint's flow, as Markdown, in all
// languages; nil if the flow passes or cannot be asked for.
func (h *hint) computed(w *replay.World) Text {
	rep, err := explained(w, *h.flow)
	if err != nil && h.cost > 0 {
		return nil
	}
	if err != nil {
		return untried(w, h.flow, err)
	}
	if rep.Works() || len(rep.Causes) == 0 {
		return nil
	}
	cause := &rep.Causes[0]
	switch h.tell {
	case "evidence":
		return evidence(cause)
	case "cure":
		return cure(cause)
	}
	return sentence(rep, cause)
}

// untried says why a flow cannot be asked for: most often somebody is not there yet.
func untried(w *replay.World, f *explain.Flow, err error) Text {
	for _, who := range []string{f.From, f.To} {
		host, name, inside := strings.Cut(who, "/")
		h, ok := w.Lab().Host(host)
		if !inside || !ok {
			continue
		}
		if _, err := h.Daemon.Containers.Get(name); err != nil {
			return Text{
				English: fmt.Sprintf("There is no container %s on %s yet: do first what the task describes.", code(name), code(host)),
				Chinese: fmt.Sprintf("%s 上还没有容器 %s：请先照任务说的做。", code(host), code(name)),
			}
		}
	}
	return Text{
		English: fmt.Sprintf("%s cannot be tried yet: %v.", code(f.String()), err),
		Chinese: fmt.Sprintf("现在还不能尝试 %s：%v。", code(f.String()), err),
	}
}

// sentence is what is wrong, and where to look.
func sentence(rep *explain.Report, c *explain.Cause) Text {
	f := &rep.Flow
	en, zh := &strings.Builder{}, &strings.Builder{}
	fmt.Fprintf(en, "In your world, %s does not reach %s%s (%s). %s", code(f.From), code(f.To), port(f, " at port %d/%s"), rep.Journey.Verdict, c.Sentence)
	fmt.Fprintf(zh, "在你的环境里，%s 到不了 %s%s（%s）。%s。", code(f.From), code(f.To), port(f, " 的端口 %d/%s"), rep.Journey.Verdict, conditionIn(c.Code))
	fmt.Fprintf(zh, "\n\n> %s", c.Sentence)
	if len(c.Evidence) > 0 {
		e := c.Evidence[0]
		fmt.Fprintf(en, "\n\nLook at `%s` on %s.", e.Command, code(e.Place))
		fmt.Fprintf(zh, "\n\n在 %s 上看看 `%s`。", code(e.Place), e.Command)
	}
	return Text{English: en.String(), Chinese: zh.String()}
}

// port says which port a flow is for, and nothing of a ping.
func port(f *explain.Flow, format string) string {
	if f.Proto == explain.ICMP {
		return ""
	}
	return fmt.Sprintf(format, f.Port, f.Proto)
}

func code(s string) string { return "`" + s + "`" }

// evidence is what to look at, and what it shows there.
func evidence(c *explain.Cause) Text {
	if len(c.Evidence) == 0 {
		return Text{English: c.Sentence, Chinese: conditionIn(c.Code) + "。\n\n> " + c.Sentence}
	}
	en, zh := &strings.Builder{}, &strings.Builder{}
	en.WriteString("This is what your world shows:")
	zh.WriteString("你的环境里是这样的：")
	for _, e := range c.Evidence {
		shown := "\n\n```\n" + e.Place + "$ " + e.Command + "\n" + strings.TrimRight(e.Shows, "\n") + "\n```"
		en.WriteString(shown)
		zh.WriteString(shown)
		if e.Says != "" { // in English only: the output says the same
			en.WriteString("\n\n← " + e.Says)
		}
	}
	return Text{English: en.String(), Chinese: zh.String()}
}

// cure is what to do about it.
func cure(c *explain.Cause) Text {
	x := c.Cure
	en, zh := "This helps, tried in a copy of your world:", "这样可以解决（已在你的环境的副本里试过）："
	if x == nil {
		x, en, zh = c.Untried, "This may help:", "这样可能有用："
	}
	if x == nil {
		return evidence(c)
	}
	if x.Instead != nil {
		en, zh = en+fmt.Sprintf("\n\nUse `%s` instead.", x.Instead), zh+fmt.Sprintf("\n\n改用 `%s`。", x.Instead)
	}
	lines := ""
	for _, st := range x.Steps {
		lines += st.String() + "\n"
	}
	if lines != "" {
		lines = "\n\n```\n" + lines + "```"
	}
	if en += lines; x.Says != "" {
		en += "\n\n" + x.Says
	}
	return Text{English: en, Chinese: zh + lines}
}
