package scenarios

import (
	"strings"
	"testing"
)

// The two mistakes that everybody makes, and what only showed later.
func TestReadSaysWhatToWriteInstead(t *testing.T) {
	const head = "lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}\nhosts:\n  h1: {address: 10.0.0.11}\n"
	for _, c := range []struct{ text, want string }{
		{head + "steps:\n  - h1$ true\n    expect: {exit: 0}\n", "x.yaml:5:5: a line cannot have `expect: {exit: 0}` below it: write - run: h1$ true"},
		{head + "steps:\n  - h1$ echo foo: bar\n", "x.yaml:5:5: there is `: ` in the line, which makes a key of what stands before it: put the line in quotes: - \"h1$ echo foo: bar\""},
		{head + "steps:\n  - h1$ curl -H 'Host: x' http://10.0.0.2/\n", "put the line in quotes: - \"h1$ curl -H 'Host: x' http://10.0.0.2/\""},
		{head + "steps:\n  - h1$ echo a: b: c\n", "there is `: ` in the line"},
		{head + "steps:\n  - run: h1$ echo a: b\n    expect: {exit: 0}\n", "there is `: ` in the line"},
		{strings.Replace(head, "10.0.0.11}", "10.0.0.11, daemon: {iccc: false}}", 1), `x.yaml:3:37: unknown key "iccc" in daemon: did you mean "icc"? dockerd would not start`},
		{strings.Replace(head, "10.0.0.11}", "10.0.0.11, daemon: {icc: maybe}}", 1), "x.yaml:3:36: dockerd would not start: "},
		{"engine: \"29\"\n" + strings.Replace(head, "10.0.0.11}", "10.0.0.11, daemon: {cluster-store: consul://10.0.0.9:8500}}", 1), "x.yaml:4:36: dockerd of engine 29 would not start: the following directives don't match any configuration option: cluster-store"},
		{strings.Replace(head, "10.0.0.11}", "10.0.0.11, daemon: {firewall-backend: iptables}}", 1), "x.yaml:3:36: dockerd of engine 20.10 would not start: "},
		{strings.Replace(head, "10.0.0.11}", "10.0.0.11, images: [nosuch]}", 1) + "strict-images: true\n", `x.yaml:3:36: there is no image "nosuch"`},
		{head + "images: {redis7: {like: debien}}\n", `is like "debien", which is nowhere: did you mean "debian"?`},
		{strings.Replace(head, "gateway: 10.0.0.2", "gateway: 10.0.0.11", 1), "x.yaml:3:17: gateway 10.0.0.11 of lan lan is the address of host h1"},
		{head + "steps:\n  - check: {reach: {from: h1, to: 10.0.0.2}, never: yes}\n", `x.yaml:5:53: never cannot be "yes": write true, or a time such as 5s`},
		{head + "steps:\n  - check: {reach: {from: h1, to: \"10.0.0.2:80\"}}\n", `x.yaml:5:35: to cannot be "10.0.0.2:80": write to: 10.0.0.2, port: 80`},
		{head + "routers: {r: {nat: true, interfaces: {eth0: {address: 10.0.0.1}}}}\n", "x.yaml:4:20: router r leads to no internet: it has the gateway of no lan"},
	} {
		_, err := Read("x.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	for _, right := range []string{
		strings.Replace(head, "10.0.0.11}", "10.0.0.11, daemon: '{'}", 1),
		head + "steps:\n  - 'h1$ echo a: b'\n  - run: h1$ true\n    expect: {exit: 0}\n",
		strings.Replace(head, "10.0.0.11}", "10.0.0.11, images: [nosuch]}", 1),
		"lan: {subnet: 10.0.0.0/24}\nhosts:\n  a: &a {address: 10.0.0.1, docker: false}\n  b: {<<: *a, address: 10.0.0.3}\n",
	} {
		if _, err := Read("x.yaml", []byte(right)); err != nil {
			t.Errorf("%v\n%s", err, right)
		}
	}
}
