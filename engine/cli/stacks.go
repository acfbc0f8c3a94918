package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"dnetsim/engine/cli/stack"

	"github.com/docker/cli/cli/compose/loader"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// source is the simulated machine, for Compose files.
func (s *session) source(h *dockerCLI) stack.Source {
	src := stack.Source{Stdin: h.In(), ReadFile: func(name string) ([]byte, error) { return readFile(s, name) }}
	s.do(func() { src.Dir, src.Environ = s.p.Dir, s.p.Environ() })
	return src
}

// deployStack is `docker stack deploy`.
func deployStack(s *session, h *dockerCLI, cmd *cobra.Command, name string, files []string) error {
	f := cmd.Flags()
	o := stack.Options{Stack: name, Prune: isSet(f, "prune"), Detach: isSet(f, "detach")}
	o.Wait = func(ctx context.Context, id string) error { return converge(ctx, s, h, id, isSet(f, "quiet")) }
	o.ResolveImage, _ = f.GetString("resolve-image")
	blank := func(r rune) bool { return unicode.IsSpace(r) || r == '"' || r == '\'' }
	if strings.TrimFunc(o.Stack, blank) == "" {
		return fmt.Errorf("invalid stack name: %q", o.Stack)
	}
	src := s.source(h)
	cfg, warnings, err := stack.Load(files, src)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintln(h.Err(), w)
	}
	if err := stack.Check(cfg); err != nil {
		return err
	}
	if o.ResolveImage != "always" && o.ResolveImage != "changed" && o.ResolveImage != "never" {
		return fmt.Errorf("invalid option %s for flag --resolve-image", o.ResolveImage)
	}
	if o.Detach && !f.Changed("detach") && !s.release.Older {
		fmt.Fprintln(h.Err(), "Since --detach=false was not specified, tasks will be created in the background.\n"+
			"In a future release, --detach=false will become the default.")
	}
	return stack.Deploy(cmd.Context(), h, src, cfg, o)
}

// showStack is `docker stack config`.
func showStack(s *session, h *dockerCLI, cmd *cobra.Command, files []string) error {
	if len(files) == 0 {
		return errors.New("specify a Compose file (with --compose-file)")
	}
	cfg, _, err := stack.Load(files, s.source(h), func(o *loader.Options) {
		o.SkipInterpolation = isSet(cmd.Flags(), "skip-interpolation")
	})
	if err != nil {
		return err
	}
	enc := yaml.NewEncoder(h.Out())
	enc.SetIndent(2)
	return enc.Encode(cfg)
}
