package cli

import (
	"io"
	"os"
	"testing"
)

// What is wrong with a line that is to be completed is nobody's business: cobra would
// print it on the real machine's standard error.
func TestCompletionSaysNothingAboutMistakes(t *testing.T) {
	b := newLab(t, 1)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	real := os.Stderr
	os.Stderr = w
	for line, says := range map[string]string{
		"docker __completeNoDesc run --nosuch ''": ":0\n", "docker __completeNoDesc run --memory abc ''": ":0\n", "docker __completeNoDesc nosuch ''": ":0\n",
		"docker __complete network nosuch x ''": "", "docker __completeNoDesc run --network ''": "bridge\n", "docker __completeNoDesc network ins": "inspect\n", "docker __completeNoDesc run --netw": "--network\n",
	} {
		want(t, b.run(line+" 2>/dev/null"), says)
	}
	os.Stderr = real
	w.Close()
	if said, _ := io.ReadAll(r); len(said) > 0 {
		t.Errorf("on the real standard error: %s", said)
	}
}
