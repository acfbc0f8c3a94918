package packages

import (
	"strings"
	"testing"
)

// What the indexes name is there, under the name that they say, and brings what the
// table says.
func TestEveryPackageOfAnIndexCanBeFetched(t *testing.T) {
	count := 0
	for _, list := range []string{"ubuntu/dists/jammy/main", "ubuntu/dists/jammy/universe", "debian/dists/bookworm/main"} {
		data, ok := file(list + "/binary-amd64/Packages")
		if !ok {
			t.Fatalf("no index of %s", list)
		}
		archive, _, _ := strings.Cut(list, "/")
		for _, p := range readIndex(string(data), "main") {
			deb, ok := file(archive + "/" + p.Source)
			if !ok || int64(len(deb)) != p.Size {
				t.Errorf("%s: %s: %d bytes, want %d", list, p.Source, len(deb), p.Size)
			}
			if _, ok := contents(deb); !ok {
				t.Errorf("%s is no package", p.Source)
			}
			count++
		}
	}
	if want := 2 * len(debs); count != want {
		t.Errorf("%d packages in the indexes, want %d", count, want)
	}
	for _, name := range []string{"ubuntu/dists/nosuch/InRelease", "ubuntu/pool/main/n/nosuch.deb", "alpine/v3.17/main/x86_64/nosuch-1.apk", "x"} {
		if _, ok := file(name); ok {
			t.Errorf("%s is there", name)
		}
	}
}

func TestEveryDependencyIsAPackage(t *testing.T) {
	for _, table := range [][]entry{debs, apks, rpms} {
		known := map[string]bool{}
		for _, e := range table {
			known[e.name] = true
		}
		for _, e := range table {
			for _, d := range e.read(0).Depends {
				if !known[d] {
					t.Errorf("%s depends on %s, which is nowhere", e.name, d)
				}
			}
		}
	}
}

func TestSizesAreAsAptWritesThem(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 9999: "9999 B", 10000: "10.0 kB", 42900: "42.9 kB", 1792000: "1792 kB", 30_200_000: "30.2 MB"} {
		if got := size(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
