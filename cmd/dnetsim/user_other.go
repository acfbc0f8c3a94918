//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// ours: rights are not asked for where they are other than Unix's.
func ours(os.FileInfo) bool { return true }

func leave(*exec.Cmd) {}
