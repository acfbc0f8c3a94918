package scenarios

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("scenario.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// jsonOf is a YAML document as JSON has it: keys are texts, and dates too.
func jsonOf(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = jsonOf(x[k])
		}
	case map[any]any:
		m := map[string]any{}
		for k, e := range x {
			if s, ok := k.(string); ok {
				m[s] = jsonOf(e)
			}
		}
		return m
	case []any:
		for i := range x {
			x[i] = jsonOf(x[i])
		}
	case int:
		return float64(x)
	}
	return v
}

// What the program accepts the schema accepts: every scenario of the project.
func TestSchemaAcceptsEveryScenarioOfTheProject(t *testing.T) {
	schema := compileSchema(t)
	seen := 0
	for _, root := range []string{"library", "testdata", "../cmd/dnetsim/testdata"} {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yaml") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Read(path, text); err != nil {
				return nil
			}
			seen++
			var v any
			if err := yaml.Unmarshal(text, &v); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if err := schema.Validate(jsonOf(v)); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			return nil
		})
	}
	if seen < 30 {
		t.Errorf("%d scenarios looked at", seen)
	}
}

// What the program refuses for its form the schema refuses, and what is odd but
// right both take.
func TestSchemaAndReaderAgreeOnForm(t *testing.T) {
	schema := compileSchema(t)
	host := func(text string) string { return "hosts: {h: {" + text + "}}\n" }
	lan := func(text string) string {
		return "lan: {subnet: 10.0.0.0/24, " + text + "}\nhosts: {h: {address: 10.0.0.1}}\n"
	}
	step := func(text string) string {
		return lan("gateway: 10.0.0.2") + "steps:\n  - " + text + "\n"
	}
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{lan("delay: 3ms"), true}, {lan("delay: 0"), true}, {lan("delay: 1.5s"), true}, {lan("delay: soon"), false}, {lan("delay: -3ms"), false}, {lan("delay: 3"), false},
		{lan("loss: 0.5"), true}, {lan("loss: 2%"), true}, {lan("loss: 1e-3"), true}, {lan("loss: 2"), false}, {lan("loss: nan"), false}, {lan("loss: [1]"), false},
		{lan("rate: 100mbit"), true}, {lan("rate: 1Gbit"), true}, {lan("rate: 1000"), true}, {lan("rate: fast"), false}, {lan("mtu: 67"), false}, {lan("mtu: 68"), true},
		{lan("queue: 0"), false}, {lan("down: true"), true}, {lan("down: maybe"), false}, {lan("block: [udp/4789, icmp]"), true}, {lan("block: icmp"), true}, {lan("speed: 1"), false},
		{lan("gateway: 10.0.0.2") + "limit: 10m\n", true}, {lan("gateway: 10.0.0.2") + "limit: never\n", false}, {lan("gateway: 10.0.0.2") + "seed: -1\n", false},
		{lan("gateway: 10.0.0.2") + "engine: 20.10\n", true}, {lan("gateway: 10.0.0.2") + "engine: 19\n", false}, {lan("gateway: 10.0.0.2") + "colour: red\n", false},
		{host("docker: false"), true}, {host("files: {/etc/x: y, /n: 3}"), true}, {host("files: {x: y}"), false}, {host("clock: -10m"), true}, {host("clock: late"), false},
		{host("images: busybox"), true}, {host("daemon: {mtu: 1400}"), true}, {host("daemon: '{'"), true}, {host("size: big"), false}, {"hosts: {h: }\n", true},
		{step("h$ true"), true}, {step("h/c$ true"), true}, {step("true"), false}, {step("{run: h$ true}"), true}, {step("{run: h$ true, expect: {exit: any, stdout: }}"), true},
		{step("{run: h$ true, expect: {exit: 256}}"), false}, {step("{run: h$ true, expect: {status: 1}}"), false}, {step("{wait: 3s}"), true}, {step("{wait: 3s, run: h$ true}"), false},
		{step("{at: 30s, run: h$ true}"), true}, {step("{at: 30s}"), false}, {step("{fault: {cable: h, loss: 1%}}"), true}, {step("{fault: {cable: h, way: up}}"), false},
		{step("{fault: {host: h, crash: true}}"), true}, {step("{repair: {cable: h}}"), true}, {step("{fault: {loss: 1%}}"), false}, {"steps: []\n", false},
		{step("check: {reach: {from: h, to: h}, never: true}"), true}, {step("check: {reach: {from: h, to: h}, never: 5s}"), true}, {step("check: {reach: {from: h, to: h}, never: false}"), false},
		{step("check: {reach: {from: h, to: h}, never: \"yes\"}"), false}, {step("check: {reach: {from: h, to: h, port: 80}, eventually: 1m}"), true}, {"hosts: [h]\n", false},
	} {
		_, err := Read("x.yaml", []byte(c.text))
		var v any
		if yaml.Unmarshal([]byte(c.text), &v) != nil {
			t.Fatalf("not YAML: %s", c.text)
		}
		invalid := schema.Validate(jsonOf(v))
		if (err == nil) != c.ok || (invalid == nil) != c.ok {
			t.Errorf("%swant ok %v; the reader: %v; the schema: %v", c.text, c.ok, err, invalid)
		}
	}
}

// Every key has a sentence, for the schema and for whoever reads it.
func TestEveryKeyHasASentence(t *testing.T) {
	var walk func(at string, v any)
	walk = func(at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if properties, ok := m["properties"].(map[string]any); ok {
			for k, p := range properties {
				about, _ := p.(map[string]any)["description"].(string)
				if !strings.HasSuffix(about, ".") || len(about) < 12 {
					t.Errorf("%s/%s has no sentence: %q", at, k, about)
				}
			}
		}
		for k, x := range m {
			if list, ok := x.([]any); ok {
				for _, e := range list {
					walk(at+"/"+k, e)
				}
				continue
			}
			walk(at+"/"+k, x)
		}
	}
	walk("", rootTable.schema())
}
