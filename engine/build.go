package engine

import (
	"encoding/json"
	"errors"
	"net/url"

	"dnetsim/modes"
	"dnetsim/modes/build"
	"dnetsim/userland"
	"dnetsim/userland/archive"
)

// buildUnsimulated are the parameters of a build that the builder does nothing for.
var buildUnsimulated = []string{"remote", "squash", "outputs"}

// buildImage is docker build: the body is the context.
func buildImage(c *call) error {
	for _, p := range buildUnsimulated {
		if v := c.q.Get(p); v != "" && v != "0" && v != "false" && v != "null" && v != "[]" && v != "client-session" {
			return &modes.Error{Kind: modes.ErrNotImplemented, Msg: "dnetsim does not simulate the parameter " + p + " of a build"}
		}
	}
	if c.q.Get("version") == "2" {
		return &modes.Error{Kind: modes.ErrNotImplemented, Msg: "dnetsim does not simulate BuildKit: DOCKER_BUILDKIT=0 asks for the classic builder, which is here"}
	}
	o, err := buildOptions(c.q)
	if err != nil {
		return err
	}
	context := userland.NewBareFS(c.s.loop)
	if err := archive.Unpack(context, "/", c.body, false); err != nil {
		return invalid("Error processing tar file(exit status 1): %v", err)
	}
	t := &talk{c: c}
	quiet := boolean(c.q, "q")
	out := build.Output{
		Text: func(s string) {
			if !quiet {
				t.say(progress{Stream: s})
			}
		},
		Pull: func(p modes.PullProgress) {
			if !quiet {
				t.say(pulling(p))
			}
		},
		ID: func(id string) {
			if !quiet {
				t.say(auxiliary{struct{ ID string }{id}})
			}
		},
	}
	id, err := build.Run(c.daemon, context, o, out)
	if err == nil && quiet {
		t.say(progress{Stream: id + "\n"})
	}
	code := 0
	if f := (*build.Failure)(nil); errors.As(err, &f) {
		code = f.Code
	}
	return t.end(err, code)
}

// auxiliary is a message for programs.
type auxiliary struct {
	Aux any `json:"aux"`
}

func buildOptions(q url.Values) (build.Options, error) {
	o := build.Options{
		Tags: q["t"], Dockerfile: q.Get("dockerfile"), Target: q.Get("target"), NetworkMode: q.Get("networkmode"), ExtraHosts: q["extrahosts"],
		NoCache: boolean(q, "nocache"), Pull: boolean(q, "pull"), Remove: q.Get("rm") == "" || boolean(q, "rm"), ForceRemove: boolean(q, "forcerm"),
	}
	if o.Dockerfile == "" {
		o.Dockerfile = "Dockerfile"
	}
	for name, into := range map[string]any{"buildargs": &o.Args, "labels": &o.Labels} {
		if text := q.Get(name); text != "" {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				return o, invalid("error reading %s: %s", name, err.Error())
			}
		}
	}
	return o, nil
}
