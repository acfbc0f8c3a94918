package userland

// Shell keeps variables, functions, the working directory and options between
// lines. Make it with [NewShell].
type Shell struct{}

// NewShell returns a shell on machine m that has run nothing yet.
func NewShell(m *Machine, opts ShellOptions) *Shell { panic("todo") }

// Run runs a piece of script (one line or many) within process p, whose streams
// and terminal it uses, and returns its status. A syntax error is printed and
// gives 2.
func (s *Shell) Run(p *Process, text string) int { panic("todo") }

// Exited reports whether the script has called exit, and with which status.
func (s *Shell) Exited() (status int, exited bool) { panic("todo") }

// Prompt is PS1 expanded, or PS2 while text is incomplete.
func (s *Shell) Prompt(more bool) string { panic("todo") }

// Incomplete reports whether text needs further lines: an open quote,
// here-document, brace or compound command, a trailing && or backslash.
func (s *Shell) Incomplete(text string) bool { panic("todo") }

// Dir is the shell's working directory.
func (s *Shell) Dir() string { panic("todo") }

// Sh is the shell as a program: sh [-exuc] [-c COMMAND | FILE] [ARG]..., which
// reads standard input if it gets neither, with prompts on a terminal.
func Sh(style ShellStyle) Program { panic("todo") }
