package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A client of 20.10 sends addresses as they were typed and lets the daemon refuse
// them; the compiled-in one has types for them and refuses them itself. So a
// value that does not fit its type is kept here, and a command that has one sends
// its request in this file. All others are docker's own.

// addressFlags are the flags of commands whose values may be no addresses.
var addressFlags = map[string][]string{
	"network create":  {"subnet", "ip-range", "gateway"},
	"network connect": {"ip", "ip6"},
	"run":             {"ip", "ip6"}, "create": {"ip", "ip6"},
}

// literals are the values of such flags as they were typed, all of them.
type literals struct {
	typed map[string][]string
	odd   bool // one does not fit
}

// adaptAddresses keeps what is typed for addresses.
func (s *session) adaptAddresses(cmd *cobra.Command, h *dockerCLI) {
	l := &literals{typed: map[string][]string{}}
	for _, name := range addressFlags[nameOf(cmd)] {
		x := cmd.Flags().Lookup(name)
		inner, kind := x.Value, "stringSlice"
		if name == "ip" || name == "ip6" {
			kind = "string"
		}
		x.Value = typedAs{collector{inner, func(v string) error {
			parts := strings.Split(v, ",")
			l.typed[name] = append(l.typed[name], parts...)
			if slices.ContainsFunc(parts, func(p string) bool { return !fits(name, p) }) {
				l.odd = true
				return nil
			}
			return inner.Set(v)
		}}, kind}
	}
	var send func(*cobra.Command, []string) error
	run := cmd.RunE
	switch nameOf(cmd) {
	case "network create":
		send = func(cmd *cobra.Command, args []string) error { return createNetwork(cmd, s, h, l, args[0]) }
	case "network connect":
		send = func(cmd *cobra.Command, args []string) error { return connectNetwork(cmd, s, h, l, args) }
	case "run", "create":
		send = func(cmd *cobra.Command, args []string) error {
			s.literals = l
			return run(cmd, args)
		}
	default:
		return
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !l.odd {
			return run(cmd, args)
		}
		return send(cmd, args)
	}
}

// typedAs gives a flag's value the name of the type that help shows.
type typedAs struct {
	pflag.Value
	name string
}

func (t typedAs) Type() string { return t.name }

// fits reports whether the newer client can send a value of a flag unchanged.
func fits(flag, v string) bool {
	switch flag {
	case "subnet":
		_, err := netip.ParsePrefix(v)
		return err == nil
	case "ip-range":
		p, err := netip.ParsePrefix(v)
		return err == nil && p == p.Masked()
	}
	_, err := netip.ParseAddr(v)
	return err == nil
}

// pool is one of a network's, as the API has it.
type pool struct {
	Subnet     string
	IPRange    string            `json:",omitempty"`
	Gateway    string            `json:",omitempty"`
	AuxAddress map[string]string `json:"AuxiliaryAddresses,omitempty"`
}

