package modes

import "strings"

// sysTime reports whether a container has CAP_SYS_TIME, without which it cannot
// set the clock: it is not among Docker's defaults. What adds and drops do to
// each other is moby's TweakCapabilities.
func (h *HostConfig) sysTime() bool {
	switch {
	case h.Privileged:
		return true
	case inList(h.CapAdd, "ALL"):
		return !inList(h.CapDrop, "SYS_TIME")
	}
	return inList(h.CapAdd, "SYS_TIME")
}

// inList reports whether a capability is in a list, in any of its spellings.
func inList(list []string, capability string) bool {
	for _, c := range list {
		if strings.TrimPrefix(strings.ToUpper(c), "CAP_") == capability {
			return true
		}
	}
	return false
}
