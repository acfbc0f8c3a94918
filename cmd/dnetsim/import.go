package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"dnetsim/scenarios"
	"dnetsim/scenarios/compose"

	"github.com/spf13/cobra"
)

func newImport(t *terminal) *cobra.Command {
	var env string
	var profiles []string
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "A Compose file becomes a scenario",
		Long: `Print the scenario of a Compose file: one host, and the docker lines that Compose
would have sent. What has no network meaning is ignored and listed once. Images that
are not simulated become stand-ins that answer HTTP at the ports of their services.`,
		Example: `  dnetsim import compose.yaml > scenario.yaml
  dnetsim import compose.yaml --env-file .env --profile debug`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var o compose.Options
			var err error
			if o.Environment, err = environment(env); err != nil {
				return status{exitUsage, fmt.Errorf("dnetsim import: --env-file: %w", err)}
			}
			o.Profiles = profiles
			found, err := scenarios.Find(args[0], t.input(c.Context()))
			if err != nil {
				return status{exitUsage, err}
			}
			if len(found) != 1 || !compose.Is(found[0].Text) {
				return status{exitUsage, fmt.Errorf("%s: no Compose file: it has no services:", args[0])}
			}
			text, ignored, err := compose.Import(found[0].File, found[0].Text, o)
			if err != nil {
				return status{exitUsage, err}
			}
			for _, x := range ignored {
				fmt.Fprintf(t.out, "# ignored: %s\n", scenarios.Visible(x))
			}
			_, err = t.out.Write(text)
			return err
		},
	}
	c.Flags().StringVar(&env, "env-file", "", "the `file` of NAME=VALUE lines that ${NAME} stands for")
	c.Flags().StringArrayVar(&profiles, "profile", nil, "a `profile` that is on")
	return c
}

// environment reads NAME=VALUE lines.
func environment(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "export "))
		if line == "" || line[0] == '#' {
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if !ok || k == "" {
			return nil, fmt.Errorf("%s:%d: write NAME=VALUE", file, i+1)
		}
		if n := len(v); n > 1 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
			v = v[1 : n-1]
		}
		env[k] = v
	}
	return env, nil
}

// composed makes a scenario of a Compose file, and leaves anything else as it is.
func composed(t *terminal, src scenarios.Source) (scenarios.Source, error) {
	if !compose.Is(src.Text) {
		return src, nil
	}
	text, ignored, err := compose.Import(src.File, src.Text, compose.Options{})
	if err != nil {
		return src, err
	}
	if len(ignored) > 0 {
		t.say("%s: ignored, without a network meaning: %s", src.File, strings.Join(ignored, "; "))
	}
	if len(text) == 0 {
		return src, errors.New("no services")
	}
	src.Text, src.Path = text, ""
	return src, nil
}
