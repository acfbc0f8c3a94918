package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/docker/cli/cli/streams"
	"github.com/spf13/cobra"
)

// adaptInfo has docker info print what a client of 20.10 prints of the cluster
// store: two lines behind Experimental. The engine still sends them; docker's
// own command has forgotten the fields. A --format is left to it.
func (s *session) adaptInfo(cmd *cobra.Command, h *dockerCLI) {
	if cmd.Name() != "info" || cmd.Flags().Lookup("format") == nil {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if isSet(cmd.Flags(), "format") {
			return run(cmd, args)
		}
		lines := s.clusterLines(cmd.Context())
		out := h.out
		defer func() { h.out = out }()
		h.out = streams.NewOut(&insertion{out: out, after: []byte(" Experimental:"), lines: lines})
		return run(cmd, args)
	}
}

// clusterLines asks the engine for the two fields; an engine that does not
// answer has none.
func (s *session) clusterLines(ctx context.Context) string {
	t := &http.Transport{DialContext: s.dial}
	defer t.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/v"+s.srv.Version().APIVersion+"/info", nil)
	if err != nil {
		return ""
	}
	res, err := t.RoundTrip(r)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	var i struct{ ClusterStore, ClusterAdvertise string }
	if json.NewDecoder(res.Body).Decode(&i) != nil {
		return ""
	}
	lines := ""
	if i.ClusterStore != "" {
		lines += fmt.Sprintf(" Cluster Store: %s\n", i.ClusterStore)
	}
	if i.ClusterAdvertise != "" {
		lines += fmt.Sprintf(" Cluster Advertise: %s\n", i.ClusterAdvertise)
	}
	return lines
}

// insertion is a stream that puts lines behind the line that begins with after.
// docker info writes line by line.
type insertion struct {
	out   *streams.Out
	after []byte
	lines string
}

func (i *insertion) Write(b []byte) (int, error) {
	n, err := i.out.Write(b)
	if err == nil && bytes.HasPrefix(b, i.after) && bytes.HasSuffix(b, []byte("\n")) {
		_, err = i.out.Write([]byte(i.lines))
	}
	return n, err
}
