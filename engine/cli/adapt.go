package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// simulated are the commands that do no harm to the real machine: everything
// they do goes through the API. The others would read or write real files, or
// talk to real registries, and are refused.
var simulated = map[string]bool{
	"attach": true, "create": true, "exec": true, "inspect": true, "kill": true, "logs": true, "pause": true,
	"port": true, "ps": true, "container prune": true, "rename": true, "restart": true, "rm": true, "run": true,
	"start": true, "stats": true, "stop": true, "top": true, "unpause": true, "update": true, "wait": true,
	"diff": true, "container inspect": true,
	"images": true, "image inspect": true, "rmi": true, "pull": true, "tag": true, "history": true,
	"image prune": true, "search": true,
	"commit": true, "save": true, "load": true, "import": true, "export": true, "build": true, "cp": true,
	"network ls": true, "network create": true, "network rm": true, "network inspect": true,
	"network connect": true, "network disconnect": true, "network prune": true,
	"info": true, "version": true, "events": true, "system df": true, "system prune": true,
	"volume ls": true, "volume inspect": true, "volume create": true, "volume rm": true, "volume prune": true,
	"context show": true, "context inspect": true,
	"swarm init": true, "swarm join": true, "swarm leave": true, "swarm join-token": true,
	"swarm update": true, "swarm ca": true, "swarm unlock-key": true, "swarm unlock": true,
	"node ls": true, "node ps": true, "node inspect": true, "node rm": true, "node update": true,
	"node promote": true, "node demote": true,
	"service ls": true, "service create": true, "service ps": true, "service inspect": true,
	"service rm": true, "service rollback": true, "service scale": true, "service update": true, "service logs": true,
	"secret create": true, "config create": true, "secret ls": true, "secret inspect": true, "secret rm": true, "config ls": true, "config inspect": true, "config rm": true,
	"stack deploy": true, "stack config": true, "stack ls": true, "stack ps": true, "stack rm": true, "stack services": true,
	"plugin ls": true, "completion": true, "help": true, "completion bash": true,
}

// short are the names of commands that also exist without their noun.
var short = map[string]string{
	"container ls": "ps", "container list": "ps", "container ps": "ps", "image ls": "images",
	"image list": "images", "image rm": "rmi", "image pull": "pull", "image tag": "tag",
	"image history": "history", "image save": "save", "image load": "load", "image import": "import",
	"image build": "build", "builder build": "build", "system info": "info", "system events": "events", "container rm": "rm",
	"container remove": "rm",
}

// nameOf is the name of a command as this package uses it.
func nameOf(cmd *cobra.Command) string {
	name := strings.TrimPrefix(cmd.CommandPath(), "docker ")
	if s, ok := short[name]; ok {
		return s
	}
	if s, ok := strings.CutPrefix(name, "container "); ok && s != "prune" && s != "inspect" && !cmd.HasSubCommands() {
		return s
	}
	return name
}

// refused reports whether a command is none that is simulated.
func refused(cmd *cobra.Command) bool {
	name := nameOf(cmd)
	return !cmd.HasSubCommands() && !simulated[name] && !strings.HasPrefix(name, "__")
}

// before is called when flags are parsed and the command is about to run.
func (s *session) before(cmd *cobra.Command, args []string) error {
	name := nameOf(cmd)
	if refused(cmd) {
		return fmt.Errorf("dnetsim does not simulate docker %s", name)
	}
	for _, flag := range s.unsimulatedFlags() {
		if x := cmd.Flags().Lookup(flag); x != nil && x.Changed {
			return errors.New("dnetsim does not simulate --" + flag)
		}
	}
	f := cmd.Flags()
	p := s.planOf(name, cmd, args)
	if name == "run" || name == "attach" {
		// docker would ask the real process for its signals; ours come to the
		// simulated process, and the session forwards them.
		p.sigProxy = isSet(f, "sig-proxy")
		f.Lookup("sig-proxy").Value.Set("false")
	}
	if s.release.Older && (name == "run" || name == "create") {
		if err := checkEndpointFlags(name, f); err != nil {
			return err
		}
	}
	if name == "network create" {
		if err := checkAuxAddresses(f); err != nil {
			return err
		}
	}
	if name == "start" {
		p.sigProxy = isSet(f, "attach") || isSet(f, "interactive")
	}
	if name == "stats" {
		p.follow = !isSet(f, "no-stream")
		f.Lookup("no-stream").Value.Set("true") // it would redraw by the machine's clock: program does by the simulation's
	}
	if name == "logs" || name == "service logs" || name == "events" {
		for _, flag := range []string{"since", "until"} {
			if x := f.Lookup(flag); x != nil && x.Changed {
				x.Value.Set(s.instant(x.Value.String()))
			}
		}
	}
	s.mu.Lock()
	s.plan = p
	s.mu.Unlock()
	return s.flush()
}

// instant makes an absolute time of what --since and --until take, by the
// simulated host's clock and in UTC: docker would use the real machine's. What
// it does not know is left to docker to refuse.
func (s *session) instant(text string) string {
	if d, err := time.ParseDuration(text); err == nil {
		var now time.Time
		s.do(func() { now = s.p.Wall() })
		return unix(now.Add(-d))
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04",
		"2006-01-02T15", "2006-01-02", "2006-01-02Z07:00", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(form, text); err == nil {
			return unix(t)
		}
	}
	return text
}

