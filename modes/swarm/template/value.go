package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dnetsim/modes/swarm/object"
)

// A value is nil, a string, an int, a bool, a map[string]string or a *record.

// record is a structure: its fields in their order, and what Go calls its type, which
// refusals name.
type record struct {
	kind   string
	names  []string
	values []any
}

// String is the record as Go prints a structure.
func (r *record) String() string {
	all := make([]string, len(r.values))
	for i, v := range r.values {
		all[i] = fmt.Sprint(v)
	}
	return "{" + strings.Join(all, " ") + "}"
}

// about is what a text knows of its task; the kinds are swarmkit's.
func about(n object.NodeDescription, t *object.Task) *record {
	var name string
	var labels map[string]string
	if s := t.Service; s != nil {
		name, labels = s.Name, s.Labels
	}
	slot := t.NodeID // a global service's tasks have no slot
	if t.Slot != 0 {
		slot = fmt.Sprint(t.Slot)
	}
	service := &record{"struct { ID string; Name string; Labels map[string]string }", []string{"ID", "Name", "Labels"}, []any{t.ServiceID, name, labels}}
	platform := &record{"template.Platform", []string{"Architecture", "OS"}, []any{n.Platform.Architecture, n.Platform.OS}}
	node := &record{"struct { ID string; Hostname string; Platform template.Platform }", []string{"ID", "Hostname", "Platform"}, []any{t.NodeID, n.Hostname, platform}}
	task := &record{"struct { ID string; Name string; Slot string }", []string{"ID", "Name", "Slot"}, []any{t.ID, t.Name, slot}}
	return &record{"template.Context", []string{"Service", "Node", "Task"}, []any{service, node, task}}
}

// field is a part of a value.
func field(v any, name string) (any, error) {
	switch v := v.(type) {
	case *record:
		if i := slices.Index(v.names, name); i >= 0 {
			return v.values[i], nil
		}
		return nil, fmt.Errorf("can't evaluate field %s in type %s", name, v.kind)
	case map[string]string:
		if s, ok := v[name]; ok {
			return s, nil
		}
		return nil, fmt.Errorf("map has no entry for key %q", name)
	}
	return nil, fmt.Errorf("can't evaluate field %s in type %T", name, v)
}

// truth is what if and with make of a value.
func truth(v any) bool {
	switch v := v.(type) {
	case string:
		return v != ""
	case int:
		return v != 0
	case bool:
		return v
	case map[string]string:
		return len(v) > 0
	}
	return v != nil
}

// Bounds that no honest text meets: a text is expanded at once, and neither grows nor lasts
// without end.
const (
	mostWork  = 200_000 // nodes, and pieces of 16 bytes of what they make
	mostBytes = 2 << 20 // of what one of them makes
	mostDepth = 100     // templates in templates
)

// functions are those of text/template and swarmkit that are expanded here.
var functions = map[string]func(a []any) (any, error){
	"join": func(a []any) (any, error) {
		all := make([]string, len(a))
		for i, v := range a {
			s, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("wrong type for value; expected string; got %T", v)
			}
			all[i] = s
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("wrong number of args for join: want at least 1 got 0")
		}
		return strings.Join(all[1:], all[0]), nil
	},
	"printf": func(a []any) (any, error) {
		if len(a) == 0 {
			return nil, fmt.Errorf("wrong number of args for printf: want at least 1 got 0")
		}
		format, ok := a[0].(string)
		if !ok || wide(format) {
			return nil, fmt.Errorf("dnetsim does not expand the format %v", a[0])
		}
		return fmt.Sprintf(format, a[1:]...), nil
	},
	"print":   func(a []any) (any, error) { return fmt.Sprint(a...), nil },
	"println": func(a []any) (any, error) { return fmt.Sprintln(a...), nil },
	"len": func(a []any) (any, error) {
		switch v := one(a).(type) {
		case string:
			return len(v), nil
		case map[string]string:
			return len(v), nil
		}
		return nil, fmt.Errorf("len of type %T", one(a))
	},
	"index": func(a []any) (any, error) {
		if len(a) != 2 {
			return nil, fmt.Errorf("dnetsim expands index of one key")
		}
		m, ok := a[0].(map[string]string)
		key, text := a[1].(string)
		if !ok || !text {
			return nil, fmt.Errorf("can't index item of type %T", a[0])
		}
		return m[key], nil
	},
	"not": func(a []any) (any, error) { return !truth(one(a)), nil },
	"and": func(a []any) (any, error) { return first(a, false), nil },
	"or":  func(a []any) (any, error) { return first(a, true), nil },
	"eq": func(a []any) (any, error) {
		if len(a) < 2 {
			return nil, fmt.Errorf("missing argument for comparison")
		}
		for _, v := range a[1:] {
			if same, err := equal(a[0], v); same || err != nil {
				return same, err
			}
		}
		return false, nil
	},
	"ne": func(a []any) (any, error) {
		if len(a) != 2 {
			return nil, fmt.Errorf("wrong number of args for ne: want 2 got %d", len(a))
		}
		same, err := equal(a[0], a[1])
		return !same, err
	},
}

func one(a []any) any {
	if len(a) == 0 {
		return nil
	}
	return a[0]
}

// first is the first value that has this truth, or the last.
func first(a []any, want bool) (v any) {
	for _, v = range a {
		if truth(v) == want {
			return v
		}
	}
	return v
}

func equal(a, b any) (bool, error) {
	if fmt.Sprintf("%T", a) != fmt.Sprintf("%T", b) {
		return false, fmt.Errorf("incompatible types for comparison")
	}
	switch a.(type) {
	case string, int, bool, nil:
		return a == b, nil
	}
	return false, fmt.Errorf("non-comparable type")
}

// wide reports whether a format has a width or a precision that makes much of little.
func wide(format string) bool {
	digits := 0
	for _, r := range format {
		if digits++; r < '0' || r > '9' {
			digits = 0
		}
		if digits > 3 || r == '*' {
			return true
		}
	}
	return false
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
