package labs

import (
	"errors"
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
	job, err := s.Trying(id, text)
	if err != nil {
		return false, "", err
	}
	return s.Judge(job(), lang)
}

// Told is what came of an answer or of asking for a hint.
type Told struct {
	moment moment
	task   *task
	err    error
	text   string   // the answer
	right  []string // the right ones
	hint   int      // its number; none left: how many there are
	says   Text     // what it says if it is computed
}

// errBack is for what was asked of a world that is gone.
var errBack = errors.New("the world has gone back in the meantime: ask once more")

// Trying begins an answer: what it returns may run on another goroutine, and its
// result is for [Sitting.Judge].
func (s *Sitting) Trying(id, text string) (func() Told, error) {
	t, err := s.open(id)
	if err != nil {
		return nil, err
	}
	told := Told{moment: s.moment(), task: t, text: strings.TrimSpace(text)}
	switch {
	case t.answer == nil:
		return nil, fmt.Errorf("task %s asks nothing", id)
	case len(told.text) > maxAnswer:
		return nil, fmt.Errorf("an answer has at most %d bytes", maxAnswer)
	case len(s.acts) >= maxActs:
		return nil, fmt.Errorf("there were %d answers and hints: that is enough", maxActs)
	case told.text == "" || s.answered(id):
		return func() Told { return told }, nil
	}
	return func() Told {
		told.right, told.err = told.moment.right(t.answer)
		return told
	}, nil
}

// Judge takes over what came of an answer.
func (s *Sitting) Judge(told Told, lang string) (right bool, says string, err error) {
	id := told.task.id
	switch {
	case told.err != nil:
		return false, "", told.err
	case s.answered(id):
		return true, saysRight.In(lang), nil
	case told.text == "":
		return false, saysEmpty.In(lang), nil
	case told.moment.back != s.backs():
		return false, "", errBack
	case len(told.right) == 0:
		return false, saysLater.In(lang), nil
	}
	m := told.moment
	right = slices.ContainsFunc(told.right, func(x string) bool { return same(told.text, x) })
	s.actAt(Act{Kind: Answered, Task: id, Text: told.text, Right: right}, m.at, m.index)
	if !right {
		return false, saysWrong.In(lang), nil
	}
	if len(told.task.checks) == 0 {
		s.actAt(Act{Kind: Done, Task: id}, m.at, m.index)
	} else if x := s.seen[id]; x != nil {
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
