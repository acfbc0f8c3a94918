package labs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"dnetsim/engine/cli"
)

// Whatever somebody does, in whatever order looks come in between: the record is
// marked alike, and the sitting can be made again from it.
func TestAnySittingIsMarkedAlike(t *testing.T) {
	lines := []string{
		"ip addr", "docker run -itd --name NAME busybox", "docker rm -f NAME", "ls", "systemctl restart docker", "docker start NAME",
		"echo x > /tmp/x", "docker exec NAME ip link set eth0 down", "docker ps -a", "ping -c 1 172.17.0.2", "systemctl stop docker.socket docker",
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := sit(t, fmt.Sprint("learner", seed))
		typed := func(line string) {
			p := &player{s: s, terminals: map[string]int{}}
			for n := 1; n <= s.world.Terminals(); n++ {
				p.terminals["h1"] = n
			}
			line = string(bytes.ReplaceAll([]byte(line), []byte("NAME"), []byte(s.lab.values["name"].text)))
			if err := p.line("h1", line); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		did := ""
		var late []func() Found
		for range 14 {
			switch n := r.IntN(20); {
			case n < 9:
				line := lines[min(r.IntN(len(lines)), r.IntN(len(lines)))]
				did += line + "; "
				typed(line)
			case n < 12:
				s.Look()
			case n < 14: // a look that ends later
				if job := s.Glance(); job != nil {
					late = append(late, job)
				}
			case n < 16 && len(late) > 0:
				did += "take; "
				if _, err := s.Take(late[0]()); err != nil {
					t.Fatal(err)
				}
				late = late[1:]
			case n == 16 && r.IntN(2) == 0: // asked aside
				hint, err1 := s.Asking("run")
				answer, err2 := s.Trying("say", "172.17.0.2")
				hints, answers := make(chan Told, 1), make(chan Told, 1)
				if err1 == nil {
					go func() { hints <- hint() }()
				}
				if err2 == nil {
					go func() { answers <- answer() }()
				}
				typed(lines[r.IntN(len(lines))])
				did += "aside; "
				if err1 == nil {
					s.Tell(<-hints, English)
				}
				if err2 == nil {
					s.Judge(<-answers, English)
				}
				s.Look()
			case n < 17:
				did += "hint; "
				s.Hint([]string{"look", "run", "say"}[r.IntN(3)], English)
			case n < 18:
				did += "answer; "
				s.Answer("say", []string{"172.17.0.2", "10.0.0.1"}[r.IntN(2)], English)
			case n < 19:
				at := []string{startName, "look", "run"}[r.IntN(3)]
				did += "back " + at + "; "
				s.Back(at)
			default:
				did += "back in time; "
				s.BackTo(time.Duration(r.Int64N(int64(s.world.Now()) + 1)))
			}
		}
		s.Look()
		if m, err := s.lab.Grade(s.Record(), cli.Program); err != nil || !reflect.DeepEqual(m, s.Mark()) {
			t.Errorf("seed %d: marked again %+v %v, was %+v\n%s", seed, m, err, s.Mark(), did)
		}
		again, err := s.variant.Resume(s.Record())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !reflect.DeepEqual(again.Record(), s.Record()) {
			t.Errorf("seed %d: made again it is\n%+v, was\n%+v\n%s", seed, again.Record(), s.Record(), did)
		}
		again.Close()
	}
}
