package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/userland/archive"
)

// manifest is one image of an archive of docker save.
type manifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// Save is the archive of docker save: for each image its configuration and its
// layers, a manifest of all, and the names.
func (s *Store) Save(list []*Image, tags map[*Image][]string, now time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	put := func(name string, b []byte) error {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(b)), ModTime: now.Truncate(time.Second)}); err != nil {
			return err
		}
		_, err := w.Write(b)
		return err
	}
	var all []manifest
	repositories := map[string]map[string]string{}
	written := map[string]bool{}
	for _, img := range list {
		layers, c, err := s.pack(img)
		if err != nil {
			return nil, err
		}
		text, _ := json.Marshal(c)
		m := manifest{Config: strings.TrimPrefix(img.ID, "sha256:") + ".json", RepoTags: tags[img], Layers: []string{}}
		for i, l := range layers {
			sum := sha256.Sum256(append([]byte(strings.Join(c.RootFS.DiffIDs[:i], " ")), l...))
			name := hex.EncodeToString(sum[:]) + "/layer.tar"
			m.Layers = append(m.Layers, name)
			if written[name] {
				continue
			}
			written[name] = true
			if err := put(name, l); err != nil {
				return nil, err
			}
		}
		if err := put(m.Config, text); err != nil {
			return nil, err
		}
		for _, t := range tags[img] {
			name, tag := Split(t)
			if repositories[name] == nil {
				repositories[name] = map[string]string{}
			}
			if n := len(m.Layers); n > 0 {
				repositories[name][tag] = path.Dir(m.Layers[n-1])
			}
		}
		all = append(all, m)
	}
	text, _ := json.Marshal(all)
	if err := put("manifest.json", append(text, '\n')); err != nil {
		return nil, err
	}
	if len(repositories) > 0 {
		text, _ = json.Marshal(repositories)
		if err := put("repositories", append(text, '\n')); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// pack is an image's layers as archives, and its configuration with their hashes. A
// recipe's files are all in its first layer.
func (s *Store) pack(img *Image) ([][]byte, *config, error) {
	c := img.description()
	o := &origin{Image: img.recipe.name + ":" + img.recipe.tags[0], ID: img.ID, Parent: img.Parent, Size: img.recipe.size}
	var layers [][]byte
	for i, l := range img.Layers {
		b := l.data
		if b == nil {
			o.Layers++
			tree := s.recipeFiles(img.recipe)
			if i > 0 {
				tree = s.Scratch().tree
			}
			var err error
			if b, err = archive.Of(tree, "/", true); err != nil {
				return nil, nil, err
			}
		}
		sum := sha256.Sum256(b)
		c.RootFS.DiffIDs[i] = "sha256:" + hex.EncodeToString(sum[:])
		layers = append(layers, b)
	}
	c.Recipe = o
	return layers, c, nil
}

// Load takes the images of such an archive, and says of each what it is called.
func (s *Store) Load(b []byte) (loaded []string, images []*Image, err error) {
	r, err := archive.Reader(b)
	if err != nil {
		return nil, nil, errdefs.System("%v", err)
	}
	files := map[string][]byte{}
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, errdefs.System("Error processing tar file(exit status 1): %v", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(r, archive.MaxFile))
		if err != nil {
			return nil, nil, errdefs.System("Error processing tar file(exit status 1): %v", err)
		}
		files[path.Clean(h.Name)] = text
	}
	text, ok := files["manifest.json"]
	if !ok {
		return nil, nil, errdefs.System("open /var/lib/docker/tmp/docker-import/repositories: no such file or directory")
	}
	var all []manifest
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, nil, errdefs.System("%v", err)
	}
	for _, m := range all {
		img, err := s.load(m, files)
		if err != nil {
			return loaded, images, err
		}
		images = append(images, img)
		for _, t := range m.RepoTags {
			for _, x := range s.list {
				x.Untag(t)
			}
			img.RepoTags = append(img.RepoTags, t)
			loaded = append(loaded, "Loaded image: "+t)
		}
		if len(m.RepoTags) == 0 {
			loaded = append(loaded, "Loaded image ID: "+img.ID)
		}
	}
	return loaded, images, nil
}

// load makes one image; what is there already stays.
func (s *Store) load(m manifest, files map[string][]byte) (*Image, error) {
	text, ok := files[path.Clean(m.Config)]
	if !ok {
		return nil, errdefs.System("open /var/lib/docker/tmp/docker-import/%s: no such file or directory", m.Config)
	}
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, errdefs.System("%v", err)
	}
	if len(m.Layers) != len(c.RootFS.DiffIDs) {
		return nil, errdefs.System("invalid manifest, layers length mismatch: expected %d, got %d", len(m.Layers), len(c.RootFS.DiffIDs))
	}
	img := s.Scratch()
	skip := 0
	sum := sha256.Sum256(text)
	id := "sha256:" + hex.EncodeToString(sum[:])
	if o := c.Recipe; o != nil {
		if known, ok := s.registry.Find(o.Image); ok && o.Layers <= len(known.Layers) {
			id, skip = o.ID, o.Layers
			img.recipe, img.tree, img.Parent = known.recipe, nil, o.Parent
			img.Layers, img.Size = slices.Clone(known.Layers[:skip]), known.Size
			if known.ID == id {
				img.RepoDigests = known.RepoDigests
			}
		}
	}
	for _, x := range s.list {
		if x.ID == id {
			return x, nil
		}
	}
	img.ID, img.Created, img.Author, img.Comment = id, c.Created, c.Author, c.Comment
	img.take(c.Config)
	var sizes []int64
	for _, l := range img.Layers {
		sizes = append(sizes, l.Size)
	}
	for i := skip; i < len(m.Layers); i++ {
		data, ok := files[path.Clean(m.Layers[i])]
		if !ok {
			return nil, errdefs.System("open /var/lib/docker/tmp/docker-import/%s: no such file or directory", m.Layers[i])
		}
		tree := s.Files(img).Clone()
		if err := archive.Unpack(tree, "/", data, true); err != nil {
			return nil, errdefs.System("Error processing tar file(exit status 1): %v", err)
		}
		img.tree = tree
		size := contentSize(data)
		img.Layers = append(img.Layers, Layer{Digest: c.RootFS.DiffIDs[i], Size: size, data: data})
		img.Size += size
		sizes = append(sizes, size)
	}
	if skip > 0 {
		sizes[0] = c.Recipe.Size
	}
	for _, h := range c.History {
		step := Step{Created: h.Created, By: h.By, Comment: h.Comment, Author: h.Author, Empty: h.Empty}
		if !h.Empty && len(sizes) > 0 {
			step.Size, sizes = sizes[0], sizes[1:]
		}
		img.History = append(img.History, step)
	}
	s.list = append(s.list, img)
	return img, nil
}
