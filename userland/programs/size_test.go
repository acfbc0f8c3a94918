package programs

import (
	"math"
	"testing"
)

func TestSizesAreGNUs(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "7": 7, "2b": 1024, "3k": 3072, "3K": 3072, "3KiB": 3072, "3kB": 3000, "1M": 1 << 20, "1MB": 1_000_000, "10G": 10 << 30,
		"100G": 100 << 30, "2T": 2 << 40, "9E": math.MaxInt64, "1Y": math.MaxInt64, "99999999999999999999": math.MaxInt64,
		"": -1, "k": -1, "1x": -1, "1kb": -1, "-1": -1, "1 k": -1,
	} {
		got, ok := parseSize(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	for _, c := range []struct {
		old, n int64
		sign   byte
		want   int64
	}{{10, 3, 0, 3}, {10, 3, '+', 13}, {10, 30, '-', 0}, {10, 3, '<', 3}, {10, 30, '>', 30}, {10, 4, '/', 8}, {10, 4, '%', 12}, {8, 4, '%', 8}, {1, math.MaxInt64, '+', math.MaxInt64}} {
		if got := resized(c.old, c.sign, c.n); got != c.want {
			t.Errorf("%d %c %d: %d, want %d", c.old, c.sign, c.n, got, c.want)
		}
	}
}
