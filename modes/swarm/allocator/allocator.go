// Package allocator gives a swarm's networks their subnets and tunnel identifiers, and
// services, tasks and nodes their addresses and ports there. The leader runs it on every
// change of the state. What is in the state is taken; beside that it only knows where it
// went on the last time: identifiers and addresses are given one after the other, so that
// one that has just become free is not given again at once (swarmkit's serial allocation).
package allocator

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/state"
)

// The first tunnel identifier, and those of published ports that nobody chose.
const (
	firstVNI  = 4096
	lastVNI   = 1<<24 - 1
	firstPort = 30000
	lastPort  = 32767
)

// The pool and the size of subnets that nobody chose.
var defaultPool = []string{"10.0.0.0/8"}

const defaultSize = 24

// Allocator is a leader's.
type Allocator struct {
	Wall func() time.Time
	Log  func(level, msg string, pairs ...string)
	// IPv6 says that subnets of IPv6 are given out: the allocator asks for every pool as one
	// of IPv4, which IPAM knew no difference of until Docker 27.
	IPv6 bool
	// GoOn looks for a subnet behind the last one that was cut, as 20.10's IPAM; else the
	// lowest one is taken that is free.
	GoOn bool

	cut    uint32 // where the search for a subnet goes on, with GoOn
	vni    int
	last   map[string]netip.Addr // last address given, by network and subnet
	failed map[string]bool       // what has been logged
	nets   map[string]*network
}

// New knows nothing yet.
func New(wall func() time.Time, log func(level, msg string, pairs ...string)) *Allocator {
	return &Allocator{Wall: wall, Log: log, last: map[string]netip.Addr{}, failed: map[string]bool{}}
}

// network is one with its addresses as they are taken at the moment.
type network struct {
	object *object.Network
	pools  []netip.Prefix
	taken  map[netip.Addr]bool
}

// Run gives everything what it lacks, as far as there is any.
func (a *Allocator) Run(tx *state.Tx) error {
	a.networks(tx)
	a.survey(tx)
	a.services(tx)
	a.tasks(tx)
	a.nodes(tx)
	return nil
}

// complain logs once what cannot be given.
func (a *Allocator) complain(key, text string, err error) {
	if !a.failed[key] {
		a.failed[key] = true
		a.Log("error", text, "error", err.Error(), "module", "node")
	}
}

// networks gives new networks their identifier and subnets.
func (a *Allocator) networks(tx *state.Tx) {
	for _, n := range state.All[*object.Network](tx) {
		if n.IPAMOptions != nil || n.NodeLocal() || n.DriverState.Name != "" {
			continue
		}
		out := object.Clone(n)
		pools, err := a.subnets(tx, out)
		if err != nil {
			a.complain(n.ID, "Failed allocation for network "+n.ID, fmt.Errorf("failed allocating pools and gateway IP for network %s: %w", n.ID, err))
			continue
		}
		ids, err := a.newVNIs(tx, out, len(pools))
		if err != nil {
			a.complain(n.ID, "Failed allocation for network "+n.ID, fmt.Errorf("failed while allocating driver state for network %s: %w", n.ID, err))
			continue
		}
		out.IPAMOptions = &object.IPAM{Driver: object.Driver{Name: "default"}, Configs: pools}
		out.DriverState = object.Driver{Name: "overlay", Options: map[string]string{}}
		if d := n.Spec.DriverConfiguration; d != nil {
			for k, v := range d.Options {
				out.DriverState.Options[k] = v
			}
		}
		out.DriverState.Options[object.OptVXLANIDs] = ids
		tx.Update(out)
	}
}

