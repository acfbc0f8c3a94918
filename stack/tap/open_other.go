//go:build !linux

package tap

import (
	"errors"
	"io"
)

func open(string) (io.ReadWriteCloser, string, error) {
	return nil, "", errors.New("TAP interfaces work on Linux only: use a Linux machine, or --publish-real")
}
