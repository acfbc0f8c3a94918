package modes

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"dnetsim/link"
	"dnetsim/modes/container"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// sandbox is the network side of a running container: its namespace and its
// endpoints in it. In host mode the namespace is the host's.
type sandbox struct {
	id        string
	key       string // /var/run/docker/netns/…
	ctl       *controller
	c         *container.Container
	ns        *stack.Namespace
	shared    bool        // the host's namespace: not ours to change or close
	endpoints []*endpoint // in the order of [endpoint.ahead]
	nextIf    int
	plumbed   bool // the namespace exists: endpoints go in as they join
	users     int  // containers whose processes are in the namespace
	resolver  *resolver
	resolved  bool             // the resolver was started, or could not be
	upstreams []names.Upstream // whom it asks
	ndotsSet  bool             // resolv.conf's ndots is the user's
	// resolvConf is what the engine wrote last into a resolv.conf that follows the
	// host's; "" if it does not.
	resolvConf string
	gateway    *endpoint // whose route is the default one
	lo6        bool
}

// newSandbox makes the container's sandbox. Host mode uses the host's stack.
func (ctl *controller) newSandbox(c *container.Container) *sandbox {
	sb := &sandbox{id: ctl.IDs.ID("sandbox", c.Name), ctl: ctl, c: c, users: 1}
	if container.IsHostMode(c.HostConfig.NetworkMode) {
		sb.ns, sb.shared, sb.key = ctl.ns(), true, "/var/run/docker/netns/default"
		ctl.pin(sb.key) // it stays
		return sb
	}
	sb.key = "/var/run/docker/netns/" + sb.id[:12]
	sb.ns = stack.New(ctl.Loop, ctl.Host+"/"+c.Name, stack.Options{Init: ctl.ns()})
	ctl.addSandbox(sb)
	return sb
}

func (ctl *controller) addSandbox(sb *sandbox) {
	ctl.sandboxes = append(ctl.sandboxes, sb)
	ctl.pin(sb.key)
}

// pin keeps a namespace alive with a file that it is mounted on.
func (ctl *controller) pin(key string) {
	fs := ctl.machine().FS()
	fs.MkdirAll("/var/run/docker/netns", 0o755)
	if at, err := fs.Realpath(key); err == nil && !fs.Exists(at) {
		fs.WriteFile(at, nil, 0o444)
		fs.Mount(userland.Mount{Source: "nsfs", Target: at, Type: "nsfs", Options: "rw"})
	}
}

func (ctl *controller) unpin(key string) {
	fs := ctl.machine().FS()
	if at, err := fs.Realpath(key); err == nil {
		fs.Unmount(at)
		fs.Remove(at)
	}
}

func (ctl *controller) dropSandbox(sb *sandbox) {
	for i, x := range ctl.sandboxes {
		if x == sb {
			ctl.sandboxes = slices.Concat(ctl.sandboxes[:i], ctl.sandboxes[i+1:])
			ctl.unpin(sb.key)
			return
		}
	}
}

// netns finds a container's namespace by the path or name of its file, or by
// the PID of one of its processes.
func (ctl *controller) netns(ref string) (*stack.Namespace, bool) {
	if rest, ok := strings.CutPrefix(ref, "/run/"); ok {
		ref = "/var/run/" + rest // a link to it
	}
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	for _, sb := range ctl.sandboxes {
		if sb.key == ref || sb.id[:12] == ref || strings.HasPrefix(ref, "/var/run/docker/netns/") && sb.id[:12] == name {
			return sb.ns, true
		}
	}
	if ns, ok := ctl.boxes.Find(ref); ok {
		return ns, true
	}
	pid := strings.TrimSuffix(strings.TrimPrefix(ref, "/proc/"), "/ns/net")
	for _, p := range ctl.machine().AllProcesses() {
		if fmt.Sprint(p.PIDOn(ctl.machine())) == pid {
			return p.NS(), true
		}
	}
	return nil, false
}

