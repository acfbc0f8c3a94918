package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"dnetsim/userland"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

// This file and words.go are the profile of the command line: what a client of
// the engine's release, 20.10, says where the one that is compiled in (v29) says
// it in other words. Sources are docker/cli of 20.10.24 and the captures of it in
// scenarios/testdata/ground-truth.

// usage gives a tree of commands the release's words for a wrong use of them.
func (s *session) usage(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		s.usage(c)
	}
	if short := shorts[nameOf(cmd)]; short != "" {
		cmd.Short = short
	}
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err == nil {
			return nil
		}
		if cmd.HasSubCommands() {
			return errors.New("\n" + strings.TrimRight(cmd.UsageString(), "\n"))
		}
		m := miscounted().FindStringSubmatch(err.Error())
		if m == nil {
			return err
		}
		many := m[1]
		if exact().MatchString(many) {
			many = strings.Replace(many, "requires", "requires exactly", 1)
		}
		return fmt.Errorf("%q %s.\nSee '%s --help'.\n\nUsage:  %s\n\n%s",
			cmd.CommandPath(), many, cmd.CommandPath(), cmd.UseLine(), cmd.Short)
	}
}

var (
	helpful = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)^(docker: .*)\n\nRun 'docker (run|create) --help' for more information$`)
	})
	miscounted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^docker: '[^']*' ((?:requires|accepts) .*)`) })
	exact      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^requires \d`) })
)

// flagError is what the release says of a flag that it does not know or whose
// value it cannot read.
func flagError(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	usage := ""
	if cmd.HasSubCommands() {
		usage = "\n\n" + cmd.UsageString()
	}
	return cli.StatusError{Status: fmt.Sprintf("%s\nSee '%s --help'.%s", err, cmd.CommandPath(), usage), StatusCode: 125}
}

// verdict is what the release prints of an error, and its exit status. An error
// that is only a status prints nothing.
func (s *session) verdict(err error) (text string, status int) {
	text, status = err.Error(), 1
	var st cli.StatusError
	if errors.As(err, &st) && st.StatusCode != 0 {
		status = st.StatusCode
	}
	if !s.release.Older {
		return text, status
	}
	if text == fmt.Sprint("exit status ", status) {
		return "", status
	}
	if st.Status != "" && statusWords[s.plan.name] {
		if rest, ok := strings.CutPrefix(text, "no such service: "); ok {
			text = "Error: no such service: " + rest
		}
		return fmt.Sprintf("Status: %s, Code: %d", text, status), 1
	}
	s.mu.Lock()
	name, args, startFailed, awaits := s.plan.name, s.plan.args, s.startFailed, s.plan.awaits
	s.mu.Unlock()
	if name == "run" && client.IsErrConnectionFailed(err) {
		text, status = "docker: "+text+"\n\nRun 'docker run --help' for more information", 125
	}
	text = exposeReworded(reworded(text), s.p.Args)
	if rest, ok := strings.CutPrefix(text, "failed to rename container: "); ok && len(args) > 0 {
		text = rest + "\nError: failed to rename container named " + args[0]
	}
	m := helpful().FindStringSubmatch(text)
	if m == nil {
		return text, status
	}
	text, name = strings.TrimSuffix(m[1], ".")+".", m[2]
	switch {
	case !startFailed: // an error of the container's is none of the command line's use
		text += "\nSee 'docker " + name + " --help'."
	case awaits:
		text += "\n" + s.logged("error waiting for container: context canceled")
	}
	return text, status
}

// statusWords are the inspect commands whose error is another's status with its number.
var statusWords = map[string]bool{"node inspect": true, "service inspect": true, "secret inspect": true, "config inspect": true}

// logged is a line that docker logs as an error (logrus).
func (s *session) logged(message string) (line string) {
	s.do(func() {
		line = fmt.Sprintf("time=%q level=error msg=%q", s.p.Wall().UTC().Format(time.RFC3339), message)
		if s.p.TTY != nil && userland.IsTTY(s.p.Stderr) {
			line = "ERRO[0000] " + message
		}
	})
	return line
}

// absent is what the release says when the daemon does not know an object of a
// request that names one.
func (a *apiClient) absent(kind, ref string, err error) error {
	if a.s.release.Older && errdefs.IsNotFound(err) {
		return notFound{kind, ref}
	}
	return err
}

// What a swarm has is not found in the same words.

// ServiceRemove is one of these.
func (a *apiClient) ServiceRemove(ctx context.Context, id string, o client.ServiceRemoveOptions) (client.ServiceRemoveResult, error) {
	res, err := a.APIClient.ServiceRemove(ctx, id, o)
	return res, a.absent("service", id, err)
}

// NodeRemove is one of these.
func (a *apiClient) NodeRemove(ctx context.Context, id string, o client.NodeRemoveOptions) (client.NodeRemoveResult, error) {
	res, err := a.APIClient.NodeRemove(ctx, id, o)
	return res, a.absent("node", id, err)
}

// SecretInspect is one of these.
func (a *apiClient) SecretInspect(ctx context.Context, id string, o client.SecretInspectOptions) (client.SecretInspectResult, error) {
	res, err := a.APIClient.SecretInspect(ctx, id, o)
	return res, a.absent("secret", id, err)
}

// SecretRemove is one of these.
func (a *apiClient) SecretRemove(ctx context.Context, id string, o client.SecretRemoveOptions) (client.SecretRemoveResult, error) {
	res, err := a.APIClient.SecretRemove(ctx, id, o)
	return res, a.absent("secret", id, err)
}

// ConfigInspect is one of these.
func (a *apiClient) ConfigInspect(ctx context.Context, id string, o client.ConfigInspectOptions) (client.ConfigInspectResult, error) {
	res, err := a.APIClient.ConfigInspect(ctx, id, o)
	return res, a.absent("config", id, err)
}

// ConfigRemove is one of these.
func (a *apiClient) ConfigRemove(ctx context.Context, id string, o client.ConfigRemoveOptions) (client.ConfigRemoveResult, error) {
	res, err := a.APIClient.ConfigRemove(ctx, id, o)
	return res, a.absent("config", id, err)
}

// ContainerInspect looks at a container.
func (a *apiClient) ContainerInspect(ctx context.Context, id string, o client.ContainerInspectOptions) (client.ContainerInspectResult, error) {
	res, err := a.APIClient.ContainerInspect(ctx, id, o)
	return res, a.absent("container", id, err)
}

// ContainerRemove removes a container.
func (a *apiClient) ContainerRemove(ctx context.Context, id string, o client.ContainerRemoveOptions) (client.ContainerRemoveResult, error) {
	res, err := a.APIClient.ContainerRemove(ctx, id, o)
	return res, a.absent("container", id, err)
}

// NetworkRemove removes a network.
func (a *apiClient) NetworkRemove(ctx context.Context, id string, o client.NetworkRemoveOptions) (client.NetworkRemoveResult, error) {
	res, err := a.APIClient.NetworkRemove(ctx, id, o)
	return res, a.absent("network", id, err)
}

// VolumeRemove removes a volume.
func (a *apiClient) VolumeRemove(ctx context.Context, id string, o client.VolumeRemoveOptions) (client.VolumeRemoveResult, error) {
	res, err := a.APIClient.VolumeRemove(ctx, id, o)
	return res, a.absent("volume", id, err)
}

// VolumeInspect looks at a volume.
func (a *apiClient) VolumeInspect(ctx context.Context, id string, o client.VolumeInspectOptions) (client.VolumeInspectResult, error) {
	res, err := a.APIClient.VolumeInspect(ctx, id, o)
	return res, a.absent("volume", id, err)
}

// ImageRemove removes a name of an image.
func (a *apiClient) ImageRemove(ctx context.Context, id string, o client.ImageRemoveOptions) (client.ImageRemoveResult, error) {
	res, err := a.APIClient.ImageRemove(ctx, id, o)
	return res, a.absent("image", id, err)
}

// adaptRemove has docker rm -f tell which containers are not there; newer ones
// keep silent about them. Requests go out in parallel, as docker's do.
func (s *session) adaptRemove(cmd *cobra.Command, h *dockerCLI) {
	if nameOf(cmd) != "rm" {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f := cmd.Flags()
		if !isSet(f, "force") {
			return run(cmd, args)
		}
		o := client.ContainerRemoveOptions{RemoveVolumes: isSet(f, "volumes"), RemoveLinks: isSet(f, "link"), Force: true}
		room, done := make(chan struct{}, removals), make([]chan error, len(args))
		for i := range args {
			done[i] = make(chan error, 1)
		}
		go func() {
			for i, name := range args {
				room <- struct{}{}
				go func() {
					done[i] <- remove(cmd.Context(), h, strings.Trim(name, "/"), o)
					<-room
				}()
			}
		}()
		var errs []error
		for i, name := range args {
			switch err := <-done[i]; {
			case err == nil:
				fmt.Fprintln(h.Out(), name)
			case errdefs.IsNotFound(err):
				fmt.Fprintln(h.Err(), err)
			default:
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
}

// removals is how many removals docker asks for at a time.
const removals = 50

func remove(ctx context.Context, h *dockerCLI, name string, o client.ContainerRemoveOptions) error {
	if name == "" {
		return errors.New("Container name cannot be empty")
	}
	_, err := h.Client().ContainerRemove(ctx, name, o)
	return err
}

// adaptTables gives lists the columns and the ports of the release.
func (s *session) adaptTables(cmd *cobra.Command) {
	format := cmd.Flags().Lookup("format")
	run := cmd.RunE
	switch nameOf(cmd) {
	case "images":
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			f := cmd.Flags()
			if format.Value.String() == "" {
				format.Value.Set("table") // it would be a tree
			}
			// Untagged images are listed without being asked for; which ones are
			// sent is still for the user's --all to say (ImageList).
			s.mu.Lock()
			s.plan.all = isSet(f, "all")
			s.mu.Unlock()
			f.Lookup("all").Value.Set("true")
			return run(cmd, args)
		}
	case "ps":
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			text := format.Value.String()
			if f := cmd.Flags(); !isSet(f, "quiet") && (text == "" || text == "table") {
				text = containerTable
				if isSet(f, "size") {
					text += `\t{{.Size}}`
				}
			}
			format.Value.Set(portsField().ReplaceAllString(text, "(join (split (join (split .Ports `[`) ``) `]`) ``)"))
			return run(cmd, args)
		}
	}
}

// containerTable is docker's own table (formatter/container.go).
const containerTable = `table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}`

var (
	portsField = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.Ports\b`) })
	bracketed  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[([0-9a-f]*:[0-9a-f:.]*)\](:\d)`) })
)

// unbracketed writes addresses with ports as the release does, :::80 for [::]:80.
func unbracketed(b []byte) []byte { return bracketed().ReplaceAll(b, []byte("$1$2")) }
