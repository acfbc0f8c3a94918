package cli

import (
	"context"
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/spf13/pflag"
)

// checkEndpointFlags does with --link and --network-alias what a client of the
// engine's release does: on a network that is named and not user-defined a link
// is refused (newer ones send it), and without --network an alias is ignored
// (newer ones refuse it).
func checkEndpointFlags(command string, f *pflag.FlagSet) error {
	network, _ := f.Lookup("network").Value.(*opts.NetworkOpt)
	links, _ := f.Lookup("link").Value.(*opts.ListOpts)
	aliases, _ := f.Lookup("network-alias").Value.(*opts.ListOpts)
	if network == nil || links == nil || aliases == nil {
		return nil
	}
	named := network.Value()
	if len(named) == 0 {
		for _, a := range aliases.GetSlice() {
			//lint:ignore SA1019 the only way to take a value of a flag back
			aliases.Delete(a)
		}
		return nil
	}
	mode := container.NetworkMode(named[0].Target)
	if mode.IsUserDefined() || links.Len() == 0 || aliases.Len() > 0 {
		return nil // an alias is refused first, by docker
	}
	return cli.StatusError{
		Status:     fmt.Sprintf("docker: links are only supported for user-defined networks\n\nRun 'docker %s --help' for more information", command),
		StatusCode: 125,
	}
}

// ContainerCreate sends binds in the order of the command line, and writes the
// file of --cidfile on the simulated host.
func (a *apiClient) ContainerCreate(ctx context.Context, o client.ContainerCreateOptions) (client.ContainerCreateResult, error) {
	if o.HostConfig != nil {
		bindsInOrder(o.HostConfig.Binds, a.s.volumes)
	}
	if a.s.literals != nil {
		return client.ContainerCreateResult{}, a.s.literals.createContainer(ctx, a.s, o)
	}
	res, err := a.APIClient.ContainerCreate(ctx, o)
	if err == nil && a.s.cidFile != "" {
		a.s.do(func() { err = a.s.p.WriteFile(a.s.cidFile, []byte(res.ID)) })
	}
	return res, err
}
