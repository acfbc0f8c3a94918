// Package filters is what --filter says: of which things a list is made.
package filters

import (
	"sort"
	"strings"
	"time"

	"dnetsim/modes/errdefs"
)

// Args are the filters of a list request: key to values, any value matches.
type Args map[string][]string

// Has reports whether a value is among those of a key.
func (f Args) Has(key, value string) bool {
	for _, v := range f[key] {
		if v == value {
			return true
		}
	}
	return false
}

// Validate refuses keys that the request does not know.
func (f Args) Validate(known ...string) error {
	keys := make([]string, 0, len(f))
	for k := range f {
		keys = append(keys, k)
	}
	sort.Strings(keys)
next:
	for _, k := range keys {
		for _, n := range known {
			if k == n {
				continue next
			}
		}
		return errdefs.New(errdefs.KindInvalid, "Invalid filter '%s'", k)
	}
	return nil
}

// MatchLabels reports whether every "key" or "key=value" is among the labels.
func MatchLabels(want []string, labels map[string]string) bool {
	for _, w := range want {
		k, v, valued := strings.Cut(w, "=")
		got, ok := labels[k]
		if !ok || valued && got != v {
			return false
		}
	}
	return true
}

// MatchName reports whether any value is a part of the name, as --filter name=
// does; a leading slash anchors it.
func MatchName(values []string, name string) bool {
	if len(values) == 0 {
		return true
	}
	for _, v := range values {
		v = strings.Trim(v, "^$")
		if strings.Contains("/"+name, v) {
			return true
		}
	}
	return false
}

// MatchPrefix reports whether any value begins the id.
func MatchPrefix(values []string, id string) bool {
	if len(values) == 0 {
		return true
	}
	for _, v := range values {
		if strings.HasPrefix(id, v) {
			return true
		}
	}
	return false
}

// Until reads the filter until=: a duration back from now, or a time.
func (f Args) Until(now time.Time) (time.Time, error) {
	vs := f["until"]
	if len(vs) == 0 {
		return time.Time{}, nil
	}
	if len(vs) > 1 {
		return time.Time{}, errdefs.New(errdefs.KindInvalid, "more than one until filter specified")
	}
	if back, err := time.ParseDuration(vs[0]); err == nil {
		return now.Add(-back), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, vs[0]); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errdefs.New(errdefs.KindInvalid, "failed to parse value as time or duration: %q", vs[0])
}
