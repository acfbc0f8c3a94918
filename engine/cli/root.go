package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	_ "unsafe" // for the linknames below

	"github.com/docker/cli/cli"
	_ "github.com/docker/cli/cli-plugins/manager" // owns pluginDirs
	"github.com/docker/cli/cli/command"
	_ "github.com/docker/cli/cli/command/commands" // registers all
	cliflags "github.com/docker/cli/cli/flags"
	"github.com/moby/moby/client/pkg/versions"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The root command follows cmd/docker of docker/cli (Apache-2.0), which cannot
// be imported, without plugins, contexts, hooks and telemetry.

// pluginDirs are the system's directories of plugins, which docker info would
// list and run. There is no other way to say that there are none.
//
//go:linkname pluginDirs github.com/docker/cli/cli-plugins/manager.defaultSystemPluginDirs
var pluginDirs []string

// templates are docker's help and usage texts, taken once from a root command
// that docker itself has set up: setting one up writes a package variable of
// cobra, which must not happen while another session prints help.
var templates struct {
	usage, help string
	annotations map[string]string
}

// helpWidth is the width of help texts: that of a terminal of 80 columns, never
// that of the real one.
const helpWidth = 80

func learnTemplates() {
	c := &cobra.Command{Use: "docker"}
	cli.SetupRootCommand(c)
	templates.usage, templates.help, templates.annotations = c.UsageTemplate(), c.HelpTemplate(), c.Annotations
	cobra.AddTemplateFunc("wrappedFlagUsages", func(c *cobra.Command) string {
		return c.Flags().FlagUsagesWrapped(helpWidth - 1)
	})
}

// newRoot is the root command, without the commands below it ([session.grow]).
func newRoot(s *session, h *dockerCLI) (*cobra.Command, *cliflags.ClientOptions) {
	root := &cobra.Command{
		Use: "docker [OPTIONS] COMMAND [ARG...]", Short: "A self-sufficient runtime for containers",
		SilenceUsage: true, SilenceErrors: true, TraverseChildren: true, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return command.ShowHelp(h.Err())(cmd, args)
			}
			return fmt.Errorf("docker: unknown command: docker %s\n\nRun 'docker --help' for more information", args[0])
		},
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := supported(cmd, h.CurrentVersion()); err != nil {
				return err
			}
			return s.before(cmd, args)
		},
		Version:           s.release.Version + ", build " + s.release.Build,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SetIn(h.In())
	root.SetOut(h.Out())
	root.SetErr(h.Err())
	opts := cliflags.NewClientOptions()
	opts.InstallFlags(root.Flags())
	root.SetVersionTemplate("Docker version {{.Version}}\n")
	root.SetUsageTemplate(templates.usage)
	root.SetHelpTemplate(templates.help)
	root.SetFlagErrorFunc(cli.FlagErrorFunc)
	if s.release.Older {
		root.SetFlagErrorFunc(flagError)
	}
	root.SetHelpCommand(newHelp())
	root.PersistentFlags().BoolP("help", "h", false, "Print usage")
	root.PersistentFlags().MarkShorthandDeprecated("help", "use --help")
	root.PersistentFlags().Lookup("help").Hidden = true
	root.Annotations = templates.annotations
	root.Flags().BoolP("version", "v", false, "Print version information and quit")
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		hideUnsupported(cmd, h.CurrentVersion())
		help(cmd, args)
	})
	home := s.p.Getenv("HOME") + "/.docker"
	for name, file := range map[string]string{"config": "", "tlscacert": "/ca.pem", "tlscert": "/cert.pem", "tlskey": "/key.pem"} {
		root.Flags().Lookup(name).DefValue = home + file
	}
	return root, opts
}

// constructors are docker's top-level commands: there is no other way to make one
// without all the others.
//
//go:linkname constructors github.com/docker/cli/internal/commands.commands
var constructors []func(command.Cli) *cobra.Command

// names are those of each constructor's command, known once all were made.
var names struct {
	sync.Mutex
	of []map[string]bool
}

// grow makes the top-level command with a name below the root, or all where none has
// it: help and completion show them. One takes a tenth of the time of all.
func (s *session) grow(root *cobra.Command, h *dockerCLI, name string) {
	names.Lock()
	of := names.of
	names.Unlock()
	one := slices.IndexFunc(of, func(names map[string]bool) bool { return names[name] })
	if one >= 0 {
		root.AddCommand(constructors[one](h))
	} else {
		of = make([]map[string]bool, len(constructors))
		for i, c := range constructors {
			cmd := c(h)
			of[i] = map[string]bool{cmd.Name(): true}
			for _, a := range cmd.Aliases {
				of[i][a] = true
			}
			root.AddCommand(cmd)
		}
		names.Lock()
		names.of = of
		names.Unlock()
	}
	s.adapt(root, h)
	if s.release.Older {
		s.usage(root)
	}
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about the command",
		PersistentPreRun: func(*cobra.Command, []string) {}, PersistentPostRun: func(*cobra.Command, []string) {},
		RunE: func(c *cobra.Command, args []string) error {
			cmd, rest, err := c.Root().Find(args)
			if cmd == nil || err != nil || len(rest) > 0 {
				return fmt.Errorf("unknown help topic: %v", strings.Join(args, " "))
			}
			cmd.HelpFunc()(cmd, rest)
			return nil
		},
	}
}

