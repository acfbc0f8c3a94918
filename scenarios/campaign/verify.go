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
	wrong   func(string) // called with what verify said of a world that differs, as soon as it did
	files   chan string
	done    sync.WaitGroup

	mu           sync.Mutex
	same, differ int
}

// newVerifier makes a verifier; wrong is called from another goroutine, and no
// more once finish has returned.
func newVerifier(command string, wrong func(string)) *verifier {
	v := &verifier{command: command, wrong: wrong, files: make(chan string, 1)}
	v.done.Go(func() {
		for file := range v.files {
			v.verify(file)
		}
	})
	return v
}

func (v *verifier) verify(file string) {
	out, err := exec.Command(v.command, "verify", "--quiet", file).CombinedOutput()
	if err != nil {
		v.wrong(fmt.Sprintf("%s: %v: %s", file, err, strings.TrimSpace(string(out))))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		v.differ++
		return
	}
	v.same++
}

// check asks for a scenario file; it waits while another one waits already.
func (v *verifier) check(file string) { v.files <- file }

// finish waits for the last answer.
func (v *verifier) finish() {
	close(v.files)
	v.done.Wait()
}

// String says how many worlds were verified so far.
func (v *verifier) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return fmt.Sprintf("%d verified, %d of them differ", v.same+v.differ, v.differ)
}
