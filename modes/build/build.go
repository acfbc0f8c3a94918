// Package build is the classic builder: it takes a Dockerfile's instructions one by
// one, each an image made of the last, and says so in the words of docker build. What
// a Dockerfile is, modes/dockerfile reads; what an instruction changes of an image's
// configuration, modes/image does. Start reading at [Run].
package build

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/dockerfile"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/image"
	"dnetsim/userland"
)

// Options are those of `docker build`.
type Options struct {
	Tags        []string
	Dockerfile  string             // its path in the context
	Args        map[string]*string // nil: as the Dockerfile says
	Labels      map[string]string
	Target      string
	NetworkMode string
	ExtraHosts  []string
	NoCache     bool
	Pull        bool // also what is there
	Remove      bool // intermediate containers of steps that worked
	ForceRemove bool // of all steps
}

// Output is who listens to a build.
type Output struct {
	Text func(string)             // what the builder and its containers say
	Pull func(modes.PullProgress) // what a pull says
	ID   func(string)             // the image that a stage ended with
}

// Failure is a step whose command failed, with the status of that.
type Failure struct {
	Msg  string
	Code int
}

func (f *Failure) Error() string { return f.Msg }

// builder is one build.
type builder struct {
	d       *modes.Daemon
	context *userland.FS
	o       Options
	out     Output

	step, steps int
	stages      []*stage
	meta        map[string]string // args before the first FROM
	used        map[string]bool   // args of the command line that were asked for
	temporary   []string          // intermediate containers
}

// stage is what lies between two FROM.
type stage struct {
	name   string
	image  *image.Image
	none   bool              // it began with scratch and nothing was made yet
	args   map[string]string // those that are declared and have a value
	missed bool              // the cache did not have a step: nothing after it is looked for
	cmdSet bool
}

// Run builds an image of a Dockerfile and the files beside it, and returns its id.
func Run(d *modes.Daemon, context *userland.FS, o Options, out Output) (string, error) {
	text, err := context.ReadFile(path.Join("/", o.Dockerfile))
	switch {
	case err != nil:
		return "", errdefs.System("Cannot locate specified Dockerfile: %s", o.Dockerfile)
	case len(text) == 0:
		return "", errdefs.Invalid("the Dockerfile (%s) cannot be empty", o.Dockerfile)
	}
	list, err := dockerfile.Parse(string(text))
	if err != nil {
		return "", err
	}
	b := &builder{d: d, context: context, o: o, out: out, meta: map[string]string{}, used: map[string]bool{}}
	if list, err = b.plan(list); err != nil {
		return "", err
	}
	defer b.sweep(true, false)
	for _, i := range list {
		if err := b.instruction(&i); err != nil {
			return "", err
		}
	}
	b.endStage()
	b.warn()
	last := b.stages[len(b.stages)-1]
	if last.none {
		return "", errdefs.System("No image was generated. Is your Dockerfile empty?")
	}
	b.say("Successfully built %s\n", short(last.image.ID))
	for _, t := range o.Tags {
		if err := d.Images.Tag(last.image.ID, t); err != nil {
			return "", err
		}
		b.say("Successfully tagged %s\n", image.Reference(t))
	}
	return last.image.ID, nil
}

// plan finds the stages, cuts what is behind the target, and adds the labels of the
// command line.
func (b *builder) plan(list []dockerfile.Instruction) ([]dockerfile.Instruction, error) {
	stages, found := 0, b.o.Target == ""
	for k, i := range list {
		if i.Name != "FROM" {
			if stages == 0 && i.Name != "ARG" {
				return nil, errdefs.Invalid("no build stage in current context")
			}
			continue
		}
		if stages++; found && b.o.Target != "" {
			list = list[:k]
			break
		}
		f := strings.Fields(i.Rest)
		found = found || len(f) == 3 && strings.EqualFold(f[2], b.o.Target) || b.o.Target == strconv.Itoa(stages-1)
	}
	if stages == 0 {
		return nil, errdefs.Invalid("no build stage in current context")
	}
	if !found {
		return nil, errdefs.Invalid("failed to reach build target %s in Dockerfile", b.o.Target)
	}
	for _, k := range slices.Sorted(maps.Keys(b.o.Labels)) {
		rest := fmt.Sprintf("%q=%q", k, b.o.Labels[k])
		list = append(list, dockerfile.Instruction{Name: "LABEL", Original: "LABEL " + strings.ReplaceAll(rest, `"`, ""), Rest: rest})
	}
	b.steps = len(list)
	return list, nil
}

func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(len(id), 12)]
}

