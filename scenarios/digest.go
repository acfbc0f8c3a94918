package scenarios

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"dnetsim/link/trail"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/stack/netfilter"
	"dnetsim/stack/nftables"
)

// digest is the fingerprint of a run: every frame with its time and place,
// the transcript, and the final tables of every namespace.
type digest struct {
	h    hash.Hash
	stop func()
	head [16]byte
}

func newDigest(loop *sim.Loop, wanted bool) *digest {
	d := &digest{h: sha256.New(), stop: func() {}}
	if wanted {
		d.stop = loop.Journal().Listen(d.entry)
	}
	return d
}

// entry takes in one line of the journal. Lengths go first, so that two
// different journals never make the same bytes.
func (d *digest) entry(e *sim.Entry) {
	place, verb, why, data := told(e)
	binary.BigEndian.PutUint64(d.head[:8], uint64(e.At))
	binary.BigEndian.PutUint64(d.head[8:], uint64(len(data)))
	d.h.Write(d.head[:])
	io.WriteString(d.h, place.String())
	io.WriteString(d.h, "\x00"+verb+"\x00"+why+"\x00")
	d.h.Write(data)
}

// told is an entry of the journal as text and bytes: an event of a packet, or a
// note.
func told(e *sim.Entry) (place trail.Place, verb, why string, frame []byte) {
	switch x := e.What.(type) {
	case *trail.Event:
		return x.Place, x.Verb.String(), x.Why(), x.Frame
	case *trail.Note:
		return x.Place, x.What, strings.TrimSpace(x.Text + " " + x.More), nil
	}
	return place, fmt.Sprintf("%T", e.What), "", nil
}

func (d *digest) sum(transcript string, lab *Lab) string {
	d.stop()
	io.WriteString(d.h, transcript)
	io.WriteString(d.h, finalTables(lab))
	fmt.Fprintf(d.h, "%d", lab.Loop.Now()) // how many events it took is not of the world
	return "sha256:" + hex.EncodeToString(d.h.Sum(nil))
}

// finalTables are the tables of every namespace of a lab, one after the other.
func finalTables(lab *Lab) string {
	var b strings.Builder
	for _, ns := range lab.spaces {
		b.WriteString(tables(ns))
	}
	for _, h := range lab.Scenario.Hosts {
		if host := lab.hosts[h.Name]; host != nil {
			for _, ns := range host.Namespaces() {
				b.WriteString(tables(ns))
			}
		}
	}
	return b.String()
}

// tables is everything that a person could look up in a namespace.
func tables(ns *stack.Namespace) string {
	var b strings.Builder
	fmt.Fprintf(&b, "namespace %s\n", ns.Name())
	for _, i := range ns.Interfaces() {
		fmt.Fprintf(&b, "%d %s %s %s mtu %d up %v carrier %v %+v %+v\n", i.Index(), i.Name(), i.Kind(), i.MAC(), i.MTU(), i.Up(), i.Carrier(), i.Addrs(), i.Counters())
		if br := i.Bridge(); br != nil {
			for _, e := range br.FDB() {
				fmt.Fprintf(&b, "fdb %s static %v local %v\n", e.MAC, e.Static, e.Local)
			}
		}
		if v := i.VXLAN(); v != nil {
			for _, e := range v.FDB() {
				fmt.Fprintf(&b, "fdb %s dst %s port %d vni %d permanent %v\n", e.MAC, e.Remote.Addr, e.Remote.Port, e.Remote.VNI, e.Permanent)
			}
		}
	}
	for _, r := range ns.Routes(0) {
		fmt.Fprintf(&b, "route %+v\n", r)
	}
	for _, v6 := range []bool{false, true} {
		if !ns.HasPolicy(v6) {
			continue // a namespace that nobody gave rules says nothing of them
		}
		for _, r := range ns.Rules(v6) {
			fmt.Fprintf(&b, "rule %+v\n", r)
		}
	}
	for _, n := range ns.Neighbours() {
		fmt.Fprintf(&b, "neighbour %+v\n", n)
	}
	b.WriteString(ns.Netfilter(false).Save(netfilter.SaveOptions{Counters: true}))
	b.WriteString(ns.Netfilter(true).Save(netfilter.SaveOptions{Counters: true}))
	if stack.HasNftables(ns) {
		ruleset, _ := ns.Nftables().Run("list ruleset", nftables.Options{Handles: true})
		b.WriteString(ruleset)
	}
	return b.String()
}
