package jq_test

import (
	"bytes"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/jq"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

func run(t *testing.T, text string) (string, int) {
	t.Helper()
	l := sim.NewLoop(1)
	m := userland.NewMachine(l, "h1", nil)
	m.Install(programs.Host(), jq.Programs())
	var out bytes.Buffer
	p := m.Start(userland.ProcSpec{Program: shell.Sh(shell.Bash), Args: []string{"bash", "-c", text}, Stdout: &out, Stderr: &out})
	if err := l.Run(p.Done, time.Hour); err != nil {
		t.Fatal(err)
	}
	return out.String(), p.Status()
}

// What jq 1.6 prints.
func TestJq(t *testing.T) {
	for _, c := range []struct {
		text, want string
		status     int
	}{
		{`echo '{"b":1,"a":[1,2,{"z":null,"y":"é"}],"c":{}}' | jq .`, "{\n  \"b\": 1,\n  \"a\": [\n    1,\n    2,\n    {\n      \"z\": null,\n      \"y\": \"é\"\n    }\n  ],\n  \"c\": {}\n}\n", 0},
		{`echo '{"b":1,"a":2}' | jq -c '., {z:.a, b:.b}, (.d=1), del(.b), map_values(.+1)'`, "{\"b\":1,\"a\":2}\n{\"z\":2,\"b\":1}\n{\"b\":1,\"a\":2,\"d\":1}\n{\"a\":2}\n{\"b\":2,\"a\":3}\n", 0},
		{`echo '{"b":1,"a":2}' | jq -Sc .`, "{\"a\":2,\"b\":1}\n", 0},
		{`echo '[{"Name":"a","IP":"10.0.0.1"},{"Name":"b"}]' | jq -r '.[] | .Name + " " + (.IP // "-")'`, "a 10.0.0.1\nb -\n", 0},
		{`jq -n --arg x 1 --argjson y '{"k":[1]}' '[$x, $y.k[0]]' -c`, "[\"1\",1]\n", 0},
		{`printf '1\n2\n' | jq -s add; printf 'a\nb\n' | jq -R .; printf 'a\nb\n' | jq -Rs .`, "3\n\"a\"\n\"b\"\n\"a\\nb\\n\"\n", 0},
		{`echo 1 2 3 | jq -n '[inputs]' -c; echo '"x"' | jq -j '., .'`, "[1,2,3]\nxx", 0},
		{`echo '<!DOCTYPE html>' | jq .`, "parse error: Invalid numeric literal at line 1, column 10\n", 2},
		{`echo '{"a":' | jq .`, "parse error: Unfinished JSON term at EOF at line 2, column 0\n", 2},
		{`echo null | jq '.[]'; echo '"a"' | jq '.[]?'`, "jq: error (at <stdin>:1): Cannot iterate over null (null)\n", 0},
		{`echo null | jq '.[]'`, "jq: error (at <stdin>:1): Cannot iterate over null (null)\n", 5},
		{`echo '{"a":false}' | jq -e .a`, "false\n", 1},
		{`jq -n 'error("no")'`, "jq: error (at unknown): no\n", 5},
		{`jq . /nope`, "jq: error: Could not open /nope: No such file or directory\n", 2},
		{`jq -n '"a","b" | halt_error'`, "a", 5},
		{`echo '"ü"' | jq -a .; echo '[1,[]]' | jq --tab .; echo '[1]' | jq --indent 1 .`, "\"\\u00fc\"\n[\n\t1,\n\t[]\n]\n[\n 1\n]\n", 0},
		{`X=1 jq -n 'env.X, $ENV.X' -r; jq -rn 'now | todate'`, "1\n1\n2026-01-05T08:00:00Z\n", 0},
		{`jq -n '1,2' --args a b; jq -nc '$ARGS' --args a`, "1\n2\n{\"positional\":[\"a\"],\"named\":{}}\n", 0},
		{`echo '1' | jq -C '{a:.}' -c`, "\x1b[1;39m{\x1b[0m\x1b[34;1m\"a\"\x1b[0m\x1b[1;39m:\x1b[0m\x1b[0;39m1\x1b[0m\x1b[1;39m\x1b[1;39m}\x1b[0m\n", 0},
		{`(echo '{"a":'; sleep 1; echo '1} 2'; sleep 1; printf '3'; sleep 1; printf '4\ntrue') | while read -r l; do echo "$l"; done | jq -c .`, "{\"a\":1}\n2\n34\n", 0},
		{`(printf 12; sleep 1; printf '3 tr'; sleep 1; printf ue) | jq -c .`, "123\ntrue\n", 0},
		{`(echo 1; sleep 3; echo 2) | jq . | (read x; date +%s; cat) | sed 1s/......$//`, "1767\n2\n", 0},
		{`(echo a; sleep 1; printf b) | jq -R .; printf '1\n\n2\nx' | jq -c .`, "\"a\"\n\"b\"\n1\n2\nparse error: Invalid numeric literal at EOF at line 4, column 1\n", 2},
		{`printf '{}\n{}\n[1]' | jq .a`, "null\nnull\njq: error (at <stdin>:2): expected an object but got: array ([1])\n", 5},
		{`seq 30000 | jq -s length; seq 30000 | jq . | tail -1; seq 30000 | sed 's/.*/{"k":[&,{"x":"y"}]}/' | jq -c '.k[0]' | tail -1`, "30000\n30000\n30000\n", 0},
		{`echo '[1.0,1e3,0.1,100000000000000000000,-0]' | jq -c .`, "[1,1000,0.1,100000000000000000000,0]\n", 0},
	} {
		out, status := run(t, c.text)
		if out != c.want || status != c.status {
			t.Errorf("%s\ngot  %d %q\nwant %d %q", c.text, status, out, c.status, c.want)
		}
	}
}

// A filter without an end leaves others their turn, and ends by a signal.
func TestAFilterWithoutAnEndCanBeStopped(t *testing.T) {
	for _, text := range []string{
		`timeout 2 jq -n 'last(repeat(1))'; echo $?`, `timeout 2 jq -n 'def f: f; f'; echo $?`, `timeout 2 jq -n '[limit(3; repeat(empty))]'; echo $?`, `timeout 2 jq -n 'repeat(1)' > /dev/null; echo $?`,
	} {
		if out, _ := run(t, text); out != "124\n" {
			t.Errorf("%s: %q", text, out)
		}
	}
}
