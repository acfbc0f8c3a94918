//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// ours reports whether a file is the user's or root's.
func ours(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(st.Uid) == os.Getuid() || st.Uid == 0)
}

// leave makes a command a session of its own, which no terminal's signals reach.
func leave(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
