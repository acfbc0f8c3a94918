// Package nft is the program nft v1.0.6: its options, and where its scripts come
// from. The language and the ruleset are package nftables'. Start reading at
// [Programs].
package nft

import (
	"errors"
	"io"
	"slices"
	"strings"

	"dnetsim/stack/nftables"
	"dnetsim/userland"
	"dnetsim/userland/getopt"
)

// Programs is what the package nftables of a distribution brings.
func Programs() map[string]userland.Program { return map[string]userland.Program{"nft": run} }

const (
	version = "nftables v1.0.6 (Lester Gooch #5)\n"
	usage   = `Usage: nft [ options ] [ cmds... ]

Options (general):
  -h, --help                      Show this help
  -v, --version                   Show version information

Options (ruleset input handling):
  -f, --file <filename>           Read input from <filename>
  -c, --check                     Check commands validity without actually applying the changes.

Options (ruleset list formatting):
  -a, --handle                    Output rule handle.
  -s, --stateless                 Omit stateful information of ruleset.
  -t, --terse                     Omit contents of sets.

Command output formatting:
  -j, --json                      Format output in JSON
`
)

// A mark of "~" is on what only changes how a listing looks where nothing of the
// kind is simulated, or prints what is printed anyway.
var long = map[string]string{
	"help": "h", "version": "v", "file": "f:", "check": "c", "handle": "a", "stateless": "s", "terse": "t", "define": "!:", "interactive": "!", "includepath": "~:",
	"json": "j", "numeric": "~", "numeric-priority": "!", "numeric-protocol": "!", "numeric-time": "~", "service": "!", "guid": "~", "reversedns": "!", "echo": "!",
	"debug": "~:", "optimize": "!",
}

// late is the place of an option behind a command, in the command line as one text; 0 if
// there is none. What stands in braces is the command's.
func late(args []string) int {
	command, skip, at := false, false, 0
	for i, a := range args[1:] {
		at += len(args[i]) + 1
		switch {
		case strings.HasPrefix(a, "{"):
			return 0
		case skip:
			skip = false
		case !strings.HasPrefix(a, "-"):
			command = true
		case command:
			return at
		default:
			skip = slices.Contains([]string{"-f", "--file", "-I", "--includepath", "-D", "--define", "-d", "--debug"}, a)
		}
	}
	return 0
}

func run(p *userland.Process) int {
	if at := late(p.Args); at > 0 {
		p.Errorf("Error: syntax error, options must be specified before commands\n%s \n   ^%*s\n", strings.Join(p.Args, " "), at-2, "~~")
		return 1
	}
	o, err := getopt.Parse(p.Args[1:], "+hvVf:castn~y!p!T~S!u~N!e!ji!o!I:~D:!d:~", long)
	var missing getopt.NotSimulated
	switch {
	case errors.As(err, &missing):
		p.Errorf("nft: %v\n", err)
		return 1
	case err != nil:
		p.Errorf("nft: %v\n%s", err, usage)
		return 1
	case o.Has("h"):
		p.Printf("%s", usage)
		return 0
	case o.Has("v"), o.Has("V"):
		p.Printf("%s", version)
		return 0
	}
	show := nftables.Options{Handles: o.Has("a"), Stateless: o.Has("s"), Terse: o.Has("t"), JSON: o.Has("j"), Check: o.Has("c")}
	script := strings.Join(o.Rest, " ")
	if file, ok := o.Value("f"); ok {
		if script, show.File, err = read(p, file); err != nil {
			p.Errorf("internal:0:0-0: Error: Could not open file \"%s\": %v\n", file, err)
			return 1
		}
	} else if len(o.Rest) == 0 {
		p.Errorf("%s: no command specified\n", p.Args[0])
		return 1
	}
	if show.JSON && strings.HasPrefix(strings.TrimSpace(script), "{") {
		p.Errorf("nft: dnetsim does not simulate -j with commands in JSON: write them as nft's own\n")
		return 1
	}
	if !userland.NetAdmin.HeldBy(p) {
		p.Errorf("Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted\n")
		return 1
	}
	if status, done := managed(p, script); done {
		return status
	}
	out, bad := p.NS().Nftables().Run(script, show)
	io.WriteString(p.Stdout, out)
	if bad != nil {
		p.Errorf("%s", bad.Text)
		return 1
	}
	return 0
}

// read is the text of a script, and what its errors call it.
func read(p *userland.Process, file string) (text, name string, err error) {
	if slices.Contains([]string{"-", "/dev/stdin"}, file) {
		b, err := io.ReadAll(p.Stdin)
		return string(b), "/dev/stdin", err
	}
	b, err := p.ReadFile(file)
	return string(b), file, err
}
