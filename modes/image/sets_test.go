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

// What procps brings is in no image that does not have it: kill is the shell's there.
func TestServersOfDebianHaveNoProcps(t *testing.T) {
	for _, r := range knownRecipes() {
		if r.name != "nginx" && r.name != "httpd" {
			continue
		}
		have := map[string]bool{}
		for _, set := range r.sets {
			for name := range set() {
				have[name] = true
			}
		}
		for _, name := range []string{"kill", "ps", "top", "vim", "systemctl"} {
			if have[name] {
				t.Errorf("%s has %s", r.name, name)
			}
		}
		for _, name := range []string{"sh", "bash", "cat", "grep", "sed"} {
			if !have[name] {
				t.Errorf("%s has no %s", r.name, name)
			}
		}
	}
}
