package userland

// ShellStyle is which shell's words and extensions are used.
type ShellStyle int

const (
	// Ash is busybox sh: prompt "/ # ", messages "sh: NAME: not found".
	Ash ShellStyle = iota
	// HostSh is sh on a host: bash's language and prompt "[root@HOST ~]# ",
	// messages "sh: NAME: not found".
	HostSh
	// Bash is bash: "bash: line 1: NAME: command not found".
	Bash
)

// ShellOptions say how a shell is started.
type ShellOptions struct {
	Style ShellStyle
	// Name is $0 and opens error messages; "" means "sh" or "bash" by style.
	Name string
	// Args are the positional parameters $1 and on.
	Args []string
	// Env nil means the machine's.
	Env []string
	// Dir "" means the directory in HOME for a host, "/" otherwise.
	Dir string
	// Interactive shells name no line in their messages, keep going after
	// errors and give each job a process group of its own on the terminal.
	Interactive bool
	// Login makes messages begin with "-bash".
	Login bool
}
