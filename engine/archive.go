package engine

import (
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"dnetsim/modes"
	"dnetsim/userland"
	"dnetsim/userland/archive"
)

// docker cp: a container's files go out and come in as tar archives.
func (s *Server) archiveRoutes() {
	s.handle("HEAD /containers/{id}/archive", archiveStat)
	s.handle("GET /containers/{id}/archive", archiveGet)
	s.handle("PUT /containers/{id}/archive", archivePut)
}

// place is the tree of the request's container and the path that it names.
func place(c *call) (*userland.FS, string, error) {
	x, err := c.daemon.Containers.Get(c.job.Ref)
	if err != nil {
		return nil, "", err
	}
	if c.q.Get("path") == "" {
		return nil, "", invalid("bad parameter: 'path' cannot be empty")
	}
	return x.FS(), path.Join("/", c.q.Get("path")), nil
}

// stat finds the path and tells of it in the header that docker cp reads.
func stat(c *call) (*userland.FS, string, userland.Info, error) {
	tree, at, err := place(c)
	if err != nil {
		return nil, "", userland.Info{}, err
	}
	i, err := tree.Lstat(at)
	if err != nil {
		return nil, "", i, &modes.Error{Kind: modes.ErrNotFound, Msg: "Could not find the file " + c.q.Get("path") + " in container " + c.job.Ref}
	}
	if asked := c.q.Get("path"); i.Kind != userland.Directory && i.Kind != userland.Link && (strings.HasSuffix(asked, "/") || strings.HasSuffix(asked, "/.")) {
		x, _ := c.daemon.Containers.Get(c.job.Ref)
		return nil, "", i, &modes.Error{Kind: modes.ErrSystem, Msg: "lstat " + path.Join(x.Layers().Merged, at) + "/: not a directory"}
	}
	mode := fs.FileMode(i.Mode & 0o777)
	switch i.Kind {
	case userland.Directory:
		mode |= fs.ModeDir
	case userland.Link:
		mode |= fs.ModeSymlink
	}
	text, _ := json.Marshal(struct {
		Name       string      `json:"name"`
		Size       int64       `json:"size"`
		Mode       fs.FileMode `json:"mode"`
		Mtime      time.Time   `json:"mtime"`
		LinkTarget string      `json:"linkTarget"`
	}{path.Base(c.q.Get("path")), i.Size, mode, i.ModTime, i.Target})
	c.w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(text))
	return tree, at, i, nil
}

func archiveStat(c *call) error {
	if _, _, _, err := stat(c); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func archiveGet(c *call) error {
	tree, at, _, err := stat(c)
	if err != nil {
		return err
	}
	b, err := archive.One(tree, at, path.Base(c.q.Get("path"))) // "." for what is in a directory
	if err != nil {
		return err
	}
	c.sent = true
	c.w.Header().Set("Content-Type", "application/x-tar")
	c.w.WriteHeader(http.StatusOK)
	c.write(b)
	return nil
}

// archivePut unpacks into a directory of the container. Paths stay below it: the
// tree is the container's own, and dots are resolved before.
func archivePut(c *call) error {
	tree, at, i, err := stat(c)
	if err != nil {
		return err
	}
	if i.Kind == userland.Link {
		i, _ = tree.Stat(at)
	}
	if !i.IsDir() {
		return invalid("extraction point is not a directory")
	}
	if err := archive.Unpack(tree, at, c.body, false); err != nil {
		return invalid("Error processing tar file: %v", err)
	}
	return c.done(http.StatusOK)
}