// join adds an endpoint to the sandbox and, once the namespace is populated,
// plugs its interface in.
func (sb *sandbox) join(ep *endpoint) error {
	ep.sb = sb
	drv := sb.ctl.driver(ep.net)
	if err := drv.Join(&ep.Endpoint); err != nil {
		ep.sb = nil
		return err
	}
	if ep.net.core.global != nil {
		if err := sb.ctl.shared.publishEndpoint(ep); err != nil {
			drv.Leave(&ep.Endpoint)
			ep.sb = nil
			return err
		}
	}
	sb.endpoints = append(sb.endpoints, ep)
	sort.SliceStable(sb.endpoints, func(i, k int) bool { return sb.endpoints[i].ahead(sb.endpoints[k]) })
	sb.addHosts(ep)
	if !sb.shared {
		sb.updateDNS(ep.net)
	}
	if sb.plumbed {
		if err := sb.plug(ep); err != nil {
			return err
		}
		sb.updateGateway()
	}
	return sb.checkGateway()
}

// populate plugs everything in, in order: this is when eth0, eth1, … get their
// numbers and the default route its gateway.
func (sb *sandbox) populate() error {
	sb.plumbed = true
	if sb.shared {
		return nil
	}
	for _, ep := range sb.endpoints {
		if err := sb.plug(ep); err != nil {
			return err
		}
	}
	sb.updateGateway()
	return nil
}

func (sb *sandbox) plug(ep *endpoint) error {
	if ep.net.core.userDefined() && !sb.shared {
		if err := sb.startResolver(); err != nil {
			return err
		}
	}
	if ep.Inside == nil {
		return nil
	}
	ep.ifName = fmt.Sprintf("eth%d", sb.nextIf)
	sb.nextIf++ // for good, even if something fails
	name := ep.Inside.Name()
	if err := ep.Inside.MoveTo(sb.ns, ep.ifName); err != nil {
		return errf(ErrSystem, "failed to add interface %s to sandbox: %s", ep.Inside.Name(), lower(err))
	}
	v6 := "1"
	if ep.Addr6.IsValid() {
		v6 = "0"
	}
	sb.ns.SetSysctl("net.ipv6.conf."+ep.ifName+".disable_ipv6", v6)
	sb.checkLoopback()
	if ep.MAC != (link.MAC{}) && ep.MAC != ep.Inside.MAC() {
		if err := ep.Inside.SetMAC(ep.MAC); err != nil {
			return errf(ErrSystem, "failed to add interface %s to sandbox: error setting interface %q MAC to %q: %s", name, name, ep.MAC, lower(err))
		}
	}
	if err := sb.address(ep, name); err != nil {
		return err
	}
	if err := ep.Inside.SetUp(true); err != nil {
		return errf(ErrSystem, "failed to add interface %s to sandbox: failed to set link up: %s", ep.Inside.Name(), lower(err))
	}
	for _, r := range ep.Routes {
		if !r.Via.IsValid() {
			r.Dev = ep.ifName
		}
		if err := sb.ns.AddRoute(r); err != nil {
			return errf(ErrSystem, "failed to add interface %s to sandbox: failed to set interface routes: %s", ep.ifName, lower(err))
		}
	}
	return nil
}

// address gives an endpoint's interface its addresses. name is what the interface
// was called when it came, as libnetwork names it in errors.
func (sb *sandbox) address(ep *endpoint, name string) error {
	err := sb.program(ep.Inside, ep.Addr, stack.AddrOptions{AutoBroadcast: true})
	if err != nil {
		return errf(ErrSystem, "failed to add interface %s to sandbox: error setting interface %q IP to %s: %s", name, name, ep.Addr, lower(err))
	}
	if ep.Addr6.IsValid() {
		if err := sb.program(ep.Inside, ep.Addr6, stack.AddrOptions{}); err != nil {
			return errf(ErrSystem, "failed to add interface %s to sandbox: error setting interface %q IPv6 to %s: %s", name, name, ep.Addr6, lower(err))
		}
	}
	for _, a := range ep.LinkLocal {
		if err := ep.Inside.AddAddr(a, stack.AddrOptions{AutoBroadcast: a.Addr().Is4()}); err != nil {
			return errf(ErrSystem, "failed to add interface %s to sandbox: error setting interface %q link local IPs to %s: %s", name, name, ep.LinkLocal, lower(err))
		}
	}
	return nil
}

