package swarm

import (
	"errors"
	"reflect"
	"strings"
	"time"

	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
)

// forceTime is how long a node waits with a renewal that it was asked for, so that the
// managers can settle what it is to be (swarmkit's TLSRenewer).
const forceTime = 500 * time.Millisecond

// old reports whether the certificate is to be renewed: half of its life is over.
func (l *life) old() bool {
	c := l.n.disk.Cert
	left := time.Unix(c.Until, 0).Sub(l.n.Wall())
	if c.Serial != l.serial {
		l.serial, l.half = c.Serial, left/2
	}
	return left < l.half
}

// askedAgain reports whether the managers ask for a renewal, as they do when the root is to
// be another one: each time that they say so, once.
func (l *life) askedAgain() bool {
	return l.node != nil && l.node != l.asked && l.node.CertState == object.CertRotate
}

// force notes that the node does what it was asked for, and waits a little.
func (l *life) force() error {
	l.asked = l.node
	c := &l.n.disk.Cert
	l.n.Log("info", "forced certificate renewal", "module", "node/tls", "node.id", c.NodeID, "node.role", "swarm-"+strings.ToLower(c.Role))
	return l.n.Loop.Current().Sleep(forceTime)
}

// tls is what the node trusts, and who has signed its certificate.
func (d *disk) tls() object.TLSInfo {
	issuer := d.Cert.Intermediate
	if issuer == "" {
		issuer = d.Root.PEM
	}
	return ca.Info(d.Root.PEM, issuer)
}

// trust takes the managers' root for the node's own, if its certificate leads there.
func (l *life) trust(root object.RootCA) {
	d := l.n.disk
	if root.Digest == d.Root.Digest {
		d.Root = root
		return
	}
	if !ca.Leads(&d.Cert, root.Digest) {
		l.n.Log("error", "could not use new root CA from dispatcher", "error", "new root CA does not match existing TLS credentials: "+ca.ErrAuthority.Error(), "module", "node", "node.id", d.Cert.NodeID)
		return
	}
	d.Root = root
	if l.agent != nil {
		l.agent.Redescribe()
	}
}

// renew gets the certificate of the role that the node is to have, and becomes that.
func (l *life) renew() error {
	n, d := l.n, l.n.disk
	conn := l.agent.Conn()
	if conn == nil {
		return errors.New("no session")
	}
	var a message.CertificateAnswer
	q := message.CertificateRequest{CSR: n.csr(), Renew: true}
	if err := conn.Call(message.IssueCertificate, q, &a, rpc.In(n.Loop, rootTime)); err != nil {
		return err
	}
	if !ca.Leads(&a.Cert, d.Root.Digest) {
		return ca.ErrAuthority // the root is another one now: the session will tell
	}
	was, before := d.Cert.Role, d.tls()
	d.Cert = a.Cert
	n.save()
	switch {
	case was == a.Cert.Role:
		if !reflect.DeepEqual(d.tls(), before) {
			l.agent.Redescribe()
		}
		if l.node.Spec.Role != was {
			return errors.New("the role has not changed yet")
		}
		return nil
	case a.Cert.Role == object.RoleManager:
		l.agent.Stop()
		if err := l.promote(); err != nil {
			n.Log("error", "failed to start manager", "error", err.Error())
			l.startAgent()
			return err
		}
	default:
		l.agent.Stop()
		l.unmanage()
	}
	l.startAgent()
	l.changed.Broadcast()
	return nil
}

func (n *Node) csr() []byte {
	b := make([]byte, csrSize)
	n.Stream("csr").Read(b)
	return b
}
