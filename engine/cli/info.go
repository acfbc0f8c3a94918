package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/docker/cli/cli/streams"
	"github.com/spf13/cobra"
)

// adaptInfo has docker info print what a client of 20.10 prints and newer ones
// have forgotten, though the engine still sends it: the registry and that there
// are no labels before Experimental, the cluster store behind it. The client's
// version is not printed by it. A --format is left to docker's own command.
func (s *session) adaptInfo(cmd *cobra.Command, h *dockerCLI) {
	if cmd.Name() != "info" || cmd.Flags().Lookup("format") == nil {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if isSet(cmd.Flags(), "format") {
			return run(cmd, args)
		}
		i := s.forgotten(cmd.Context())
		out := h.out
		defer func() { h.out = out }()
		at := func(w io.Writer, begin, before, after string) *streams.Out {
			return streams.NewOut(&insertion{out: w, begin: []byte(begin), before: before, after: after})
		}
		h.out = at(out, " Experimental:", i.noLabels(), i.cluster())
		h.out = at(h.out, i.registryBefore(), i.registry(), "")
		h.out = streams.NewOut(&omission{h.out, []byte(" Version: ")})
		return run(cmd, args)
	}
}

// forgotten are the fields of the engine's answer that docker's command ignores.
type forgotten struct {
	ClusterStore, ClusterAdvertise, IndexServerAddress string
	Labels                                             []string
}

// forgotten asks the engine for them; an engine that does not answer has none.
func (s *session) forgotten(ctx context.Context) (f forgotten) {
	t := &http.Transport{DialContext: s.dial}
	defer t.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/v"+s.srv.Version().APIVersion+"/info", nil)
	if err != nil {
		return f
	}
	res, err := t.RoundTrip(r)
	if err != nil {
		return f
	}
	defer res.Body.Close()
	if json.NewDecoder(res.Body).Decode(&f) != nil {
		return forgotten{}
	}
	return f
}

func (f forgotten) cluster() string {
	return labelled(" Cluster Store: ", f.ClusterStore) + labelled(" Cluster Advertise: ", f.ClusterAdvertise)
}

func (f forgotten) registry() string { return labelled(" Registry: ", f.IndexServerAddress) }

// registryBefore is what the line behind the registry's begins with.
func (f forgotten) registryBefore() string {
	if len(f.Labels) > 0 {
		return " Labels:"
	}
	return " Experimental:"
}

// noLabels is the heading that is printed of an empty list as well.
func (f forgotten) noLabels() string {
	if f.Labels != nil && len(f.Labels) == 0 {
		return " Labels:\n"
	}
	return ""
}

func labelled(label, value string) string {
	if value == "" {
		return ""
	}
	return label + value + "\n"
}

// insertion is a stream that puts lines before and behind the line that begins
// with begin. docker info writes line by line.
type insertion struct {
	out           io.Writer
	begin         []byte
	before, after string
}

func (i *insertion) Write(b []byte) (int, error) {
	if !bytes.HasPrefix(b, i.begin) || !bytes.HasSuffix(b, []byte("\n")) {
		return i.out.Write(b)
	}
	if _, err := io.WriteString(i.out, i.before); err != nil {
		return 0, err
	}
	n, err := i.out.Write(b)
	if err == nil {
		_, err = io.WriteString(i.out, i.after)
	}
	return n, err
}

// omission is a stream that leaves out the lines that begin with begin.
type omission struct {
	out   io.Writer
	begin []byte
}

func (o *omission) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, o.begin) {
		return len(b), nil
	}
	return o.out.Write(b)
}
