package cli

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/spf13/pflag"
)

// docker's command line goes over maps in a few places where their order shows.
// This file is the list of them, each with the order that dnetsim gives it; the
// places where it goes by the machine's clock are in clock.go, those where its
// goroutines would decide in plan.go and quiet.go.
//
//	where                                order here
//	ps, {{.Networks}}                    by name                     networksInOrder
//	images, an image of several names    as the daemon has the names  oneRepository
//	network create, several --subnet     as on the command line      NetworkCreate
//	network create, bad --aux-address    by name                     checkAuxAddresses
//	run and create, several --volume     as on the command line      bindsInOrder
//	info, Runtimes                       by name                     sortWords
//	__complete, images and signals       by name                     sortCompletions
//
// Map orders that docker sorts before they show (labels, ports, filters,
// capabilities, ulimits) and those of commands that are refused are not here.

// networksInOrder puts a container's networks under one name, which is how
// docker will print the keys of a map of one: joined by commas.
func networksInOrder(list []container.Summary) {
	for i, c := range list {
		if c.NetworkSettings == nil || len(c.NetworkSettings.Networks) < 2 {
			continue
		}
		joined := strings.Join(slices.Sorted(maps.Keys(c.NetworkSettings.Networks)), ",")
		list[i].NetworkSettings = &container.NetworkSettingsSummary{
			Networks: map[string]*network.EndpointSettings{joined: nil},
		}
	}
}

// oneRepository makes an image with names in several repositories into one for
// each, because docker prints a row for each name by a map of repositories.
func oneRepository(list []image.Summary) []image.Summary {
	out := make([]image.Summary, 0, len(list))
	for _, im := range list {
		tags, repos := map[string][]string{}, []string(nil)
		for _, t := range im.RepoTags {
			r := repository(t)
			if tags[r] == nil {
				repos = append(repos, r)
			}
			tags[r] = append(tags[r], t)
		}
		digests := map[string][]string{}
		for _, d := range im.RepoDigests {
			r := repository(d)
			if tags[r] == nil && digests[r] == nil {
				repos = append(repos, r)
			}
			digests[r] = append(digests[r], d)
		}
		if len(repos) < 2 {
			out = append(out, im)
			continue
		}
		for _, r := range repos {
			one := im
			one.RepoTags, one.RepoDigests = tags[r], digests[r]
			out = append(out, one)
		}
	}
	return out
}

// repository is the name of an image without its tag or digest.
func repository(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		ref = ref[:i]
	}
	return ref
}

// ContainerList moves instants to the machine's clock. docker stats asks for
// every container of the answer in parallel.
func (a *apiClient) ContainerList(ctx context.Context, o client.ContainerListOptions) (client.ContainerListResult, error) {
	ask := func() (client.ContainerListResult, error) { return a.APIClient.ContainerList(ctx, o) }
	if !a.s.plan.keep {
		res, err := ask()
		if err == nil && a.s.plan.name == "stats" {
			var ids []string
			for _, c := range res.Items {
				ids = append(ids, c.ID)
			}
			a.s.mu.Lock()
			a.s.plan.targets = ids
			a.s.mu.Unlock()
		}
		return res, err
	}
	res, err := answer(a.clock, ask)
	res.Items = a.clock.containers(res.Items)
	networksInOrder(res.Items)
	return res, err
}

// ImageList moves instants to the machine's clock.
func (a *apiClient) ImageList(ctx context.Context, o client.ImageListOptions) (client.ImageListResult, error) {
	if a.s.plan.name == "images" && a.s.release.Older {
		o.All = a.s.plan.all
	}
	ask := func() (client.ImageListResult, error) { return a.APIClient.ImageList(ctx, o) }
	if !a.s.plan.keep {
		return ask()
	}
	res, err := answer(a.clock, ask)
	res.Items = oneRepository(a.clock.images(res.Items))
	return res, err
}

// ImageHistory moves instants to the machine's clock.
func (a *apiClient) ImageHistory(ctx context.Context, image string, o ...client.ImageHistoryOption) (client.ImageHistoryResult, error) {
	ask := func() (client.ImageHistoryResult, error) { return a.APIClient.ImageHistory(ctx, image, o...) }
	if !a.s.plan.keep {
		return ask()
	}
	res, err := answer(a.clock, ask)
	res.Items = a.clock.history(res.Items)
	return res, err
}

