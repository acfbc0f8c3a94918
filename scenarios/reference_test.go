package scenarios

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"dnetsim/engine/cli"
)

// example is how a key of a table is written, and what holds without it.
type example struct{ text, standard string }

// chapter is a table of the language on the page: where its examples stand in a
// whole file ("%s", indented by the text before it), and one for each key.
type chapter struct {
	name, about string
	keys        []string
	sentences   map[string]string
	shapes      map[string]string
	within      string
	examples    map[string]example
}

func chapterOf[T any](t *table[T], within string, examples map[string]example) chapter {
	c := chapter{name: t.name, about: t.about, within: within, examples: examples, sentences: map[string]string{}, shapes: map[string]string{}}
	for _, f := range t.fields {
		c.keys = append(c.keys, f.key)
		c.sentences[f.key], c.shapes[f.key] = f.about, f.shape.words
	}
	return c
}

// The world around the examples.
const (
	exampleLAN   = "lan:\n  subnet: 10.0.0.0/24\n  gateway: 10.0.0.2\n"
	exampleHosts = "hosts:\n  h1: {address: 10.0.0.11}\n  h2: {address: 10.0.0.12}\n"
)

func with(base map[string]example, more map[string]example) map[string]example {
	out := map[string]example{}
	for _, m := range []map[string]example{base, more} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

var cableExamples = map[string]example{
	"delay": {"delay: 3ms", "0"}, "jitter": {"jitter: 500us", "0"}, "loss": {"loss: 2%", "0"}, "rate": {"rate: 100mbit", "1gbit"}, "queue": {"queue: 100", "1000"},
	"duplicate": {"duplicate: 0.01", "0"}, "reorder": {"reorder: 1%", "0"}, "corrupt": {"corrupt: 0.001", "0"}, "mtu": {"mtu: 1400", "no limit"}, "down": {"down: true", "false"},
	"block": {"block: [udp/4789, icmp]", "nothing"},
}

// chapters are the tables from the outside in.
func chapters() []chapter {
	return []chapter{
		chapterOf(&rootTable, "%s", map[string]example{
			"name": {"name: two hosts", "the file's name"}, "description": {"description: two hosts that ping each other", "none"}, "seed": {"seed: 7", "1"},
			"engine": {`engine: "20.10"`, "20.10"}, "limit": {"limit: 10m", "1h"},
			"lan":           {"lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}", "none"},
			"lans":          {"lans:\n  office: {subnet: 10.1.0.0/24}\n  servers: {subnet: 10.2.0.0/24}", "none"},
			"routers":       {"routers:\n  r1:\n    interfaces: {eth0: {address: 10.0.0.1}}", "the one that a gateway needs"},
			"internet":      {"internet:\n  www.example.com: {address: 93.184.216.34}", "nobody is there"},
			"hosts":         {"hosts:\n  h1: {address: 10.0.0.11}", "it must be there"},
			"images":        {"images:\n  shop: {like: alpine, listen: [8080/tcp]}", "none"},
			"strict-images": {"strict-images: true", "false"},
			"setup":         {"setup:\n  - h1$ docker run -d --name web nginx", "nothing"},
			"steps":         {"steps:\n  - h1$ ping -c 1 10.0.0.2\n  - wait: 3s", "nothing"},
		}),
		chapterOf(&lanTable, "lan:\n  %s\n"+exampleHosts, with(cableExamples, map[string]example{
			"subnet": {"subnet: 10.0.0.0/24", "it must be there"}, "gateway": {"gateway: 10.0.0.2", "none"},
		})),
		chapterOf(&siteTable, exampleLAN+exampleHosts+"internet:\n  www.example.com:\n    %s\n", map[string]example{
			"address": {"address: 93.184.216.34", "it must be there"}, "cname": {"cname: edge.example.net", "none"}, "delay": {"delay: 10ms", "0"}, "ttl": {"ttl: 120", "64"},
		}),
		chapterOf(&routerTable, exampleLAN+exampleHosts+"routers:\n  r1:\n    %s\n", map[string]example{
			"interfaces": {"interfaces:\n  eth0: {address: 10.0.0.1}", "none"}, "nat": {"nat: false", "true where it leads to the internet"}, "routes": {"routes:\n  - {to: 10.9.0.0/24, via: 10.0.0.2}", "none"},
		}),
		chapterOf(&routeTable, exampleLAN+exampleHosts+"routers:\n  r1:\n    interfaces: {eth0: {address: 10.0.0.1}}\n    routes:\n      -\n        %s\n", map[string]example{
			"to": {"to: 10.9.0.0/24", "it must be there"}, "via": {"via: 10.0.0.2", "it must be there"},
		}),
		chapterOf(&portTable, exampleLAN+"hosts:\n  h1:\n    interfaces:\n      eth0:\n        %s\n", map[string]example{
			"lan": {"lan: lan", "the only one"}, "address": {"address: 10.0.0.11", "it must be there"}, "mac": {"mac: 02:00:00:00:00:11", "made from the address"},
			"wrong-tunnel-checksums": {"wrong-tunnel-checksums: true", "false"},
		}),
		chapterOf(&hostTable, exampleLAN+"hosts:\n  h1:\n    %s\n", map[string]example{
			"address": {"address: 10.0.0.11", "it must be there, or interfaces"}, "lan": {"lan: lan", "the only one"}, "mac": {"mac: 02:00:00:00:00:11", "made from the address"},
			"hostname": {"hostname: web-1.example.com", "its name in the file"}, "gateway": {"gateway: 10.0.0.1", "the LAN's"}, "interfaces": {"interfaces:\n  eth0: {address: 10.0.0.11}", "eth0 with the address"},
			"engine": {`engine: "20.10"`, "the scenario's"}, "daemon": {"daemon: {icc: false, mtu: 1400}", "no file"}, "docker": {"docker: false", "true"}, "images": {"images: [busybox, nginx]", "busybox and the like"},
			"files": {"files:\n  /etc/motd: hello", "none"}, "clock": {"clock: -10m", "0"},
			"kernel-lacks": {"kernel-lacks: [ipvlan, vlan]", "none"},
		}),
		chapterOf(&imageTable, exampleLAN+exampleHosts+"images:\n  shop:\n    %s\n", map[string]example{
			"like": {"like: alpine", "busybox"}, "cmd": {"cmd: [sleep, 1000]", "that of the image it is like"}, "env": {"env: [COLOUR=red]", "none"}, "listen": {"listen: [8080/tcp]", "none"}, "response": {"response: hello", "a page"},
		}),
		chapterOf(&stepTable, exampleLAN+exampleHosts+"steps:\n  -\n    %s\n", map[string]example{
			"run": {"run: h1$ ping -c 1 10.0.0.12", "one of run, wait, fault, repair, check is there"}, "expect": {"expect: {exit: 0}", "exit: 0"}, "wait": {"wait: 30s", "none"}, "at": {"at: 60s", "at once"},
			"fault": {"fault: {cable: h1, loss: 10%}", "none"}, "repair": {"repair: {cable: h1}", "none"},
			"check": {"check: {reach: {from: h1, to: 10.0.0.12}}", "none"},
		}),
		chapterOf(&checkTable, exampleLAN+exampleHosts+"steps:\n  - check:\n      %s\n", map[string]example{
			"name": {"name: the hosts see each other", "none"}, "reach": {"reach: {from: h1, to: 10.0.0.12}", "it must be there"},
			"eventually": {"eventually: 30s", "at once"}, "always": {"always: 5s", "once"},
			"never": {"reach: {from: h1, to: 10.0.0.99}\nnever: true", "it must reach"}, "code": {"reach: {from: h1, to: 10.0.0.99}\ncode: ADDRESS-UNUSED", "it must reach"},
		}),
		chapterOf(&reachTable, exampleLAN+exampleHosts+"steps:\n  - check:\n      reach:\n        %s\n", map[string]example{
			"from": {"from: h1", "it must be there"}, "to": {"to: 10.0.0.12", "it must be there"}, "port": {"port: icmp", "a ping"}, "large": {"large: true", "false"},
		}),
		chapterOf(&expectTable, exampleLAN+exampleHosts+"steps:\n  - run: h1$ echo hello\n    expect:\n      %s\n", map[string]example{
			"exit": {"exit: 0", "0"}, "stdout": {"stdout: |\n  ~ hel+o", "anything"}, "stderr": {`stderr: ""`, "anything"},
		}),
		chapterOf(&faultTable, exampleLAN+exampleHosts+"steps:\n  - fault:\n      %s\n", with(cableExamples, map[string]example{
			"cable": {"cable: h1", "this or host is there"}, "host": {"host: h1", "this or cable is there"}, "crash": {"crash: true", "false"}, "way": {"way: in", "both"}, "mac-filter": {"mac-filter: true", "false"},
		})),
	}
}

// needs are the keys that an example cannot do without, by chapter and key.
var needs = map[string]string{
	"the scenario": exampleLAN + exampleHosts, "a lan": "subnet: 10.0.0.0/24", "a site of the internet": "address: 93.184.216.34", "a route/to": "via: 10.0.0.2", "a route/via": "to: 10.9.0.0/24",
	"an interface": "address: 10.0.0.11", "a host": "address: 10.0.0.11", "a host/interfaces": "docker: true", "a step/expect": "run: h1$ true", "a step/at": "run: h1$ true",
	"a router/nat": "interfaces: {eth0: {address: 10.0.0.2}}", "a router": "interfaces: {eth0: {address: 10.0.0.1}}", "a fault": "cable: h1", "a fault/cable": "down: true", "a fault/host": "crash: true", "a fault/crash": "host: h1", "a fault/way": "cable: h1\nloss: 1%",
	"a check": "reach: {from: h1, to: 10.0.0.12}", "reach": "from: h1\nto: 10.0.0.12", "reach/from": "to: 10.0.0.12", "reach/to": "from: h1",
}

var keyOf = regexp.MustCompile(`(?m)^([a-z-]+):`)

// whole is an example in a file that runs.
func (c chapter) whole(key string) string {
	text := c.examples[key].text
	need, given := needs[c.name+"/"+key]
	if !given {
		need = needs[c.name]
	}
	for _, part := range strings.SplitAfter(need, "\n") {
		m := keyOf.FindStringSubmatch(part)
		if m == nil || c.name == "the scenario" || !strings.Contains("\n"+text, "\n"+m[1]+":") {
			continue
		}
		need = strings.Replace(need, part, "", 1)
	}
	if c.name == "the scenario" {
		for _, k := range []string{"lan", "hosts"} {
			if key == k || key == "lans" {
				need = regexp.MustCompile(`(?ms)^`+k+`:.*?(^[a-z]|\z)`).ReplaceAllString(need, "$1")
			}
		}
		if key == "lans" {
			need = "hosts:\n  h1: {lan: office, address: 10.1.0.11}\n"
		}
	}
	text = strings.TrimSuffix(strings.TrimSuffix(need, "\n")+"\n"+text, "\n")
	before, _, _ := strings.Cut(c.within, "%s")
	pad := before[strings.LastIndexByte(before, '\n')+1:]
	return strings.Replace(c.within, "%s", strings.ReplaceAll(strings.TrimPrefix(text, "\n"), "\n", "\n"+pad), 1)
}

// Every key of the language has an example, and each one runs.
func TestEveryExampleOfTheReferenceRuns(t *testing.T) {
	for _, c := range chapters() {
		for k := range c.examples {
			if c.sentences[k] == "" {
				t.Errorf("%s has no key %q", c.name, k)
			}
		}
		for _, key := range c.keys {
			if c.examples[key].text == "" || c.examples[key].standard == "" {
				t.Errorf("%s in %s has no example, or no default", key, c.name)
				continue
			}
			text := c.whole(key)
			s, err := Read("example.yaml", []byte(text))
			if err != nil {
				t.Errorf("%s in %s: %v\n%s", key, c.name, err, text)
				continue
			}
			if r := Run(s, Options{Docker: cli.Program}); r.Err != nil || r.Failed() {
				t.Errorf("%s in %s: %v %s\n%s", key, c.name, r.Err, r.Report(), text)
			}
		}
	}
}

// reference is the tables as a page has them.
func reference() string {
	var b strings.Builder
	for _, c := range chapters() {
		fmt.Fprintf(&b, "\n### %s\n\n", c.name)
		if c.about != "" {
			fmt.Fprintf(&b, "%s\n\n", c.about)
		}
		for _, key := range c.keys {
			e := c.examples[key]
			fmt.Fprintf(&b, "- **`%s`**: %s Form: %s. Without it: %s.\n\n  ```yaml\n  %s\n  ```\n", key, c.sentences[key], c.shapes[key], e.standard, strings.ReplaceAll(e.text, "\n", "\n  "))
		}
	}
	return b.String()
}

const (
	page      = "../docs/scenario.md"
	generated = "<!-- From here on the page is made from scenarios/keys.go: go test ./scenarios -run TestReferencePage -update -->\n"
)

// The page's reference is that of the tables, and each whole scenario in its
// first part passes.
func TestReferencePage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, tail, found := strings.Cut(string(text), generated)
	if !found {
		t.Fatalf("%s has no line %s", page, generated)
	}
	if *updateLibrary {
		if err := os.WriteFile(page, []byte(head+generated+reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if tail != reference() {
		t.Errorf("%s is not what the tables say: go test ./scenarios -run TestReferencePage -update", page)
	}
	seen := 0
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(head, -1) {
		if !strings.Contains(m[1], "hosts:") {
			continue
		}
		seen++
		s, err := Read("page.yaml", []byte(m[1]))
		if err != nil {
			t.Errorf("%v\n%s", err, m[1])
			continue
		}
		if r := Run(s, Options{Docker: cli.Program}); r.Err != nil || r.Failed() {
			t.Errorf("%v %s\n%s", r.Err, r.Report(), r.Transcript)
		}
	}
	if seen < 2 {
		t.Errorf("%d scenarios in %s", seen, page)
	}
}
