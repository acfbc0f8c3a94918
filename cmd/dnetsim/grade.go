package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"text/tabwriter"

	"dnetsim/labs"
	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

func newGrade(t *terminal) *cobra.Command {
	table := ""
	c := &cobra.Command{
		Use:   "grade LAB FOLDER",
		Short: "Mark the transcripts of a lab that learners handed in",
		Long: `Mark each transcript of a folder (*.json, as the page saves them): the learner's
world is made again from the id and what was typed, and looked at; what a
transcript says of itself is not believed. The mark is the one that the page showed.

Exit status: 0 all were marked, 2 something is no transcript of this lab.`,
		Example: "  dnetsim grade ping-fails handed-in/ --csv marks.csv",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := findLab(args[0])
			if err != nil {
				return err
			}
			files, err := filepath.Glob(filepath.Join(args[1], "*.json"))
			if err == nil && len(files) == 0 {
				if _, err = os.Stat(args[1]); err == nil {
					err = fmt.Errorf("%s: the folder has no *.json", args[1])
				}
			}
			if err != nil {
				return status{exitUsage, err}
			}
			return t.grade(l, files, table)
		},
	}
	c.Flags().StringVar(&table, "csv", "", "write the marks as CSV to this file, - for standard output instead of the table")
	return c
}

// graded is what came of a file.
type graded struct {
	file, learner string
	mark          labs.Mark
	err           error
}

func (t *terminal) grade(l *labs.Lab, files []string, table string) error {
	all := make([]graded, len(files))
	var wait sync.WaitGroup
	free := make(chan bool, runtime.GOMAXPROCS(0))
	for i, file := range files {
		wait.Go(func() {
			free <- true
			defer func() { <-free }()
			all[i] = t.gradeFile(l, file)
		})
	}
	wait.Wait()
	wrong := false
	var good []graded
	for _, g := range all {
		if g.err != nil {
			wrong = true
			t.say("%s: %v", g.file, g.err)
			continue
		}
		good = append(good, g)
	}
	if table != "-" {
		printMarks(t.out, good)
	}
	if err := t.writeMarks(l, good, table); err != nil {
		return status{exitBroken, err}
	}
	if wrong {
		return status{code: exitUsage}
	}
	return nil
}

func (t *terminal) gradeFile(l *labs.Lab, file string) (g graded) {
	g.file = file
	f, err := os.Open(file)
	if err != nil {
		g.err = err
		return g
	}
	defer f.Close()
	r, err := labs.ReadRecord(f)
	if err != nil {
		g.err = err
		return g
	}
	g.learner = r.Learner
	g.mark, g.err = l.Grade(r, docker(t))
	return g
}

func printMarks(out io.Writer, all []graded) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "LEARNER\tPOINTS\tOF\tDONE\tHINTS\tWRONG\tFILE")
	for _, g := range all {
		m := g.mark
		fmt.Fprintf(w, "%s\t%d\t%d\t%d/%d\t%d\t%d\t%s\n", scenarios.Visible(g.learner), m.Points, m.Of, m.Done, len(m.Tasks), m.Hints, m.Wrong, filepath.Base(g.file))
	}
	w.Flush()
}

// writeMarks writes CSV: a row for each learner, a column for each task.
func (t *terminal) writeMarks(l *labs.Lab, all []graded, table string) error {
	out := t.out
	switch table {
	case "":
		return nil
	case "-":
	default:
		f, err := os.Create(table)
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	var rows []labs.Row
	for _, g := range all {
		rows = append(rows, labs.Row{Learner: g.learner, Mark: g.mark})
	}
	w := csv.NewWriter(out)
	return w.WriteAll(l.Table(rows))
}