// pools joins ranges, gateways and other addresses to their subnets, with the
// checks of the release's client (cli/command/network/create.go).
func (l *literals) pools(aux map[string]string) ([]pool, error) {
	subnets, ranges, gateways := l.typed["subnet"], l.typed["ip-range"], l.typed["gateway"]
	if len(subnets) < len(ranges) || len(subnets) < len(gateways) {
		return nil, errors.New("every ip-range or gateway must have a corresponding subnet")
	}
	var out []pool
	for i, s := range subnets {
		for _, t := range subnets[:i] {
			one, err := holds(s, t)
			if err != nil {
				return nil, err
			}
			other, err := holds(t, s)
			if err != nil {
				return nil, err
			}
			if one || other {
				return nil, errors.New("multiple overlapping subnet configuration is not supported")
			}
		}
		out = append(out, pool{Subnet: s, AuxAddress: map[string]string{}})
	}
	place := func(kind, value string, set func(*pool) error) error {
		found := false
		for i := range out {
			ok, err := holds(out[i].Subnet, value)
			if err == nil && ok {
				found, err = true, set(&out[i])
			}
			if err != nil {
				return err
			}
		}
		if !found {
			return fmt.Errorf("no matching subnet for %s %s", kind, value)
		}
		return nil
	}
	for _, r := range ranges {
		if err := place("range", r, func(p *pool) error {
			if p.IPRange != "" {
				return fmt.Errorf("cannot configure multiple ranges (%s, %s) on the same subnet (%s)", r, p.IPRange, p.Subnet)
			}
			p.IPRange = r
			return nil
		}); err != nil {
			return nil, err
		}
	}
	for _, g := range gateways {
		if err := place("gateway", g, func(p *pool) error {
			if p.Gateway != "" {
				return fmt.Errorf("cannot configure multiple gateways (%s, %s) for the same subnet (%s)", g, p.Gateway, p.Subnet)
			}
			p.Gateway = g
			return nil
		}); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(aux)) {
		if err := place("aux-address", aux[name], func(p *pool) error { p.AuxAddress[name] = aux[name]; return nil }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// holds reports whether an address or the address of a prefix is in a subnet.
func holds(subnet, data string) (bool, error) {
	_, n, err := net.ParseCIDR(subnet)
	if err != nil {
		return false, fmt.Errorf("Invalid subnet %v : %v", n, err)
	}
	ip := net.ParseIP(data)
	if strings.Contains(data, "/") {
		if ip, _, err = net.ParseCIDR(data); err != nil {
			return false, fmt.Errorf("Invalid cidr %s : %v", data, err)
		}
	}
	return n.Contains(ip), nil
}

func pairs(f *pflag.FlagSet, name string) map[string]string {
	if m, ok := f.Lookup(name).Value.(*opts.MapOpts); ok {
		return m.GetAll()
	}
	return nil
}

// createNetwork is docker network create.
func createNetwork(cmd *cobra.Command, s *session, h *dockerCLI, l *literals, name string) error {
	f := cmd.Flags()
	config, err := l.pools(pairs(f, "aux-address"))
	if err != nil {
		return err
	}
	text := func(flag string) string { return f.Lookup(flag).Value.String() }
	var labels []string
	if x, ok := f.Lookup("label").Value.(*opts.ListOpts); ok {
		labels = x.GetSlice()
	}
	var res struct{ ID string }
	if err := s.post(cmd.Context(), h, "/networks/create", map[string]any{
		"Name": name, "CheckDuplicate": true, "Driver": text("driver"), "Scope": text("scope"),
		"EnableIPv6": isSet(f, "ipv6"), "Internal": isSet(f, "internal"), "Attachable": isSet(f, "attachable"),
		"Ingress": isSet(f, "ingress"), "ConfigOnly": isSet(f, "config-only"),
		"ConfigFrom": map[string]string{"Network": text("config-from")}, "Options": pairs(f, "opt"),
		"Labels": opts.ConvertKVStringsToMap(labels),
		"IPAM":   map[string]any{"Driver": text("ipam-driver"), "Options": pairs(f, "ipam-opt"), "Config": config},
	}, &res); err != nil {
		return err
	}
	fmt.Fprintln(h.Out(), res.ID)
	return nil
}

// connectNetwork is docker network connect with an address that is none: what
// else was asked for does not matter, the daemon refuses it.
func connectNetwork(cmd *cobra.Command, s *session, h *dockerCLI, l *literals, args []string) error {
	return s.post(cmd.Context(), h, "/networks/"+args[0]+"/connect", map[string]any{
		"Container": args[1], "EndpointConfig": map[string]any{"IPAMConfig": l.ipam()},
	}, nil)
}

// ipam are the addresses of an endpoint.
func (l *literals) ipam() map[string]string {
	last := func(flag string) string { return append([]string{""}, l.typed[flag]...)[len(l.typed[flag])] }
	return map[string]string{"IPv4Address": last("ip"), "IPv6Address": last("ip6")}
}

// createContainer asks for a container with an address that is none.
func (l *literals) createContainer(ctx context.Context, s *session, o client.ContainerCreateOptions) error {
	network := "default"
	if o.HostConfig != nil && o.HostConfig.NetworkMode != "" {
		network = string(o.HostConfig.NetworkMode)
	}
	body := struct {
		*container.Config
		HostConfig       *container.HostConfig
		NetworkingConfig map[string]any
	}{o.Config, o.HostConfig, map[string]any{"EndpointsConfig": map[string]any{network: map[string]any{"IPAMConfig": l.ipam()}}}}
	return s.post(ctx, nil, "/containers/create?name="+o.Name, body, nil)
}

// post sends a request and reads the answer into res. h is asked when there is
// none, for docker's words.
func (s *session) post(ctx context.Context, h *dockerCLI, path string, body, res any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://docker/v"+s.srv.Version().APIVersion+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	t := &http.Transport{DialContext: s.dial}
	defer t.CloseIdleConnections()
	answer, err := t.RoundTrip(r)
	if err != nil {
		if h != nil {
			_, err = h.Client().Ping(ctx, client.PingOptions{})
		}
		return err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		var refusal struct{ Message string }
		json.Unmarshal(text, &refusal)
		return errors.New("Error response from daemon: " + refusal.Message)
	}
	if res == nil {
		return nil
	}
	return json.Unmarshal(text, res)
}