// newVNIs are the identifiers of a network's tunnels: those that it was asked to have, if no
// other network has them, and the next ones.
func (a *Allocator) newVNIs(tx *state.Tx, n *object.Network, count int) (string, error) {
	var asked []string
	if d := n.Spec.DriverConfiguration; d != nil && d.Options[object.OptVXLANIDs] != "" {
		asked = strings.Split(d.Options[object.OptVXLANIDs], ",")
	}
	var out []string
	for i := range max(count, len(asked)) {
		if i >= len(asked) {
			out = append(out, strconv.Itoa(a.nextVNI(tx, n)))
			continue
		}
		id, err := strconv.ParseUint(asked[i], 10, 32)
		switch {
		case err != nil:
			return "", fmt.Errorf("invalid vxlan id value %q passed", asked[i])
		case i >= count:
			continue
		}
		for _, x := range state.All[*object.Network](tx) {
			if slices.Contains(vnis(x), int(id)) {
				return "", fmt.Errorf("could not assign vxlan id %d to pool %d: requested bit is already allocated", id, i)
			}
		}
		out = append(out, asked[i])
	}
	return strings.Join(out, ","), nil
}

// nextVNI is the next identifier that no network has.
func (a *Allocator) nextVNI(tx *state.Tx, but *object.Network) int {
	taken := map[int]bool{}
	for _, n := range append(state.All[*object.Network](tx), but) {
		for _, id := range vnis(n) {
			taken[id] = true
			if a.vni < id && n != but {
				a.vni = id
			}
		}
	}
	for {
		if a.vni++; a.vni < firstVNI || a.vni > lastVNI {
			a.vni = firstVNI
		}
		if !taken[a.vni] {
			return a.vni
		}
	}
}

func vnis(n *object.Network) (out []int) {
	var id int
	text := n.DriverState.Options[object.OptVXLANIDs]
	for text != "" {
		k, _ := fmt.Sscanf(text, "%d", &id)
		if k == 0 {
			return out
		}
		out = append(out, id)
		if i := slices.Index([]byte(text), ','); i >= 0 {
			text = text[i+1:]
		} else {
			text = ""
		}
	}
	return out
}

// subnets are those of a new network: what was asked for, or the next free one of the
// default pool.
func (a *Allocator) subnets(tx *state.Tx, n *object.Network) (out []object.IPAMConfig, err error) {
	var used []netip.Prefix
	for _, x := range state.All[*object.Network](tx) {
		if x.IPAMOptions != nil {
			for _, c := range x.IPAMOptions.Configs {
				if p, err := netip.ParsePrefix(c.Subnet); err == nil {
					used = append(used, p)
				}
			}
		}
	}
	asked := []object.IPAMConfig{}
	if n.Spec.IPAMOptions != nil {
		asked = n.Spec.IPAMOptions.Configs
	}
	if len(asked) == 0 {
		asked = []object.IPAMConfig{{}}
	}
	for _, c := range asked {
		p, err := a.subnet(tx, c, used)
		if err != nil {
			return nil, err
		}
		if c.Gateway == "" {
			c.Gateway = p.Masked().Addr().Next().String()
		}
		c.Subnet = p.String()
		used = append(used, p)
		out = append(out, c)
	}
	return out, nil
}

