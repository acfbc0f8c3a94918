package store

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"dnetsim/labs"
	"dnetsim/scenarios/replay"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func record(inputs int) labs.Record {
	r := labs.Record{Learner: "ann", Lab: "ping-fails", Start: time.Minute, At: time.Hour, Acts: []labs.Act{{Kind: labs.Done, Task: "see", At: time.Minute, Index: 1}}}
	for i := range inputs {
		r.Log = append(r.Log, replay.Input{At: time.Duration(i) * time.Second, Kind: replay.TypeKeys, Terminal: 1, Data: fmt.Sprintf("key %d\r", i)})
	}
	return r
}

func TestARecordIsThereAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "class.db")
	s := open(t, path)
	for _, n := range []int{0, 3, 300} {
		if err := s.Save(record(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Note("class", []byte("ann,bob")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, path)
	defer s.Close()
	got, ok, err := s.Load("ann", "ping-fails")
	if want := record(300); err != nil || !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("loaded %v %v: %+v", ok, err, got)
	}
	if _, ok, err := s.Load("bob", "ping-fails"); ok || err != nil {
		t.Errorf("bob has a record: %v", err)
	}
	if all, err := s.List(); err != nil || len(all) != 1 || all[0].Learner != "ann" {
		t.Errorf("the list: %v %v", all, err)
	}
	if v, err := s.Noted("class"); err != nil || string(v) != "ann,bob" {
		t.Errorf("the note: %q %v", v, err)
	}
	if err := s.Forget("ann", "ping-fails"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Load("ann", "ping-fails"); ok {
		t.Error("what was forgotten is there")
	}
}

func TestTwoProcessesDoNotShareAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "class.db")
	s := open(t, path)
	defer s.Close()
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("opened twice: %v", err)
	}
}

// What Save has returned from is there after kill -9 of the process.
func TestAKillLosesNothingThatWasSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "class.db")
	if os.Getenv("STORE_TO_KILL") != "" {
		s := open(t, os.Getenv("STORE_TO_KILL"))
		for n := 1; ; n++ {
			if err := s.Save(record(n)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(os.Stdout, "saved %d\n", n)
		}
	}
	c := exec.Command(os.Args[0], "-test.run=^TestAKillLosesNothingThatWasSaved$")
	c.Env = append(os.Environ(), "STORE_TO_KILL="+path)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	saved := 0
	for saved < 40 {
		if _, err := fmt.Fscanf(out, "saved %d\n", &saved); err != nil {
			t.Fatal(err)
		}
	}
	c.Process.Kill()
	c.Wait()
	s := open(t, path)
	defer s.Close()
	got, ok, err := s.Load("ann", "ping-fails")
	if err != nil || !ok || len(got.Log) < saved || !reflect.DeepEqual(got, record(len(got.Log))) {
		t.Errorf("after the kill: %v %v, %d inputs of at least %d", ok, err, len(got.Log), saved)
	}
}