func (b *builder) say(format string, args ...any) { b.out.Text(fmt.Sprintf(format, args...)) }

// instruction does one step and says what came of it.
func (b *builder) instruction(i *dockerfile.Instruction) error {
	if i.Name == "FROM" && len(b.stages) > 0 {
		b.endStage()
	}
	b.step++
	b.say("Step %d/%d : %s\n", b.step, b.steps, i.Original)
	if len(b.stages) == 0 && i.Name == "ARG" {
		return b.metaArg(i)
	}
	err := b.dispatch(i)
	b.sweep(b.o.ForceRemove || b.o.Remove && err == nil, true)
	if err != nil {
		return err
	}
	st := b.stages[len(b.stages)-1]
	if st.none {
		b.say(" ---> \n")
		return nil
	}
	b.say(" ---> %s\n", short(st.image.ID))
	return nil
}

func (b *builder) endStage() {
	if st := b.stages[len(b.stages)-1]; !st.none {
		b.out.ID(st.image.ID)
	}
}

// sweep removes the intermediate containers.
func (b *builder) sweep(really, aloud bool) {
	if !really {
		return
	}
	list := b.temporary
	b.temporary = nil
	for _, id := range list {
		if !aloud && !b.o.ForceRemove {
			continue // of a step that failed: they stay, as docker ps -a shows
		}
		if b.d.Containers.Remove(id, modes.RemoveOptions{Force: true, Volumes: true}) == nil && aloud {
			b.say("Removing intermediate container %s\n", short(id))
		}
	}
}

// warn names the arguments of the command line that nobody asked for.
func (b *builder) warn() {
	var left []string
	for _, name := range slices.Sorted(maps.Keys(b.o.Args)) {
		if !b.used[name] && !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			left = append(left, name)
		}
	}
	if len(left) > 0 {
		b.say("[Warning] One or more build-args %v were not consumed\n", left)
	}
}

// declare gives an ARG its value: that of the command line before the Dockerfile's.
func (b *builder) declare(into map[string]string, name, value string, has bool) {
	if v := b.o.Args[name]; v != nil {
		b.used[name] = true
		value, has = *v, true
	}
	if has {
		into[name] = value
	}
}

func (b *builder) metaArg(i *dockerfile.Instruction) error {
	for _, w := range strings.Fields(i.Rest) {
		name, value, has := strings.Cut(w, "=")
		value, err := dockerfile.Expand(value, func(n string) (string, bool) { v, ok := b.meta[n]; return v, ok })
		if err != nil {
			return errdefs.Invalid("%v", err)
		}
		b.declare(b.meta, name, value, has)
	}
	return nil
}

// from begins a stage.
func (b *builder) from(i *dockerfile.Instruction) error {
	f := strings.Fields(i.Rest)
	name, err := dockerfile.Expand(f[0], func(n string) (string, bool) { v, ok := b.meta[n]; return v, ok })
	if err != nil {
		return errdefs.Invalid("%v", err)
	}
	if name == "" {
		return errdefs.System("base name (%s) should not be blank", f[0])
	}
	st := &stage{args: map[string]string{}, missed: b.o.NoCache}
	if len(f) == 3 {
		st.name = strings.ToLower(f[2])
		if b.stage(st.name) != nil {
			return errdefs.System("%s stage name already used", f[2])
		}
	}
	switch before := b.stage(strings.ToLower(name)); {
	case before != nil:
		st.image, st.none = before.image, before.none
	case name == "scratch":
		st.image, st.none = b.d.Images.Scratch(), true
	default:
		if st.image, err = b.base(name); err != nil {
			return err
		}
	}
	st.image = st.image.Derive()
	st.image.ID = st.image.Parent // nothing was made yet
	if !slices.ContainsFunc(st.image.Env, func(kv string) bool { return strings.HasPrefix(kv, "PATH=") }) {
		st.image.Env = append(st.image.Env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	}
	b.stages = append(b.stages, st)
	return nil
}

// stage finds an earlier stage by name.
func (b *builder) stage(name string) *stage {
	for _, st := range b.stages {
		if st.name != "" && st.name == name {
			return st
		}
	}
	return nil
}

// base is an image by name, pulled if it is not there or the newest is asked for.
func (b *builder) base(name string) (*image.Image, error) {
	img, err := b.d.Images.Get(name)
	if err == nil && !b.o.Pull {
		return img, nil
	}
	if err := b.d.Images.Pull(name, b.out.Pull); err != nil {
		return nil, err
	}
	return b.d.Images.Get(name)
}
