package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	mobyclient "github.com/moby/moby/client"
)

// goClient drives the application through Moby's own client.
func goClient(o options) (result, error) {
	r := result{group: "clients", name: "moby-client", outcome: passed}
	l, err := startLab(o)
	if err != nil {
		return r, err
	}
	defer l.stop()
	c, err := mobyclient.New(mobyclient.WithHost("unix://" + l.socket()))
	if err != nil {
		return r, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := (&goApp{ctx, c}).run(); err != nil {
		r.outcome, r.said = failed, err.Error()
	}
	return r, nil
}

type goApp struct {
	ctx context.Context
	c   *mobyclient.Client
}

func (a *goApp) run() error {
	front, err := a.c.NetworkCreate(a.ctx, "front", mobyclient.NetworkCreateOptions{})
	if err != nil {
		return err
	}
	pool := &network.IPAM{Config: []network.IPAMConfig{{Subnet: netip.MustParsePrefix("172.31.5.0/24")}}}
	if _, err := a.c.NetworkCreate(a.ctx, "back", mobyclient.NetworkCreateOptions{IPAM: pool}); err != nil {
		return err
	}
	if err := a.start("web", &container.Config{Image: "nginx"}); err != nil {
		return err
	}
	if err := a.start("user", &container.Config{Image: "busybox", Cmd: []string{"sleep", "1000"}}); err != nil {
		return err
	}
	if err := a.exec("Welcome to nginx", 0, "user", "wget", "-qO-", "http://web"); err != nil {
		return err
	}
	if err := a.logged("web", "GET / "); err != nil {
		return err
	}
	web, err := a.c.ContainerInspect(a.ctx, "web", mobyclient.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	if got := web.Container.NetworkSettings.Networks["front"].NetworkID; got != front.ID {
		return fmt.Errorf("inspect web: its network is %s, not %s", got, front.ID)
	}
	return a.move()
}

// move takes web from one network to the other, and everything away.
func (a *goApp) move() error {
	there := &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: netip.MustParseAddr("172.31.5.9")}}
	if _, err := a.c.NetworkConnect(a.ctx, "back", mobyclient.NetworkConnectOptions{Container: "web", EndpointConfig: there}); err != nil {
		return err
	}
	if err := a.exec("172.31.5.9/24", 0, "web", "ip", "addr"); err != nil {
		return err
	}
	if _, err := a.c.NetworkDisconnect(a.ctx, "front", mobyclient.NetworkDisconnectOptions{Container: "web"}); err != nil {
		return err
	}
	if err := a.exec("", 1, "user", "wget", "-T", "2", "-qO-", "http://web"); err != nil {
		return err
	}
	for _, n := range []string{"web", "user"} {
		if _, err := a.c.ContainerRemove(a.ctx, n, mobyclient.ContainerRemoveOptions{Force: true}); err != nil {
			return err
		}
	}
	for _, n := range []string{"front", "back"} {
		if _, err := a.c.NetworkRemove(a.ctx, n, mobyclient.NetworkRemoveOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func (a *goApp) start(name string, config *container.Config) error {
	made, err := a.c.ContainerCreate(a.ctx, mobyclient.ContainerCreateOptions{
		Name: name, Config: config, HostConfig: &container.HostConfig{NetworkMode: "front"},
	})
	if err != nil {
		return err
	}
	_, err = a.c.ContainerStart(a.ctx, made.ID, mobyclient.ContainerStartOptions{})
	return err
}

// exec runs a command in a container and checks what it prints and how it ends.
func (a *goApp) exec(want string, code int, name string, cmd ...string) error {
	made, err := a.c.ExecCreate(a.ctx, name, mobyclient.ExecCreateOptions{AttachStdout: true, AttachStderr: true, Cmd: cmd})
	if err != nil {
		return err
	}
	conn, err := a.c.ExecAttach(a.ctx, made.ID, mobyclient.ExecAttachOptions{})
	if err != nil {
		return err
	}
	defer conn.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, conn.Reader); err != nil {
		return err
	}
	end, err := a.c.ExecInspect(a.ctx, made.ID, mobyclient.ExecInspectOptions{})
	if err != nil {
		return err
	}
	if end.ExitCode != code || !strings.Contains(out.String(), want) {
		return fmt.Errorf("exec %s %v: code %d, %q; want %d, %q", name, cmd, end.ExitCode, out.String(), code, want)
	}
	return nil
}

func (a *goApp) logged(name, want string) error {
	logs, err := a.c.ContainerLogs(a.ctx, name, mobyclient.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return err
	}
	defer logs.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, logs); err != nil {
		return err
	}
	if !strings.Contains(out.String(), want) {
		return fmt.Errorf("logs %s: %q; want %q", name, out.String(), want)
	}
	return nil
}
