package labs

import (
	"fmt"
	"regexp"
	"testing"

	"dnetsim/explain"
)

func TestEveryCodeHasItsChinese(t *testing.T) {
	for _, c := range explain.Codes() {
		if Condition(c, Chinese) == "" {
			t.Errorf("%s has none", c)
		}
	}
	for c := range conditions {
		if c.Condition() == "" {
			t.Errorf("%s is no code", c)
		}
	}
	if got := Condition("NO-ROUTE", English); got != "" {
		t.Errorf("in English: %q", got)
	}
}

// Chinese is set as Chinese: full-width punctuation beside Chinese words, a space
// between them and Latin ones. Commands are as they are.
func TestChineseIsSetAsChinese(t *testing.T) {
	spans := regexp.MustCompile("`[^`]*`")
	wrong := regexp.MustCompile(`\p{Han}[,;:?!()]|[,;:?!()]\p{Han}|\p{Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Han}|[，。：；？！（）] | [，。：；？！（）]`)
	look := func(where, text string) {
		text = spans.ReplaceAllString(text, "、")
		if m := wrong.FindString(text); m != "" {
			t.Errorf("%s: %q in %s", where, m, text)
		}
	}
	for _, l := range ready(t) {
		r := &reader{file: l.File, source: l.Source}
		x := &Lab{Name: l.Name, parameters: r.declared()}
		r.source = r.fill(l.Source, draw(x.parameters, l.Name, ""))
		r.lab(r.root(r.source), x)
		for i, text := range r.texts {
			look(fmt.Sprintf("%s:%d", l.File, r.where[i].Line), text[Chinese])
		}
	}
	for c, text := range conditions {
		look(string(c), text)
	}
}
