package userland

import (
	"bytes"
	"path"
	"strings"
)

// elf opens the content of a file that stands for a program; the program's name
// follows. A copy of the file is the same program.
const elf = "\x7fELF\x02\x01\x01\x00dnetsim "

// ProgramFile is the content of a file that runs the program of that name.
func ProgramFile(name string) []byte { return []byte(elf + name + "\n") }

// ProgramName is the program that a file with this content runs.
func ProgramName(content []byte) (string, bool) {
	rest, ok := bytes.CutPrefix(content, []byte(elf))
	if !ok {
		return "", false
	}
	return strings.TrimSpace(string(rest)), true
}

// inSbin are the programs that Debian keeps in /usr/sbin or /sbin.
var inSbin = map[string]bool{
	"ifconfig": true, "route": true, "arp": true, "iptables": true, "ip6tables": true, "nft": true,
	"iptables-save": true, "iptables-restore": true, "ip6tables-save": true, "ip6tables-restore": true,
	"bridge": true, "brctl": true, "sysctl": true, "tcpdump": true, "ethtool": true, "conntrack": true,
	"arping": true, "httpd": true, "nameif": true, "tc": true, "modprobe": true, "insmod": true,
	"reboot": true, "poweroff": true, "halt": true, "mii-tool": true,
}

// InstallPrograms lays down a file for each name: in /bin, or /sbin for the
// programs of the system's administrator.
func (fs *FS) InstallPrograms(names []string) {
	fs.exec = true
	for _, name := range names {
		dir := "/bin/"
		if inSbin[name] {
			dir = "/sbin/"
		}
		if path.Base(name) != name {
			continue
		}
		fs.InstallProgram(dir+name, name)
	}
}

// InstallProgram lays down the file of one program.
func (fs *FS) InstallProgram(at, name string) error {
	if err := fs.WriteFile(at, ProgramFile(name), 0o755); err != nil {
		return err
	}
	return fs.change(at, true, func(n *node) {
		n.mode = 0o755
		n.specially(func(s *special) { s.shown = programSize(name) })
	})
}

// programSize is what ls shows: stable, and different for each program.
func programSize(name string) int64 {
	return 20000 + int64(pathInode(name)%8000)*16
}

// LookPath finds a program's file as execvp does: a name with a slash is a
// path, any other is looked for in the directories of PATH. It returns
// ErrNotFound, ENOENT or EACCES.
func (p *Process) LookPath(name string) (string, error) {
	if strings.Contains(name, "/") {
		i, err := p.Stat(name)
		switch {
		case err != nil:
			return "", err
		case i.IsDir() || i.Mode&0o111 == 0:
			return "", EACCES
		}
		return p.rooted(name), nil
	}
	pathVar, ok := p.LookupEnv("PATH")
	if !ok {
		pathVar = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	denied := false
	for _, dir := range strings.Split(pathVar, ":") {
		if name == "" {
			break
		}
		full := p.rooted(dir + "/" + name)
		if dir == "" {
			full = p.rooted(name)
		}
		i, err := p.Machine.fs.Stat(full)
		if err != nil || i.IsDir() {
			continue
		}
		if i.Mode&0o111 == 0 {
			denied = true
			continue
		}
		return full, nil
	}
	if denied {
		return "", EACCES
	}
	if _, ok := p.Machine.Programs[name]; ok && !p.Machine.fs.exec {
		return "", nil
	}
	return "", ErrNotFound
}

// Find turns a command into a program and its arguments: a program file runs
// its program, a script runs its interpreter with the script as argument.
// Errors are ErrNotFound, ENOENT, EACCES and ENOEXEC.
func (p *Process) Find(args []string) (Program, []string, error) {
	if len(args) == 0 {
		return nil, nil, ErrNotFound
	}
	file, err := p.LookPath(args[0])
	if err != nil {
		return nil, nil, err
	}
	if file == "" {
		return p.Machine.Programs[args[0]], args, nil
	}
	return p.find(file, args, 0)
}

// FindProgram finds the program of a command line as [Process.Find] does, for a
// process that is still to be started with this environment and directory.
func (m *Machine) FindProgram(args, env []string, dir string) (Program, []string, error) {
	p := &Process{Machine: m, Dir: dir}
	for _, kv := range env {
		k, v, _ := strings.Cut(kv, "=")
		p.Setenv(k, v)
	}
	return p.Find(args)
}

func (p *Process) find(file string, args []string, depth int) (Program, []string, error) {
	content, err := p.Machine.fs.ReadFile(file)
	if err != nil {
		return nil, nil, EACCES
	}
	if name, ok := ProgramName(content); ok {
		prog, ok := p.Machine.Programs[name]
		if !ok {
			return nil, nil, ENOENT
		}
		return prog, args, nil
	}
	if depth > 4 {
		return nil, nil, ELOOP
	}
	line, _, _ := strings.Cut(string(content[:min(len(content), 256)]), "\n")
	if bang, ok := strings.CutPrefix(line, "#!"); ok {
		interp, arg, _ := strings.Cut(strings.TrimSpace(bang), " ")
		full := []string{interp}
		if arg = strings.TrimSpace(arg); arg != "" {
			full = append(full, arg)
		}
		if strings.Contains(args[0], "/") {
			file = args[0]
		}
		full = append(append(full, file), args[1:]...)
		at, err := p.LookPath(interp)
		if err != nil {
			return nil, nil, err
		}
		return p.find(at, full, depth+1)
	}
	if bytes.IndexByte(content[:min(len(content), 128)], 0) >= 0 {
		return nil, nil, ENOEXEC
	}
	if p.Machine.Shell == nil {
		return nil, nil, ENOEXEC
	}
	full := append([]string{args[0], file}, args[1:]...)
	return p.Machine.Shell, full, nil
}
