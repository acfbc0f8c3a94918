package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/engine"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
	"dnetsim/sim"
	"dnetsim/stack/tap"

	"github.com/spf13/cobra"
)

type upFlags struct {
	shared
	dir      string
	contexts bool
	detach   bool
	speed    speed
	tcp      []string
	certs    certificates
	real     []string // --publish-real
	taps     []string // --tap
}

func newUp(t *terminal) *cobra.Command {
	f := upFlags{speed: speed{times: 1}}
	c := &cobra.Command{
		Use:   "up SCENARIO",
		Short: "Serve the Docker Engine API of every host, for anybody's docker client",
		Long: `Run a scenario's setup and serve the Docker Engine API of every simulated host on a
socket of its own, until Ctrl-C or SIGTERM: DIR/HOST.sock, which only its user may
open. Any docker client, Compose or SDK can then use the hosts.

Virtual time follows the clock, and the hosts' clocks show the real time. Such a run
does not repeat: for that there is run.`,
		Example: `  dnetsim up local-modes
  export DOCKER_HOST=unix:///run/user/1000/dnetsim/local-modes/bdc01.sock; docker ps
  dnetsim up local-modes --detach --context | sh; docker --context local-modes-bdc01 ps
  dnetsim shell --attach local-modes; dnetsim explain --attach local-modes --from c1 --to c2
  dnetsim up local-modes --pcap - | wireshark -k -i -
  dnetsim down local-modes`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && f.certs.made == "" {
				return status{exitUsage, errors.New("dnetsim up: which scenario? `dnetsim list` prints those that are compiled in")}
			}
			if err := f.certs.make(t, f.tcp); err != nil {
				return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
			}
			if len(args) == 0 {
				return nil
			}
			list, _, err := f.load(c.Context(), t, args)
			if err != nil {
				return err
			}
			if len(list) != 1 {
				return status{exitUsage, fmt.Errorf("%s: %d scenarios: up serves one", args[0], len(list))}
			}
			if f.dir == "" {
				f.dir = labFolder(t.env, list[0].Name)
			}
			if f.detach && f.pcap == stdoutPath {
				return status{exitUsage, errors.New("dnetsim up: --pcap - and --detach do not go together: there is nobody left to read it")}
			}
			if f.detach {
				return f.inBackground(c.Context(), t, args[0])
			}
			return f.up(c.Context(), t, list[0])
		},
	}
	f.add(c)
	c.Flags().Lookup("pcap").Usage = "write captures as it goes: one pcapng per interface into this `folder`, one FILE.pcapng, a named pipe, or - for standard output; the exports are then on standard error"
	c.Flags().StringVar(&f.dir, "dir", "", "the `folder` of the sockets (default one in the user's runtime folder)")
	c.Flags().BoolVar(&f.contexts, "context", false, "print lines that make docker contexts instead of exports")
	c.Flags().BoolVarP(&f.detach, "detach", "d", false, "come back when the lab is up; dnetsim down ends it")
	c.Flags().Var(&f.speed, "speed", "`N` virtual seconds pass in a real one; max jumps over the time in which a client only waits")
	c.Flags().StringArrayVar(&f.tcp, "tcp", nil, "serve a host over TCP too: `HOST=127.0.0.1:PORT`, port 0 for any")
	f.certs.add(c)
	c.Flags().StringArrayVar(&f.real, "publish-real", nil, "open a port of this machine (loopback only) that leads to one of a simulated host: `HOST:PORT=127.0.0.1:PORT`, port 0 for any, PORT/udp for UDP; all: each port that containers and services publish")
	c.Flags().StringArrayVar(&f.taps, "tap", nil, "make an interface of this machine (Linux, root) that is plugged into a LAN, or a bridge of a host: `NAME=LAN` or NAME=HOST:BRIDGE")
	return c
}

// upLab is a scenario that is up.
type upLab struct {
	*scenarios.Lab
	t      *terminal
	live   *engine.Live
	doors  *doors
	taps   []*tap.Tap
	folder *folder
	said   string // how clients find the hosts
	ended  context.CancelFunc
	broken chan error // of listeners
}

