package programs

import "dnetsim/userland"

// Busybox is the set of a busybox image.
func Busybox() map[string]userland.Program { return nil }

// Host is the set of a host: Debian 12's tools.
func Host() map[string]userland.Program { return nil }

// CentOS6 is the set of the centos:6.9 image.
func CentOS6() map[string]userland.Program { return nil }
