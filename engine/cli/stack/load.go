// Package stack is `docker stack deploy` and `docker stack config` on a simulated
// machine. docker's own commands read Compose files, what these name, and the
// environment of the real machine, and create things in the order of Go's maps; here
// all of it comes from a [Source], and in the order of names. What a file means is
// docker's own code: its loader and its conversion.
//
// Start reading at [Load], then [Deploy].
package stack

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/compose/loader"
	"github.com/docker/cli/cli/compose/schema"
	"github.com/docker/cli/cli/compose/types"
	"github.com/docker/cli/pkg/kvfile"
)

// Source is the machine on which the command is typed.
type Source struct {
	ReadFile func(name string) ([]byte, error) // relative names are of Dir
	Dir      string
	Environ  []string
	Stdin    io.Reader
}

// Load reads Compose files, the first of which says where relative names begin; "-" is
// the standard input. Warnings are what docker says of options that it ignores.
func Load(files []string, src Source, options ...func(*loader.Options)) (*types.Config, []string, error) {
	if len(files) == 0 {
		return nil, nil, errors.New("specify a Compose file (with --compose-file)")
	}
	d := types.ConfigDetails{WorkingDir: src.Dir, Environment: map[string]string{}}
	if files[0] != "-" {
		d.WorkingDir = path.Dir(src.abs(src.Dir, files[0]))
	}
	for _, e := range src.Environ {
		if k, v, ok := strings.Cut(e, "="); ok && k != "" {
			d.Environment[k] = v
		}
	}
	var dicts []map[string]any
	for _, name := range files {
		b, err := src.compose(name)
		if err != nil {
			return nil, nil, err
		}
		dict, err := loader.ParseYAML(b)
		if err != nil {
			return nil, nil, err
		}
		if err := src.environments(dict, d); err != nil {
			return nil, nil, err
		}
		dicts = append(dicts, dict)
		d.ConfigFiles = append(d.ConfigFiles, types.ConfigFile{Filename: name, Config: dict})
	}
	d.Version = schema.Version(dicts[0])
	cfg, err := loader.Load(d, options...)
	if forbidden := (*loader.ForbiddenPropertiesError)(nil); errors.As(err, &forbidden) {
		return nil, nil, fmt.Errorf("compose file contains unsupported options:\n\n%s\n", listed(forbidden.Properties))
	}
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(cfg.Services, func(a, b types.ServiceConfig) int { return cmp.Compare(a.Name, b.Name) })
	return cfg, warnings(dicts), nil
}

// Check refuses services without an image that has a name.
func Check(cfg *types.Config) error {
	for _, s := range cfg.Services {
		if s.Image == "" {
			return fmt.Errorf("invalid image reference for service %s: no image specified", s.Name)
		}
		if _, err := reference.ParseAnyReference(s.Image); err != nil {
			return fmt.Errorf("invalid image reference for service %s: %w", s.Name, err)
		}
	}
	return nil
}

func (src *Source) compose(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(src.Stdin)
	}
	return src.ReadFile(name)
}

func (src *Source) abs(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

func warnings(dicts []map[string]any) (out []string) {
	if ignored := loader.GetUnsupportedProperties(dicts...); len(ignored) > 0 {
		out = append(out, "Ignoring unsupported options: "+strings.Join(ignored, ", ")+"\n")
	}
	if deprecated := loader.GetDeprecatedProperties(dicts...); len(deprecated) > 0 {
		out = append(out, "Ignoring deprecated options:\n\n"+listed(deprecated)+"\n")
	}
	return out
}

func listed(properties map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		out = append(out, name+": "+properties[name])
	}
	return strings.Join(out, "\n\n")
}

// environments puts what the services' env_file name into their environment, before
// docker's loader would look for such files.
func (src *Source) environments(dict map[string]any, d types.ConfigDetails) error {
	services, _ := dict["services"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(services)) {
		service, ok := services[name].(map[string]any)
		if !ok || service["env_file"] == nil {
			continue
		}
		var files []string
		switch v := service["env_file"].(type) {
		case string:
			files = []string{v}
		case []any:
			for _, x := range v {
				files = append(files, fmt.Sprint(x))
			}
		default:
			continue // the schema refuses it
		}
		vars := map[string]string{}
		for _, f := range files {
			b, err := src.ReadFile(src.abs(d.WorkingDir, f))
			if err != nil {
				return err
			}
			lines, err := kvfile.ParseFromReader(bytes.NewReader(b), d.LookupEnv)
			if err != nil {
				return fmt.Errorf("failed to parse env-file '%s': %w", f, err)
			}
			for _, l := range lines {
				k, v, _ := strings.Cut(l, "=")
				vars[k] = v
			}
		}
		delete(service, "env_file")
		addTo(service, vars)
	}
	return nil
}

// addTo adds variables that a service's own environment does not have.
func addTo(service map[string]any, vars map[string]string) {
	env := map[string]any{}
	switch own := service["environment"].(type) {
	case map[string]any:
		env = own
	case []any:
		for _, x := range own {
			k, v, given := strings.Cut(fmt.Sprint(x), "=")
			if env[k] = nil; given {
				env[k] = v
			}
		}
	case nil:
	default:
		return // the schema refuses it
	}
	for k, v := range vars {
		if _, own := env[k]; !own {
			env[k] = strings.ReplaceAll(v, "$", "$$") // it is no template
		}
	}
	service["environment"] = env
}
