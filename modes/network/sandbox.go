package network

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"dnetsim/link"
	"dnetsim/modes/container"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/stack"
	"dnetsim/userland/names"
)

// Sandbox is the network side of a running container: its namespace and its
// endpoints in it. In host mode the namespace is the host's.
type Sandbox struct {
	ID        string
	Key       string // /var/run/docker/netns/…
	ctl       *Controller
	C         *container.Container
	NS        *stack.Namespace
	HostStack bool        // the host's namespace: not ours to change or close
	endpoints []*Endpoint // in the order of [endpoint.ahead]
	nextIf    int
	plumbed   bool // the namespace exists: endpoints go in as they join
	entered   bool // an endpoint has begun to join: 20.10 makes a sandbox for that only
	users     int  // containers whose processes are in the namespace
	Resolver  *resolver
	resolved  bool             // the resolver was started, or could not be
	Upstreams []names.Upstream // whom it asks
	NdotsSet  bool             // resolv.conf's ndots is the user's
	// resolvConf is what the engine wrote last into a resolv.conf that follows the
	// host's; "" if it does not.
	resolvConf string
	gateway    *Endpoint     // whose route is the default one
	routes     [2]netip.Addr // the default routes' gateways, where they are chosen for each family
	routesBy   [2]*Endpoint
	lo6        bool
	balances   *Network // the network of the cluster's that it is the node's own part of, or nil
}

// NewSandbox makes the container's sandbox. Host mode uses the host's stack.
func (ctl *Controller) NewSandbox(c *container.Container) *Sandbox {
	sb := &Sandbox{ID: ctl.IDs.ID("sandbox", c.Name), ctl: ctl, C: c, users: 1}
	if container.IsHostMode(c.HostConfig.NetworkMode) {
		sb.NS, sb.HostStack, sb.Key = ctl.ns(), true, "/var/run/docker/netns/default"
		ctl.Face.Pin(sb.Key) // it stays
		return sb
	}
	sb.Key = "/var/run/docker/netns/" + sb.ID[:12]
	sb.NS = stack.New(ctl.Loop, ctl.Host+"/"+c.Name, stack.Options{Init: ctl.ns()})
	ctl.addSandbox(sb)
	return sb
}

func (ctl *Controller) addSandbox(sb *Sandbox) {
	ctl.Sandboxes = append(ctl.Sandboxes, sb)
	ctl.Face.Pin(sb.Key)
}

// DropSandbox forgets a sandbox; the file that kept its namespace alive goes later.
func (ctl *Controller) DropSandbox(sb *Sandbox) {
	if !sb.entered {
		ctl.DiscardSandbox(sb)
		return
	}
	if ctl.forget(sb) {
		ctl.Face.Unpin(sb.Key)
	}
}

// DiscardSandbox forgets a sandbox that the engine never made.
func (ctl *Controller) DiscardSandbox(sb *Sandbox) {
	if ctl.forget(sb) {
		ctl.Face.Remove(sb.Key)
	}
}

func (ctl *Controller) forget(sb *Sandbox) bool {
	i := slices.Index(ctl.Sandboxes, sb)
	if i >= 0 {
		ctl.Sandboxes = slices.Concat(ctl.Sandboxes[:i], ctl.Sandboxes[i+1:])
	}
	return i >= 0
}

