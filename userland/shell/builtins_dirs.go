package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The stack of directories, which bash has and ash has not: its top is where the
// shell is, the rest is Shell.stack from the top down.

func pushd(s *Shell, args []string) int {
	args = withoutDashes(args)
	all := append([]string{s.dir}, s.stack...)
	switch {
	case len(args) == 1 && len(all) == 1:
		s.complain("pushd", "no other directory")
		return 1
	case len(args) == 1:
		all[0], all[1] = all[1], all[0]
	case isTurn(args[1]):
		n, ok := place(args[1], len(all))
		if !ok {
			s.complain("pushd", args[1]+": directory stack index out of range")
			return 1
		}
		all = slices.Concat(all[n:], all[:n])
	default:
		if status := goTo(s, "pushd", args[1]); status != 0 {
			return status
		}
		s.stack = all
		return showDirs(s, " ", false)
	}
	return takeDirs(s, "pushd", all)
}

func popd(s *Shell, args []string) int {
	args = withoutDashes(args)
	all := append([]string{s.dir}, s.stack...)
	n := 0
	if len(args) > 1 {
		var ok bool
		if n, ok = place(args[1], len(all)); !ok || !isTurn(args[1]) {
			s.complain("popd", args[1]+": directory stack index out of range")
			return 1
		}
	}
	if len(all) == 1 {
		s.complain("popd", "directory stack empty")
		return 1
	}
	return takeDirs(s, "popd", slices.Delete(all, n, n+1))
}

func dirs(s *Shell, args []string) int {
	sep, whole := " ", false
	for _, a := range args[1:] {
		switch a {
		case "-c":
			s.stack = nil
			return 0
		case "-p":
			sep = "\n"
		case "-l":
			whole = true
		case "-v":
			for i, d := range append([]string{s.dir}, s.stack...) {
				fmt.Fprintf(s.out(), "%2d  %s\n", i, shortDir(s, d, whole))
			}
			return 0
		default:
			s.complain("dirs", a+": invalid option")
			return 2
		}
	}
	return showDirs(s, sep, whole)
}

// takeDirs makes a list the stack, goes to its top and shows it.
func takeDirs(s *Shell, who string, all []string) int {
	if all[0] != s.dir {
		if status := goTo(s, who, all[0]); status != 0 {
			return status
		}
	}
	s.stack = all[1:]
	return showDirs(s, " ", false)
}

// goTo is cd in another builtin's name.
func goTo(s *Shell, who, dir string) int { return cd(s, []string{who, dir}) }

func showDirs(s *Shell, sep string, whole bool) int {
	var out []string
	for _, d := range append([]string{s.dir}, s.stack...) {
		out = append(out, shortDir(s, d, whole))
	}
	fmt.Fprintln(s.out(), strings.Join(out, sep))
	return 0
}

// shortDir has ~ for the home directory.
func shortDir(s *Shell, dir string, whole bool) string {
	home := s.get("HOME")
	if rest, ok := strings.CutPrefix(dir, home); ok && home != "" && home != "/" && !whole && (rest == "" || rest[0] == '/') {
		return "~" + rest
	}
	return dir
}

// isTurn reports whether a word is +N or -N.
func isTurn(word string) bool {
	if len(word) < 2 || word[0] != '+' && word[0] != '-' {
		return false
	}
	_, err := strconv.ParseUint(word[1:], 10, 31)
	return err == nil
}

// place is where +N counts to from the left, or -N from the right.
func place(word string, of int) (int, bool) {
	n, err := strconv.Atoi(word[1:])
	if err != nil || n >= of {
		return 0, false
	}
	if word[0] == '-' {
		n = of - 1 - n
	}
	return n, true
}

func withoutDashes(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "--" || a == "-n" })
}

// disown forgets jobs: they go on, and the shell says no more of them.
func disown(s *Shell, args []string) int {
	refs := []string{"%%"}
	for _, a := range args[1:] {
		switch a {
		case "-a", "-r":
			s.jobs = nil
			return 0
		case "-h": // there is no SIGHUP to keep from it
			return 0
		}
	}
	if len(args) > 1 {
		refs = args[1:]
	}
	for _, ref := range refs {
		j := s.findJob(ref)
		if j == nil {
			s.complain("disown", strings.Replace(ref, "%%", "current", 1)+": no such job")
			return 1
		}
		s.forget(j)
	}
	return 0
}
