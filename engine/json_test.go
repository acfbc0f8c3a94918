package engine

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"dnetsim/modes"
	"dnetsim/modes/profile"

	"github.com/docker/docker/api/types/container"
)

// keys lists the paths of a JSON value in the order in which they come; what
// has names of its own (identifiers, ports) is cut.
func keys(t *testing.T, d *json.Decoder, path string, out *[]string) {
	t.Helper()
	tok, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	switch tok {
	case json.Delim('{'):
		for d.More() {
			k, _ := d.Token()
			p := path + "." + k.(string)
			if len(k.(string)) == 64 {
				p = path + ".ID"
			}
			*out = append(*out, p)
			keys(t, d, p, out)
		}
		d.Token()
	case json.Delim('['):
		for d.More() {
			keys(t, d, path+"[]", out)
		}
		d.Token()
	}
}

func keysOf(t *testing.T, b []byte) []string {
	var out []string
	keys(t, json.NewDecoder(bytes.NewReader(b)), "", &out)
	return out
}

func compareKeys(t *testing.T, file string, got any) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w, g := keysOf(t, want), keysOf(t, encode([]any{got}))
	if !reflect.DeepEqual(w, g) {
		for i := range max(len(w), len(g)) {
			if i >= len(w) || i >= len(g) || w[i] != g[i] {
				t.Fatalf("key %d: docker has %v, we have %v", i, w[i:min(i+3, len(w))], g[i:min(i+3, len(g))])
			}
		}
	}
}

func TestInspectHasDockersKeysInDockersOrder(t *testing.T) {
	h := &container.HostConfig{}
	normalise(h, profile.Of("20.10").MaskedPaths)
	e := &modes.EndpointSettings{IPAddress: "172.17.0.2"}
	c := &modes.Container{Container: modes.Description{
		ID: strings.Repeat("a", 64), Name: "bbox1", Path: "sh", Opaque: &echo{config: &container.Config{}, hostConfig: h},
		Config: modes.Config{Cmd: []string{"sh"}, Image: "busybox"},
		State:  modes.State{Status: modes.Running, StartedAt: time.Unix(1, 0)},
		NetworkSettings: modes.NetworkSettings{
			Networks: map[string]*modes.EndpointSettings{"bridge": e},
		},
	}}
	compareKeys(t, "testdata/container-inspect.json", form41{}.container(c, nil, nil))
}

func TestInspectSharesDockersConstants(t *testing.T) {
	b, err := os.ReadFile("testdata/container-inspect.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []struct{ HostConfig json.RawMessage }
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	h := &container.HostConfig{}
	normalise(h, profile.Of("20.10").MaskedPaths)
	var w, g any
	json.Unmarshal(want[0].HostConfig, &w)
	json.Unmarshal(encode(h), &g)
	if !reflect.DeepEqual(w, g) {
		t.Errorf("docker\n%v\nours\n%v", w, g)
	}
}

func TestFiltersComeInTwoEncodings(t *testing.T) {
	for _, text := range []string{`{"label":{"a=b":true}}`, `{"label":["a=b"]}`} {
		f, err := filters(url.Values{"filters": {text}})
		if err != nil || !reflect.DeepEqual(f, modes.Filters{"label": {"a=b"}}) {
			t.Errorf("%s: %v, %v", text, f, err)
		}
	}
	if _, err := filters(url.Values{"filters": {"rubbish"}}); statusOf(err) != 400 {
		t.Errorf("rubbish: %v", err)
	}
}

func TestBooleansAreThoseOfDockerd(t *testing.T) {
	for v, want := range map[string]bool{
		"": false, "0": false, "no": false, "False": false, "none": false, "1": true, "true": true, "True": true, "x": true,
	} {
		if got := boolean(url.Values{"f": {v}}, "f"); got != want {
			t.Errorf("%q is %v", v, got)
		}
	}
}

func TestVersionIsCutFromThePath(t *testing.T) {
	for p, want := range map[string]string{
		"/v1.41/info": "/info", "/v1.12/containers/json": "/containers/json", "/info": "/info", "/version": "/version",
		"/volumes": "/volumes", "/v/x": "/v/x",
	} {
		if got, _ := unversioned(p); got != want {
			t.Errorf("%s: %s", p, got)
		}
	}
}

func TestAgesAreInDockersWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "Less than a second", time.Second: "1 second", 59 * time.Second: "59 seconds",
		60 * time.Second: "About a minute", 119 * time.Second: "About a minute", 120 * time.Second: "2 minutes",
		59 * time.Minute: "59 minutes", time.Hour: "About an hour", 89 * time.Minute: "About an hour",
		90 * time.Minute: "2 hours", 47 * time.Hour: "47 hours", 48 * time.Hour: "2 days", 20 * 24 * time.Hour: "2 weeks",
		90 * 24 * time.Hour: "3 months", 3 * 365 * 24 * time.Hour: "3 years",
	} {
		if got := human(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
