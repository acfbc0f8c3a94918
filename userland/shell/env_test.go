package shell_test

import (
	"testing"

	"dnetsim/userland/shell"
)

// ash and bash count the shells above them; every shell exports where it is.
func TestShellsExportTheirLevelAndDirectory(t *testing.T) {
	for _, c := range []struct {
		style shell.Style
		src   string
		want  string
	}{
		{shell.Ash, "env | grep -E '^(PWD|SHLVL|OLDPWD)=' | sort", "PWD=/\nSHLVL=1\n"},
		{shell.Ash, "sh -c 'env | grep SHLVL'", "SHLVL=2\n"},
		{shell.Ash, "cd /tmp; env | grep PWD | sort", "OLDPWD=/\nPWD=/tmp\n"},
		{shell.Ash, "SHLVL=x; export SHLVL; sh -c 'echo $SHLVL'", "1\n"},
		{shell.Bash, "env | grep SHLVL", "SHLVL=1\n"},
		{shell.HostSh, "env | grep -E '^(PWD|SHLVL)='", "PWD=/\n"},
	} {
		if got := run(t, c.style, c.src).out; got != c.want {
			t.Errorf("%v: %s\n got %q\nwant %q", c.style, c.src, got, c.want)
		}
	}
}