// Namespace finds a container's namespace by the path or name of its file, or by
// the PID of one of its processes.
func (ctl *Controller) Namespace(ref string) (*stack.Namespace, bool) {
	if rest, ok := strings.CutPrefix(ref, "/run/"); ok {
		ref = "/var/run/" + rest // a link to it
	}
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	for _, sb := range ctl.Sandboxes {
		if sb.Key == ref || sb.ID[:12] == ref || strings.HasPrefix(ref, "/var/run/docker/netns/") && sb.ID[:12] == name {
			return sb.NS, true
		}
	}
	if ns, ok := ctl.Boxes.Find(ref); ok {
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

// Entered reports whether an endpoint has begun to join the sandbox.
func (sb *Sandbox) Entered() bool { return sb.entered }

// Join adds an endpoint to the sandbox and, once the namespace is populated,
// plugs its interface in.
func (sb *Sandbox) Join(ep *Endpoint) error {
	before := sb.out()
	ep.sb, sb.entered = sb, true
	drv := sb.ctl.driver(ep.net)
	if err := drv.Join(&ep.Endpoint); err != nil {
		ep.sb = nil
		return err
	}
	if ep.net.Core.global != nil {
		if err := sb.ctl.Global.publishEndpoint(ep); err != nil {
			drv.Leave(&ep.Endpoint)
			ep.sb = nil
			return err
		}
	}
	sb.redirect(ep)
	sb.ctl.Agent.tell(ep, true)
	sb.endpoints = append(sb.endpoints, ep)
	sort.SliceStable(sb.endpoints, func(i, k int) bool { return sb.endpoints[i].ahead(sb.endpoints[k]) })
	sb.addHosts(ep)
	if !sb.HostStack {
		sb.updateDNS(ep.net)
	}
	if sb.plumbed {
		if err := sb.plug(ep); err != nil {
			return err
		}
		sb.updateGateway()
	}
	if sb.ctl.Face.Profile.JoinLines {
		defer sb.tellWays(ep, before)
	}
	return sb.CheckGateway()
}

// Populate plugs everything in, in order: this is when eth0, eth1, … get their
// numbers and the default route its gateway.
func (sb *Sandbox) Populate() error {
	sb.plumbed = true
	if sb.HostStack {
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

func (sb *Sandbox) plug(ep *Endpoint) error {
	if ep.net.Core.userDefined() && !sb.HostStack {
		if err := sb.startResolver(); err != nil {
			return err
		}
	}
	if ep.Inside == nil {
		return nil
	}
	if ep.ifName = fmt.Sprintf("eth%d", sb.nextIf); sb.ctl.Face.Profile.WayOutByFamily {
		ep.ifName = sb.interfaceName(ep)
	}
	sb.nextIf++ // for good, even if something fails
	name, err := ep.Inside.Name(), error(nil)
	if sb.NS.Interface(name) == ep.Inside { // born there
		err = ep.Inside.Rename(ep.ifName)
	} else {
		err = ep.Inside.MoveTo(sb.NS, ep.ifName)
	}
	if err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to add interface %s to sandbox: %s", ep.Inside.Name(), errdefs.Lower(err))
	}
	v6 := "1"
	if ep.Addr6.IsValid() {
		v6 = "0"
	}
	sb.NS.SetSysctl("net.ipv6.conf."+ep.ifName+".disable_ipv6", v6)
	sb.checkLoopback()
	if ep.MAC != (link.MAC{}) && ep.MAC != ep.Inside.MAC() {
		if err := ep.Inside.SetMAC(ep.MAC); err != nil {
			return errdefs.New(errdefs.KindSystem, "failed to add interface %s to sandbox: error setting interface %q MAC to %q: %s", name, name, ep.MAC, errdefs.Lower(err))
		}
	}
	if err := sb.address(ep, name); err != nil {
		return err
	}
	if err := sb.setSysctls(ep); err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to add interface %s to sandbox: %s", name, err)
	}
	if err := ep.Inside.SetUp(true); err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to add interface %s to sandbox: failed to set link up: %s", ep.Inside.Name(), errdefs.Lower(err))
	}
	if sb.ctl.Face.Profile.Advertises {
		sb.advertise(ep)
	}
	for _, r := range ep.Routes {
		if !r.Via.IsValid() {
			r.Dev = ep.ifName
		}
		if err := sb.NS.AddRoute(r); err != nil {
			return errdefs.New(errdefs.KindSystem, "failed to add interface %s to sandbox: failed to set interface routes: %s", ep.ifName, errdefs.Lower(err))
		}
	}
	return nil
}

// address gives an endpoint's interface its addresses. name is what the interface
// was called when it came, as libnetwork names it in errors.
func (sb *Sandbox) address(ep *Endpoint, name string) error {
	if err := sb.program(ep.Inside, ep.Addr, stack.AddrOptions{AutoBroadcast: true}); err != nil && ep.hasAddr() {
		return errdefs.New(errdefs.KindSystem, "failed to add interface %s to sandbox: error setting interface %q IP to %s: %s", name, name, ep.Addr, errdefs.Lower(err))
	}
	if ep.Addr6.IsValid() {
		if err := sb.program(ep.Inside, ep.Addr6, stack.AddrOptions{NoDAD: true}); err != nil {
			return errdefs.New(errdefs.KindSystem, "failed to add interface %s to sandbox: error setting interface %q IPv6 to %s: %s", name, name, ep.Addr6, errdefs.Lower(err))
		}
	}
	for _, a := range ep.LinkLocal {
		if err := ep.Inside.AddAddr(a, stack.AddrOptions{AutoBroadcast: a.Addr().Is4()}); err != nil {
			return errdefs.New(errdefs.KindSystem, "failed to add interface %s to sandbox: error setting interface %q link local IPs to %s: %s", name, name, ep.LinkLocal, errdefs.Lower(err))
		}
	}
	return nil
}

// program gives an interface an address, unless a route of the sandbox overlaps
// its subnet (libnetwork's checkRouteConflict).
func (sb *Sandbox) program(i *stack.Interface, p netip.Prefix, o stack.AddrOptions) error {
	for _, r := range sb.NS.Routes(stack.TableMain) {
		if r.Dst.Bits() > 0 && r.Dst.Overlaps(p) {
			return errdefs.New(errdefs.KindSystem, "cannot program address %s in sandbox interface because it conflicts with existing route %s", p, netlinkRoute(sb.NS, r))
		}
	}
	return i.AddAddr(p, o)
}

// checkLoopback gives lo its ::1 as long as an endpoint has an IPv6 address.
func (sb *Sandbox) checkLoopback() {
	if sb.ctl.Face.Profile.LoopbackIPv6 {
		return
	}
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
	sb.NS.SetSysctl("net.ipv6.conf.lo.disable_ipv6", v)
}

// elect is the endpoint whose gateway is the container's.
func (sb *Sandbox) elect() *Endpoint {
	for _, ep := range sb.endpoints {
		if ep.Gateway.IsValid() {
			return ep
		}
	}
	return nil
}

// updateGateway makes the elected endpoint's gateway the default route.
func (sb *Sandbox) updateGateway() {
	if sb.ctl.Face.Profile.WayOutByFamily {
		sb.updateWays()
		return
	}
	want := sb.elect()
	if want == sb.gateway {
		return
	}
	if old := sb.gateway; old != nil && old.Inside != nil {
		sb.NS.DelRoute(defaultRoute(old.Gateway))
		if old.Gateway6.IsValid() {
			sb.NS.DelRoute(defaultRoute(old.Gateway6))
		}
	}
	sb.gateway = want
	if want == nil {
		return
	}
	sb.NS.AddRoute(defaultRoute(want.Gateway))
	if want.Gateway6.IsValid() {
		sb.NS.AddRoute(defaultRoute(want.Gateway6))
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
func (sb *Sandbox) moveExternal() error {
	if sb.ctl.Face.Profile.WayOutByFamily {
		return sb.movePorts()
	}
	want := sb.elect()
	for _, ep := range sb.endpoints {
		if ep != want && ep.External {
			sb.ctl.driver(ep.net).RevokeExternal(&ep.Endpoint)
		}
	}
	if want == nil || want.External || want.net.Internal {
		return nil
	}
	all, err := sb.C.Publications()
	if err == nil {
		err = sb.ctl.driver(want.net).ProgramExternal(&want.Endpoint, all)
	}
	if err != nil {
		return errdefs.Wrap(err, "driver failed programming external connectivity on endpoint %s (%s): ", sb.C.Name, want.ID)
	}
	return nil
}

// Leave takes an endpoint out; the default route and the published ports move
// to the next one.
func (sb *Sandbox) Leave(ep *Endpoint) {
	drv := sb.ctl.driver(ep.net)
	sb.ctl.Agent.tell(ep, false)
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
	if sb.gateway == ep || sb.routesBy[0] == ep || sb.routesBy[1] == ep {
		sb.gateway = nil
		if sb.plumbed {
			sb.updateGateway()
		}
	}
	if sb.plumbed && !sb.HostStack {
		sb.checkLoopback()
	}
	ep.sb = nil
}

// Release is called when a container's processes have left the namespace; the
// last one closes it.
func (sb *Sandbox) Release() {
	if sb.HostStack {
		return
	}
	sb.users--
	if sb.users > 0 {
		return
	}
	sb.stopResolver()
	sb.ctl.Face.CloseSoon(sb.NS)
}

// CloseIdle forgets the files of namespaces nobody uses.
func (ctl *Controller) CloseIdle() {
	for _, sb := range append([]*Sandbox(nil), ctl.Sandboxes...) {
		if sb.users <= 0 {
			ctl.DropSandbox(sb)
		}
	}
}

// Reachable reports whether the store knows all of the sandbox's networks now.
func (ctl *Controller) Reachable(sb *Sandbox) bool {
	ctl.Global.Refresh()
	all := true
	for _, ep := range sb.endpoints {
		if ep.net.Core.global == nil || ctl.has(ep.net) {
			continue
		}
		all = false
		ctl.Journal.Write("warning", fmt.Sprintf("Failed getting network for ep %s during sandbox %s delete: network %s not found", ep.ID, sb.ID, ep.net.ID))
	}
	return all
}

func (ctl *Controller) has(n *Network) bool {
	for _, x := range ctl.Networks {
		if x == n {
			return true
		}
	}
	return false
}

// Vanish is the end of a sandbox whose kernel is gone; its endpoints stay in
// the store.
func (sb *Sandbox) Vanish() {
	for _, ep := range sb.endpoints {
		sb.ctl.driver(ep.net).RevokeExternal(&ep.Endpoint)
		ep.Inside, ep.Outside = nil, nil
	}
	if !sb.HostStack {
		sb.ctl.Face.CloseSoon(sb.NS)
	}
}

// DisableIPv6 is what libnetwork does to a new namespace; endpoints with an IPv6
// address switch it on again, each for itself.
func (sb *Sandbox) DisableIPv6() {
	if sb.ctl.Face.Profile.LoopbackIPv6 && !sb.HostStack {
		sb.EnableIPv6()
		return
	}
	if !sb.HostStack {
		sb.NS.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
	}
}

// EnableIPv6 makes the namespace the one that runc makes without a network.
func (sb *Sandbox) EnableIPv6() {
	for _, dev := range []string{"all", "default", "lo"} {
		sb.NS.SetSysctl("net.ipv6.conf."+dev+".disable_ipv6", "0")
	}
}

// In is the sandbox's endpoint in a network, or nil.
func (sb *Sandbox) In(n *Network) *Endpoint {
	for _, ep := range sb.endpoints {
		if ep.net == n {
			return ep
		}
	}
	return nil
}

// Ports are the container's as inspect shows them: those of the endpoint that
// publishes them.
func (sb *Sandbox) Ports() map[nat.Port][]nat.PortBinding {
	for _, ep := range sb.endpoints {
		if m := ep.portMap(); len(m) > 0 {
			return m
		}
	}
	return map[nat.Port][]nat.PortBinding{}
}

// Interfaces are those that are plugged in.
func (sb *Sandbox) Interfaces() []*stack.Interface {
	var out []*stack.Interface
	for _, ep := range sb.endpoints {
		if ep.Inside != nil {
			out = append(out, ep.Inside)
		}
	}
	return out
}

// Share notes that one more container is in the namespace.
func (sb *Sandbox) Share() { sb.users++ }

// DisconnectAll takes the container out of all its networks.
func (sb *Sandbox) DisconnectAll() {
	for len(sb.endpoints) > 0 {
		ep := sb.endpoints[0]
		sb.Leave(ep)
		sb.ctl.DeleteEndpoint(ep)
		if ep.gatewayName != "" {
			continue
		}
		sb.ctl.Agent.Detach(ep.net, sb.C)
		if es := sb.C.NetworkSettings.Networks[ep.net.Name]; es != nil {
			es.Clear()
		}
		sb.ctl.Event(ep.net, "disconnect", "container", sb.C.ID)
	}
}
