package cli

import "regexp"

// wording is a sentence of the compiled-in client and what the release says
// instead.
type wording struct {
	new *regexp.Regexp
	old string
}

// wordings are the sentences of errors that the two say differently, each whole.
var wordings = []wording{
	{regexp.MustCompile(`^failed to start containers: `), "Error: failed to start containers: "},
	{regexp.MustCompile(`^no public port '(\d+)' published for `), "Error: No public port '$1/tcp' published for "},
	{regexp.MustCompile(`^no public port '(\d+/\w+)' published for `), "Error: No public port '$1' published for "},
	{regexp.MustCompile(`^docker: invalid (hostPort|containerPort|ranges specified|proto)\b`), "docker: Invalid $1"},
	{regexp.MustCompile(`^docker: invalid IP address: `), "docker: Invalid ip address: "},
	{regexp.MustCompile(`^docker: no port specified: `), "docker: No port specified: "},
	{regexp.MustCompile(`^docker: invalid range format for --expose: (\S+), error: .*: invalid syntax`), "docker: invalid range format for --expose: $1, error: strconv.ParseUint: parsing \"$1\": invalid syntax"},
	{regexp.MustCompile(`^docker: unknown command: docker (\S+)\n\nRun 'docker --help' for more information`), "docker: '$1' is not a docker command.\nSee 'docker --help'"},
}

func reworded(text string) string {
	for _, w := range wordings {
		text = w.new.ReplaceAllString(text, w.old)
	}
	return text
}

// shorts are the sentences that say what a command does, where they differ.
var shorts = map[string]string{
	"run": "Run a command in a new container", "exec": "Run a command in a running container",
	"pull": "Pull an image or a repository from a registry", "search": "Search the Docker Hub for images",
	"build": "Build an image from a Dockerfile", "push": "Push an image or a repository to a registry",
	"login": "Log in to a Docker registry", "logout": "Log out from a Docker registry",
}
