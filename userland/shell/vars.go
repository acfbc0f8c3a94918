package shell

import (
	"sort"
	"strconv"
	"strings"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// maxValue bounds the length of a variable, so that a script that doubles one
// for ever gets an error.
const maxValue = 8 << 20

// environ shows a shell's variables and special parameters to the expansion.
type environ struct{ s *Shell }

func text(v string) expand.Variable {
	return expand.Variable{Set: true, Kind: expand.String, Str: v}
}

// Get finds a parameter of any kind.
func (e environ) Get(name string) expand.Variable {
	s := e.s
	switch name {
	case "?":
		return text(strconv.Itoa(s.status))
	case "$":
		return text(strconv.Itoa(s.pid))
	case "PPID":
		return text(strconv.Itoa(s.p.PPID))
	case "!":
		if s.lastBg == 0 {
			return expand.Variable{}
		}
		return text(strconv.Itoa(s.lastBg))
	case "#":
		return text(strconv.Itoa(len(s.params)))
	case "@", "*":
		return expand.Variable{Set: true, Kind: expand.Indexed, List: s.params}
	case "-":
		return text(s.flags())
	case "0":
		return text(s.name)
	case "RANDOM":
		if s.style == HostSh || !s.vars["RANDOM"].Set {
			return text(strconv.Itoa(s.loop.Stream("shell/" + s.m.Name).IntN(32768)))
		}
	case "SECONDS":
		return text(strconv.Itoa(int(s.m.Uptime().Seconds())))
	case "UID", "EUID":
		return text("0")
	case "HOSTNAME":
		if !s.vars["HOSTNAME"].Set && s.style != Ash {
			return text(s.m.Hostname())
		}
	case "FUNCNAME":
		return expand.Variable{}
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n >= 1 && n <= len(s.params) {
			return text(s.params[n-1])
		}
		return expand.Variable{}
	}
	if user, ok := strings.CutPrefix(name, "HOME "); ok {
		// The library would ask the real machine for a user's home otherwise.
		return text(s.userHome(user))
	}
	return s.vars[name]
}

// userHome is ~user from the machine's /etc/passwd.
func (s *Shell) userHome(user string) string {
	data, _ := s.m.FS().ReadFile("/etc/passwd")
	for _, line := range strings.Split(string(data), "\n") {
		if f := strings.Split(line, ":"); len(f) > 5 && f[0] == user {
			return f[5]
		}
	}
	return "~" + user
}

// Each lists the variables in order of their names.
func (e environ) Each(fn func(string, expand.Variable) bool) {
	for _, n := range e.s.varNames() {
		if !fn(n, e.s.vars[n]) {
			return
		}
	}
}

// Set assigns a variable on behalf of the expansion (${x:=y}, $((x=1))).
func (e environ) Set(name string, v expand.Variable) error {
	s := e.s
	old := s.vars[name]
	if old.ReadOnly {
		return roError(name, s.style)
	}
	if n := textOf(v); n > maxValue || !s.roomFor(n) {
		return errTooLong
	}
	v.Exported = v.Exported || old.Exported || s.opts.allexport
	s.vars[name] = v
	return nil
}

const errTooLong userland.Errno = "Cannot allocate memory"

// maxText bounds the values of all variables of a shell together.
const maxText = 32 << 20

// roomFor reports whether n more bytes of values fit. They are counted again only
// when what was set since the last time may be too much.
func (s *Shell) roomFor(n int) bool {
	if s.text += n; s.text <= maxText {
		return true
	}
	s.text = n
	for _, vars := range append(s.frames[:len(s.frames):len(s.frames)], s.vars) {
		for _, v := range vars {
			s.text += textOf(v)
		}
	}
	return s.text <= maxText
}

// textOf is how many bytes a variable holds, about.
func textOf(v expand.Variable) int {
	n := 64 + len(v.Str)
	for _, x := range v.List {
		n += 16 + len(x)
	}
	for k, x := range v.Map {
		n += 64 + len(k) + len(x)
	}
	return n
}

func roError(name string, style Style) error {
	if style == Bash {
		return userland.Errno(name + ": readonly variable")
	}
	return userland.Errno(name + ": is read only")
}

func (s *Shell) varNames() []string {
	names := make([]string, 0, len(s.vars))
	for n, v := range s.vars {
		if v.Declared() {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}

// get is a variable's value.
func (s *Shell) get(name string) string { return s.vars[name].String() }

// set assigns a string; an error is printed and ends a script.
func (s *Shell) set(name, value string) bool {
	v := s.vars[name]
	v.Set, v.Kind, v.Str, v.List, v.Map = true, expand.String, value, nil, nil
	err := environ{s}.Set(name, v)
	if err == nil {
		if name == "OPTIND" {
			s.optind = 0
		}
		return true
	}
	s.warn(err.Error())
	s.status = 1
	if s.style != Bash {
		s.status = 2
		if !s.interactive {
			s.flow = exitingShell
		}
	}
	return false
}

// assign does one assignment of a command line.
func (s *Shell) assign(a *syntax.Assign) bool {
	name := a.Name.Value
	if a.Array != nil {
		return s.assignArray(a)
	}
	value, ok := s.literal(a.Value)
	if !ok {
		return false
	}
	old := s.vars[name]
	if a.Index != nil {
		return s.assignElem(name, a, value)
	}
	if a.Append {
		if old.Kind == expand.Indexed {
			old.List = append(append([]string(nil), old.List...), value)
			return environ{s}.Set(name, old) == nil
		}
		value = old.String() + value
	}
	if old.Kind == expand.Indexed && len(old.List) > 0 {
		old.List = append([]string{value}, old.List[1:]...)
		return environ{s}.Set(name, old) == nil
	}
	return s.set(name, value)
}

func (s *Shell) assignArray(a *syntax.Assign) bool {
	if s.style == Ash {
		s.warn(`syntax error: unexpected "("`)
		s.status, s.flow = 2, exitingShell
		return false
	}
	v := s.vars[a.Name.Value]
	list := []string(nil)
	if a.Append {
		list = append(list, v.List...)
	}
	m := map[string]string{}
	for _, e := range a.Array.Elems {
		if e.Index != nil {
			val, ok := s.literal(e.Value)
			if !ok {
				return false
			}
			if v.Kind == expand.Associative {
				m[s.keyOf(e.Index)] = val
				continue
			}
			i, ok := s.arithm(e.Index)
			if !ok || i < 0 || i > maxElems {
				return false
			}
			for len(list) <= i {
				list = append(list, "")
			}
			list[i] = val
			continue
		}
		vals, ok := s.fields([]*syntax.Word{e.Value})
		if !ok {
			return false
		}
		list = append(list, vals...)
	}
	v.Set = true
	if v.Kind == expand.Associative {
		if a.Append {
			for k, x := range v.Map {
				if _, dup := m[k]; !dup {
					m[k] = x
				}
			}
		}
		v.Map = m
	} else {
		v.Kind, v.List, v.Str = expand.Indexed, list, ""
	}
	return environ{s}.Set(a.Name.Value, v) == nil
}

const maxElems = 1 << 20

func (s *Shell) keyOf(x syntax.ArithmExpr) string {
	if w, ok := x.(*syntax.Word); ok {
		k, _ := s.literal(w)
		return k
	}
	return ""
}

func (s *Shell) assignElem(name string, a *syntax.Assign, value string) bool {
	v := s.vars[name]
	if v.Kind == expand.Associative {
		m := map[string]string{}
		for k, x := range v.Map {
			m[k] = x
		}
		k := s.keyOf(a.Index)
		if a.Append {
			value = m[k] + value
		}
		m[k] = value
		v.Map, v.Set = m, true
		return environ{s}.Set(name, v) == nil
	}
	i, ok := s.arithm(a.Index)
	if !ok {
		return false
	}
	list := append([]string(nil), v.List...)
	if v.Kind == expand.String && v.Set {
		list = []string{v.Str}
	}
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i > maxElems {
		s.warn(name + ": bad array subscript")
		s.status = 1
		return false
	}
	for len(list) <= i {
		list = append(list, "")
	}
	if a.Append {
		value = list[i] + value
	}
	list[i] = value
	v.Kind, v.List, v.Str, v.Set = expand.Indexed, list, "", true
	return environ{s}.Set(name, v) == nil
}

// local hides a variable until the function returns.
func (s *Shell) local(name string) {
	if len(s.frames) == 0 {
		return
	}
	f := s.frames[len(s.frames)-1]
	if _, done := f[name]; !done {
		f[name] = s.vars[name]
		v := s.vars[name]
		s.vars[name] = expand.Variable{Exported: v.Exported, Local: true}
	}
}

// restore undoes what local has done in the innermost function.
func (s *Shell) restore() {
	f := s.frames[len(s.frames)-1]
	s.frames = s.frames[:len(s.frames)-1]
	for n, v := range f {
		if v.Declared() {
			s.vars[n] = v
		} else {
			delete(s.vars, n)
		}
	}
}

// environment is what programs inherit: "K=V", sorted by name.
func (s *Shell) environment() []string {
	env := []string{}
	for _, n := range s.varNames() {
		if v := s.vars[n]; v.Exported && v.Set && v.Kind == expand.String {
			env = append(env, n+"="+v.Str)
		}
	}
	return env
}

// flags is $-.
func (s *Shell) flags() string {
	f := ""
	for _, o := range shellOptions {
		if o.letter != 0 && *o.of(&s.opts) {
			f += string(o.letter)
		}
	}
	if s.interactive {
		f += "i"
	}
	return f
}

type shellOption struct {
	letter byte
	name   string
	of     func(*options) *bool
}

var shellOptions = []shellOption{
	{'a', "allexport", func(o *options) *bool { return &o.allexport }},
	{'e', "errexit", func(o *options) *bool { return &o.errexit }},
	{'f', "noglob", func(o *options) *bool { return &o.noglob }},
	{'m', "monitor", func(o *options) *bool { return &o.monitor }},
	{'n', "noexec", func(o *options) *bool { return &o.noexec }},
	{'u', "nounset", func(o *options) *bool { return &o.nounset }},
	{'v', "verbose", func(o *options) *bool { return &o.verbose }},
	{'x', "xtrace", func(o *options) *bool { return &o.xtrace }},
	{'C', "noclobber", func(o *options) *bool { return &o.noclobber }},
	{0, "pipefail", func(o *options) *bool { return &o.pipefail }},
}

// setOption switches one option by letter or name.
func (s *Shell) setOption(letter byte, name string, on bool) bool {
	for _, o := range shellOptions {
		if letter != 0 && o.letter == letter || letter == 0 && o.name == name {
			*o.of(&s.opts) = on
			return true
		}
	}
	return letter == 'h' || letter == 'B' || letter == 'b' || letter == 'i' || letter == 's' ||
		name == "emacs" || name == "vi" || name == "posix" || name == "histexpand"
}
