package labs

import (
	"fmt"
	"strings"
	"testing"
)

// small is a lab that is as short as one may be.
const smallLab = `title: {en: T, zh: 题}
summary: {en: S, zh: 要}
story: {en: "Hello, <b>you</b> on {{net.7}} & [x](javascript:alert(1))", zh: 好}
parameters:
  net: {subnet: 10.0.0.0/16, bits: 24}
  name: [one, two]
scenario:
  lan: {subnet: "{{net}}", gateway: "{{net.1}}"}
  hosts:
    h1: {address: "{{net.7}}"}
tasks:
  - id: run
    title: {en: Run, zh: 运行}
    text: {en: Run it., zh: 运行它。}
    check:
      - run: h1$ docker inspect -f '{{.State.Running}}' {{name}}
        expect: {stdout: "true"}
`

func TestMistakesInALabAreNamedWithTheirPlace(t *testing.T) {
	if _, err := Read("small.yaml", []byte(smallLab)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"tasks:", "task:", `small.yaml:11:1: unknown key "task" in the lab: did you mean "tasks"?`},
		{"h1: {address", "h1: {adress", `small.yaml:10:10: unknown key "adress" in host h1: did you mean "address"?`},
		{"run: h1$", "run: h2$", "small.yaml:16:9: there is no host \"h2\""},
		{"{{name}}", "{{nam}}", `small.yaml:16:57: there is no parameter "nam": declare it in parameters:`},
		{"{{net.1}}", "{{net.900}}", `small.yaml:8:38: parameter net has no part "900": write {{net}}`},
		{"name: [one, two]", "name: []", "small.yaml:6:9: parameter name has no values"},
		{"id: run", "id: run\n    needs: nothing", `small.yaml:12:5: task run needs "nothing": name one that stands before it`},
		{"text: {en: Run it., zh: 运行它。}", "ask: {en: Why}", "does not say what it is about"},
		{"- run: h1$", "- reach: {from: h1, to: h1, prot: 80}\n        run: h1$", "a check looks at one thing"},
		{"    check:", "    hints:\n      - cost: 2\n    check:", "a hint is written or computed"},
		{"title: {en: T", "title: {zh: T", "the English text is missing"},
		{"scenario:", "scenario: {", "not YAML"},
		{"tasks:", "  steps: [h1$ ls]\ntasks:", "small.yaml:8:3: the scenario of a lab has no steps: the learner makes them: move them to solution:"},
		{"scenario:\n", "scenario:\n  limits: 3\n", "small.yaml:8:3: unknown key \"limits\" in the scenario: did you mean \"limit\"?"},
	} {
		_, err := Read("small.yaml", []byte(strings.Replace(smallLab, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.new, err, c.want)
		}
	}
}

func TestTextsAreSafeHTMLWithTheLearnersValues(t *testing.T) {
	l, err := Read("small.yaml", []byte(smallLab))
	if err != nil {
		t.Fatal(err)
	}
	got := l.Story(English)
	if strings.Contains(got, "<b>") || strings.Contains(got, "javascript:") || !strings.Contains(got, "&amp;") || strings.Contains(got, "{{") {
		t.Errorf("the story is %q", got)
	}
	if l.Story(Chinese) != "<p>好</p>\n" || l.Title("fr") != "T" {
		t.Errorf("in other languages: %q %q", l.Story(Chinese), l.Title("fr"))
	}
	if got := strings.Join(l.Languages(), " "); got != "en zh" {
		t.Errorf("languages %q", got)
	}
}

func TestLearnersDiffer(t *testing.T) {
	l, err := Read("small.yaml", []byte(smallLab))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, id := range []string{"ann", "bob", "cat", "dan", "eve", "fay"} {
		v, err := l.For(id)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := l.For(id)
		if *v.World.Seed != *again.World.Seed || v.Lab.Story(English) != again.Lab.Story(English) {
			t.Errorf("%s is not the same twice", id)
		}
		seen[v.Lab.scenario.Hosts[0].Ports[0].Address.String()] = true
	}
	if len(seen) < 5 {
		t.Errorf("six learners have the addresses %v", seen)
	}
}

// What only an attacker writes ends with a sentence, soon.
func TestHostileLabsAreRefused(t *testing.T) {
	bomb := "parameters:\n  b: [x]\n  a: [\"" + strings.Repeat("{{b}}", 20_000) + "\"]\ntitle: \"" + strings.Repeat("{{a}}", 20_000) + "\"\n"
	aliases := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'i'; c++ {
		aliases += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"values of values": {bomb, "make it longer than 4 MB"},
		"aliases":          {aliases, "too deep or too large"},
		"nesting":          {"tasks: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "deep"},
		"length":           {strings.Repeat("# nothing\n", 200_000), "at most 1 MB"},
		"a pool":           {"parameters: {n: {subnet: 0.0.0.0/0, bits: 30}}\ntitle: {{n}}\n", "the lab has no scenario"},
		"a range":          {"parameters: {n: {from: 0, to: 2000000000}}\ntitle: {{n}}\n", "the lab has no scenario"},
		"a pattern":        {strings.Replace(smallLab, "- run: h1$ docker", "- typed: \"(a{1000}){1000}\"\n      - run: h1$ docker", 1), "regular expression"},
		"no values":        {"parameters: {n: {from: 3, to: 1}}\ntitle: x\n", "has no values"},
		"only values":      {"parameters:\n", "parameters must be a mapping"},
	} {
		_, err := Read("x.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, l := range ready(f) {
		f.Add(l.Source)
	}
	f.Add([]byte(smallLab))
	f.Add([]byte(stepsLab))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := Read("fuzz.yaml", text)
		if (l == nil) != (err != nil) {
			t.Errorf("%v and %v", l, err)
		}
		if l != nil {
			l.Outline(Chinese)
			l.Story(English)
			if _, err := l.For("somebody"); err != nil && !strings.Contains(err.Error(), "fuzz.yaml:") {
				t.Error(err)
			}
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"learner":"ann","lab":"steps","start":1,"at":2,"log":[{"at":1,"kind":"open","place":"h1"}],"acts":[{"act":"back","to":-2,"when":1,"at":1,"index":1},{"act":"done","task":"look","at":1,"index":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ReadRecord(strings.NewReader(string(text)))
		if err != nil {
			return
		}
		for i := range len(r.Acts) + 1 {
			b, err := r.branch(i)
			if err != nil || b.own > len(b.log) || len(b.log) > len(r.Log)*(i+1) {
				t.Errorf("branch %d: %d of %d, %v", i, b.own, len(b.log), err)
			}
		}
	})
}

func ready(t testing.TB) []*Lab {
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
