package modes

import "time"

// ExecConfig is the request of `docker exec`.
type ExecConfig struct {
	Cmd                                     []string
	Env                                     []string
	User                                    string
	WorkingDir                              string
	Tty, Detach, Privileged                 bool
	AttachStdin, AttachStdout, AttachStderr bool
	DetachKeys                              string
}

// ExecProcess is one exec of a container, alive or not.
type ExecProcess struct {
	ID        string
	Container *Container
	Config    ExecConfig
	Running   bool
	Started   bool
	Pid       int
	ExitCode  *int // nil until it has ended
	Created   time.Time

	run *execRun
}
