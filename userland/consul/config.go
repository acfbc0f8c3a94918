package consul

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// config is what the agent's flags and files come to.
type config struct {
	dev, server, bootstrap, ui bool
	expect                     int
	bind, advertise            string
	client                     []string
	dataDir, node, nodeID, dc  string
	httpPort, dnsPort          int
	join                       []string
}

// agentFlags are consul's flags; true means that one takes a value.
var agentFlags = map[string]bool{
	"advertise": true, "advertise-wan": true, "allow-write-http-from": true, "alt-domain": true, "bind": true,
	"bootstrap": false, "bootstrap-expect": true, "check_output_max_size": true, "client": true, "config-dir": true,
	"config-file": true, "config-format": true, "data-dir": true, "datacenter": true, "dc": true, "default-query-time": true,
	"dev": false, "disable-host-node-id": false, "disable-keyring-file": false, "dns-port": true, "domain": true,
	"enable-local-script-checks": false, "enable-script-checks": false, "encrypt": true, "grpc-port": true,
	"http-port": true, "join": true, "join-wan": true, "log-file": true, "log-level": true, "log-rotate-bytes": true,
	"log-rotate-duration": true, "log-rotate-max-files": true, "max-query-time": true, "node": true, "node-id": true,
	"node-meta": true, "non-voting-server": false, "pid-file": true, "protocol": true, "raft-protocol": true,
	"recursor": true, "rejoin": false, "retry-interval": true, "retry-interval-wan": true, "retry-join": true,
	"retry-join-wan": true, "retry-max": true, "retry-max-wan": true, "segment": true, "serf-lan-bind": true,
	"serf-lan-port": true, "serf-wan-bind": true, "serf-wan-port": true, "server": false, "server-port": true,
	"syslog": false, "ui": false, "ui-content-path": true, "ui-dir": true,
}

// errUsage is a wrong command line in the words of Go's flag package.
type errUsage struct{ error }

// parseConfig reads the flags after "agent" and the files that they name. A
// flag wins over a file.
func parseConfig(p *userland.Process, args []string) (config, error) {
	c := config{httpPort: 8500, dnsPort: 8600, dc: "dc1", node: p.Machine.Hostname()}
	var flags [][2]string
	for len(args) > 0 {
		name, value, has := strings.Cut(args[0], "=")
		trimmed := strings.TrimPrefix(strings.TrimPrefix(name, "-"), "-")
		if !strings.HasPrefix(name, "-") || trimmed == "" {
			return c, errors.New("Unexpected extra arguments: [" + strings.Join(args, " ") + "]")
		}
		takes, known := agentFlags[trimmed]
		args = args[1:]
		switch {
		case !known:
			return c, errUsage{fmt.Errorf("flag provided but not defined: -%s", trimmed)}
		case takes && !has && len(args) == 0:
			return c, errUsage{fmt.Errorf("flag needs an argument: -%s", trimmed)}
		case takes && !has:
			value, args = args[0], args[1:]
		case !takes && !has:
			value = "true"
		}
		flags = append(flags, [2]string{trimmed, value})
	}
	for _, f := range flags {
		if f[0] == "config-dir" || f[0] == "config-file" {
			if err := c.read(p, f[1]); err != nil {
				return c, err
			}
		}
	}
	for _, f := range flags {
		if err := c.set(f[0], f[1]); err != nil {
			return c, errUsage{fmt.Errorf("invalid value %q for flag -%s: %v", f[1], f[0], err)}
		}
	}
	return c, nil
}

func (c *config) set(name, value string) error {
	truth := func(b *bool) (err error) { *b, err = strconv.ParseBool(value); return }
	number := func(n *int) (err error) { *n, err = strconv.Atoi(value); return }
	switch name {
	case "dev":
		return truth(&c.dev)
	case "server":
		return truth(&c.server)
	case "bootstrap":
		return truth(&c.bootstrap)
	case "ui":
		return truth(&c.ui)
	case "ui-dir":
		c.ui = true
	case "bootstrap-expect":
		return number(&c.expect)
	case "http-port":
		return number(&c.httpPort)
	case "dns-port":
		return number(&c.dnsPort)
	case "bind":
		c.bind = value
	case "advertise":
		c.advertise = value
	case "client":
		c.client = strings.Fields(value)
	case "data-dir":
		c.dataDir = value
	case "node":
		c.node = value
	case "node-id":
		c.nodeID = value
	case "datacenter", "dc":
		c.dc = strings.ToLower(value)
	case "join", "retry-join", "join-wan", "retry-join-wan":
		c.join = append(c.join, value)
	}
	return nil
}

