package build

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/dockerfile"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/health"
	"dnetsim/modes/image"
	"dnetsim/userland/archive"
)

// needsBuildKit are the flags that the classic builder reads and refuses.
const needsBuildKit = "the --%s option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled"

// dispatch does what an instruction says.
func (b *builder) dispatch(i *dockerfile.Instruction) error {
	if i.Name == "FROM" {
		return b.from(i)
	}
	st := b.stages[len(b.stages)-1]
	switch i.Name {
	case "RUN":
		return b.run(st, i)
	case "COPY", "ADD":
		return b.copy(st, i)
	case "ARG":
		return b.arg(st, i)
	}
	next := st.image.Derive()
	says, err := next.Change(i, st.lookup)
	if err != nil {
		return err
	}
	switch i.Name {
	case "STOPSIGNAL":
		if _, err := modes.ParseSignal(next.StopSignal); err != nil {
			return err
		}
	case "CMD":
		st.cmdSet = true
	case "ENTRYPOINT":
		if !st.cmdSet {
			next.Cmd = nil
		}
	case "HEALTHCHECK":
		if old := st.image.Healthcheck; old != nil && len(old.Test) > 0 && old.Test[0] != "NONE" {
			b.say("Note: overriding previous HEALTHCHECK: %v\n", old.Test)
		}
	}
	return b.commit(st, next, says, i.Name == "WORKDIR")
}

// lookup finds a variable for an instruction: of the image's environment, then of the
// arguments.
func (st *stage) lookup(name string) (string, bool) {
	for _, kv := range st.image.Env {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v, true
		}
	}
	v, ok := st.args[name]
	return v, ok
}

// variables are the arguments that commands see: those that are no variables of the
// image.
func (st *stage) variables() (out []string) {
	for name, v := range st.args {
		if !slices.ContainsFunc(st.image.Env, func(kv string) bool { return strings.HasPrefix(kv, name+"=") }) {
			out = append(out, name+"="+v)
		}
	}
	sort.Strings(out)
	return out
}

func (b *builder) arg(st *stage, i *dockerfile.Instruction) error {
	says := " ARG"
	for _, w := range strings.Fields(i.Rest) {
		name, value, has := strings.Cut(w, "=")
		value, err := dockerfile.Expand(value, st.lookup)
		if err != nil {
			return errdefs.Invalid("%v", err)
		}
		if has {
			says += " " + name + "=" + value
		} else {
			says += " " + name
			value, has = b.meta[name]
		}
		b.declare(st.args, name, value, has)
	}
	return b.commit(st, st.image.Derive(), says, false)
}

// commit makes an image that differs in its configuration; with a layer, also if
// nothing is in that. It is a container's, as in reality, which never starts.
func (b *builder) commit(st *stage, next *image.Image, says string, layer bool) error {
	by := "/bin/sh -c #(nop) " + says
	if b.cached(st, next, by) {
		return nil
	}
	var data []byte
	if !st.none {
		if _, err := b.create(st, modes.Config{Cmd: []string{"/bin/sh", "-c", "#(nop) " + says}}); err != nil {
			return err
		}
	}
	if layer {
		tree := b.d.Images.Files(st.image).Clone()
		if err := tree.MkdirAll(next.WorkingDir, 0o755); err != nil {
			return errdefs.System("mkdir %s: %v", next.WorkingDir, err)
		}
		var err error
		if data, err = archive.Layer(tree, tree.Changes(b.d.Images.Files(st.image))); err != nil {
			return err
		}
	}
	return b.seal(st, next, data, by)
}

func (b *builder) seal(st *stage, next *image.Image, layer []byte, by string) error {
	next.Parent = st.image.ID
	if err := b.d.Images.Seal(next, st.image, layer, by, ""); err != nil {
		return err
	}
	st.image, st.none = next, false
	return nil
}

// cached takes the image that the same step made before, if there is one.
func (b *builder) cached(st *stage, next *image.Image, by string) bool {
	if st.missed || st.none {
		return false
	}
	old := b.d.Images.Cached(st.image, next, by)
	if old == nil {
		st.missed = true
		return false
	}
	b.say(" ---> Using cache\n")
	st.image = old
	return true
}

// create makes an intermediate container of the stage's image.
func (b *builder) create(st *stage, c modes.Config) (*modes.Container, error) {
	c.Image = st.image.ID
	c.Labels = st.image.Labels
	x, _, err := b.d.Containers.Create(modes.CreateContainer{Config: c, HostConfig: modes.HostConfig{NetworkMode: b.o.NetworkMode, ExtraHosts: b.o.ExtraHosts}})
	if err != nil {
		return nil, err
	}
	b.temporary = append(b.temporary, x.ID)
	b.say(" ---> Running in %s\n", x.ShortID())
	return x, nil
}

// run types a command in a container of the stage's image and keeps what it changed.
func (b *builder) run(st *stage, i *dockerfile.Instruction) error {
	if len(i.Flags) > 0 {
		return errdefs.System(needsBuildKit, i.Flags[0].Name)
	}
	argv := i.List
	if !i.JSON {
		argv = []string{"/bin/sh", "-c", i.Rest}
	}
	by := strings.Join(argv, " ")
	vars := st.variables()
	if len(vars) > 0 {
		by = fmt.Sprintf("|%d %s %s", len(vars), strings.Join(vars, " "), by)
	}
	next := st.image.Derive()
	if b.cached(st, next, by) {
		return nil
	}
	if st.none {
		return errdefs.System("No command can run in an image of nothing: COPY one first")
	}
	x, err := b.create(st, modes.Config{
		Cmd: argv, Entrypoint: []string{""}, Env: append(slices.Clone(st.image.Env), vars...), Healthcheck: &health.Check{Test: []string{"NONE"}},
		AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return err
	}
	if err := b.await(x, argv); err != nil {
		return err
	}
	layer, err := b.d.Containers.Layer(x.ID)
	if err != nil {
		return err
	}
	return b.seal(st, next, layer, by)
}

// await runs an intermediate container to its end; standard error is red.
func (b *builder) await(x *modes.Container, argv []string) error {
	a, err := b.d.Containers.Attach(x.ID, modes.AttachOptions{Stdout: true, Stderr: true, Stream: true})
	if err != nil {
		return err
	}
	defer a.Close()
	w, err := b.d.Containers.Wait(x.ID, "next-exit")
	if err != nil {
		return err
	}
	defer w.Close()
	if err := b.d.Containers.Start(x.ID); err != nil {
		return err
	}
	for {
		chunk, err := a.Next()
		if err != nil {
			break
		}
		if chunk.Stream == 2 {
			b.out.Text("\x1b[91m" + string(chunk.Data) + "\x1b[0m")
			continue
		}
		b.out.Text(string(chunk.Data))
	}
	r, err := w.Result()
	if err != nil {
		return err
	}
	if r.ExitCode != 0 {
		return &Failure{Msg: fmt.Sprintf("The command '%s' returned a non-zero code: %d", strings.Join(argv, " "), r.ExitCode), Code: r.ExitCode}
	}
	return nil
}