func unix(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

// collector is a list flag whose values are changed before docker sees them.
type collector struct {
	pflag.Value
	add func(string) error
}

func (c collector) Set(v string) error { return c.add(v) }

// unwrapFirst gives a command its own flags back before it runs: what updates a service
// looks for them by their types.
func unwrapFirst(cmd *cobra.Command) {
	run := cmd.RunE
	if run == nil {
		return
	}
	cmd.RunE = func(c *cobra.Command, args []string) error {
		c.Flags().VisitAll(func(x *pflag.Flag) {
			if w, ok := x.Value.(collector); ok {
				x.Value = w.Value
			}
		})
		return run(c, args)
	}
}

// lists are the values of --env, --env-file, --label and --label-file of one
// command, kept until all are known: those of files come first.
type lists struct {
	target       pflag.Value
	early, later []string
}

// adapt changes flags that would reach for the real machine, in the whole tree.
func (s *session) adapt(cmd *cobra.Command, h *dockerCLI) {
	for _, c := range cmd.Commands() {
		s.adapt(c, h)
	}
	f := cmd.Flags()
	if refused(cmd) {
		disarm(cmd)
		return
	}
	unwrapFirst(cmd)
	s.adaptOutside(f)
	if v := f.Lookup("env"); v != nil && f.Lookup("workdir") != nil {
		s.adaptEnv(f, "env", "env-file", s.p.LookupEnv)
		s.adaptEnv(f, "label", "label-file", nil)
	}
	s.wrap(f, "volume", func(v string) (string, error) {
		s.volumes = append(s.volumes, v)
		if strings.HasPrefix(v, ".") {
			host, rest, ok := strings.Cut(v, ":")
			if ok {
				return s.p.Abs(host) + ":" + rest, nil
			}
		}
		return v, nil
	})
	s.wrap(f, "security-opt", func(v string) (string, error) {
		if k, file, ok := strings.Cut(strings.Replace(v, ":", "=", 1), "="); ok && k == "seccomp" && file != "unconfined" && file != "builtin" {
			return "", errors.New("dnetsim does not simulate seccomp profiles")
		}
		return v, nil
	})
	if x := f.Lookup("cidfile"); x != nil {
		x.Value = collector{x.Value, func(v string) error {
			if _, err := s.p.Stat(v); err == nil {
				return errors.New("container ID file found, make sure the other container isn't running or delete " + v)
			}
			s.cidFile = v
			return nil
		}}
	}
	if x := f.Lookup("platform"); x != nil && x.Value.String() != "" && !strings.HasPrefix(x.Value.String(), "[") {
		x.Value.Set("") // DOCKER_DEFAULT_PLATFORM of the real environment
		x.DefValue, x.Changed = "", false
	}
	if cmd.Name() == "start" && f.Lookup("attach") != nil {
		s.adaptStart(cmd, h)
	}
	s.adaptProgress(cmd, h)
	adaptRotation(s, cmd, h)
	if s.release.Older {
		s.adaptInspect(cmd, h)
		s.adaptInfo(cmd, h)
		s.adaptRemove(cmd, h)
		s.adaptTables(cmd)
		s.adaptAddresses(cmd, h)
	}
	s.adaptFiles(cmd, h)
}

// unsimulatedFlags are refused: they reach for the real machine, or are newer than
// the engine.
func (s *session) unsimulatedFlags() []string {
	if s.release.Older {
		return []string{"use-api-socket", "gw-priority"}
	}
	return []string{"use-api-socket"}
}

// wrap passes the values of a flag through fn.
func (s *session) wrap(f *pflag.FlagSet, name string, fn func(string) (string, error)) {
	x := f.Lookup(name)
	if x == nil {
		return
	}
	inner := x.Value
	x.Value = collector{inner, func(v string) error {
		v, err := fn(v)
		if err != nil {
			return err
		}
		return inner.Set(v)
	}}
}

// adaptEnv makes a flag and its file flag read the simulated environment and
// files.
func (s *session) adaptEnv(f *pflag.FlagSet, name, file string, lookup func(string) (string, bool)) {
	x := f.Lookup(name)
	if x == nil {
		return
	}
	l := &lists{target: x.Value}
	s.lists = append(s.lists, l)
	resolve := func(v string) (string, bool) {
		if lookup == nil || strings.Contains(v, "=") || v == "" {
			return v, true
		}
		val, ok := lookup(v)
		return v + "=" + val, ok
	}
	x.Value = collector{x.Value, func(v string) error {
		if v, ok := resolve(v); ok {
			l.later = append(l.later, v)
		}
		return nil
	}}
	if y := f.Lookup(file); y != nil {
		y.Value = collector{y.Value, func(path string) error {
			b, err := s.p.ReadFile(path)
			if err != nil {
				return fmt.Errorf("open %s: %s", path, strings.ToLower(err.Error()))
			}
			for _, line := range strings.Split(string(b), "\n") {
				line = strings.TrimLeft(strings.TrimRight(line, "\r"), " \t")
				if line == "" || line[0] == '#' {
					continue
				}
				if k, _, _ := strings.Cut(line, "="); strings.ContainsAny(k, " \t") {
					return fmt.Errorf("invalid %s file (%s): variable '%s' contains whitespaces", name, path, k)
				}
				if v, ok := resolve(line); ok {
					l.early = append(l.early, v)
				}
			}
			return nil
		}}
	}
}

// flush gives docker the values that were collected.
func (s *session) flush() error {
	for _, l := range s.lists {
		for _, v := range append(l.early, l.later...) {
			if err := l.target.Set(v); err != nil {
				return err
			}
		}
		l.early, l.later = nil, nil
	}
	return nil
}