// read takes a JSON file, or those of a directory in the order of their names.
func (c *config) read(p *userland.Process, name string) error {
	info, err := p.Stat(name)
	if err != nil {
		return fmt.Errorf("config: Open failed on %s: %v", name, err)
	}
	files := []string{name}
	if info.IsDir() {
		files = nil
		list, _ := p.ReadDir(name)
		for _, i := range list {
			if path.Ext(i.Name) == ".json" {
				files = append(files, path.Join(name, i.Name))
			}
		}
	}
	for _, f := range files {
		data, err := p.ReadFile(f)
		if err != nil {
			return fmt.Errorf("config: Open failed on %s: %v", f, err)
		}
		if err := c.merge(data); err != nil {
			return fmt.Errorf("Error parsing %s: %v", f, err)
		}
	}
	return nil
}

// merge takes the settings of one file that mean something here.
func (c *config) merge(data []byte) error {
	var f struct {
		Server     *bool   `json:"server"`
		Bootstrap  *bool   `json:"bootstrap"`
		UI         *bool   `json:"ui"`
		UIDir      *string `json:"ui_dir"`
		Expect     *int    `json:"bootstrap_expect"`
		Bind       *string `json:"bind_addr"`
		Advertise  *string `json:"advertise_addr"`
		Client     *string `json:"client_addr"`
		DataDir    *string `json:"data_dir"`
		Node       *string `json:"node_name"`
		NodeID     *string `json:"node_id"`
		Datacenter *string `json:"datacenter"`
		Ports      struct {
			HTTP *int `json:"http"`
			DNS  *int `json:"dns"`
		} `json:"ports"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	for _, x := range []struct {
		from *bool
		to   *bool
	}{{f.Server, &c.server}, {f.Bootstrap, &c.bootstrap}, {f.UI, &c.ui}} {
		if x.from != nil {
			*x.to = *x.from
		}
	}
	for _, x := range []struct {
		from *string
		name string
	}{{f.UIDir, "ui-dir"}, {f.Bind, "bind"}, {f.Advertise, "advertise"}, {f.Client, "client"}, {f.DataDir, "data-dir"},
		{f.Node, "node"}, {f.NodeID, "node-id"}, {f.Datacenter, "datacenter"}} {
		if x.from != nil {
			c.set(x.name, *x.from)
		}
	}
	for _, x := range []struct{ from, to *int }{{f.Expect, &c.expect}, {f.Ports.HTTP, &c.httpPort}, {f.Ports.DNS, &c.dnsPort}} {
		if x.from != nil {
			*x.to = *x.from
		}
	}
	return nil
}

// settle checks the configuration and fills what it leaves open, as consul
// does before it starts.
func (c *config) settle(p *userland.Process) error {
	if c.dev {
		c.server, c.ui = true, true
		if c.bind == "" {
			c.bind = "127.0.0.1"
		}
	}
	switch {
	case c.dataDir == "" && !c.dev:
		return errors.New("data_dir cannot be empty")
	case c.bootstrap && !c.server:
		return errors.New("'bootstrap = true' requires 'server = true'")
	case c.expect > 0 && !c.server && !c.dev:
		return errors.New("'bootstrap_expect > 0' requires 'server = true'")
	case c.expect > 0 && c.bootstrap:
		return errors.New("'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive")
	case len(c.join) > 0:
		return errors.New("dnetsim simulates one consul server: joining others (" + strings.Join(c.join, ", ") + ") is not simulated")
	}
	if c.expect == 1 {
		c.bootstrap = true
	}
	if len(c.client) == 0 {
		c.client = []string{"127.0.0.1"}
	}
	for _, a := range c.client {
		if _, err := netip.ParseAddr(a); err != nil {
			return fmt.Errorf("client_addr: invalid ip address: %s", a)
		}
	}
	for _, a := range []string{c.bind, c.advertise} {
		if _, err := netip.ParseAddr(a); a != "" && err != nil {
			return fmt.Errorf("invalid ip address: %s", a)
		}
	}
	if c.advertise == "" && c.bind != "" && c.bind != "0.0.0.0" {
		c.advertise = c.bind
	}
	if c.advertise == "" {
		own, err := privateAddress(p)
		if err != nil {
			return err
		}
		c.advertise = own
	}
	return nil
}

// privateAddress is the machine's only private IPv4 address: several are an
// error, as they are to consul.
func privateAddress(p *userland.Process) (string, error) {
	var found []string
	for _, i := range p.NS().Interfaces() {
		for _, a := range i.Addrs() {
			if ip := a.Prefix.Addr(); ip.Is4() && ip.IsPrivate() {
				found = append(found, ip.String())
			}
		}
	}
	switch len(found) {
	case 0:
		return "", errors.New("No private IPv4 address found")
	case 1:
		return found[0], nil
	}
	return "", errors.New("Multiple private IPv4 addresses found. Please configure one with 'bind' and/or 'advertise'.")
}
