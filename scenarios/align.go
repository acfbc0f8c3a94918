package scenarios

import "strings"

// pairing is one line of a comparison between a pattern and an output: which of
// the pattern's lines and which of the output's stand beside each other, -1 for
// none. Both are given for a line that fits, for one that is only alike, and for
// each line that a gap swallows.
type pairing struct {
	want, got int
	fits      bool
}

// maxCells bounds the table of a comparison; beyond it only what both texts
// begin and end with is paired.
const maxCells = 4 << 20

// The costs of a comparison. A line that is alike costs between nothing and
// alone, so that it is paired with its like even where a gap would swallow that.
const (
	alone  = 1000
	unlike = 3 * alone
)

// align pairs a pattern's lines with an output's at the least cost. Lines of got
// have no blanks at their ends.
func align(want []linePattern, got []string) []pairing {
	if (len(want)+1)*(len(got)+1) > maxCells {
		return alignEnds(want, got)
	}
	width := len(got) + 1
	cost := make([]int32, (len(want)+1)*width)
	at := func(i, j int) *int32 { return &cost[i*width+j] }
	for i := len(want); i >= 0; i-- {
		for j := len(got); j >= 0; j-- {
			_, *at(i, j) = cheapest(want, got, i, j, at)
		}
	}
	var out []pairing
	for i, j := 0, 0; i < len(want) || j < len(got); {
		p, _ := cheapest(want, got, i, j, at)
		out = append(out, p)
		if p.want >= 0 && !(p.got >= 0 && want[i].gap) {
			i++
		}
		if p.got >= 0 {
			j++
		}
	}
	return out
}

// cheapest is the first pairing of what is left from i and j on, and its cost.
func cheapest(want []linePattern, got []string, i, j int, at func(i, j int) *int32) (pairing, int32) {
	switch {
	case i == len(want) && j == len(got):
		return pairing{}, 0
	case i == len(want):
		return pairing{want: -1, got: j}, alone + *at(i, j+1)
	case want[i].gap:
		best, c := pairing{want: i, got: -1, fits: true}, *at(i+1, j)
		if j < len(got) && *at(i, j+1) < c {
			best, c = pairing{i, j, true}, *at(i, j+1)
		}
		return best, c
	case j == len(got):
		return pairing{want: i, got: -1}, alone + *at(i+1, j)
	}
	best, c := pairing{want: i, got: -1}, alone+*at(i+1, j)
	if d := alone + *at(i, j+1); d < c {
		best, c = pairing{want: -1, got: j}, d
	}
	if want[i].matches(got[j]) {
		if d := *at(i+1, j+1); d <= c {
			best, c = pairing{i, j, true}, d
		}
	} else if d := difference(want[i].text, got[j]) + *at(i+1, j+1); d < c {
		best, c = pairing{i, j, false}, d
	}
	return best, c
}

// difference is what pairing two lines costs that differ: by what they have in
// common at their beginning and their end.
func difference(a, b string) int32 {
	longer := max(len(a), len(b))
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	a, b = a[same:], b[same:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
		same++
	}
	if longer == 0 || 2*same < longer {
		return unlike
	}
	return int32(alone - alone*same/longer)
}

// alignEnds pairs what two long texts begin and end with.
func alignEnds(want []linePattern, got []string) []pairing {
	var head, tail []pairing
	i, j, m, n := 0, 0, len(want), len(got)
	for i < m && j < n && !want[i].gap && want[i].matches(got[j]) {
		head = append(head, pairing{i, j, true})
		i, j = i+1, j+1
	}
	for m > i && n > j && !want[m-1].gap && want[m-1].matches(got[n-1]) {
		m, n = m-1, n-1
		tail = append([]pairing{{m, n, true}}, tail...)
	}
	for ; i < m; i++ {
		head = append(head, pairing{want: i, got: -1, fits: want[i].gap})
	}
	for ; j < n; j++ {
		head = append(head, pairing{want: -1, got: j})
	}
	return append(head, tail...)
}

// outputLines are an output's lines as a pattern sees them.
func outputLines(text string) []string {
	lines := splitLines(text)
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return lines
}
