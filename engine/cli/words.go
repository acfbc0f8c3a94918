package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// wording is a sentence of the compiled-in client and what the release says
// instead.
type wording struct {
	new *regexp.Regexp
	old string
}

// wordings are the sentences of errors that the two say differently, each whole.
var wordings = sync.OnceValue(func() []wording {
	return []wording{
		{regexp.MustCompile(`^failed to start containers: `), "Error: failed to start containers: "},
		{regexp.MustCompile(`^no public port '(\d+)' published for `), "Error: No public port '$1/tcp' published for "},
		{regexp.MustCompile(`^no public port '(\d+/\w+)' published for `), "Error: No public port '$1' published for "},
		{regexp.MustCompile(`^docker: invalid (hostPort|containerPort|ranges specified|proto)\b`), "docker: Invalid $1"},
		{regexp.MustCompile(`^docker: invalid IP address: `), "docker: Invalid ip address: "},
		{regexp.MustCompile(`^docker: no port specified: `), "docker: No port specified: "},
		{regexp.MustCompile(`(?m)^([\w.()-]+): additional property '([^']*)' is not allowed$`), "$1 Additional property $2 is not allowed"},
		{regexp.MustCompile(`(?m)^(services[\w.()-]*|networks[\w.()-]*|volumes[\w.()-]*): must be an integer$`), "$1 must be a integer"},
		{regexp.MustCompile(`(?m)^(services[\w.()-]*|networks[\w.()-]*|volumes[\w.()-]*): (must be )`), "$1 $2"},
		{regexp.MustCompile(`^unknown mode: `), "Unknown mode: "},
		{regexp.MustCompile(`(?m)^invalid scale specifier `), "Invalid scale specifier "},
		{regexp.MustCompile(`^error: swarm is not locked`), "Error: swarm is not locked"},
		{regexp.MustCompile(`^docker: unknown command: docker (\S+)\n\nRun 'docker --help' for more information`), "docker: '$1' is not a docker command.\nSee 'docker --help'"},
	}
})

func reworded(text string) string {
	for _, w := range wordings() {
		text = w.new.ReplaceAllString(text, w.old)
	}
	return text
}

var exposed = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^docker: invalid range format for --expose: .*`) })

// exposeReworded is what the release says of a port to expose that it cannot
// read. The compiled-in client names a part of it only: the whole is in the words
// of the command line.
func exposeReworded(text string, words []string) string {
	return exposed().ReplaceAllStringFunc(text, func(line string) string {
		for i, w := range words {
			value, ok := strings.CutPrefix(w, "--expose=")
			if w == "--expose" && i+1 < len(words) {
				value, ok = words[i+1], true
			}
			if old := exposeError(value); ok && old != "" {
				return "docker: " + old
			}
		}
		return line
	})
}

// exposeError is what is wrong with the value of --expose, "" if nothing is
// (docker/cli 20.10, opts.go; go-connections' ParsePortRange).
func exposeError(value string) string {
	wrong := func(err any) string {
		return fmt.Sprintf("invalid range format for --expose: %s, error: %v", value, err)
	}
	ports, _, _ := strings.Cut(value, "/")
	switch {
	case strings.Contains(value, ":"):
		return "invalid port format for --expose: " + value
	case ports == "":
		return wrong("empty string specified for ports.")
	}
	ends := strings.Split(ports, "-")
	first, err := strconv.ParseUint(ends[0], 10, 16)
	if err != nil {
		return wrong(err)
	}
	if len(ends) == 1 {
		return ""
	}
	last, err := strconv.ParseUint(ends[1], 10, 16)
	switch {
	case err != nil:
		return wrong(err)
	case last < first:
		return wrong("Invalid range specified for the Port: " + ports)
	}
	return ""
}

// shorts are the sentences that say what a command does, where they differ.
var shorts = map[string]string{
	"run": "Run a command in a new container", "exec": "Run a command in a running container",
	"pull": "Pull an image or a repository from a registry", "search": "Search the Docker Hub for images",
	"build": "Build an image from a Dockerfile", "push": "Push an image or a repository to a registry",
	"login": "Log in to a Docker registry", "logout": "Log out from a Docker registry",
}
