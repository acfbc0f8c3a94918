package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"dnetsim/modes/swarm/object"

	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

// pemFile reads a certificate or a key of the simulated host for a flag, in docker's words;
// SwarmUpdate sends it.
func pemFile(s *session, name string) func(string) error {
	return func(path string) error {
		b, err := s.p.ReadFile(path)
		if err != nil {
			return fmt.Errorf("open %s: %s", path, strings.ToLower(err.Error()))
		}
		if block, _ := pem.Decode(b); block == nil {
			return errors.New("file contents must be in PEM format")
		}
		if s.pems == nil {
			s.pems = map[string]string{}
		}
		s.pems[name] = string(b)
		return nil
	}
}

// SwarmUpdate adds the certificate and the key that flags have named: docker's own code has
// seen none, and asks for a new root that is drawn.
func (a *apiClient) SwarmUpdate(ctx context.Context, o client.SwarmUpdateOptions) (client.SwarmUpdateResult, error) {
	if len(a.s.pems) > 0 {
		c := &o.Spec.CAConfig
		c.SigningCACert, c.SigningCAKey = a.s.pems["ca-cert"], a.s.pems["ca-key"]
		c.ForceRotate--
		for _, x := range c.ExternalCAs {
			if x.CACert == "" {
				x.CACert = c.SigningCACert
			}
		}
	}
	return a.APIClient.SwarmUpdate(ctx, o)
}

// adaptRotation has docker swarm ca --rotate leave the wait for the nodes to us.
func adaptRotation(s *session, cmd *cobra.Command, h *dockerCLI) {
	if nameOf(cmd) != "swarm ca" {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f := cmd.Flags()
		if !isSet(f, "rotate") || isSet(f, "detach") {
			return run(cmd, args)
		}
		f.Lookup("detach").Value.Set("true")
		if err := run(cmd, args); err != nil {
			return err
		}
		return awaitRotation(cmd.Context(), s, h, isSet(f, "quiet"))
	}
}

// awaitRotation shows how a swarm's nodes get certificates of a new root until all have them
// and trust it, then the root, as docker's attach and RootRotationProgress.
func awaitRotation(ctx context.Context, s *session, h *dockerCLI, quiet bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w := io.Writer(h.out)
	if quiet {
		w = io.Discard
	}
	r := rotation{s, ctx, rows{out: w, width: s.columns(false), lines: map[string]uint{}}}
	caught, stop := notify(s)
	defer stop()
	err := r.wait(caught)
	if quiet {
		return err
	}
	if err == nil { // jsonstream.Display's
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	var c object.Cluster
	if err := s.get(ctx, "/swarm", &c); err != nil {
		return err
	}
	if c.TLSInfo.TrustRoot == "" {
		return errors.New("no CA information available")
	}
	fmt.Fprintln(h.out, strings.TrimSpace(c.TLSInfo.TrustRoot))
	return nil
}

// rotation is the wait for one.
type rotation struct {
	s    *session
	ctx  context.Context
	rows rows
}

// The rows, and what stands before the bars so that they begin in one column.
const (
	wantedRoot  = "desired root digest"
	certsRight  = "  rotated TLS certificates"
	rootsRight  = "  rotated CA certificates"
	beforeRoots = " "
)

func (r *rotation) print(id, text string, n, of int) {
	p := &jsonstream.Progress{Current: int64(n), Total: int64(of)}
	if of > 0 {
		p.Units = "nodes"
	}
	r.rows.show(jsonstream.Message{ID: id, Status: text, Progress: p})
}

// wait returns when the rotation is over, or when caught tells of Ctrl-C.
func (r *rotation) wait(caught func() bool) error {
	r.print(wantedRoot, "", 0, 0)
	r.print(certsRight, "", 0, 0)
	r.print(rootsRight, beforeRoots, 0, 0)
	done, err := r.follow(caught)
	if !errors.Is(err, context.Canceled) || !caught() {
		return err
	}
	if !done {
		r.rows.show(jsonstream.Message{Status: "Operation continuing in background."})
		r.rows.show(jsonstream.Message{Status: "Use `swarmctl cluster inspect default` to check progress."})
	}
	return nil
}

// follow looks at the swarm until all nodes have what they are to have, or
// [context.Canceled]; it tells whether they had when it last looked.
func (r *rotation) follow(caught func() bool) (done bool, err error) {
	for {
		var c object.Cluster
		if err := r.s.get(r.ctx, "/swarm", &c); err != nil || done {
			return done, err
		}
		var nodes []*object.Node
		if err := r.s.get(r.ctx, "/nodes", &nodes); err != nil {
			return done, err
		}
		done = r.look(&c, nodes)
		if caught() || !r.s.sleep(r.ctx, progressEvery) || caught() {
			return done, context.Canceled
		}
	}
}

// look shows how many nodes have a certificate of the root that is wanted, and, once all
// have, how many trust it. It reports whether all do.
func (r *rotation) look(c *object.Cluster, nodes []*object.Node) bool {
	certs, roots, all := 0, 0, len(nodes)
	for _, n := range nodes {
		is, want := n.Description.TLSInfo, c.TLSInfo
		if bytes.Equal(is.CertIssuerPublicKey, want.CertIssuerPublicKey) && bytes.Equal(is.CertIssuerSubject, want.CertIssuerSubject) {
			certs++
		}
		if is.TrustRoot == want.TrustRoot {
			roots++
		}
	}
	over := certs == all && !c.RootRotationInProgress
	if !over {
		roots = 0
	}
	r.print(wantedRoot, fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(c.TLSInfo.TrustRoot))), 0, 0)
	r.print(certsRight, "", certs, all)
	r.print(rootsRight, beforeRoots, roots, all)
	return over && roots == all
}
