package image

import (
	"testing"

	"dnetsim/userland/packages"
)

// What a package of any archive brings can be run.
func TestEveryProgramOfAPackageIsThere(t *testing.T) {
	here := managed(packages.Deb)
	for _, name := range packages.Every() {
		if here[packages.Prefix+name] == nil {
			t.Errorf("a package brings %s, which is no program", name)
		}
	}
}
