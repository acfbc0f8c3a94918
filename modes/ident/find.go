package ident

import "strings"

// Find finds one of several things by full name, full id or a prefix of it.
func Find[T any](all []T, ref string, id, name func(T) string) (found T, matches int) {
	for _, x := range all {
		if id(x) == ref || name(x) != "" && name(x) == ref {
			return x, 1
		}
	}
	if ref == "" {
		return found, 0
	}
	for _, x := range all {
		if strings.HasPrefix(id(x), ref) {
			found = x
			matches++
		}
	}
	return found, matches
}