// program gives an interface an address, unless a route of the sandbox overlaps
// its subnet (libnetwork's checkRouteConflict).
func (sb *sandbox) program(i *stack.Interface, p netip.Prefix, o stack.AddrOptions) error {
	for _, r := range sb.ns.Routes("main") {
		if r.Dst.Bits() > 0 && r.Dst.Overlaps(p) {
			return errf(ErrSystem, "cannot program address %s in sandbox interface because it conflicts with existing route %s", p, netlinkRoute(sb.ns, r))
		}
	}
	return i.AddAddr(p, o)
}

// netlinkRoute is a route as Go's netlink package prints it.
func netlinkRoute(ns *stack.Namespace, r stack.Route) string {
	index, src, via, flags := 0, "<nil>", "<nil>", ""
	if i := ns.Interface(r.Dev); i != nil {
		index = i.Index()
	}
	if r.Src.IsValid() {
		src = r.Src.String()
	}
	if r.Via.IsValid() {
		via = r.Via.String()
	}
	if r.OnLink {
		flags = "onlink"
	}
	return fmt.Sprintf("{Ifindex: %d Dst: %s Src: %s Gw: %s Flags: [%s] Table: 254 Realm: 0}", index, r.Dst, src, via, flags)
}

// checkLoopback gives lo its ::1 as long as an endpoint has an IPv6 address.
func (sb *sandbox) checkLoopback() {
	want := false
	for _, ep := range sb.endpoints {
		want = want || ep.Addr6.IsValid()
	}
	if want == sb.lo6 {
		return
	}
	sb.lo6 = want
	v := "1"
	if want {
		v = "0"
	}
	sb.ns.SetSysctl("net.ipv6.conf.lo.disable_ipv6", v)
}

// elect is the endpoint whose gateway is the container's.
func (sb *sandbox) elect() *endpoint {
	for _, ep := range sb.endpoints {
		if ep.Gateway.IsValid() {
			return ep
		}
	}
	return nil
}

// updateGateway makes the elected endpoint's gateway the default route.
func (sb *sandbox) updateGateway() {
	want := sb.elect()
	if want == sb.gateway {
		return
	}
	if old := sb.gateway; old != nil && old.Inside != nil {
		sb.ns.DelRoute(defaultRoute(old.Gateway))
		if old.Gateway6.IsValid() {
			sb.ns.DelRoute(defaultRoute(old.Gateway6))
		}
	}
	sb.gateway = want
	if want == nil {
		return
	}
	sb.ns.AddRoute(defaultRoute(want.Gateway))
	if want.Gateway6.IsValid() {
		sb.ns.AddRoute(defaultRoute(want.Gateway6))
	}
}

