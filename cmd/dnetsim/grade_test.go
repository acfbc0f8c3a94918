package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/labs"
	"dnetsim/scenarios/replay"
)

// command runs a command line and returns its exit status and what it printed.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = execute(context.Background(), &terminal{in: strings.NewReader(""), out: &o, err: &e, env: func(string) string { return "" }}, args)
	return code, o.String(), e.String()
}

func TestLabsAreListedAndShown(t *testing.T) {
	code, out, _ := command(t, "lab", "list", "--lang", "zh")
	if lines := strings.Count(out, "\n"); code != 0 || lines < 12 || !strings.Contains(out, "不通的 ping") || !strings.HasPrefix(out, "four-modes") {
		t.Errorf("exit %d, %d labs:\n%s", code, lines, out)
	}
	code, out, _ = command(t, "lab", "show", "names", "--learner", "ann")
	if code != 0 || strings.Contains(out, "{{") || !strings.Contains(out, "1. A name that nobody knows (5)") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	if code, _, errs := command(t, "lab", "show", "nmaes"); code != exitUsage || !strings.Contains(errs, `did you mean "names"?`) {
		t.Errorf("exit %d: %s", code, errs)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	os.WriteFile(wrong, []byte("title: T\nscenari: x\n"), 0o644)
	if code, _, errs := command(t, "lab", "lint", wrong); code != exitUsage || !strings.Contains(errs, `:2:1: unknown key "scenari" in the lab: did you mean "scenario"?`) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// What learners hand in is marked as their page showed it; what is no transcript is
// named and stops nobody.
func TestGradeMarksAFolder(t *testing.T) {
	dir := t.TempDir()
	l, err := labs.Named("four-modes")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]labs.Mark{}
	for _, learner := range []string{"=ann", "bob"} {
		v, err := l.For(learner)
		if err != nil {
			t.Fatal(err)
		}
		v.World.Docker = cli.Program
		s, err := v.Sit()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		w := s.World()
		lines := []string{"", "docker run -itd --name hermit --network none busybox\r"}
		if learner == "bob" {
			lines = lines[:1]
		}
		for i, line := range lines {
			in := replay.Input{Kind: replay.TypeKeys, Terminal: 1, Data: line}
			if i == 0 {
				in = replay.Input{Kind: replay.OpenTerminal, Place: "bdc01"}
			}
			if err := w.Do(in); err != nil {
				t.Fatal(err)
			}
			if err := w.Run(w.Now()+5*time.Second, func() bool { return false }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Look(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Hint("bridge", labs.English); err != nil {
			t.Fatal(err)
		}
		want[learner] = s.Mark()
		f, err := os.Create(filepath.Join(dir, strings.Trim(learner, "=")+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Record().Write(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if want["=ann"].Points != 10 || want["bob"].Points != 0 {
		t.Fatalf("the page shows %+v", want)
	}
	os.WriteFile(filepath.Join(dir, "broken.json"), []byte("{"), 0o644)
	os.WriteFile(filepath.Join(dir, "other.json"), []byte(`{"learner":"eve","lab":"names"}`), 0o644)
	code, out, errs := command(t, "grade", "four-modes", dir, "--csv", "-")
	if code != exitUsage || !strings.Contains(errs, "broken.json: it is no transcript of a lab") || !strings.Contains(errs, `other.json: it is of lab "names", not of "four-modes"`) {
		t.Errorf("exit %d: %s", code, errs)
	}
	if wanted := "learner,lab,points,of,done,hints,wrong,bridge,address,host,shared,none,across\n'=ann,four-modes,10,60,1,1,0,0,0,0,0,10,0\nbob,four-modes,0,60,0,1,0,0,0,0,0,0,0\n"; out != wanted {
		t.Errorf("the table is\n%swant\n%s", out, wanted)
	}
	os.Remove(filepath.Join(dir, "broken.json"))
	os.Remove(filepath.Join(dir, "other.json"))
	if code, out, errs := command(t, "grade", "four-modes", dir); code != 0 || errs != "" || !strings.Contains(out, "=ann") || !strings.Contains(out, "1/6") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := command(t, "grade", "four-modes", t.TempDir()); code != exitUsage || !strings.Contains(errs, "no *.json") {
		t.Errorf("an empty folder: exit %d: %s", code, errs)
	}
}
