package tap

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/songgao/water"
)

func open(name string) (io.ReadWriteCloser, string, error) {
	config := water.Config{DeviceType: water.TAP}
	config.Name = name
	dev, err := water.New(config)
	switch {
	case errors.Is(err, os.ErrPermission):
		return nil, "", fmt.Errorf("%w: a TAP interface needs root, or one that is yours: sudo ip tuntap add dev %s mode tap user $USER", err, name)
	case errors.Is(err, os.ErrNotExist):
		return nil, "", fmt.Errorf("%w: the kernel has no TAP interfaces here: modprobe tun", err)
	case err != nil:
		return nil, "", fmt.Errorf("interface %s: %w", name, err)
	}
	return dev, dev.Name(), nil
}
