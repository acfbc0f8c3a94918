package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// An assistant opens, types, explains with a proof after what it has typed, and
// reaches no file that was not named.
func TestAnAssistantExplains(t *testing.T) {
	ctx := context.Background()
	term := &terminal{in: strings.NewReader(""), out: io.Discard, err: io.Discard, env: func(string) string { return "" }}
	s := newAssistant(term, nil)
	defer s.close()
	near, far := mcp.NewInMemoryTransports()
	if _, err := s.server().Connect(ctx, far, nil); err != nil {
		t.Fatal(err)
	}
	c, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(ctx, near, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	call := func(tool string, args map[string]any) (string, bool) {
		r, err := c.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
		if err != nil {
			t.Fatal(err)
		}
		return r.Content[0].(*mcp.TextContent).Text, r.IsError
	}
	const world = "name: w\nlan: {subnet: 10.0.0.0/24}\nhosts:\n  h1: {address: 10.0.0.11}\n  h2: {address: 10.0.0.12}\n"
	if out, bad := call("open", map[string]any{"scenario": world}); bad || !strings.Contains(out, "world: w-1") {
		t.Fatalf("open: %s", out)
	}
	if out, bad := call("type", map[string]any{"world": "w-1", "host": "h1", "line": "iptables -A INPUT -p icmp -j DROP"}); bad || !strings.HasSuffix(out, "exit status 0") {
		t.Errorf("type: %s", out)
	}
	if out, bad := call("explain", map[string]any{"world": "w-1", "from": "h2", "to": "10.0.0.11"}); bad || !strings.Contains(out, "FIREWALL-INPUT") || !strings.Contains(out, "tried in a copy") {
		t.Errorf("explain: %s", out)
	}
	if out, bad := call("open", map[string]any{"scenario": "/etc/passwd"}); !bad || strings.Contains(out, "root:") {
		t.Errorf("a file that was not named: %s", out)
	}
	if out, bad := call("type", map[string]any{"world": "w-9", "host": "h1", "line": "true"}); !bad || !strings.Contains(out, "open one") {
		t.Errorf("no world: %s", out)
	}
	if out, bad := call("close", map[string]any{"world": "w-1"}); bad || out != "closed" {
		t.Errorf("close: %s", out)
	}
}
