package shell_test

import (
	"testing"
	"time"

	"dnetsim/userland/shell"
)

func TestAHereDocumentIsLiteralWhenAnyPartOfItsDelimiterIsQuoted(t *testing.T) {
	for _, word := range []string{"'EOF'", "E'O'F", `"E"OF`, `E\OF`, `'E'"OF"`, "'E'OF"} {
		_, out, err := sh(t, shell.Bash, "X=no; cat <<"+word+"\na $X `X` \\\\\n  $(X)\nEOF\necho $X", "", time.Minute)
		if want := "a $X `X` \\\\\n  $(X)\nno\n"; out != want || err != nil {
			t.Errorf("%s: %q, want %q (%v)", word, out, want, err)
		}
	}
}
