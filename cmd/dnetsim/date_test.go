package main

import (
	"strings"
	"testing"
)

// A host's clock is its root's to set; a container has the host's and may not.
func TestSettingTheDateIsTheHostsRight(t *testing.T) {
	for _, c := range []struct {
		line string
		code int
		out  []string
		errs string
	}{
		{"date -s 10:00; date; ssh bdc02 date", 0, []string{"Mon Jan  5 10:00:00 UTC 2026", "Mon Jan  5 10:00:00 UTC 2026", "Mon Jan  5 08:"}, ""},
		{"date -s someday", 1, nil, "date: invalid date 'someday'"},
		// busybox's status says nothing of it, GNU's does.
		{"docker run --rm busybox date -s 10:00 && date", 0, []string{"Mon Jan  5 10:00:00 UTC 2026", "Mon Jan  5 08:"}, "date: can't set date: Operation not permitted"},
		{"docker run --rm yyh/centos6.9:v1.0 date -s 10:00", 1, []string{"Mon Jan  5 10:00:00 UTC 2026"}, "date: cannot set date: Operation not permitted"},
		{"docker run --rm --cap-add SYS_TIME busybox date -s 10:00 && date", 0, []string{"Mon Jan  5 10:00:00 UTC 2026", "Mon Jan  5 10:00:0"}, ""},
	} {
		code, out, errs := call(t, "", nil, "shell", "local-modes", "-c", c.line)
		if code != c.code || !strings.Contains(errs, c.errs) {
			t.Errorf("%s: status %d, %q, want %d and %q", c.line, code, errs, c.code, c.errs)
		}
		lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
		for i, want := range c.out {
			if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: line %d of %q, want %q", c.line, i, out, want)
			}
		}
	}
}
