package consul

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"dnetsim/userland"
	"dnetsim/userland/web"
)

// consul is the binary: the agent, and a few commands that ask one over HTTP.
func consul(p *userland.Process) int {
	args := p.Args[1:]
	if len(args) == 0 {
		p.Errorf("%s", commandUsage)
		return 127
	}
	switch args[0] {
	case "agent":
		return runAgent(p, args[1:])
	case "version", "--version", "-v":
		p.Printf("Consul v%s\nProtocol 2 spoken by default, understands 2 to 3 (agent will automatically use protocol >2 when speaking to compatible agents)\n", version)
		return 0
	case "members":
		return members(p)
	case "kv":
		return kvCommand(p, args[1:])
	case "leave":
		if _, _, err := ask(p, "PUT", "/v1/agent/leave", ""); err != nil {
			p.Errorf("Error leaving: %v\n", err)
			return 1
		}
		p.Printf("Graceful leave complete\n")
		return 0
	}
	p.Errorf("%s", commandUsage)
	return 127
}

const commandUsage = `Usage: consul [--version] [--help] <command> [<args>]

Available commands are:
    agent      Runs a Consul agent
    kv         Interact with the key-value store
    leave      Gracefully leaves the Consul cluster and shuts down
    members    Lists the members of a Consul cluster
    version    Prints the Consul version

`

// ask makes one request to the agent of this machine, or to CONSUL_HTTP_ADDR.
func ask(p *userland.Process, method, path, body string) (int, []byte, error) {
	to := p.Getenv("CONSUL_HTTP_ADDR")
	if to = strings.TrimPrefix(to, "http://"); to == "" {
		to = "127.0.0.1:8500"
	}
	wrap := func(err error) error {
		return fmt.Errorf("%s http://%s%s: %v", method[:1]+strings.ToLower(method[1:]), to, path, err)
	}
	at, err := netip.ParseAddrPort(to)
	if err != nil {
		return 0, nil, wrap(err)
	}
	conn, err := p.DialTCP(netip.AddrPort{}, at, 30*time.Second)
	if err != nil {
		return 0, nil, wrap(fmt.Errorf("dial tcp %s: connect: %s", at, strings.ToLower(err.Error())))
	}
	defer conn.Close()
	io.WriteString(conn, web.RequestText(method, path, "HTTP/1.1", []web.Header{
		{Name: "Host", Value: to}, {Name: "User-Agent", Value: web.GoAgent},
		{Name: "Content-Length", Value: strconv.Itoa(len(body))}, {Name: "Connection", Value: "close"},
	}, body))
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return 0, nil, wrap(err)
	}
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != 200 && resp.StatusCode != 404 {
		err = fmt.Errorf("Unexpected response code: %d (%s)", resp.StatusCode, data)
	}
	return resp.StatusCode, data, err
}

func members(p *userland.Process) int {
	_, data, err := ask(p, "GET", "/v1/agent/members", "")
	if err != nil {
		p.Errorf("Error retrieving members: %v\n", err)
		return 1
	}
	var ms []member
	json.Unmarshal(data, &ms)
	rows := [][]string{{"Node", "Address", "Status", "Type", "Build", "Protocol", "DC", "Segment"}}
	for _, m := range ms {
		kind, segment := "client", "<default>"
		if m.Tags["role"] == "consul" {
			kind, segment = "server", "<all>"
		}
		build, _, _ := strings.Cut(m.Tags["build"], ":")
		rows = append(rows, []string{m.Name, fmt.Sprintf("%s:%d", m.Addr, m.Port), "alive", kind, build, m.Tags["vsn"], m.Tags["dc"], segment})
	}
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], len(c))
		}
	}
	for _, r := range rows {
		line := ""
		for i, c := range r {
			if i == len(r)-1 {
				line += c
				break
			}
			line += fmt.Sprintf("%-*s  ", width[i], c)
		}
		p.Printf("%s\n", line)
	}
	return 0
}

// kvCommand is `consul kv get|put|delete`, with -recurse and -keys.
func kvCommand(p *userland.Process, args []string) int {
	if len(args) == 0 {
		p.Errorf("Usage: consul kv <subcommand> [options] [args]\n")
		return 1
	}
	verb, args := args[0], args[1:]
	var recurse, keys bool
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch strings.TrimLeft(args[0], "-") {
		case "recurse":
			recurse = true
		case "keys":
			keys = true
		default:
			p.Errorf("flag provided but not defined: -%s\n", strings.TrimLeft(args[0], "-"))
			return 1
		}
		args = args[1:]
	}
	key := ""
	if len(args) > 0 {
		key = strings.TrimPrefix(args[0], "/")
	}
	if key == "" && !recurse && !keys {
		p.Errorf("Error! Missing KEY argument\n")
		return 1
	}
	path := "/v1/kv/" + key
	switch {
	case verb == "put":
		value := ""
		if len(args) > 1 {
			value = args[1]
		}
		if _, _, err := ask(p, "PUT", path, value); err != nil {
			p.Errorf("Error! Failed writing data: %v\n", err)
			return 1
		}
		p.Printf("Success! Data written to: %s\n", key)
		return 0
	case verb == "delete":
		if recurse {
			path += "?recurse"
		}
		if _, _, err := ask(p, "DELETE", path, ""); err != nil {
			p.Errorf("Error! Did not delete key %s: %v\n", key, err)
			return 1
		}
		if recurse {
			p.Printf("Success! Deleted keys with prefix: %s\n", key)
		} else {
			p.Printf("Success! Deleted key: %s\n", key)
		}
		return 0
	case verb == "get":
		return kvGetCommand(p, path, key, recurse, keys)
	}
	p.Errorf("Usage: consul kv <subcommand> [options] [args]\n")
	return 1
}

func kvGetCommand(p *userland.Process, path, key string, recurse, keys bool) int {
	switch {
	case keys:
		path += "?keys&separator=/"
	case recurse:
		path += "?recurse"
	}
	status, data, err := ask(p, "GET", path, "")
	if err != nil {
		p.Errorf("Error querying Consul agent: %v\n", err)
		return 1
	}
	if status == 404 {
		if !recurse && !keys {
			p.Errorf("Error! No key exists at: %s\n", key)
			return 1
		}
		return 0
	}
	if keys {
		var names []string
		json.Unmarshal(data, &names)
		for _, n := range names {
			p.Printf("%s\n", n)
		}
		return 0
	}
	var es []entry
	json.Unmarshal(data, &es)
	for _, e := range es {
		if recurse {
			p.Printf("%s:%s\n", e.Key, e.Value)
		} else {
			p.Printf("%s\n", e.Value)
		}
	}
	return 0
}
