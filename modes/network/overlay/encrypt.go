package overlay

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/modes/errdefs"
	"dnetsim/stack/ipsec"
)

// secureMark is the mark of datagrams that are to be encrypted, and the number that ties
// states and policies together.
const secureMark = 0xd0c4e3

// secureOverhead is what ESP takes from the MTU of an encrypted network.
const secureOverhead = 26

// Key is one of the keys of encrypted networks.
type Key struct {
	Tag    uint32
	Secret []byte // 16 bytes
}

// security is what a host has of encrypted networks.
type security struct {
	local, advertised netip.Addr
	later             bool
	keys              []Key // the first one encrypts, the others only decrypt
	far               map[netip.Addr]bool
	rules             map[uint32]bool // the identifiers whose rules are there
}

// Secure says how this host's datagrams of encrypted networks leave, and with which
// keys. later: rules look into datagrams as those of 29 do.
func (o *Driver) Secure(local, advertised netip.Addr, keys []Key, later bool) {
	for a := range o.secure.far { // each by itself: the order is no matter
		o.expose(a)
	}
	o.secure.local, o.secure.advertised, o.secure.keys, o.secure.later = local, advertised, keys, later
	o.secure.far = nil
	o.keepSecure()
}

// keepSecure fits rules, states and policies to the encrypted networks that containers
// here are in, and the hosts that others of theirs are on.
func (o *Driver) keepSecure() {
	if len(o.secure.keys) == 0 && len(o.secure.rules) == 0 {
		return
	}
	far, rules := map[netip.Addr]bool{}, map[uint32]bool{}
	for _, id := range sortedKeys(o.networks) {
		n := o.networks[id]
		if !n.secure || n.box == nil {
			continue
		}
		for _, s := range n.subnets {
			rules[s.vni] = true
		}
		for _, entries := range o.peers.networks[id] { // a set: the order is no matter
			for _, e := range entries {
				if !e.local && e.vtep.IsValid() {
					far[e.vtep] = true
				}
			}
		}
	}
	for _, vni := range slices.Sorted(maps.Keys(rules)) {
		if !o.secure.rules[vni] {
			o.programRules(vni, true)
		}
	}
	for _, vni := range slices.Sorted(maps.Keys(o.secure.rules)) {
		switch {
		case rules[vni]:
		case o.secure.later:
			o.programRules(vni, false)
		default: // 20.10 leaves them behind
			rules[vni] = true
		}
	}
	byAddr := func(m map[netip.Addr]bool) []netip.Addr {
		return slices.SortedFunc(maps.Keys(m), netip.Addr.Compare)
	}
	for _, a := range byAddr(far) {
		if !o.secure.far[a] {
			o.protect(a)
		}
	}
	for _, a := range byAddr(o.secure.far) {
		if !far[a] {
			o.expose(a)
		}
	}
	o.secure.far, o.secure.rules = far, rules
}

// tunnelMatch is the match of a tunnel's datagrams by its identifier.
func (o *Driver) tunnelMatch(vni uint32) []string {
	if o.secure.later {
		return []string{"-m", "bpf", "--bytecode", fmt.Sprintf("7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 %d,6 0 0 0,6 0 0 4294967295", vni)}
	}
	return []string{"-m", "u32", "--u32", fmt.Sprintf("0>>22&0x3C@12&0xFFFFFF00=%d", int(vni)<<8)}
}

// programRules marks what leaves by an encrypted network's tunnel, and drops what comes
// into it and was not encrypted.
func (o *Driver) programRules(vni uint32, add bool) {
	f := o.host.NS().Netfilter(false)
	port := strconv.Itoa(int(o.port))
	rule := func(table, chain, action string, args ...string) {
		if !add {
			f.Remove(table, chain, args...)
			return
		}
		if f.Exec(append([]string{"-t", table, "-C", chain}, args...)...) == nil {
			return // an engine that is started again finds them
		}
		if err := f.Exec(append([]string{"-t", table, action, chain}, args...)...); err != nil {
			o.host.Log("warning", err.Error())
		}
	}
	match := o.tunnelMatch(vni)
	plain := append([]string{"-p", "udp", "--dport", port}, match...)
	rule("mangle", "OUTPUT", "-A", append(slices.Clone(plain), "-j", "MARK", "--set-mark", strconv.Itoa(secureMark))...)
	by := func(policy, target string) []string {
		args := append([]string{"-p", "udp", "-m", "policy", "--dir", "in", "--pol", policy, "-m", "udp", "--dport", port}, match...)
		return append(args, "-j", target)
	}
	if !o.secure.later {
		rule("filter", "INPUT", "-I", by("ipsec", "ACCEPT")...)
	}
	rule("filter", "INPUT", "-I", by("none", "DROP")...)
}

// spi is the number of a state from one address to another with a key.
func spi(src, dst netip.Addr, tag uint32) uint32 {
	h := fnv.New32a()
	h.Write(src.AsSlice())
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], tag)
	h.Write(b[:])
	h.Write(dst.AsSlice())
	return h.Sum32()
}

// protect programs states with a host, in both directions for the key that encrypts, and
// the policy by which datagrams to it are encrypted.
func (o *Driver) protect(far netip.Addr) {
	s, x := &o.secure, o.host.NS().XFRM()
	for i, k := range s.keys {
		secret := binary.BigEndian.AppendUint32(slices.Clone(k.Secret), k.Tag)
		in := ipsec.State{Src: far, Dst: s.local, SPI: spi(far, s.advertised, k.Tag), ReqID: secureMark, Key: secret}
		if err := x.AddState(in); err != nil {
			o.host.Log("warning", fmt.Sprintf("Failed Adding rSA{%s}: %s", s.shown(far, s.local), errdefs.Lower(err)))
		}
		if i != 0 {
			continue
		}
		out := ipsec.State{Src: s.local, Dst: far, SPI: spi(s.advertised, far, k.Tag), ReqID: secureMark, Key: secret}
		if err := x.AddState(out); err != nil {
			o.host.Log("warning", fmt.Sprintf("Failed Adding fSA{%s}: %s.", s.shown(s.local, far), errdefs.Lower(err)))
		}
		p := o.policy(far)
		p.SPI, p.ReqID = out.SPI, secureMark
		x.SetPolicy(p)
	}
}

// shown is a state as the log has it; 29 stumbles over its own state there.
func (s *security) shown(src, dst netip.Addr) string {
	if s.later {
		return "%!s(PANIC=String method: runtime error: invalid memory address or nil pointer dereference)"
	}
	return src.String() + "->" + dst.String()
}

func (o *Driver) policy(far netip.Addr) ipsec.Policy {
	return ipsec.Policy{Src: o.secure.local, Dst: far, Protocol: 17, DstPort: o.port, Mark: secureMark}
}

// expose takes them away.
func (o *Driver) expose(far netip.Addr) {
	s, x := &o.secure, o.host.NS().XFRM()
	for i, k := range s.keys {
		x.DelState(s.local, spi(far, s.advertised, k.Tag))
		if i == 0 {
			x.DelState(far, spi(s.advertised, far, k.Tag))
			x.DelPolicy(o.policy(far))
		}
	}
}
