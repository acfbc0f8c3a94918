package netconf

import (
	"fmt"
	"regexp"
	"strings"

	"dnetsim/userland"
)

// sysctlTool is one run of sysctl, procps' or busybox's.
type sysctlTool struct {
	p                          *userland.Process
	busybox                    bool
	names, values, quiet       bool
	write, ignore, all, binary bool
	load, system               bool
	files                      []string
	pattern                    *regexp.Regexp
	args                       []string
	status                     int
}

// procpsSysctl is sysctl of procps 4.0.2.
func procpsSysctl(p *userland.Process) int {
	t := &sysctlTool{p: p}
	if status := t.read(p.Args[1:]); status >= 0 {
		return status
	}
	switch {
	case t.all:
		t.showAll("")
	case t.system:
		t.loadSystem()
	case t.load:
		if len(t.files) == 0 && len(t.args) == 0 {
			t.files = []string{"/etc/sysctl.conf"}
		}
		for _, f := range append(t.files, t.args...) {
			t.loadFile(f)
		}
	case len(t.args) == 0 && len(p.Args) == 1:
		p.Errorf("%s", usage("sysctl"))
		return 1
	case len(t.args) == 0:
		return fail(p, 1, "sysctl: no variables specified\nTry `sysctl --help' for more information.")
	}
	if !t.load && !t.all && !t.system {
		for _, a := range t.args {
			t.argument(a)
		}
	}
	return t.status
}

var sysctlLong = map[string]string{
	"all": "a", "binary": "b", "ignore": "e", "names": "N", "values": "n", "load": "p", "quiet": "q", "write": "w",
	"pattern": "r", "help": "h", "version": "V", "system": "S", "deprecated": "", "dry-run": "",
}

// read reads the command line; the result is below zero to go on.
func (t *sysctlTool) read(args []string) int {
	w := &words{list: args}
	for w.more() {
		arg := w.next()
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			t.args = append(t.args, arg)
			continue
		}
		letters, value := arg[1:], ""
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			name, value, _ = strings.Cut(name, "=")
			if letters, ok = sysctlLong[name]; !ok || t.busybox {
				return t.badOption("unrecognized option '" + arg + "'")
			}
		}
		for k := 0; k < len(letters); k++ {
			if t.busybox && !strings.ContainsRune("neqapw", rune(letters[k])) {
				return t.badOption("invalid option -- '" + string(letters[k]) + "'")
			}
			if status := t.letter(letters[k], value, letters[k+1:], w); status >= 0 {
				return status
			}
			if strings.IndexByte("rpf", letters[k]) >= 0 {
				break
			}
		}
	}
	return -1
}

func (t *sysctlTool) badOption(what string) int {
	t.p.Errorf("sysctl: %s\n", what)
	if t.busybox {
		return busyboxHelp(t.p, "sysctl", 1)
	}
	t.p.Errorf("%s", usage("sysctl"))
	return 1
}

func (t *sysctlTool) letter(c byte, value, rest string, w *words) int {
	switch c {
	case 'a', 'A', 'X':
		t.all = true
	case 'b':
		t.values, t.binary = true, true
	case 'e':
		t.ignore = true
	case 'N':
		t.names = true
	case 'n':
		t.values = true
	case 'q':
		t.quiet = true
	case 'w':
		t.write = true
	case 'p', 'f':
		t.load = true
		for _, f := range []string{value, rest} {
			if f != "" {
				t.files = append(t.files, f)
			}
		}
	case 'S':
		t.system = true
	case 'r':
		for _, s := range []string{rest, w.peek()} {
			if value == "" {
				value = s
			}
		}
		if value == w.peek() && rest == "" {
			w.next()
		}
		re, err := regexp.Compile(value)
		if err != nil {
			return fail(t.p, 1, "sysctl: "+err.Error())
		}
		t.pattern = re
	case 'o', 'x':
	case 'h', 'd':
		emit(t.p, usage("sysctl"))
		return 0
	case 'V':
		emit(t.p, "sysctl from procps-ng 4.0.2\n")
		return 0
	default:
		return t.badOption("invalid option -- '" + string(c) + "'")
	}
	return -1
}

