package labs

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/scenarios/replay"
)

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 1000

var (
	saysRight = Text{English: "Right.", Chinese: "正确。"}
	saysWrong = Text{English: "That is not what this world says. Look again.", Chinese: "这和你的环境不符，再看一看。"}
	saysLater = Text{English: "Your world does not show the answer yet: do first what the task describes.", Chinese: "你的环境里现在还看不出答案：请先完成任务里说的步骤。"}
	saysEmpty = Text{English: "Write an answer first.", Chinese: "请先写下答案。"}
)

// Answer gives an answer to a task's question and says, in a language, what became
// of it. Right is what the world says, in a copy of it, as it is now.
func (s *Sitting) Answer(id, text, lang string) (right bool, says string, err error) {
	t, err := s.open(id)
	if err != nil {
		return false, "", err
	}
	if t.answer == nil {
		return false, "", fmt.Errorf("task %s asks nothing", id)
	}
	text = strings.TrimSpace(text)
	switch {
	case s.answered(id):
		return true, saysRight.In(lang), nil
	case text == "":
		return false, saysEmpty.In(lang), nil
	case len(text) > maxAnswer:
		return false, "", fmt.Errorf("an answer has at most %d bytes", maxAnswer)
	case len(s.acts) >= maxActs:
		return false, "", fmt.Errorf("there were %d answers and hints: that is enough", maxActs)
	}
	m := s.moment()
	all, err := m.right(t.answer)
	if err != nil {
		return false, "", err
	}
	if len(all) == 0 {
		return false, saysLater.In(lang), nil
	}
	right = slices.ContainsFunc(all, func(x string) bool { return same(text, x) })
	s.act(Act{Kind: Answered, Task: id, Text: text, Right: right})
	if !right {
		return false, saysWrong.In(lang), nil
	}
	if len(t.checks) == 0 {
		s.act(Act{Kind: Done, Task: id})
		return true, saysRight.In(lang), nil
	}
	if x := s.seen[id]; x != nil {
		x.stirred = 0 // its checks may have held for long
	}
	return true, saysRight.In(lang), nil
}

// right are the right answers at a moment.
func (m moment) right(from *source) ([]string, error) {
	var w *replay.World
	var err error
	if from.start {
		m.log, m.at = nil, 0
	}
	if w, err = m.world(); err != nil {
		return nil, err
	}
	defer w.Close()
	return from.right(w)
}
