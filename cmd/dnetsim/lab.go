package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"dnetsim/labs"
	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

func newLabList(t *terminal) *cobra.Command {
	lang := labs.English
	c := &cobra.Command{
		Use:   "list",
		Short: "Print the labs that are compiled in, from the easiest",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			all, err := labs.List()
			if err != nil {
				return status{exitBroken, err}
			}
			w := tabwriter.NewWriter(t.out, 0, 8, 2, ' ', 0)
			for _, l := range all {
				fmt.Fprintf(w, "%s\t%d min\t%d tasks\t%s\t%s\n", l.Name, l.Minutes, l.Tasks(), strings.Join(l.Languages(), ","), l.Title(lang))
			}
			return w.Flush()
		},
	}
	languageFlag(c, &lang)
	return c
}

func languageFlag(c *cobra.Command, lang *string) {
	c.Flags().StringVar(lang, "lang", labs.English, "the language of the texts: en or zh")
}

func newLabShow(t *terminal) *cobra.Command {
	lang, learner, file := labs.English, "", false
	c := &cobra.Command{
		Use:               "show LAB",
		Short:             "Print a lab's tasks, or with --file its file",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeLabs,
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := findLab(args[0])
			if err != nil {
				return err
			}
			if file {
				_, err := t.out.Write(l.Source)
				return err
			}
			v, err := l.For(learner)
			if err != nil {
				return status{exitUsage, err}
			}
			fmt.Fprint(t.out, scenarios.Visible(v.Lab.Outline(lang)))
			return nil
		},
	}
	languageFlag(c, &lang)
	c.Flags().StringVar(&learner, "learner", "", "with the values of this learner")
	c.Flags().BoolVar(&file, "file", false, "the lab's file, as a pattern for your own")
	return c
}

// findLab is a lab by its name, or in a file.
func findLab(name string) (*labs.Lab, error) {
	l, err := labs.Find(name)
	if errors.Is(err, labs.ErrNoLab) {
		err = fmt.Errorf("%w; `dnetsim lab list` prints the names", err)
	}
	if err != nil {
		return nil, status{exitUsage, err}
	}
	return l, nil
}

func completeLabs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, _ := labs.List()
	var names []string
	for _, l := range all {
		names = append(names, l.Name)
	}
	return names, cobra.ShellCompDirectiveDefault
}

func newLabLint(t *terminal) *cobra.Command {
	learners := 3
	c := &cobra.Command{
		Use:   "lint [LAB...]",
		Short: "Prove labs: unsolved at the start, solved by their solution, every hint can appear",
		Long: `Prove labs, for several learners: a lab starts unsolved, no check holds at the start
by accident, its solution solves every task and is marked alike twice, every dead
end is seen, every text has every language; and once every fault that may be drawn
was somebody's, which takes more learners, that every hint can appear. Without a
name: all labs that are compiled in.

Exit status: 0 all is well, 1 something is not, 2 a file is no lab.`,
		ValidArgsFunction: completeLabs,
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := labs.List()
			if err != nil {
				return status{exitBroken, err}
			}
			if len(args) > 0 {
				all = nil
			}
			for _, name := range args {
				l, err := findLab(name)
				if err != nil {
					return err
				}
				all = append(all, l)
			}
			var ids []string
			for i := range learners {
				ids = append(ids, fmt.Sprintf("learner-%d", i+1))
			}
			return t.lint(all, ids)
		},
	}
	c.Flags().IntVar(&learners, "learners", learners, "how many learners' variants are tried")
	return c
}

func (t *terminal) lint(all []*labs.Lab, ids []string) error {
	wrong := false
	for _, l := range all {
		found := labs.Lint(l, ids, docker(t))
		for _, what := range found {
			fmt.Fprintln(t.out, scenarios.Visible(what))
		}
		if wrong = wrong || len(found) > 0; len(found) == 0 {
			fmt.Fprintf(t.out, "%s: proved for %s\n", l.Name, counted(len(ids), "learner"))
		}
	}
	if wrong {
		return status{code: exitFailed}
	}
	return nil
}
