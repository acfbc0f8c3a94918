package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"dnetsim/labs"
	"dnetsim/labs/store"
	"dnetsim/page"

	"github.com/spf13/cobra"
)

// serveFlags are those of `dnetsim serve`.
type serveFlags struct {
	labs, data, listen, title string
	memory                    int
	idle                      time.Duration
}

func newServe(t *terminal) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve labs to a class: a world for each learner, a page for the teacher",
		Long: `Serve labs to a class. It prints two links: the teacher's, which shows who is where
and gives the results, and the learners', where each gives a name and works in a world
of their own. What learners do is kept in --data and survives a restart: what a page
has been told is done is on the disk, and of what was typed at most the last quarter of
a second is lost. Ctrl-C ends it.`,
		Example: `  dnetsim serve --listen 0.0.0.0:8080 --data class
  dnetsim serve --labs my-labs --title 'Networks 1'`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.serve(c.Context(), t)
		},
	}
	c.Flags().StringVar(&f.labs, "labs", "", "the `folder` with the labs, *.yaml; those that are compiled in by default")
	c.Flags().StringVar(&f.data, "data", "dnetsim-class", "the `folder` that keeps the class")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "the address and port to serve at: 0.0.0.0:8080 for a network")
	c.Flags().StringVar(&f.title, "title", "dnetsim", "the class's title")
	c.Flags().IntVar(&f.memory, "memory", 4096, "how much memory the worlds may take together, in MB")
	c.Flags().DurationVar(&f.idle, "idle", 10*time.Minute, "how long nobody uses a world before it is put to sleep")
	return c
}

func (f *serveFlags) serve(ctx context.Context, t *terminal) error {
	all, err := labs.List()
	if f.labs != "" {
		all, err = labs.ReadDir(f.labs)
	}
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim serve: %w", err)}
	}
	if f.memory < 256 {
		return status{exitUsage, errors.New("dnetsim serve: --memory: write how many MB the worlds may take together, from 256 on")}
	}
	t.memory.Store(uint64(f.memory+f.memory/2) << 20)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(f.memory) << 20))
	defer debug.SetGCPercent(debug.SetGCPercent(300)) // worlds are small beside what they leave to be collected
	st, err := openStore(f.data)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim serve: %w", err)}
	}
	defer st.Close()
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	names := []string{host}
	if name, _, err := net.SplitHostPort(f.listen); err == nil {
		names = append(names, name)
	}
	server, err := page.New(page.Options{
		Labs: all, Docker: docker(t), Store: st, Class: true, Title: f.title, Names: names, Memory: uint64(f.memory) << 20 / 10 * 9,
		Limits: page.ClassLimits(f.idle),
	})
	if err != nil {
		return status{exitBroken, fmt.Errorf("dnetsim serve: %w", err)}
	}
	defer server.Close()
	l, err := listen(f.listen)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim serve: %w", err)}
	}
	at := "http://" + reachable(l.Addr(), host)
	links := server.Links()
	fmt.Fprintf(t.out, "teacher:  %s%s\nlearners: %s%s\n", at, links.Teacher, at, links.Learners)
	return serveUntil(ctx, l, server)
}

// openStore opens the store in a folder, and makes both if they are not there.
func openStore(folder string) (*store.Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	return store.Open(filepath.Join(folder, "class.db"))
}

// reachable is an address for other machines: of one that listens everywhere, the
// machine's name.
func reachable(a net.Addr, host string) string {
	name, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(name); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort(strings.ToLower(host), port)
	}
	return a.String()
}
