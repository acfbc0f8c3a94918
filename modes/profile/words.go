package profile

import (
	"regexp"
	"sync"
)

// Wording is a sentence and what a release says instead.
type Wording struct {
	Old *regexp.Regexp
	New string
}

// SaySwarm is what a swarm's parts log, in the release's words.
func (p *Profile) SaySwarm(text string) string {
	if p.SwarmWords != nil {
		for _, w := range p.SwarmWords() {
			text = w.Old.ReplaceAllString(text, w.New)
		}
	}
	return text
}

// swarmWords2010 are those of 20.10's gRPC and libnetwork, for what 29's say.
var swarmWords2010 = sync.OnceValue(func() []Wording {
	return []Wording{
		{regexp.MustCompile(`Error while dialing: dial`), "Error while dialing dial"},
		{regexp.MustCompile(`context deadline exceeded while waiting for connections to become ready`), "context deadline exceeded"},
		{regexp.MustCompile(`: invalid pool request: Pool overlaps`), ": Pool overlaps"},
	}
})

// Say is a refusal in the release's words.
func (p *Profile) Say(text string) string {
	if p.Words == nil {
		return text
	}
	for _, w := range p.Words() {
		text = w.Old.ReplaceAllString(text, w.New)
	}
	return text
}

// words29 are the sentences that 29 says differently, for one and the same refusal.
var words29 = sync.OnceValue(func() []Wording {
	return []Wording{
		{regexp.MustCompile(`^Content-Type specified \((.*)\) must be 'application/json'$`), "unsupported Content-Type header ($1): must be 'application/json'"},
		{regexp.MustCompile(`^(EOF|unexpected end of JSON input|invalid character |json: )`), "invalid JSON: $1"},
		{regexp.MustCompile(`^invalid JSON: invalid character .* after top-level value$`), "unexpected content after JSON"},
		{regexp.MustCompile(`^You cannot remove a (\w+) container [0-9a-f]{64}\. Stop the container before attempting removal or force remove$`), "container is $1: stop the container before removing or force remove"},
		{regexp.MustCompile(`^You cannot remove a (\w+) container [0-9a-f]{64}\. Unpause and then stop the container before attempting removal or force remove$`), "container is $1 and must be unpaused first"},
		{regexp.MustCompile(`^Invalid network mode: `), "invalid network mode: "},
		{regexp.MustCompile(`^cannot join own network$`), "cannot join own network namespace"},
		{regexp.MustCompile(`\bContainer ([0-9a-f]{64}) is not running$`), "container $1 is not running"},
		{regexp.MustCompile(`^Invalid filter '`), "invalid filter '"},
		{regexp.MustCompile(`^failed to check bridge interface existence: numerical`), "numerical"},
		{regexp.MustCompile(`failed to create shim task: (OCI runtime create failed: runc create failed: unable to start container process: )(exec: .*): unknown$`),
			"failed to create task for container: failed to create shim task: ${1}error during container init: $2"},
		{regexp.MustCompile(`^failed to create shim task: (.*): unknown$`), "failed to create task for container: failed to create shim task: $1"},
		{regexp.MustCompile(`^(OCI runtime exec failed: .*): unknown$`), "$1"},
		{regexp.MustCompile(`^conflict: unable to remove repository reference "([^"@:]*)" \(must force\)`), "conflict: unable to delete $1:latest (must be forced)"},
		{regexp.MustCompile(`^conflict: unable to remove repository reference "([^"]*)" \(must force\)`), "conflict: unable to delete $1 (must be forced)"},
	}
})

// ErrorWord is how an error begins that says what was done: releases that have taken
// the capitals out of theirs write it small.
func (p *Profile) ErrorWord() string {
	if p.Words != nil {
		return "error"
	}
	return "Error"
}
