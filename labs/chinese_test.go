package labs

import (
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