func (f *upFlags) up(ctx context.Context, t *terminal, s *scenarios.Scenario) error {
	if f.pcap == stdoutPath {
		outlivePipes()
	} else if err := unwritable(f.captures()); err != nil {
		return err
	}
	places, err := f.listenTo(s)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
	}
	real, all, err := readPublications(s, f.real)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
	}
	taps, err := readTaps(s, f.taps)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
	}
	dir, err := openFolder(f.dir)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
	}
	defer dir.close()
	lab, capture, err := f.open(ctx, t, s)
	if err != nil {
		return err
	}
	defer lab.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	u := &upLab{Lab: lab, t: t, live: engine.NewLive(lab.Loop), doors: newDoors(t, lab), folder: dir, ended: cancel, broken: make(chan error, 1)}
	defer u.live.Close()
	defer u.doors.close()
	if err := u.serve(places, &f.certs, f.contexts); err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
	}
	defer u.unplug()
	for _, p := range taps {
		if err := u.tap(p); err != nil {
			return status{exitUsage, fmt.Errorf("dnetsim up: --tap %s: %w", p.name, err)}
		}
	}
	if err := u.publish(real, all); err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
	}
	known, err := dir.register(t, s.Name)
	if err != nil {
		t.say("the lab is found by its folder alone: %v", err)
	} else if known != plainName(s.Name) && filepath.Base(dir.path) != known {
		u.announce("the lab's name is " + known + ", as " + s.Name + " is up elsewhere")
	}
	if f.pcap == stdoutPath {
		io.WriteString(t.err, u.said)
	} else {
		io.WriteString(t.out, u.said)
	}
	if !f.quiet {
		t.say("%s is up; Ctrl-C ends it", s.Name)
	}
	if capture != nil {
		defer capture.follow(u.Loop, u.t)()
	}
	err = u.run(ctx, &f.speed)
	if capture != nil {
		err = errors.Join(err, capture.Done())
	}
	return err
}

// open runs the setup. The clocks of the hosts are to show the real time when
// it is over, and how long it takes is known when it has run: so it runs twice.
func (f *upFlags) open(ctx context.Context, t *terminal, s *scenarios.Scenario) (*scenarios.Lab, *capture, error) {
	o := f.options(t)
	o.Context = ctx
	trace := o.Trace
	o.Trace = nil
	first, err := scenarios.Open(s, o)
	if err != nil {
		return nil, nil, unopened(ctx, t, s, err)
	}
	takes := first.Loop.Now()
	first.Close()
	o.Trace = trace
	if isTerminal(t.err) && !f.quiet {
		o.Transcript = t.err
	}
	o.Clock = time.Since(sim.Epoch) - takes
	var c *capture
	if f.pcap != "" {
		if c, err = newCapture(f.pcap, s.Name); err != nil {
			return nil, nil, status{exitBroken, err}
		}
		c.out, c.ahead, o.Capture = t.out, o.Clock, c
	}
	lab, err := scenarios.Open(s, o)
	if err != nil {
		return nil, nil, unopened(ctx, t, s, err)
	}
	return lab, c, nil
}

// unopened is the status of a lab whose setup did not come to its end.
func unopened(ctx context.Context, t *terminal, s *scenarios.Scenario, err error) error {
	if bug := (*sim.Panic)(nil); errors.As(err, &bug) {
		return status{t.fails(s.Name, "", err), nil}
	}
	if ctx.Err() != nil {
		return status{exitBroken, err}
	}
	return status{exitFailed, err}
}

// run lets time pass until ctx ends. The real time that the setup took is made up
// for at once.
func (u *upLab) run(ctx context.Context, s *speed) error {
	p := newPace(time.Since(sim.Epoch)-u.ahead(), s.times)
	if s.max {
		p.hurry = u.live.Hurry
	}
	stop := context.AfterFunc(ctx, func() { u.Loop.Inject(func() {}) })
	defer stop()
	err := u.Guard(func() { u.Loop.Live(p, func() bool { return ctx.Err() != nil }) })
	if bug := (*sim.Panic)(nil); errors.As(err, &bug) {
		return status{u.t.fails(u.Scenario.Name, "", err), nil}
	}
	select {
	case err := <-u.broken:
		return status{exitBroken, err}
	default:
	}
	if why := u.Loop.Stopped(); why != nil && (ctx.Err() == nil || errors.Is(why, scenarios.ErrMemory)) {
		return status{exitBroken, fmt.Errorf("%s: %w", u.Scenario.Name, why)}
	}
	return nil
}

// flushEvery is how far captures are behind at most.
const flushEvery = 200 * time.Millisecond

// ahead is what the hosts' clocks are ahead of the run's.
func (u *upLab) ahead() time.Duration {
	m, _ := u.Machine(u.First())
	return m.Wall().Sub(u.Loop.Wall()) - u.Scenario.Hosts[0].Clock
}

// place is where an engine is to be served over TCP.
type place struct{ host, address string }

// listenTo reads --tcp.
func (f *upFlags) listenTo(s *scenarios.Scenario) ([]place, error) {
	var list []place
	for _, text := range f.tcp {
		host, address, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--tcp %s: write HOST=127.0.0.1:PORT", text)
		}
		if !hasEngine(s, host) {
			return nil, fmt.Errorf("--tcp %s: there is no host %q with an engine in %s", text, host, s.File)
		}
		if err := loopback(address); err != nil && !f.certs.verify {
			return nil, fmt.Errorf("--tcp %s: %w", text, err)
		}
		list = append(list, place{host, address})
	}
	return list, f.certs.check(len(list) > 0)
}

