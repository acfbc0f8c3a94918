package dockerfile

import (
	"strings"
	"testing"
)

func TestDockerfilesAreRefusedWithTheLineThatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "file with no instructions",
		"# only this\n":                     "file with no instructions",
		"FROM a\nRUNN x":                    "dockerfile parse error line 2: unknown instruction: RUNN",
		"FROM a\n\n# c\nfoo bar":            "dockerfile parse error line 4: unknown instruction: FOO",
		"FROM":                              "dockerfile parse error line 1: FROM requires either one or three arguments",
		"FROM a b":                          "dockerfile parse error line 1: FROM requires either one or three arguments",
		"FROM a\nCOPY x":                    "dockerfile parse error line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined.",
		"FROM a\nEXPOSE":                    "dockerfile parse error line 2: EXPOSE requires at least one argument",
		"FROM a\nWORKDIR":                   "dockerfile parse error line 2: WORKDIR requires exactly one argument",
		"FROM a\nUSER a b":                  "dockerfile parse error line 2: USER requires exactly one argument",
		"FROM a\nENV x":                     "dockerfile parse error line 2: ENV must have two arguments",
		"FROM a\nENV a=b c":                 "dockerfile parse error line 2: Syntax error - can't find = in \"c\". Must be of the form: name=value",
		"FROM a\nLABEL =x":                  "dockerfile parse error line 2: LABEL names can not be blank",
		"FROM a\nCOPY --nosuch=x a b":       "dockerfile parse error line 2: Unknown flag: nosuch",
		"FROM a\nSHELL sh":                  "dockerfile parse error line 2: SHELL requires the arguments to be in JSON form",
		"FROM a\nRUN a \\\n # c\n b\nNO x":  "dockerfile parse error line 5: unknown instruction: NO",
		"# escape=x\nFROM a":                "dockerfile parse error line 1: invalid ESCAPE 'x'. Must be ` or \\",
		"FROM a\nHEALTHCHECK --i=1 CMD a\n": "dockerfile parse error line 2: Unknown flag: i",
	} {
		_, err := Parse(text)
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestLinesAreJoinedAndTakenApart(t *testing.T) {
	list, err := Parse("# syntax=x\nFROM --platform=linux/amd64 a AS b\nrun x \\\n  # no\n\n  y\nCMD [\"a\", \"b c\"]\nCMD [not json\n# escape=` is too late\nENV a=\"b c\" d='e' f\\ g=h\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range list {
		got = append(got, i.Name+"|"+i.Original+"|"+i.Rest+"|"+strings.Join(i.List, ","))
	}
	want := []string{
		"FROM|FROM --platform=linux/amd64 a AS b|a AS b|", "RUN|run x   y|x   y|", `CMD|CMD ["a", "b c"]|["a", "b c"]|a,b c`,
		"CMD|CMD [not json|[not json|", `ENV|ENV a="b c" d='e' f\ g=h|a="b c" d='e' f\ g=h|`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	pairs, _ := list[4].Pairs()
	if len(pairs) != 3 || pairs[0].Value != `"b c"` || pairs[2].Name != `f\ g` {
		t.Errorf("pairs: %q", pairs)
	}
}

func TestWordsAreExpanded(t *testing.T) {
	lookup := func(name string) (string, bool) { v, ok := map[string]string{"x": "1", "e": ""}[name]; return v, ok }
	for word, want := range map[string]string{
		"a": "a", "$x": "1", "${x}y": "1y", "$x$x": "11", "$nosuch": "", "${nosuch:-d}": "d", "${x:-d}": "1", "${e:-d}": "d", "${x:+s}": "s",
		"${nosuch:+s}": "", `\$x`: "$x", `'$x'`: "$x", `"$x y"`: "1 y", `"a\"b"`: `a"b`, "${e:-${x}z}": "1z", "$": "$", "a$": "a$",
		"'a": "!", `"a`: "!", "${x": "!", "${x-1}": "!", "${x:=1}": "!", "${}": "!",
	} {
		got, err := Expand(word, lookup)
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("%s: got %q (%v), want %q", word, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("FROM a\nRUN [\"a\"]\nENV a=$b\nCOPY --from=x a b\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text)
		if err != nil {
			return
		}
		for _, i := range list {
			i.Words()
			Expand(i.Rest, func(string) (string, bool) { return "", false })
		}
	})
}
