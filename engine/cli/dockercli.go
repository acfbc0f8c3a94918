package cli

import (
	"context"
	"errors"

	"dnetsim/modes"
	"dnetsim/userland"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/cli/cli/streams"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// dockerCLI is what docker's commands live in: their streams, their client and a
// configuration that is empty. It stands in for command.DockerCli, which reads
// the user's.
type dockerCLI struct {
	command.TelemetryClient // none: no command of ours is instrumented
	api                     client.APIClient
	in                      *streams.In
	out, err                *streams.Out
	file                    *configfile.ConfigFile
}

// newDockerCLI joins the commands to a session.
func newDockerCLI(s *session, c *clockOffset) (*dockerCLI, error) {
	h := &dockerCLI{
		in: streams.NewIn(stdin{s}), out: streams.NewOut(sink{s, false}), err: streams.NewOut(sink{s, true}),
		file: configfile.New(""),
	}
	if s.p.TTY != nil && userland.IsTTY(s.p.Stdin) {
		h.in.SetIsTerminal(true)
	}
	api, err := client.New(
		client.WithHost("unix://"+socket),
		client.WithDialContext(s.dial),
		client.WithAPIVersion(s.srv.Version().APIVersion),
		client.WithUserAgent("Docker-Client/"+s.release.Version+" (linux)"),
	)
	if err != nil {
		return nil, err
	}
	h.api = &apiClient{APIClient: api, s: s, in: h.in, clock: c}
	return h, nil
}

// sink is an output stream of the command line.
type sink struct {
	s   *session
	err bool
}

func (o sink) Write(b []byte) (int, error) { return o.s.write(o.err, b) }

func (h *dockerCLI) Client() client.APIClient           { return h.api }
func (h *dockerCLI) In() *streams.In                    { return h.in }
func (h *dockerCLI) SetIn(in *streams.In)               { h.in = in }
func (h *dockerCLI) Out() *streams.Out                  { return h.out }
func (h *dockerCLI) Err() *streams.Out                  { return h.err }
func (h *dockerCLI) ConfigFile() *configfile.ConfigFile { return h.file }
func (h *dockerCLI) ServerInfo() command.ServerInfo     { return command.ServerInfo{OSType: "linux"} }
func (h *dockerCLI) CurrentVersion() string             { return h.api.ClientVersion() }
func (h *dockerCLI) BuildKitEnabled() (bool, error)     { return false, nil }
func (h *dockerCLI) CurrentContext() string             { return command.DefaultContextName }
func (h *dockerCLI) DockerEndpoint() docker.Endpoint {
	return docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: "unix://" + socket}}
}

// ContextStore knows the default context and no other.
func (h *dockerCLI) ContextStore() store.Store {
	return &command.ContextStoreWithDefault{
		Store: noContexts{},
		Resolver: func() (*command.DefaultContext, error) {
			return &command.DefaultContext{Meta: store.Metadata{
				Name:      command.DefaultContextName,
				Metadata:  command.DockerContext{},
				Endpoints: map[string]any{docker.DockerEndpoint: h.DockerEndpoint().EndpointMeta},
			}}, nil
		},
	}
}

// noContexts is a context store without contexts.
type noContexts struct{}

var errContexts = errors.New("dnetsim does not simulate contexts other than the default one")

type missing string

func (m missing) Error() string { return "context \"" + string(m) + "\" does not exist" }
func (missing) NotFound()       {}

func (noContexts) List() ([]store.Metadata, error) { return nil, nil }
func (noContexts) GetMetadata(n string) (store.Metadata, error) {
	return store.Metadata{}, missing(n)
}
func (noContexts) ListTLSFiles(n string) (map[string]store.EndpointFiles, error) {
	return nil, missing(n)
}
func (noContexts) GetTLSData(n, _, _ string) ([]byte, error)            { return nil, missing(n) }
func (noContexts) CreateOrUpdate(store.Metadata) error                  { return errContexts }
func (noContexts) Remove(string) error                                  { return errContexts }
func (noContexts) ResetTLSMaterial(string, *store.ContextTLSData) error { return errContexts }
func (noContexts) GetStorageInfo(string) store.StorageInfo              { return store.StorageInfo{} }
func (noContexts) ResetEndpointTLSMaterial(string, string, *store.EndpointTLSData) error {
	return errContexts
}

// apiClient is docker's client with what needs the session: terminals, which
// must not touch the real one, ages, and the file of --cidfile.
type apiClient struct {
	client.APIClient
	s     *session
	in    *streams.In
	clock *clockOffset
}

// raw takes the terminal for a stream. docker would put the descriptor it
// believes to have into raw mode and watch its size with a signal; so from here
// on it believes to have no terminal, and the simulated one is set by us. It
// returns the terminal's size, zero if there is none; resize passes on what it
// becomes later.
func (a *apiClient) raw(tty bool, resize func(d *modes.Daemon, size userland.Winsize)) (rows, cols uint) {
	if !a.in.IsTerminal() {
		return 0, 0
	}
	a.in.SetIsTerminal(false)
	if !tty {
		return 0, 0
	}
	a.s.do(func() {
		t := a.s.p.TTY
		was := t.SetRaw(true)
		a.s.resize = resize
		if a.s.restore == nil {
			a.s.restore = func() { t.SetRaw(was) }
		}
		rows, cols = uint(t.Size().Rows), uint(t.Size().Cols)
	})
	return rows, cols
}

// ContainerAttach attaches; a terminal becomes the container's.
func (a *apiClient) ContainerAttach(ctx context.Context, id string, o client.ContainerAttachOptions) (client.ContainerAttachResult, error) {
	tty := false
	if a.in.IsTerminal() && o.Stdin {
		if c, err := a.APIClient.ContainerInspect(ctx, id, client.ContainerInspectOptions{}); err == nil {
			tty = c.Container.Config.Tty
		}
	}
	if o.Stdin {
		if rows, cols := a.raw(tty, func(d *modes.Daemon, w userland.Winsize) { d.Containers.Resize(id, w.Rows, w.Cols) }); rows > 0 {
			a.APIClient.ContainerResize(ctx, id, client.ContainerResizeOptions{Height: rows, Width: cols})
		}
	}
	return a.APIClient.ContainerAttach(ctx, id, o)
}

// ExecAttach starts an exec, its terminal set before.
func (a *apiClient) ExecAttach(ctx context.Context, id string, o client.ExecAttachOptions) (client.ExecAttachResult, error) {
	if rows, cols := a.raw(o.TTY, func(d *modes.Daemon, w userland.Winsize) { d.Execs.Resize(id, w.Rows, w.Cols) }); rows > 0 {
		a.APIClient.ExecResize(ctx, id, client.ExecResizeOptions{Height: rows, Width: cols})
	}
	return a.APIClient.ExecAttach(ctx, id, o)
}

// ContainerWait hands the answer on through a channel with room for it: the
// client's own goroutine would wait for ever for a reader that has left, as
// docker attach does when it is refused.
func (a *apiClient) ContainerWait(ctx context.Context, id string, o client.ContainerWaitOptions) client.ContainerWaitResult {
	from := a.APIClient.ContainerWait(ctx, id, o)
	result, failed := make(chan container.WaitResponse, 1), make(chan error, 1)
	go func() {
		select {
		case r := <-from.Result:
			a.s.jitter()
			result <- r
		case err := <-from.Error:
			a.s.jitter()
			failed <- err
		}
	}()
	return client.ContainerWaitResult{Result: result, Error: failed}
}
