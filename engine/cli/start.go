package cli

import (
	"context"
	"errors"
	"io"

	"github.com/docker/cli/cli"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

// adaptStart replaces docker start -a and -i: docker's own takes every signal of
// the real process while it is attached, without a flag to leave them alone.
func (s *session) adaptStart(cmd *cobra.Command, h *dockerCLI) {
	plain := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		attach, interactive := isSet(cmd.Flags(), "attach"), isSet(cmd.Flags(), "interactive")
		if !attach && !interactive {
			return plain(cmd, args)
		}
		if len(args) > 1 {
			return errors.New("you cannot start and attach multiple containers at once")
		}
		return startAttached(cmd.Context(), h, args[0], interactive)
	}
}

// startAttached attaches, waits, starts, and copies until the container ends,
// in docker's order.
func startAttached(ctx context.Context, h *dockerCLI, name string, interactive bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	api := h.Client()
	res, err := api.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	c := res.Container
	stdin := interactive && c.Config.OpenStdin
	conn, err := api.ContainerAttach(ctx, c.ID, client.ContainerAttachOptions{
		Stream: true, Stdin: stdin, Stdout: true, Stderr: true,
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	go func() {
		if stdin {
			io.Copy(conn.Conn, h.In())
		}
		conn.CloseWrite()
	}()
	copied := make(chan error, 1)
	go func() {
		var err error
		if c.Config.Tty {
			_, err = io.Copy(h.Out(), conn.Reader)
		} else {
			_, err = stdcopy.StdCopy(h.Out(), h.Err(), conn.Reader)
		}
		copied <- err
	}()
	condition := container.WaitConditionNextExit
	if c.HostConfig.AutoRemove {
		condition = container.WaitConditionRemoved
	}
	wait := api.ContainerWait(ctx, c.ID, client.ContainerWaitOptions{Condition: condition})
	if _, err := api.ContainerStart(ctx, c.ID, client.ContainerStartOptions{}); err != nil {
		return err
	}
	select {
	case err := <-copied:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case r := <-wait.Result:
		if r.Error != nil {
			return cli.StatusError{StatusCode: 125}
		}
		if r.StatusCode != 0 {
			return cli.StatusError{StatusCode: int(r.StatusCode)}
		}
	case err := <-wait.Error:
		return err
	}
	return nil
}