// TaskList moves instants to the machine's clock, as the lists of secrets and configs do.
func (a *apiClient) TaskList(ctx context.Context, o client.TaskListOptions) (client.TaskListResult, error) {
	res, err := answered(a, func() (client.TaskListResult, error) { return a.APIClient.TaskList(ctx, o) })
	if a.s.plan.keep {
		res.Items = slices.Clone(res.Items)
		for i := range res.Items {
			a.clock.move(&res.Items[i].Status.Timestamp)
		}
	}
	return res, err
}

// SecretList is described at TaskList.
func (a *apiClient) SecretList(ctx context.Context, o client.SecretListOptions) (client.SecretListResult, error) {
	res, err := answered(a, func() (client.SecretListResult, error) { return a.APIClient.SecretList(ctx, o) })
	if a.s.plan.keep {
		res.Items = slices.Clone(res.Items)
		for i := range res.Items {
			a.clock.move(&res.Items[i].CreatedAt)
			a.clock.move(&res.Items[i].UpdatedAt)
		}
	}
	return res, err
}

// ConfigList is described at TaskList.
func (a *apiClient) ConfigList(ctx context.Context, o client.ConfigListOptions) (client.ConfigListResult, error) {
	res, err := answered(a, func() (client.ConfigListResult, error) { return a.APIClient.ConfigList(ctx, o) })
	if a.s.plan.keep {
		res.Items = slices.Clone(res.Items)
		for i := range res.Items {
			a.clock.move(&res.Items[i].CreatedAt)
			a.clock.move(&res.Items[i].UpdatedAt)
		}
	}
	return res, err
}

// answered is answer for a command whose output is kept back, and plain asking for others.
func answered[T any](a *apiClient, ask func() (T, error)) (T, error) {
	if !a.s.plan.keep {
		return ask()
	}
	return answer(a.clock, ask)
}

// What docker service ps asks for beside the tasks is answered once as well.

// ServiceList is one of these.
func (a *apiClient) ServiceList(ctx context.Context, o client.ServiceListOptions) (client.ServiceListResult, error) {
	return answered(a, func() (client.ServiceListResult, error) { return a.APIClient.ServiceList(ctx, o) })
}

// NodeList is one of these.
func (a *apiClient) NodeList(ctx context.Context, o client.NodeListOptions) (client.NodeListResult, error) {
	return answered(a, func() (client.NodeListResult, error) { return a.APIClient.NodeList(ctx, o) })
}

// NodeInspect is one of these.
func (a *apiClient) NodeInspect(ctx context.Context, id string, o client.NodeInspectOptions) (client.NodeInspectResult, error) {
	res, err := answered(a, func() (client.NodeInspectResult, error) { return a.APIClient.NodeInspect(ctx, id, o) })
	return res, a.absent("node", id, err)
}

// ServiceInspect is one of these; when an update began and ended is moved to the machine's
// clock, for --pretty tells how long ago that was.
func (a *apiClient) ServiceInspect(ctx context.Context, id string, o client.ServiceInspectOptions) (client.ServiceInspectResult, error) {
	res, err := answered(a, func() (client.ServiceInspectResult, error) { return a.APIClient.ServiceInspect(ctx, id, o) })
	if u := res.Service.UpdateStatus; u != nil && a.s.plan.keep {
		moved := *u
		for _, at := range []**time.Time{&moved.StartedAt, &moved.CompletedAt} {
			if *at != nil {
				t := **at
				a.clock.move(&t)
				*at = &t
			}
		}
		res.Service.UpdateStatus = &moved
	}
	err = a.absent("service", id, err)
	if a.s.plan.keep && a.s.release.Older && err == nil { // whose --pretty has networks by name
		nets := slices.Clone(res.Service.Spec.TaskTemplate.Networks)
		for i := range nets {
			if n, err := a.NetworkInspect(ctx, nets[i].Target, client.NetworkInspectOptions{}); err == nil {
				nets[i].Target = n.Network.Name
			}
		}
		res.Service.Spec.TaskTemplate.Networks = nets
	}
	return res, err
}

// DiskUsage moves instants to the machine's clock.
func (a *apiClient) DiskUsage(ctx context.Context, o client.DiskUsageOptions) (client.DiskUsageResult, error) {
	res, err := answer(a.clock, func() (client.DiskUsageResult, error) { return a.APIClient.DiskUsage(ctx, o) })
	res.Containers.Items = a.clock.containers(res.Containers.Items)
	networksInOrder(res.Containers.Items)
	res.Images.Items = oneRepository(a.clock.images(res.Images.Items))
	return res, err
}