// dotted is a key with dots: a name with a slash anywhere before its first dot
// is read as a path, in which a dot stands for itself.
func dotted(key string) string {
	k := strings.IndexAny(key, "./")
	if k >= 0 && key[k] == '/' {
		return strings.NewReplacer("/", ".", ".", "/").Replace(key)
	}
	return key
}

// pathOf is a key's file below /proc/sys.
func pathOf(key string) string {
	return strings.NewReplacer("/", ".", ".", "/").Replace(dotted(key))
}

// lookup is the value of a key.
func (t *sysctlTool) lookup(key string) (string, bool) {
	return t.p.NS().Sysctl(dotted(key))
}

// below reports whether a key is a directory.
func (t *sysctlTool) below(key string) bool {
	for _, k := range t.p.NS().Sysctls() {
		if strings.HasPrefix(k, dotted(key)+".") {
			return true
		}
	}
	return false
}

// showAll prints the keys below a directory, or all, that the pattern takes.
func (t *sysctlTool) showAll(dir string) {
	var b strings.Builder
	for _, k := range t.p.NS().Sysctls() {
		if dir != "" && !strings.HasPrefix(k, dir+".") || t.pattern != nil && !t.pattern.MatchString(k) {
			continue
		}
		if v, ok := t.p.NS().Sysctl(k); ok {
			b.WriteString(t.line(k, v))
		}
	}
	emit(t.p, b.String())
}

func (t *sysctlTool) line(key, value string) string {
	switch {
	case t.names:
		return key + "\n"
	case t.binary:
		return value
	case t.values:
		return value + "\n"
	}
	return key + " = " + value + "\n"
}

func (t *sysctlTool) noKey(key string) {
	if t.ignore {
		return
	}
	t.status = fail(t.p, 1, fmt.Sprintf("sysctl: cannot stat /proc/sys/%s: No such file or directory", pathOf(key)))
}

// argument is KEY or KEY=VALUE on the command line.
func (t *sysctlTool) argument(arg string) {
	key, value, set := strings.Cut(arg, "=")
	if set {
		t.set(strings.TrimSpace(key), strings.TrimSpace(value))
		return
	}
	if t.write {
		t.status = fail(t.p, 1, "sysctl: command line(0): invalid syntax, continuing...")
		return
	}
	if v, ok := t.lookup(key); ok {
		emit(t.p, t.line(dotted(key), v))
		return
	}
	if t.below(key) {
		t.showAll(dotted(key))
		return
	}
	t.noKey(key)
}

func (t *sysctlTool) set(key, value string) {
	if _, ok := t.lookup(key); !ok {
		t.noKey(key)
		return
	}
	switch opened, err := t.store(key, value); {
	case !opened && (err == userland.EACCES || err == userland.EROFS):
		t.status = fail(t.p, 1, fmt.Sprintf("sysctl: permission denied on key \"%s\"", dotted(key)))
	case err != nil:
		t.status = fail(t.p, 1, fmt.Sprintf("sysctl: setting key \"%s\": %s", dotted(key), userland.Reason(err)))
	case !t.quiet:
		emit(t.p, t.line(dotted(key), value))
	}
}

// store writes a key's file; opened is false if not even that went.
func (t *sysctlTool) store(key, value string) (opened bool, err error) {
	f, err := t.p.OpenFile("/proc/sys/"+pathOf(key), userland.O_WRONLY, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, err = f.Write([]byte(value + "\n"))
	return true, err
}

// loadFile sets what a file says.
func (t *sysctlTool) loadFile(name string) {
	data, err := readInput(t.p, name)
	if err != nil {
		t.status = fail(t.p, 1, fmt.Sprintf("sysctl: cannot open \"%s\": %s", name, err))
		return
	}
	for n, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			t.p.Errorf("sysctl: %s(%d): invalid syntax, continuing...\n", name, n+1)
			continue
		}
		key = strings.TrimSpace(key)
		before := t.ignore
		if optional, ok := strings.CutPrefix(key, "-"); ok {
			key, t.ignore = optional, true
		}
		t.set(key, strings.TrimSpace(value))
		t.ignore = before
	}
}