func (a *Allocator) subnet(tx *state.Tx, c object.IPAMConfig, used []netip.Prefix) (netip.Prefix, error) {
	overlaps := func(p netip.Prefix) bool {
		return slices.ContainsFunc(used, func(u netip.Prefix) bool { return u.Overlaps(p) })
	}
	if c.Subnet != "" {
		p, err := netip.ParsePrefix(c.Subnet)
		switch {
		case err != nil:
			return p, fmt.Errorf("invalid subnet %s", c.Subnet)
		case !p.Addr().Is4() && !a.IPv6: // the gateway's is looked for among those of IPv6
			return p, fmt.Errorf("cannot find address pool for poolID:%s/invalid Prefix", p)
		case overlaps(p):
			return p, fmt.Errorf("invalid pool request: Pool overlaps with other one on this address space")
		}
		return p.Masked(), nil
	}
	pools, size := defaultPool, uint32(defaultSize)
	if cl := state.Cluster(tx); cl != nil && len(cl.DefaultAddrPool) > 0 {
		pools, size = cl.DefaultAddrPool, cl.SubnetSize
	}
	var whole []netip.Prefix
	all := uint32(0) // how many subnets they are
	for _, text := range pools {
		pool, err := netip.ParsePrefix(text)
		if err == nil && int(size) >= pool.Bits() && size <= 32 {
			whole = append(whole, pool.Masked())
			all += uint32(1) << (size - uint32(pool.Bits()))
		}
	}
	for i := range all {
		if a.GoOn {
			i = (i + a.cut) % all
		}
		if p := nth(whole, size, i); !overlaps(p) {
			a.cut = i + 1
			return p, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network")
}

// nth is a subnet of pools that are cut into those of a size, counted from 0.
func nth(pools []netip.Prefix, size, i uint32) netip.Prefix {
	for _, pool := range pools {
		n := uint32(1) << (size - uint32(pool.Bits()))
		if i < n {
			return netip.PrefixFrom(fromInt(toInt(pool.Addr())+i<<(32-size)), int(size))
		}
		i -= n
	}
	return netip.Prefix{}
}

func toInt(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func fromInt(v uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// survey notes which addresses are taken.
func (a *Allocator) survey(tx state.Reader) {
	a.nets = map[string]*network{}
	for _, o := range state.All[*object.Network](tx) {
		if o.IPAMOptions == nil {
			continue
		}
		n := &network{object: o, taken: map[netip.Addr]bool{}}
		for _, c := range o.IPAMOptions.Configs {
			if p, err := netip.ParsePrefix(c.Subnet); err == nil {
				n.pools = append(n.pools, p)
				n.taken[p.Addr()] = true
				if p.Addr().Is4() { // IPv6 has no broadcast address
					n.taken[lastOf(p)] = true
				}
			}
			if g, err := netip.ParseAddr(c.Gateway); err == nil {
				n.taken[g] = true
			}
		}
		a.nets[o.ID] = n
	}
	for _, s := range state.All[*object.Service](tx) {
		for _, v := range s.Endpoint.VirtualIPs {
			a.take(v.NetworkID, v.Addr)
		}
	}
	for _, t := range state.All[*object.Task](tx) {
		if !t.Status.State.Ended() {
			a.takeAll(t.NetworksAttachments)
		}
	}
	for _, n := range state.All[*object.Node](tx) {
		a.takeAll(n.Attachments)
	}
}

// lastOf is a subnet's last address.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := range b {
		if left := len(b)*8 - p.Bits() - 8*(len(b)-1-i); left > 0 {
			b[i] |= byte(1<<min(left, 8) - 1)
		}
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

func (a *Allocator) takeAll(all []object.NetworkAttachment) {
	for _, at := range all {
		for _, s := range at.Addresses {
			a.take(at.Network.ID, s)
		}
	}
}

func (a *Allocator) take(id, text string) {
	if p, err := netip.ParsePrefix(text); err == nil && a.nets[id] != nil {
		a.nets[id].taken[p.Addr()] = true
	}
}

// address takes the next free address of a network, or the one that is wanted.
func (a *Allocator) address(id, want string) (string, error) {
	n := a.nets[id]
	if n == nil {
		return "", fmt.Errorf("network %s not allocated", id)
	}
	if want != "" {
		w, err := netip.ParseAddr(want)
		for _, p := range n.pools {
			if err == nil && p.Contains(w) && !n.taken[w] {
				n.taken[w] = true
				return netip.PrefixFrom(w, p.Bits()).String(), nil
			}
		}
		return "", fmt.Errorf("could not allocate IP from IPAM: Address already in use")
	}
	for _, p := range n.pools {
		in, key := within(n.object, p), id+p.String()
		at := in.Addr()
		if l := a.last[key]; l.IsValid() && in.Contains(l.Next()) {
			at = l.Next()
		}
		for from, first := at, true; first || at != from; first = false {
			if !n.taken[at] {
				n.taken[at], a.last[key] = true, at
				return netip.PrefixFrom(at, p.Bits()).String(), nil
			}
			if at = at.Next(); !in.Contains(at) {
				at = in.Addr()
			}
		}
	}
	return "", fmt.Errorf("could not find an available IP")
}

// within is where addresses of a subnet are given out: its --ip-range, or all of it.
func within(n *object.Network, p netip.Prefix) netip.Prefix {
	for _, c := range n.IPAMOptions.Configs {
		if r, err := netip.ParsePrefix(c.Range); err == nil && c.Subnet == p.String() {
			return r.Masked()
		}
	}
	return p
}