// Events has nothing for docker stats, which listens for containers that start
// while it reads: whether their row is there would be a race of its goroutines.
//
// Of those that docker events prints it is noted what will be printed: docker takes a
// message on one goroutine and prints it on another.
func (a *apiClient) Events(ctx context.Context, o client.EventsListOptions) client.EventsResult {
	switch a.s.plan.name {
	case "stats":
		return client.EventsResult{}
	case "events":
		return a.s.announced(ctx, a.APIClient.Events(ctx, o))
	}
	return a.APIClient.Events(ctx, o)
}

// Info is answered once to who prints ages: docker node ps asks which node it is on.
func (a *apiClient) Info(ctx context.Context, o client.InfoOptions) (client.SystemInfoResult, error) {
	return answered(a, func() (client.SystemInfoResult, error) { return a.APIClient.Info(ctx, o) })
}

// NetworkCreate sends the pools in the order of the command line.
func (a *apiClient) NetworkCreate(ctx context.Context, name string, o client.NetworkCreateOptions) (client.NetworkCreateResult, error) {
	if o.IPAM != nil {
		at := func(c network.IPAMConfig) int { return slices.Index(a.s.plan.subnets, c.Subnet.String()) }
		sort.SliceStable(o.IPAM.Config, func(i, k int) bool { return at(o.IPAM.Config[i]) < at(o.IPAM.Config[k]) })
	}
	return a.APIClient.NetworkCreate(ctx, name, o)
}

// NetworkInspect is answered once to docker service inspect --pretty, which prints names of
// networks. It asks an older engine for the services itself: one without an address has
// "<nil>" there, which the client of today cannot read.
func (a *apiClient) NetworkInspect(ctx context.Context, id string, o client.NetworkInspectOptions) (client.NetworkInspectResult, error) {
	services := o.Verbose && a.s.release.Older
	if services {
		o.Verbose = false
	}
	res, err := answered(a, func() (client.NetworkInspectResult, error) { return a.APIClient.NetworkInspect(ctx, id, o) })
	if err == nil && services {
		err = a.s.get(ctx, "/networks/"+url.PathEscape(id)+"?verbose=true", &res.Raw)
	}
	return res, err
}

// subnets are the values of --subnet as they will be sent.
func subnets(f *pflag.FlagSet) []string {
	var out []string
	list, err := f.GetStringSlice("subnet")
	if err != nil {
		return nil
	}
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			s = p.String()
		}
		out = append(out, s)
	}
	return out
}

// checkAuxAddresses refuses what docker would refuse, the first by name first.
func checkAuxAddresses(f *pflag.FlagSet) error {
	x := f.Lookup("aux-address")
	if x == nil {
		return nil
	}
	aux, ok := x.Value.(*opts.MapOpts)
	if !ok || len(aux.GetAll()) < 2 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(aux.GetAll())) {
		text := aux.GetAll()[name]
		if text == "" {
			continue
		}
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(subnets(f), func(s string) bool {
			p, err := netip.ParsePrefix(s)
			return err != nil || p.Contains(addr) // a bad subnet is docker's to refuse
		}) {
			return fmt.Errorf("no matching subnet for aux-address %s", text)
		}
	}
	return nil
}

// bindsInOrder sorts what docker made of --volume into the order of the command
// line; said are the flag's values.
func bindsInOrder(binds, said []string) {
	target := func(v string) string {
		p := strings.Split(v, ":")
		return p[min(1, len(p)-1)]
	}
	at := func(v string) int {
		return slices.IndexFunc(said, func(s string) bool { return target(s) == target(v) })
	}
	sort.Strings(binds)
	sort.SliceStable(binds, func(i, k int) bool { return at(binds[i]) < at(binds[k]) })
}

// sortCompletions sorts the lines of an answer to a shell that completes; the
// last lines, which begin with a colon or tell of it, stay where they are.
func sortCompletions(b []byte) []byte {
	words, rest, _ := strings.Cut("\n"+string(b), "\n:")
	lines := strings.Split(strings.TrimPrefix(words, "\n"), "\n")
	sort.Strings(lines)
	out := strings.Join(lines, "\n")
	if rest != "" {
		out += "\n:" + rest
	}
	return []byte(strings.TrimPrefix(out, "\n"))
}
