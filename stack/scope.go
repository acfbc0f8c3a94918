package stack

import "strconv"

// Scope is how far an address or a route is valid: one more than the kernel's
// number (linux/rtnetlink.h), so that the zero value says that nobody gave one.
type Scope uint16

// The scopes that have names.
const (
	ScopeGlobal  Scope = 1
	ScopeSite    Scope = 201
	ScopeLink    Scope = 254
	ScopeHost    Scope = 255
	ScopeNowhere Scope = 256
)

// String is the scope's name or number as ip(8) prints it, "" if nobody gave one.
func (s Scope) String() string {
	switch s {
	case 0:
		return ""
	case ScopeGlobal:
		return "global"
	case ScopeSite:
		return "site"
	case ScopeLink:
		return "link"
	case ScopeHost:
		return "host"
	case ScopeNowhere:
		return "nowhere"
	}
	return strconv.Itoa(int(s) - 1)
}

// ParseScope reads a name or a number from 0 to 255.
func ParseScope(text string) (Scope, bool) {
	for _, s := range [...]Scope{ScopeGlobal, ScopeSite, ScopeLink, ScopeHost, ScopeNowhere} {
		if s.String() == text {
			return s, true
		}
	}
	n, err := strconv.ParseUint(text, 0, 8)
	return Scope(n + 1), err == nil
}