func hasEngine(s *scenarios.Scenario, name string) bool {
	for _, h := range s.Hosts {
		if h.Name == name {
			return h.Docker
		}
	}
	return false
}

// serve opens the sockets of all engines and the one that down speaks to.
func (u *upLab) serve(places []place, certs *certificates, contexts bool) error {
	var said strings.Builder
	for _, h := range u.Scenario.Hosts {
		srv, ok := u.Engine(h.Name)
		if !ok {
			continue
		}
		ln, err := u.folder.listen(h.Name + ".sock")
		if err != nil {
			return err
		}
		u.goServe(ln, srv)
		at := "unix://" + filepath.Join(u.folder.path, h.Name+".sock")
		if contexts {
			fmt.Fprintf(&said, "docker context create %s --docker host=%s\n", quoted(filepath.Base(u.folder.path)+"-"+h.Name), quoted(at))
		} else {
			fmt.Fprintf(&said, "export DOCKER_HOST=%s\n", quoted(at))
		}
	}
	u.said = said.String()
	for _, p := range places {
		if err := u.serveTCP(p, certs.config, certs.made); err != nil {
			return err
		}
	}
	door, err := u.folder.listen(terminalName)
	if err != nil {
		return err
	}
	world := replay.Adopt(replay.Options{Scenario: u.Scenario}, u.Lab)
	u.Lab.Copy = nil // what clients ask for is in no log
	go (&doorway{ln: door, world: world, t: u.t}).serve()
	ln, err := u.folder.listen(controlName)
	if err != nil {
		return err
	}
	u.goServe(ln, u.control())
	return nil
}

// announce says what of this machine the lab has, whether or not somebody wants to
// hear it.
func (u *upLab) announce(text string) {
	u.said += "# " + text + "\n"
	u.t.say("%s", text)
}

// unplug takes the lab's interfaces away from this machine.
func (u *upLab) unplug() {
	for _, x := range u.taps {
		x.Close()
	}
}

// publish opens the real ports that were asked for.
func (u *upLab) publish(list []publication, all bool) error {
	for _, p := range list {
		ln, err := u.doors.publish(p)
		if err != nil {
			return fmt.Errorf("--publish-real %s:%d=%s: %w", p.host, p.at.Port(), p.real, err)
		}
		u.announce(opened(ln, p, ""))
	}
	for _, h := range u.Scenario.Hosts {
		if all && h.Docker {
			u.doors.publishAll(h.Name, u.announce)
		}
	}
	return nil
}

// control answers other dnetsim commands.
func (u *upLab) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /said", func(w http.ResponseWriter, r *http.Request) {
		if of := r.FormValue("process"); of != "" && of != strconv.Itoa(os.Getpid()) {
			http.Error(w, "another process has the lab", http.StatusConflict)
			return
		}
		io.WriteString(w, u.said)
	})
	mux.HandleFunc("POST /explain", u.explain)
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s\n", u.Scenario.Name)
		http.NewResponseController(w).Flush()
		u.ended()
	})
	return mux
}

// quoted is a word for a POSIX shell.
func quoted(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=+,@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// findRunning is the folder of a lab that is up: the one that is named, by its
// name or its folder, or the only one.
func findRunning(env func(string) string, args []string) (string, error) {
	up := running(env)
	names := strings.Join(slices.Sorted(maps.Keys(up)), ", ")
	if len(args) > 0 {
		if answers(filepath.Join(args[0], controlName)) {
			return args[0], nil
		}
		if dir := up[plainName(args[0])]; dir != "" {
			return dir, nil
		}
	}
	switch {
	case len(up) == 0 && len(args) == 0:
		return "", errors.New("no lab is up: name the folder of one")
	case len(up) == 0:
		return "", fmt.Errorf("no lab is up by the name %s, nor in a folder %s", args[0], args[0])
	case len(args) > 0:
		return "", fmt.Errorf("no lab is up by the name %s, nor in a folder %s: one of %s", args[0], args[0], names)
	case len(up) == 1:
		for _, dir := range up {
			return dir, nil
		}
	}
	return "", fmt.Errorf("several labs are up: name one of %s", names)
}

func newDown(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "down [LAB]",
		Short: "End a lab that is up",
		Long:  `End a lab that dnetsim up serves: LAB is its folder or the scenario's name. If only one is up, it need not be named.`,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := findRunning(t.env, args)
			if err != nil {
				return status{exitUsage, fmt.Errorf("dnetsim down: %w", err)}
			}
			name, err := control(c.Context(), dir, http.MethodPost, "/down", nil)
			if err != nil {
				return status{exitBroken, fmt.Errorf("dnetsim down: %s: %w", dir, err)}
			}
			for end := time.Now().Add(30 * time.Second); answers(filepath.Join(dir, controlName)); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					return status{exitBroken, fmt.Errorf("dnetsim down: %s still answers", dir)}
				}
			}
			t.say("%s is down", strings.TrimSpace(name))
			return nil
		},
	}
}
