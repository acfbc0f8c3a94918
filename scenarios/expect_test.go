package scenarios

import "testing"

func TestPatternMatchesLinesGapsAndExpressions(t *testing.T) {
	for _, c := range []struct {
		pattern, got string
		want         bool
	}{
		{"a\nb\n", "a\nb\n", true},
		{"a\nb", "a\nb\n", true},
		{"a\nb", "a  \nb", true},
		{"a", "a\nb\n", false},
		{"", "", true},
		{"", "a\n", false},
		{"...", "", true},
		{"...", "a\nb\n", true},
		{"a\n...\nd\n", "a\nb\nc\nd\n", true},
		{"a\n...\nd\n", "a\nd\n", true},
		{"a\n...\nd\n", "a\nb\n", false},
		{"...\nx\n...\n", "1\n2\nx\n3\n", true},
		{"...\nx\n...\ny\n", "x\nx\ny\nz\ny\n", true},
		{"~ [0-9]+ packets\n", "42 packets\n", true},
		{"~[0-9]+ packets\n", "no packets\n", false},
		{"~ Nodes: [0-9]\n", " Nodes: 3\n", true},
		{"~Nodes: [0-9]\n", " Nodes: 3\n", false},
		{"time=<any> ms (*)\n", "time=0.080 ms (*)\n", true},
		{"time=<any> ms\n", "time=0.080 s\n", false},
	} {
		p, err := newPattern(c.pattern)
		if err != nil {
			t.Fatalf("%q: %v", c.pattern, err)
		}
		if got := p.Match(c.got); got != c.want {
			t.Errorf("pattern %q on %q: %v, want %v", c.pattern, c.got, got, c.want)
		}
	}
}

func TestPatternRefusesABrokenExpression(t *testing.T) {
	if _, err := newPattern("fine\n~ (\n"); err == nil || err.Error()[:7] != "line 2:" {
		t.Fatalf("got %v, want an error that names line 2", err)
	}
}

func TestPatternDiffShowsBothSides(t *testing.T) {
	for _, c := range []struct{ pattern, got, want string }{
		{"one\ntwo\n...\nfour\n", "one\nzwei\nthree\nfour\n", "  one\n- two\n  ...\n+ zwei\n+ three\n  four\n"},
		{"HTTP/1.1 200 OK\n...\nContent-Length: 616\n...\n", "HTTP/1.1 200 OK\nServer: x\nDate: y\nContent-Length: 615\nETag: z\n", "  HTTP/1.1 200 OK\n  ...\n- Content-Length: 616\n+ Content-Length: 615\n  ...\n"},
		{"a\n", "a\n\n", "  a\n+ (an empty line)\n"},
		{"a\n\nb\n", "a\nb\n", "  a\n- (an empty line)\n  b\n"},
		{"time=<any> ms\nx\n", "time=1 ms\ny\n", "  time=1 ms\n- x\n+ y\n"},
	} {
		p, err := newPattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.diff(c.got); got != c.want {
			t.Errorf("%q on %q: got\n%swant\n%s", c.pattern, c.got, got, c.want)
		}
	}
}
