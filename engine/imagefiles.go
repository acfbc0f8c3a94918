package engine

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"dnetsim/modes"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/registry"
)

// commit is docker commit. A configuration in the body, which older clients send, is
// that of the new image where it says something.
func commit(c *call) error {
	o := modes.CommitOptions{
		Name: named(c.q.Get("repo"), c.q.Get("tag")), Comment: c.q.Get("comment"), Author: c.q.Get("author"),
		Changes: c.q["changes"], Pause: c.q.Get("pause") == "" || boolean(c.q, "pause"),
	}
	var cfg container.Config
	if len(c.body) > 0 {
		if err := c.decode(&cfg); err != nil {
			return err
		}
	}
	if len(cfg.Cmd) > 0 {
		text, _ := json.Marshal(cfg.Cmd)
		o.Changes = append([]string{"CMD " + string(text)}, o.Changes...)
	}
	img, err := c.daemon.Containers.Commit(c.q.Get("container"), o)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, types.IDResponse{ID: img.ID})
}

// named joins a repository and a tag; "" is no name.
func named(repo, tag string) string {
	if repo != "" && tag != "" {
		return repo + ":" + tag
	}
	return repo
}

// tarred answers with an archive.
func tarred(c *call, b []byte) error {
	c.sent = true
	c.w.Header().Set("Content-Type", "application/x-tar")
	c.w.WriteHeader(http.StatusOK)
	c.write(b)
	return nil
}

// export is docker export.
func export(c *call) error {
	b, err := c.daemon.Containers.Export(c.job.Ref)
	if err != nil {
		return err
	}
	return tarred(c, b)
}

// imageSave is docker save of several images.
func imageSave(c *call) error {
	var refs []string
	for _, n := range c.q["names"] {
		refs = append(refs, strings.Split(n, ",")...)
	}
	return saveImages(c, refs)
}

func saveImages(c *call, refs []string) error {
	b, err := c.daemon.Images.Save(refs)
	if err != nil {
		return err
	}
	return tarred(c, b)
}

// talk is a stream of messages, as of a pull: it begins with the first, and what goes
// wrong later is one of them.
type talk struct {
	c     *call
	begun bool
}

func (t *talk) say(v any) {
	if !t.begun {
		t.begun = true
		t.c.stream("application/json")
	}
	t.c.write(encode(v))
	t.c.flush()
}

// end is the answer to an error: the request's, or a message of the stream.
func (t *talk) end(err error, code int) error {
	if err == nil || !t.begun {
		return err
	}
	t.say(progress{ErrorDetail: &errorDetail{Code: code, Message: err.Error()}, Error: err.Error()})
	return nil
}

// pulling is the message of a step of a pull.
func pulling(p modes.PullProgress) progress {
	line := progress{Status: p.Status, ID: p.ID}
	if p.Total > 0 {
		line.ProgressDetail = &progressDetail{p.Current, p.Total}
	} else if p.ID != "" {
		line.ProgressDetail = &progressDetail{}
	}
	return line
}

// imageLoad is docker load.
func imageLoad(c *call) error {
	t := &talk{c: c}
	said, err := c.daemon.Images.Load(c.body)
	for _, line := range said {
		t.say(progress{Stream: line + "\n"})
	}
	return t.end(err, 0)
}

// imageImport is docker import of what the request carries.
func imageImport(c *call) error {
	if src := c.q.Get("fromSrc"); src != "-" {
		return &modes.Error{Kind: modes.ErrNotImplemented, Msg: "dnetsim does not simulate docker import from an address"}
	}
	t := &talk{c: c}
	img, err := c.daemon.Images.Import(c.body, named(c.q.Get("repo"), c.q.Get("tag")), c.q.Get("message"), c.q["changes"])
	if err == nil {
		t.say(progress{Status: img.ID})
	}
	return t.end(err, 0)
}

// imageSearch is docker search in the simulated registry.
func imageSearch(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	list, err := c.daemon.Images.Search(c.q.Get("term"), f)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(c.q.Get("limit")); err == nil && n > 0 {
		list = list[:min(n, len(list))]
	}
	out := []registry.SearchResult{}
	for _, x := range list {
		out = append(out, registry.SearchResult{Name: x.Name, Description: x.Description, IsOfficial: x.Official})
	}
	return c.json(http.StatusOK, out)
}
