package campaign

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
)

// verifier runs `dnetsim verify` for one world after the other, beside what else
// goes on.
type verifier struct {
	command string
	files   chan string
	wg      sync.WaitGroup
	wrong   []string // what verify said of worlds that differ
}

func newVerifier(command string) *verifier {
	v := &verifier{command: command, files: make(chan string, 1)}
	v.wg.Go(func() {
		for file := range v.files {
			out, err := exec.Command(v.command, "verify", "--quiet", file).CombinedOutput()
			if err != nil {
				v.wrong = append(v.wrong, fmt.Sprintf("%s: %v: %s", file, err, strings.TrimSpace(string(out))))
			}
		}
	})
	return v
}

// check asks for a scenario file; it waits while another one waits already.
func (v *verifier) check(file string) { v.files <- file }

// finish waits for the last answer and returns what was wrong.
func (v *verifier) finish() []string {
	close(v.files)
	v.wg.Wait()
	return v.wrong
}
