package engine

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestRefusalsAndShapesOfA2010 holds what Moby's own integration tests found: what dockerd
// refuses, and what it shows of a container. The words are those of 20.10.24's source.
func TestRefusalsAndShapesOfA2010(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		path, body string
		code       int
		says       string
	}{
		{"/containers/create", `{"Image":"busybox","Env":["=x"]}`, 400, "invalid environment variable: =x"},
		{"/containers/create", `{"Image":"busybox","WorkingDir":"tmp"}`, 400, "the working directory 'tmp' is invalid, it needs to be an absolute path"},
		{"/containers/create", `{"Image":"busybox","StopSignal":"SIG42"}`, 400, "Invalid signal: SIG42"},
		{"/containers/create", `{"Image":"busybox","HostConfig":{"Tmpfs":{"//":""}}}`, 400, "invalid specification: destination can't be '/'"},
		{"/containers/create", `{"Image":"busybox","HostConfig":{"Tmpfs":{"a":""}}}`, 400, "invalid mount path: 'a' mount path must be absolute"},
		{"/containers/create", `{"Image":"busybox","HostConfig":{"VolumesFrom":["none"]}}`, 400, "No such container: none"},
		{"/containers/create", `{"Image":"busybox:sha256:00"}`, 400, "invalid reference format"},
		{"/containers/create?name=web", `{"Image":"busybox","Cmd":["sleep","1"],"WorkingDir":"/tmp/","HostConfig":{"Memory":209715200,"Tmpfs":{"/t":""},"AutoRemove":true}}`, 201, ""},
		{"/containers/web/start", "", 204, ""},
		{"/containers/web/kill?signal=0", "", 400, "Invalid signal: 0"},
		{"/containers/web/update", `{"RestartPolicy":{"Name":"always"}}`, 409, "Restart policy cannot be updated because AutoRemove is enabled for the container"},
		{"/containers/web/update", `{"Memory":629145600}`, 409, "Memory limit should be smaller than already set memoryswap limit"},
		{"/containers/web/update", `{"Memory":314572800,"MemorySwap":524288000,"PidsLimit":-1}`, 200, ""},
		{"/containers/create?name=app", `{"Image":"busybox","HostConfig":{"Links":["web:db"]}}`, 201, ""},
		{"/v1.39/containers/create?name=old", `{"Image":"busybox"}`, 201, ""},
	} {
		if code, text := b.call("POST", c.path, []byte(c.body)); code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("POST %s %s: %d %s; want %d, %q", c.path, c.body, code, text, c.code, c.says)
		}
	}
	for path, want := range map[string][]string{
		"/containers/web/json?size=1":               {`"WorkingDir":"/tmp"`, `"Memory":314572800`, `"MemorySwap":524288000`, `"PidsLimit":0`, `"Mounts":[]`, `"SizeRootFs":1978368`},
		"/containers/app/json":                      {`"Links":["/web:/app/db"]`},
		"/containers/old/json":                      {`"IpcMode":"shareable"`},
		"/containers/json?all=1&size=1":             {`"Names":["/app/db","/web"]`, `"SizeRootFs":1978368`},
		"/containers/web/stats?stream=0&one-shot=1": {`"preread":"0001-01-01T00:00:00Z"`},
	} {
		_, text := b.call("GET", path, nil)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("GET %s has no %s: %s", path, w, text)
			}
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("GET %s: no JSON: %s", path, text)
		}
	}
	if code, text := b.call("GET", "/containers/web/archive?path=/etc/.", nil); code != 200 || !strings.Contains(text, "\x00./passwd\x00") && !strings.HasPrefix(text, "./\x00") {
		t.Errorf("what is in a directory: %d %.40q", code, text)
	}
	if code, text := b.call("GET", "/containers/web/archive?path=/etc/hosts/", nil); code != 500 || !strings.Contains(text, "not a directory") {
		t.Errorf("a file with a slash at its end: %d %s", code, text)
	}
}
