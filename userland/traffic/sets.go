package traffic

import "dnetsim/userland"

// Busybox is the programs of the busybox image.
func Busybox() map[string]userland.Program {
	return map[string]userland.Program{}
}

// Debian is the programs of a Debian 12 image with the network tools installed.
func Debian() map[string]userland.Program {
	return map[string]userland.Program{}
}

// Host is the programs of a Debian 12 host.
func Host() map[string]userland.Program { return Debian() }

// CentOS6 is the programs of the centos:6.9 image.
func CentOS6() map[string]userland.Program {
	return map[string]userland.Program{}
}