func defaultRoute(gw netip.Addr) stack.Route {
	all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if gw.Is6() {
		all = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return stack.Route{Dst: all, Via: gw}
}

// moveExternal publishes the container's ports on the endpoint that is its way
// out, and takes them from the one that was before.
func (sb *sandbox) moveExternal() error {
	want := sb.elect()
	for _, ep := range sb.endpoints {
		if ep != want && ep.External {
			sb.ctl.driver(ep.net).RevokeExternal(&ep.Endpoint)
		}
	}
	if want == nil || want.External || want.net.Internal {
		return nil
	}
	all, err := sb.c.Publications()
	if err == nil {
		err = sb.ctl.driver(want.net).ProgramExternal(&want.Endpoint, all)
	}
	if err != nil {
		return wrapf(err, "driver failed programming external connectivity on endpoint %s (%s): ", sb.c.Name, want.ID)
	}
	return nil
}

// leave takes an endpoint out; the default route and the published ports move
// to the next one.
func (sb *sandbox) leave(ep *endpoint) {
	drv := sb.ctl.driver(ep.net)
	drv.RevokeExternal(&ep.Endpoint)
	for i, x := range sb.endpoints {
		if x == ep {
			sb.endpoints = slices.Concat(sb.endpoints[:i], sb.endpoints[i+1:])
			break
		}
	}
	sb.dropHosts(ep)
	drv.Leave(&ep.Endpoint)
	ep.Unplug()
	if sb.gateway == ep {
		sb.gateway = nil
		if sb.plumbed {
			sb.updateGateway()
		}
	}
	if sb.plumbed && !sb.shared {
		sb.checkLoopback()
	}
	ep.sb = nil
}

// release is called when a container's processes have left the namespace; the
// last one closes it.
func (sb *sandbox) release() {
	if sb.shared {
		return
	}
	sb.users--
	if sb.users > 0 {
		return
	}
	sb.stopResolver()
	sb.ctl.Face.CloseSoon(sb.ns)
}

// closeIdle forgets the files of namespaces nobody uses.
func (ctl *controller) closeIdle() {
	for _, sb := range append([]*sandbox(nil), ctl.sandboxes...) {
		if sb.users <= 0 {
			ctl.dropSandbox(sb)
		}
	}
}

// reachable reports whether the store knows all of the sandbox's networks now.
func (ctl *controller) reachable(sb *sandbox) bool {
	ctl.shared.refresh()
	all := true
	for _, ep := range sb.endpoints {
		if ep.net.core.global == nil || ctl.has(ep.net) {
			continue
		}
		all = false
		ctl.Journal.Write("warning", fmt.Sprintf("Failed getting network for ep %s during sandbox %s delete: network %s not found", ep.ID, sb.id, ep.net.ID))
	}
	return all
}

func (ctl *controller) has(n *Network) bool {
	for _, x := range ctl.networks {
		if x == n {
			return true
		}
	}
	return false
}

// vanish is the end of a sandbox whose kernel is gone; its endpoints stay in
// the store.
func (sb *sandbox) vanish() {
	for _, ep := range sb.endpoints {
		sb.ctl.driver(ep.net).RevokeExternal(&ep.Endpoint)
		ep.Inside, ep.Outside = nil, nil
	}
	if !sb.shared {
		sb.ctl.Face.CloseSoon(sb.ns)
	}
}

// disableIPv6 is what libnetwork does to a new namespace; endpoints with an IPv6
// address switch it on again, each for itself.
func (sb *sandbox) disableIPv6() {
	if !sb.shared {
		sb.ns.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
	}
}

// enableIPv6 makes the namespace the one that runc makes without a network.
func (sb *sandbox) enableIPv6() {
	for _, dev := range []string{"all", "default", "lo"} {
		sb.ns.SetSysctl("net.ipv6.conf."+dev+".disable_ipv6", "0")
	}
}

// in is the sandbox's endpoint in a network, or nil.
func (sb *sandbox) in(n *Network) *endpoint {
	for _, ep := range sb.endpoints {
		if ep.net == n {
			return ep
		}
	}
	return nil
}

// ports are the container's as inspect shows them: those of the endpoint that
// publishes them.
func (sb *sandbox) ports() map[Port][]PortBinding {
	for _, ep := range sb.endpoints {
		if m := ep.portMap(); len(m) > 0 {
			return m
		}
	}
	return map[Port][]PortBinding{}
}

// interfaces are those that are plugged in.
func (sb *sandbox) interfaces() []*stack.Interface {
	var out []*stack.Interface
	for _, ep := range sb.endpoints {
		if ep.Inside != nil {
			out = append(out, ep.Inside)
		}
	}
	return out
}

// share notes that one more container is in the namespace.
func (sb *sandbox) share() { sb.users++ }

// disconnectAll takes the container out of all its networks.
func (sb *sandbox) disconnectAll() {
	for len(sb.endpoints) > 0 {
		ep := sb.endpoints[0]
		sb.leave(ep)
		sb.ctl.deleteEndpoint(ep)
		if ep.gatewayName != "" {
			continue
		}
		if es := sb.c.NetworkSettings.Networks[ep.net.Name]; es != nil {
			es.Clear()
		}
		sb.ctl.event(ep.net, "disconnect", "container", sb.c.ID)
	}
}

// setAside makes the sandbox a left over one: its container has ended, and its
// endpoints stay.
func (sb *sandbox) setAside() {
	sb.stopResolver()
	for _, ep := range sb.endpoints {
		ep.Orphan = true
	}
}

// notCleaned says that the sandbox is left over.
func (sb *sandbox) notCleaned() string {
	return fmt.Sprintf("could not cleanup all the endpoints in container %s / sandbox %s", sb.c.ID, sb.id)
}
