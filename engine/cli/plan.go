package cli

import (
	"bytes"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"dnetsim/engine"
	"dnetsim/modes/profile"

	"github.com/docker/cli/cli/version"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// plan is what is known of a command before it runs: how it will use the API,
// and what is done to its output.
type plan struct {
	name string // "run", "network ls"
	args []string
	// targets are the containers of a command that sends its requests in
	// parallel, in the order of its arguments; width is how many at a time,
	// zero is all.
	targets []string
	width   int
	// printsFirst: docker run -d prints the id before it goes on.
	printsFirst bool
	// awaits: docker run waits for the container's end, also of what did not start.
	awaits bool
	// recheck: docker attach inspects again after it has attached.
	recheck bool
	// sigProxy: signals go to the container.
	sigProxy bool
	// keep: output is kept back until the command is over.
	keep   bool
	events bool
	format string // of docker events
	follow bool   // docker stats: it shows itself anew until a signal comes
	words  bool   // the words of one line come in random order
	client bool   // the output tells of the machine
	// complete: it answers a shell that completes.
	complete bool
	// escapes: the JSON is 20.10's client's own, which escapes what HTML would take for a tag.
	escapes bool
	// asksBetween: docker service logs asks for names while it reads its stream.
	asksBetween bool
	all         bool     // of images, as it was typed
	subnets     []string // of network create, in the order of the flags
	release     *profile.Client
}

// parallels are the commands that docker runs over their arguments in parallel.
// docker stats does so with all at once.
var parallels = map[string]bool{"stop": true, "kill": true, "pause": true, "unpause": true, "rm": true, "stats": true}

// ages are the commands that print how long ago something was.
var ages = map[string]bool{
	"ps": true, "images": true, "history": true, "system df": true,
	"service ps": true, "node ps": true, "stack ps": true, "secret ls": true, "config ls": true,
}

// planOf makes the plan of a command whose flags are parsed.
func (s *session) planOf(name string, cmd *cobra.Command, args []string) plan {
	p := plan{name: name, args: args, release: s.release}
	switch {
	case parallels[name]:
		for _, a := range args {
			if name == "rm" {
				a = strings.Trim(a, "/")
			}
			again := name == "stats" && slices.Contains(p.targets, a)
			if strings.TrimSpace(a) != "" && !again {
				p.targets = append(p.targets, a)
			}
		}
		if name != "stats" {
			p.width = 50
		}
	case name == "run":
		p.printsFirst = isSet(cmd.Flags(), "detach")
		p.awaits = !p.printsFirst
	case name == "attach":
		p.recheck = true
	case name == "service logs":
		p.asksBetween = true
	case ages[name], name == "service inspect" && isSet(cmd.Flags(), "pretty"):
		p.keep = true
	case name == "version":
		p.client, p.keep = true, true
	case name == "info":
		p.words, p.keep = true, true
	case name == "network create":
		p.subnets = subnets(cmd.Flags())
	case name == "__complete" || name == "__completeNoDesc":
		p.complete, p.keep = true, true
	case (name == "service inspect" || name == "node inspect") && s.release.Older && cmd.Flag("format").Value.String() == "":
		p.escapes = !isSet(cmd.Flags(), "pretty")
	case name == "events":
		if f := cmd.Flag("format"); f != nil {
			p.format = f.Value.String()
		}
		p.events = p.format == ""
	}
	return p
}

func isSet(f *pflag.FlagSet, name string) bool {
	x := f.Lookup(name)
	return x != nil && x.Value.String() == "true"
}

// parallel reports whether a job is one of those that come in parallel.
func (p *plan) parallel(j *engine.Job) bool {
	if p.targets == nil {
		return false
	}
	if p.name == "rm" {
		return j.Method == "DELETE"
	}
	return strings.HasSuffix(j.Path, "/"+p.name)
}

// sort puts requests into the order of the command's arguments.
func (p *plan) sort(rs []*request) {
	if p.targets == nil {
		return
	}
	at := func(r *request) int {
		if i := slices.Index(p.targets, r.job.Ref); i >= 0 {
			return i
		}
		return len(p.targets)
	}
	sort.SliceStable(rs, func(i, k int) bool { return at(rs[i]) < at(rs[k]) })
}

// filter changes a piece of output that would differ between machines.
func (p *plan) filter(b []byte) []byte {
	switch {
	case p.events:
		return utc(b)
	case p.client:
		b = newerAPI().ReplaceAll(b, nil)
		if p.release.Older {
			b = defaultContext().ReplaceAll(b, []byte("${0} Experimental:      true\n"))
		}
		b = bytes.ReplaceAll(b, []byte(runtime.Version()), []byte(p.release.Go))
		b = p.versions(b)
		b = bytes.ReplaceAll(b, []byte(runtime.GOOS+"/"+runtime.GOARCH), []byte("linux/amd64"))
		if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
			b = bytes.ReplaceAll(b, []byte(`"Os":"`+runtime.GOOS+`","Arch":"`+runtime.GOARCH+`"`), []byte(`"Os":"linux","Arch":"amd64"`))
		}
	case p.words:
		b = p.versions(sortWords(b))
	case p.release.Older && (p.name == "swarm update" || p.name == "swarm init" || p.name == "swarm unlock-key"):
		b = bytes.ReplaceAll(b, []byte("\nRemember to store this key"), []byte("\nPlease remember to store this key"))
		if bytes.HasPrefix(b, []byte("Usage:")) {
			b = append([]byte("\n"), b...)
		}
	case p.escapes:
		b = []byte(htmlEscapes.Replace(string(b)))
	case p.release.Older && (p.name == "ps" || p.name == "port"):
		b = unbracketed(b)
	}
	return b
}

// What docker version tells of the compiled-in client, and where 20.10's says that
// it takes experimental commands.
var (
	newerAPI       = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(` \(downgraded from [\d.]+\)`) })
	defaultContext = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^ Context: +default\n`) })
)

// sortWords orders the names of runtimes, which docker prints in the order of a
// map.
func sortWords(b []byte) []byte {
	lines := strings.Split(string(b), "\n")
	for i, l := range lines {
		if rest, ok := strings.CutPrefix(l, " Runtimes: "); ok {
			words := strings.Fields(rest)
			sort.Strings(words)
			lines[i] = " Runtimes: " + strings.Join(words, " ")
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// versions gives the output what the release says of itself: docker has it in package
// variables, where every host's is the same.
func (p *plan) versions(b []byte) []byte {
	written := func(date string) string {
		t, _ := time.Parse(time.RFC3339Nano, date)
		return t.Format(time.ANSIC)
	}
	for _, x := range [][2]string{
		{standIn.Version, p.release.Version}, {standIn.Build, p.release.Build}, {standIn.Date, p.release.Date}, {written(standIn.Date), written(p.release.Date)},
	} {
		b = bytes.ReplaceAll(b, []byte(x[0]), []byte(x[1]))
	}
	return b
}

// standIn is what docker's package variables say, and no release: it is replaced
// where it is printed. Its version is one to docker's templates, too.
var standIn = profile.Client{Version: "0.0.1974", Build: "0b1d974", Date: "1974-05-05T05:05:05.000000000+00:00"}

func setVersion() {
	version.Version, version.GitCommit, version.BuildTime = standIn.Version, standIn.Build, standIn.Date
}

// htmlEscapes are those of encoding/json.
var htmlEscapes = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`)
