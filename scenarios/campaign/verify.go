package campaign

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// Verifier says whether a scenario file gives the same bytes everywhere; the
// error says what differs.
type Verifier func(file string) error

// processors are the numbers of processors that a world is run at.
var processors = []string{"1", "2", "8", "16"}

var digest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// Digests is a Verifier that runs the command four times at once, each with
// another number of processors, and compares the digests.
func Digests(command string) Verifier {
	return func(file string) error {
		outs := make([]string, len(processors))
		errs := make(chan error, len(processors))
		for i, n := range processors {
			go func() {
				cmd := exec.Command(command, "run", "--digest", "--quiet", file)
				cmd.Env = append(cmd.Environ(), "GOMAXPROCS="+n)
				out, err := cmd.CombinedOutput()
				outs[i] = digest.FindString(string(out))
				if outs[i] == "" {
					err = fmt.Errorf("%s processors: no digest: %v: %s", n, err, out)
				} else {
					err = nil
				}
				errs <- err
			}()
		}
		for range processors {
			if err := <-errs; err != nil {
				return err
			}
		}
		for i := range outs {
			if outs[i] != outs[0] {
				return fmt.Errorf("digests differ at %s processors: %s", strings.Join(processors, ", "), strings.Join(outs, " "))
			}
		}
		return nil
	}
}
