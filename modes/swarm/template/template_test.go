package template

import (
	"strings"
	"testing"

	"dnetsim/modes/swarm/object"
)

func task(env ...string) (object.NodeDescription, *object.Task) {
	t := &object.Task{ID: "task", ServiceID: "service", Slot: 3, NodeID: "node", Service: &object.TaskService{Name: "web", Labels: map[string]string{"tier": "front"}}}
	t.Name = "web.3.task"
	t.Spec.ContainerSpec = &object.ContainerSpec{Env: env}
	return object.NodeDescription{Hostname: "m1", Platform: object.Platform{Architecture: "x86_64", OS: "linux"}}, t
}

func TestATaskKnowsItsServiceItsNodeAndItself(t *testing.T) {
	n, x := task("A={{.Node.Hostname}}/{{.Node.ID}}/{{.Node.Platform.OS}}", `B={{join "-" .Service.Name .Task.Slot .Task.Name}}`, "C={{range $k, $v := .Service.Labels}}{{$k}}:{{$v}}{{end}}", "D")
	x.Spec.ContainerSpec.Mounts = []object.Mount{{Source: "v-{{.Task.Slot}}", Target: "/{{.Service.ID}}", VolumeOptions: []byte(`{"Labels":{"of":"{{.Task.ID}}"}}`)}}
	c, err := Container(n, x)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Env, " "); got != "A=m1/node/linux B=web-3-web.3.task C=tier:front D" {
		t.Error(got)
	}
	if m := c.Mounts[0]; m.Source != "v-3" || m.Target != "/service" || string(m.VolumeOptions) != `{"Labels":{"of":"task"}}` {
		t.Errorf("%+v", m)
	}
	x.Spec.ContainerSpec.Env = []string{
		`A={{if eq .Node.Hostname "m1" "m2"}}yes{{else}}no{{end}}`, `B={{with .Service.Labels.tier}}{{.}}{{end}}`, `C={{$x := 1}}{{range 3}}{{$x = .}}{{if eq . 1}}{{break}}{{end}}{{end}}{{$x}}`,
		`D={{.Task.Slot | printf "%02s-%s" "a"}}`, `E={{define "x"}}<{{.}}>{{end}}{{template "x" .Task.Slot}}`, `F={{index .Service.Labels "none"}}{{len .Service.Labels}}{{or "" "z"}}`, `G={{- /* nothing */ -}}{{.Node.Platform}}`,
	}
	if c, err = Container(n, x); err != nil || strings.Join(c.Env, " ") != "A=yes B=front C=1 D=0a-3 E=<3> F=1z G={x86_64 linux}" {
		t.Error(c, err)
	}
	x.Slot = 0
	if c, _ = Container(n, x); c.Mounts[0].Source != "v-node" {
		t.Error("a global service's task has its node for a slot, not", c.Mounts[0].Source)
	}
}

func TestATextThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"{{", "{{.Node.Nothing}}", "{{.Service.Labels.nothing}}", "{{secret \"x\"}}"} {
		n, x := task("A=" + text)
		if _, err := Container(n, x); err == nil || !strings.HasPrefix(err.Error(), "expanding env failed: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What a service says must end at once, however it is meant.
func TestATextEnds(t *testing.T) {
	double := strings.Repeat(`{{$x = printf "%s%s" $x $x}}`, 60)
	for _, text := range []string{
		"{{range 999999999999}}{{end}}", "{{range 9999999}}{{range 9999999}}{{end}}{{end}}", "{{$n := 999999999999}}{{range $n}}{{end}}",
		`{{define "x"}}{{template "x"}}{{template "x"}}{{end}}{{template "x"}}`,
		`{{$x := "ab"}}` + double + "{{$x}}", `{{$x := "ab"}}` + strings.ReplaceAll(double, "printf \"%s%s\"", "print") + "{{$x}}",
		`{{printf "%999999d" 1}}`, `{{printf "%*d" 999999 1}}`, `{{$x := "ab"}}` + strings.Repeat("{{$x = println $x $x}}", 60),
	} {
		n, x := task("A=" + text)
		if _, err := Container(n, x); err == nil {
			t.Errorf("%.60s is expanded", text)
		}
	}
}

type files map[string]string

func (f files) Secret(id string) *object.Secret {
	return &object.Secret{Spec: object.DataSpec{Data: []byte(f[id])}}
}
func (f files) Config(string) *object.Config { return nil }

func TestDataIsExpandedWhereItSaysSo(t *testing.T) {
	n, x := task("WHO={{.Node.Hostname}}")
	x.Spec.ContainerSpec.Secrets = []object.SecretReference{{SecretID: "s1", File: &object.FileTarget{Name: "tok"}}}
	from := files{"s1": "hush"}
	s := object.DataSpec{Data: []byte(`{{env "WHO"}} {{secret "tok"}} {{.Task.Slot}}`)}
	if b, err := Data(n, x, &s, from); err != nil || string(b) != string(s.Data) {
		t.Errorf("without a driver: %q, %v", b, err)
	}
	s.Templating = &object.Driver{Name: "golang"}
	if b, err := Data(n, x, &s, from); err != nil || string(b) != "m1 hush 3" {
		t.Errorf("%q, %v", b, err)
	}
	s.Data = []byte(`{{config "nothing"}}`)
	if _, err := Data(n, x, &s, from); err == nil || !strings.Contains(err.Error(), "config target nothing not found") {
		t.Error(err)
	}
}
