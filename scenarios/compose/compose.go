// Package compose makes a scenario of a Compose file: one host, the docker lines
// that Compose would have sent, in the order of depends_on. It owns no simulation:
// what it writes is a scenario's text. Start reading at [Import].
package compose

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"dnetsim/modes/image"
	"dnetsim/sim"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v3"
)

// Options says how a file is read.
type Options struct {
	// Environment is what ${NAME} stands for; that of the process is not read.
	Environment map[string]string
	// Profiles are those that are on.
	Profiles []string
}

var services = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^(services|include):`) })

// Is reports whether a file is a Compose file and no scenario.
func Is(text []byte) bool {
	var keys map[string]yaml.Node
	if yaml.Unmarshal(text, &keys) != nil {
		return services().Match(text)
	}
	_, hosts := keys["hosts"]
	_, service := keys["services"]
	_, include := keys["include"]
	return !hosts && (service || include)
}

// scenario is the file that is written.
type scenario struct {
	Name   string               `yaml:"name"`
	LAN    map[string]string    `yaml:"lan"`
	Hosts  map[string]yaml.Node `yaml:"hosts"`
	Images map[string]standIn   `yaml:"images,omitempty"`
	Setup  []string             `yaml:"setup"`
}

// standIn is an image that only the file knows: a web server answers at its ports.
type standIn struct {
	Listen []string `yaml:"listen,omitempty,flow"`
	Cmd    []string `yaml:"cmd,omitempty,flow"`
}

// Import reads a Compose file and writes the scenario. Files that it extends or
// includes are read from beside it. What has no network meaning is listed in
// ignored, once.
func Import(file string, text []byte, o Options) (out []byte, ignored []string, err error) {
	logrus.SetOutput(io.Discard) // the loader's advice on style
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, nil, err
	}
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if slices.Contains([]string{"compose", "docker-compose", "-", ""}, base) {
		base = filepath.Base(dir)
	}
	env := types.Mapping{}
	maps.Copy(env, o.Environment)
	p, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: dir, Environment: env, ConfigFiles: []types.ConfigFile{{Filename: file, Content: text}},
	}, func(l *loader.Options) {
		l.SetProjectName(loader.NormalizeProjectName(base), false)
		l.Profiles = o.Profiles
		l.SkipResolveEnvironment = true
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	w := &writer{project: p, registry: image.DefaultRegistry(sim.NewLoop(1)), images: map[string]standIn{}, standIns: map[string]bool{}, healthy: map[string]bool{}, ignored: map[string]map[string]bool{}}
	if err := w.write(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	var host yaml.Node
	host.Encode(map[string]string{"address": "10.0.0.11"})
	host.Style = yaml.FlowStyle
	out, err = yaml.Marshal(scenario{
		Name: p.Name, LAN: map[string]string{"subnet": "10.0.0.0/24", "gateway": "10.0.0.2"},
		Hosts: map[string]yaml.Node{hostName: host}, Images: w.images, Setup: w.lines,
	})
	return out, w.list(), err
}

// hostName is the one host of an imported file.
const hostName = "docker"

// list is what was ignored: "logging: db, web".
func (w *writer) list() []string {
	var out []string
	for _, what := range slices.Sorted(maps.Keys(w.ignored)) {
		out = append(out, what+": "+strings.Join(slices.Sorted(maps.Keys(w.ignored[what])), ", "))
	}
	return out
}

// quote is a word for the simulated shell.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=+,@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
