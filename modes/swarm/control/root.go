package control

import (
	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
)

// setRoot makes the swarm's root certificate what its new specification asks for: as it is,
// or another one, to which the nodes are on their way from now on. A rotation that is under
// way goes on, begins anew, or ends where it began, as swarmkit's validateCAConfig has it.
// It changes c, or refuses.
func (s *Server) setRoot(c *object.Cluster) error {
	want := &c.Spec.CAConfig
	want.SigningCACert = ca.Normal(want.SigningCACert)
	cert, key := want.SigningCACert, want.SigningCAKey
	if key != "" && cert == "" {
		return rpc.Errorf(rpc.InvalidArgument, "if a signing CA key is provided, the signing CA cert must also be provided")
	}
	if cert == "" {
		if c.Forced == want.ForceRotate {
			return nil
		}
		root, _ := ca.NewRoot(s.Rand, s.Wall())
		return s.rotate(c, root)
	}
	root, err := ca.Given(cert, key, s.Wall())
	if err != nil {
		return rpc.Errorf(rpc.InvalidArgument, "%v", err)
	}
	for _, x := range want.ExternalCAs {
		if key == "" || ca.Normal(x.CACert) == cert {
			return rpc.Errorf(rpc.Unimplemented, "dnetsim does not simulate a rotation to an external CA (%s): give the root's key, --ca-key, and no external CA of it", x.URL)
		}
	}
	switch {
	case key == "":
		return rpc.Errorf(rpc.InvalidArgument, "there must be at least one valid, reachable external CA corresponding to the desired CA certificate")
	case root.Digest == c.Root.Digest:
		c.Forced, c.Rotation = want.ForceRotate, nil
		s.showRoot(c)
		return nil
	case ca.SameKey(root, c.Root):
		return rpc.Errorf(rpc.InvalidArgument, "Cannot update to a cert with an identical key")
	case c.Rotation != nil && c.Rotation.Root.Digest == root.Digest:
		c.Forced = want.ForceRotate
		return nil
	}
	return s.rotate(c, root)
}

// rotate begins the way to a root.
func (s *Server) rotate(c *object.Cluster, root object.RootCA) error {
	to, err := ca.Rotate(s.Rand, c.Root, root)
	if err != nil {
		return rpc.Errorf(rpc.Internal, "unable to generate a cross-signed certificate for root rotation")
	}
	c.Rotation, c.Forced = to, c.Spec.CAConfig.ForceRotate
	s.showRoot(c)
	return nil
}

// showRoot notes what the API shows: the root that nodes trust, and whose certificates they
// are to have.
func (s *Server) showRoot(c *object.Cluster) {
	issuer := c.Root
	if c.Rotation != nil {
		issuer = c.Rotation.Root
	}
	c.RootRotationInProgress = c.Rotation != nil
	c.TLSInfo = ca.Info(c.Root.PEM, issuer.PEM)
}
