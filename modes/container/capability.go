package container

import (
	"slices"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/userland"
)

// Capabilities are those that a container's processes start with, of those that
// anything here asks for. What adds and drops do to each other is moby's
// TweakCapabilities.
func (h *HostConfig) Capabilities() (all userland.Capability) {
	for _, c := range []struct {
		name     string
		is       userland.Capability
		standard bool // Docker gives it to every container
	}{{"SYS_TIME", userland.SysTime, false}, {"NET_ADMIN", userland.NetAdmin, false}, {"SYS_ADMIN", userland.SysAdmin, false}, {"NET_RAW", userland.NetRaw, true}, {"NET_BIND_SERVICE", userland.NetBind, true}} {
		has := false
		switch {
		case h.Privileged:
			has = true
		case inList(h.CapAdd, "ALL"):
			has = !inList(h.CapDrop, c.name)
		case inList(h.CapDrop, "ALL"):
			has = inList(h.CapAdd, c.name)
		default:
			has = inList(h.CapAdd, c.name) || c.standard && !inList(h.CapDrop, c.name)
		}
		if has {
			all |= c.is
		}
	}
	return all
}

// inList reports whether a capability is in a list, in any of its spellings.
func inList(list []string, capability string) bool {
	return slices.ContainsFunc(list, func(c string) bool { return strings.TrimPrefix(strings.ToUpper(c), "CAP_") == capability })
}

// capabilityNames are the capabilities that there are, and ALL.
var capabilityNames = strings.Fields(`ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH
FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW
PERFMON SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYSLOG SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE
SYS_TIME SYS_TTY_CONFIG WAKE_ALARM`)

// VerifyCapabilities refuses what is no capability.
func VerifyCapabilities(h *HostConfig) error {
	for i, list := range [][]string{h.CapAdd, h.CapDrop} {
		for _, c := range list {
			c = strings.TrimPrefix(strings.ToUpper(c), "CAP_")
			if !slices.Contains(capabilityNames, c) {
				return errdefs.New(errdefs.KindInvalid, "invalid Cap%s: unknown capability: %q", [2]string{"Add", "Drop"}[i], "CAP_"+c)
			}
		}
	}
	return nil
}
