package nft

import (
	"bytes"
	"strings"
	"testing"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// One line after the other on one machine: its exit status, and what it prints.
func TestTheProgramIsToldByItsOptions(t *testing.T) {
	loop := sim.NewLoop(1)
	defer loop.Close()
	m := userland.NewMachine(loop, "h", stack.New(loop, "h", stack.Options{Host: true}))
	m.Install(Programs())
	m.FS().WriteFile("/etc/fw.nft", []byte("flush ruleset\ntable inet fw {\n\tchain in {\n\t\ttype filter hook input priority filter\n\t\ttcp dport 22 counter accept\n\t}\n}\n"), 0o644)
	for _, c := range []struct {
		args, stdin string
		exit        int
		want        string
	}{
		{"-v", "", 0, version},
		{"", "", 1, "nft: no command specified\n"},
		{"-f /etc/fw.nft", "", 0, ""},
		{"-c flush ruleset", "", 0, ""},
		{"list tables", "", 0, "table inet fw\n"},
		{"-s list chain inet fw in", "", 0, "table inet fw {\n\tchain in {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 22 counter accept\n\t}\n}\n"},
		{"list ruleset -a", "", 1, "Error: syntax error, options must be specified before commands\nnft list ruleset -a \n   ^             ~~\n"},
		{"add chain inet fw early { type filter hook input priority -5 ; }", "", 0, ""},
		{"-f -", "add table ip x\nadd rule ip x nochain drop\n", 1, "/dev/stdin:2:15-21: Error: Could not process rule: No such file or directory\nadd rule ip x nochain drop\n              ^^^^^^^\n"},
		{"list tables", "", 0, "table inet fw\n"},
		{"-f /nowhere", "", 1, "internal:0:0-0: Error: Could not open file \"/nowhere\": No such file or directory\n"},
		{"-j list tables", "", 0, "{\"nftables\": [{\"metainfo\": {\"version\": \"1.0.6\", \"release_name\": \"Lester Gooch #5\", \"json_schema_version\": 1}}, {\"table\": {\"family\": \"inet\", \"name\": \"fw\", \"handle\": 1}}]}\n"},
		{"-j -f -", "{\"nftables\": []}", 1, "nft: dnetsim does not simulate -j with commands in JSON: write them as nft's own\n"},
	} {
		var out bytes.Buffer
		args := append([]string{"nft"}, strings.Fields(c.args)...)
		p := m.Start(userland.ProcSpec{Program: m.Programs["nft"], Args: args, Stdin: strings.NewReader(c.stdin), Stdout: &out, Stderr: &out})
		if err := loop.Run(p.Done, 0); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); p.Status() != c.exit || got != c.want {
			t.Errorf("nft %s: exit %d, want %d\n got %q\nwant %q", c.args, p.Status(), c.exit, got, c.want)
		}
	}
}