// loadSystem loads the files of /etc/sysctl.d and /etc/sysctl.conf.
func (t *sysctlTool) loadSystem() {
	var files []string
	for _, dir := range []string{"/usr/lib/sysctl.d", "/etc/sysctl.d"} {
		list, _ := t.p.ReadDir(dir)
		for _, f := range list {
			if strings.HasSuffix(f.Name, ".conf") {
				files = append(files, dir+"/"+f.Name)
			}
		}
	}
	if _, err := t.p.Stat("/etc/sysctl.conf"); err == nil {
		files = append(files, "/etc/sysctl.conf")
	}
	for _, f := range files {
		emit(t.p, "* Applying "+f+" ...\n")
		t.loadFile(f)
	}
}

// busyboxSysctl is busybox's sysctl.
func busyboxSysctl(p *userland.Process) int {
	for _, a := range p.Args[1:] {
		if a == "--help" {
			return busyboxHelp(p, "sysctl", 0)
		}
	}
	t := &sysctlTool{p: p, busybox: true}
	if status := t.read(p.Args[1:]); status >= 0 {
		return status
	}
	switch {
	case t.all:
		t.showAll("")
		return 0
	case t.load:
		if len(t.files)+len(t.args) == 0 {
			t.args = []string{"/etc/sysctl.conf"}
		}
		for _, f := range append(t.files, t.args...) {
			t.busyboxLoad(f)
		}
		return 0
	}
	for _, a := range t.args {
		t.busyboxArgument(a)
	}
	return t.status
}

func (t *sysctlTool) busyboxArgument(arg string) {
	key, value, set := strings.Cut(arg, "=")
	_, ok := t.lookup(key)
	switch {
	case !set && t.write:
		t.status = fail(t.p, 1, "sysctl: error: '"+arg+"' must be of the form name=value")
	case !ok && !set && t.below(key):
		t.showAll(dotted(key))
	case !ok:
		t.status = 1
		if !t.ignore {
			fail(t.p, 1, "sysctl: error: '"+busyboxKey(t.p, key)+"' is an unknown key")
		}
	case set:
		t.busyboxSet(key, value)
	default:
		v, _ := t.lookup(key)
		emit(t.p, t.line(dotted(key), v))
	}
}

func (t *sysctlTool) busyboxSet(key, value string) {
	switch opened, err := t.store(key, value); {
	case !opened && err != nil:
		t.status = fail(t.p, 1, fmt.Sprintf("sysctl: error setting key '%s': %s", dotted(key), userland.Reason(err)))
	case err != nil:
		t.status = fail(t.p, 1, "sysctl: write error: "+userland.Reason(err))
	case !t.quiet:
		emit(t.p, t.line(dotted(key), value))
	}
}

// busyboxKey is an unknown key as busybox shows it: the dots that lead to
// existing directories stay, the others have become slashes.
func busyboxKey(p *userland.Process, key string) string {
	parts := strings.Split(dotted(key), ".")
	out := parts[0]
	dir := parts[0]
	exists := false
	for _, k := range p.NS().Sysctls() {
		exists = exists || strings.HasPrefix(k, dir+".")
	}
	for _, part := range parts[1:] {
		sep := "/"
		if exists {
			sep = "."
		}
		out += sep + part
		dir += "." + part
		exists = false
		for _, k := range p.NS().Sysctls() {
			exists = exists || strings.HasPrefix(k, dir+".")
		}
	}
	return out
}

func (t *sysctlTool) busyboxLoad(name string) {
	data, err := readInput(t.p, name)
	if err != nil {
		t.p.Errorf("sysctl: %s: %s\n", name, err)
		return
	}
	for n, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			t.p.Errorf("sysctl: bad line %d: 1 tokens found, 2 needed\n", n+1)
			continue
		}
		t.busyboxArgument(strings.TrimSpace(key) + "=" + strings.TrimSpace(value))
	}
}