// run runs the command line of the session's process.
func run(s *session, c *clockOffset) error {
	h, err := newDockerCLI(s, c)
	if err != nil {
		return err
	}
	root, opts := newRoot(s, h)
	global := pflag.NewFlagSet("docker", pflag.ContinueOnError)
	global.SetInterspersed(false)
	global.AddFlagSet(root.Flags())
	global.AddFlagSet(root.PersistentFlags())
	if err := global.Parse(s.p.Args[1:]); err != nil {
		return root.FlagErrorFunc()(root, err)
	}
	if len(opts.Hosts) > 0 && opts.Context != "" {
		return errors.New("conflicting options: cannot specify both --host and --context")
	}
	if len(opts.Hosts) > 0 && opts.Hosts[0] != "unix://"+socket {
		return fmt.Errorf("dnetsim does not simulate docker -H %s: type the command on that host", opts.Hosts[0])
	}
	if h := s.p.Getenv("DOCKER_HOST"); len(opts.Hosts) == 0 && h != "" && h != "unix://"+socket {
		return fmt.Errorf("dnetsim does not simulate DOCKER_HOST=%s: type the command on that host", h)
	}
	if opts.Context != "" && opts.Context != command.DefaultContextName {
		return missing(opts.Context)
	}
	s.grow(root, h, global.Arg(0))
	defer forgetCompletions(root)
	if name := global.Arg(0); (name == cobra.ShellCompRequestCmd || name == cobra.ShellCompNoDescRequestCmd) && hopeless(root, global.Args()[1:]) {
		s.p.Printf(":%d\n", cobra.ShellCompDirectiveDefault)
		return nil
	}
	root.SetArgs(global.Args())
	return root.ExecuteContext(s.ctx)
}

// hopeless reports whether a line that is to be completed is wrong already, so that
// cobra would say so on the real machine's standard error. It answers nothing then.
func hopeless(root *cobra.Command, line []string) bool {
	if len(line) == 0 {
		return false
	}
	cmd, rest, err := root.Find(line[:len(line)-1])
	if err != nil {
		return true
	}
	cmd.InitDefaultHelpFlag()
	var missing *pflag.ValueRequiredError // what is completed may be the value
	err = cmd.ParseFlags(rest)
	return err != nil && !cmd.DisableFlagParsing && !errors.As(err, &missing)
}

// supported refuses flags and commands that the daemon's API does not have.
func supported(cmd *cobra.Command, version string) error {
	for c := cmd; c != nil; c = c.Parent() {
		if v, ok := c.Annotations["version"]; ok && versions.LessThan(version, v) {
			return fmt.Errorf("%s requires API version %s, but the Docker daemon API version is %s", cmd.CommandPath(), v, version)
		}
		if o, ok := c.Annotations["ostype"]; ok && o != "linux" {
			return fmt.Errorf("%s is only supported on a Docker daemon running on %s, but the Docker daemon is running on linux", cmd.CommandPath(), o)
		}
		if _, ok := c.Annotations["experimental"]; ok {
			return fmt.Errorf("%s is only supported on a Docker daemon with experimental features enabled", cmd.CommandPath())
		}
	}
	var errs []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		if v := annotation(f, "version"); v != "" && versions.LessThan(version, v) {
			errs = append(errs, fmt.Errorf(`"--%s" requires API version %s, but the Docker daemon API version is %s`, f.Name, v, version))
		} else if o := annotation(f, "ostype"); o != "" && o != "linux" {
			errs = append(errs, fmt.Errorf(`"--%s" is only supported on a Docker daemon running on %s, but the Docker daemon is running on linux`, f.Name, o))
		} else if _, ok := f.Annotations["experimental"]; ok {
			errs = append(errs, fmt.Errorf(`"--%s" is only supported on a Docker daemon with experimental features enabled`, f.Name))
		}
	})
	return errors.Join(errs...)
}

func annotation(f *pflag.Flag, key string) string {
	if v := f.Annotations[key]; len(v) == 1 {
		return v[0]
	}
	return ""
}

// hideUnsupported keeps out of help what the daemon's API does not have.
func hideUnsupported(cmd *cobra.Command, version string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		v, o := annotation(f, "version"), annotation(f, "ostype")
		_, experimental := f.Annotations["experimental"]
		if v != "" && versions.LessThan(version, v) || o != "" && o != "linux" || experimental {
			f.Hidden = true
		}
	})
	for _, c := range cmd.Commands() {
		_, experimental := c.Annotations["experimental"]
		v, ok := c.Annotations["version"]
		if ok && versions.LessThan(version, v) || experimental {
			c.Hidden = true
		}
		if o, ok := c.Annotations["ostype"]; ok && o != "linux" {
			c.Hidden = true
		}
	}
}
