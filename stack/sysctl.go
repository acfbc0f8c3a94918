package stack

import (
	"cmp"
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The kernel's defaults, "key = value" a line, as a host and a container of the
// reference captures show them. Keys of conf.default and neigh.default stand
// for every interface; lines of lo are where it differs from them.
var (
	//go:embed defaults/host.txt
	hostDefaults string
	//go:embed defaults/container.txt
	containerDefaults string
	// Keys that only the machine's first namespace has, or that are the whole
	// machine's. The reference captures, whose hosts are namespaces, do not list
	// them.
	//go:embed defaults/machine.txt
	machineDefaults string
	//go:embed defaults/acting.txt
	acting string

	hostTable      = sync.OnceValue(func() sysctlTable { return parseSysctls(hostDefaults) })
	containerTable = sync.OnceValue(func() sysctlTable { return parseSysctls(containerDefaults) })
	machineTable   = sync.OnceValue(func() sysctlTable { return parseSysctls(machineDefaults) })
	actingKeys     = sync.OnceValue(func() map[string]bool {
		keys := make(map[string]bool)
		for line := range strings.Lines(acting) {
			keys[strings.TrimSpace(line)] = true
		}
		return keys
	})
)

// SysctlActs reports whether a setting does here what it does in a kernel; one
// that does not can be read and written, and nothing comes of it.
func SysctlActs(key string) bool {
	keys := actingKeys()
	if prefix, _, leaf, ok := perInterface(key); ok && keys[prefix+"*."+leaf] {
		return true
	}
	return keys[key]
}

type sysctlTable struct {
	value map[string]string
	keys  []string
}

func parseSysctls(text string) sysctlTable {
	t := sysctlTable{value: make(map[string]string)}
	for line := range strings.Lines(text) {
		k, v, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		k = strings.TrimSpace(k)
		t.value[k] = strings.Trim(v, " \n")
		t.keys = append(t.keys, k)
	}
	return t
}

// SysctlDir reports whether /proc/sys has a directory of keys that begin so, with a
// dot at the end, listed or not.
func SysctlDir(prefix string) bool {
	for _, t := range []sysctlTable{hostTable(), containerTable(), machineTable()} {
		if slices.ContainsFunc(t.keys, func(k string) bool { return strings.HasPrefix(k, prefix) }) {
			return true
		}
	}
	return false
}

// sysctls is the settings of a namespace: what differs from the defaults.
type sysctls struct {
	ns      *Namespace
	set     map[string]string
	of      map[string][]string // the keys of an interface that are set, once there are many
	changed uint64              // counts changes, for what interfaces have read
	last    nsSettings
}

func (s *sysctls) init(ns *Namespace) {
	s.ns = ns
	if ns.opts.Init == nil || ns.opts.Init.sys.number(inheritInit) == inheritNothing {
		return
	}
	first := &ns.opts.Init.sys
	if value, ok := first.set["net.ipv4.ip_forward"]; ok {
		s.put("net.ipv4.ip_forward", value)
	}
	for _, dev := range [...]string{"all", "default"} {
		for _, key := range first.keysOf(dev) {
			if strings.HasPrefix(key, "net.ipv4.conf.") {
				s.put(key, first.set[key])
			}
		}
	}
}

func (s *sysctls) table() sysctlTable {
	if s.ns.opts.Host {
		return hostTable()
	}
	return containerTable()
}

func (s *sysctls) put(key, value string) {
	if s.set == nil {
		s.set = make(map[string]string)
	}
	if _, old := s.set[key]; !old && s.of != nil {
		s.note(key)
	}
	s.set[key] = value
	if s.of == nil && len(s.set) > fewSettings {
		s.of = make(map[string][]string)
		for key := range s.set { // order does not matter: keys are distinct
			s.note(key)
		}
	}
	s.changed++
}

// perInterface splits "net.ipv4.conf.eth0.forwarding" into its parts.
func perInterface(key string) (prefix, dev, leaf string, ok bool) {
	for _, p := range [...]string{"net.ipv4.conf.", "net.ipv6.conf.", "net.ipv4.neigh.", "net.ipv6.neigh."} {
		rest, found := strings.CutPrefix(key, p)
		if !found {
			continue
		}
		i := strings.LastIndexByte(rest, '.')
		if i < 0 {
			return "", "", "", false
		}
		return p, rest[:i], rest[i+1:], true
	}
	return "", "", "", false
}

// inheritInit says where a new namespace's IPv4 settings begin: at those of the
// machine's first (0, 1) or of its maker (3), who lives there, or at the defaults
// (2).
const (
	inheritInit    = "net.core.devconf_inherit_init_net"
	inheritNothing = 2
)

// ofMachine is whose setting a key of the whole machine is, seen from here: those
// of the network only the first namespace has.
func (s *sysctls) ofMachine(key string) (first *sysctls, otherwise string) {
	v, ok := machineTable().value[key]
	switch {
	case !ok:
		return nil, ""
	case s.ns.opts.Host:
		return s, v
	case s.ns.opts.Init != nil && !strings.HasPrefix(key, "net."):
		return &s.ns.opts.Init.sys, v
	}
	return nil, ""
}

// get looks a key up: what was set, the default, for an interface that of
// "default".
func (s *sysctls) get(key string) (string, bool) {
	if v, ok := s.set[key]; ok {
		return v, true
	}
	t := s.table()
	if v, ok := t.value[key]; ok {
		return v, true
	}
	if first, v := s.ofMachine(key); first != nil {
		return cmp.Or(first.set[key], v), true
	}
	prefix, dev, leaf, ok := perInterface(key)
	if !ok {
		v, ok := containerTable().value[key]
		return v, ok
	}
	if dev == "all" || dev == "default" {
		return s.derived(prefix, dev, leaf)
	}
	i := s.ns.devs.byName[dev]
	if i == nil {
		return "", false
	}
	if prefix == "net.ipv6.conf." && leaf == "mtu" {
		return strconv.Itoa(i.mtu), true
	}
	if v, ok := t.value[prefix+"default."+leaf]; ok {
		return v, true
	}
	return s.derived(prefix, dev, leaf)
}

// derived is the second names that the kernel has for some neighbour settings.
func (s *sysctls) derived(prefix, dev, leaf string) (string, bool) {
	var from string
	var div int
	switch leaf {
	case "base_reachable_time":
		from, div = "base_reachable_time_ms", 1000
	case "retrans_time":
		from, div = "retrans_time_ms", 10
		if strings.Contains(prefix, "ipv6") {
			div = 4
		}
	default:
		return "", false
	}
	v, ok := s.get(prefix + dev + "." + from)
	n, err := strconv.Atoi(v)
	if !ok || err != nil {
		return "", false
	}
	return strconv.Itoa(n / div), true
}

// fewSettings is how many settings are looked through one by one: a container has
// few, a host some for each container.
const fewSettings = 32

func (s *sysctls) note(key string) {
	if _, dev, _, ok := perInterface(key); ok {
		s.of[dev] = append(s.of[dev], key)
	}
}

// keysOf are the keys of an interface that are set, in no order.
func (s *sysctls) keysOf(name string) (keys []string) {
	if s.of != nil {
		return s.of[name]
	}
	for key := range s.set {
		if _, dev, _, ok := perInterface(key); ok && dev == name {
			keys = append(keys, key)
		}
	}
	return keys
}

// addInterface gives a new interface what was set in "default" by now.
func (s *sysctls) addInterface(name string) {
	s.changed++
	for _, key := range s.keysOf("default") {
		prefix, _, leaf, _ := perInterface(key)
		s.put(prefix+name+"."+leaf, s.set[key])
	}
}

func (s *sysctls) removeInterface(name string) {
	s.changed++
	for _, key := range s.keysOf(name) {
		delete(s.set, key)
	}
	delete(s.of, name)
}

func (s *sysctls) renameInterface(old, name string) {
	s.changed++
	if old == name {
		return
	}
	for _, key := range s.keysOf(old) {
		prefix, _, leaf, _ := perInterface(key)
		value := s.set[key]
		delete(s.set, key)
		s.put(prefix+name+"."+leaf, value)
	}
	delete(s.of, old)
}

// Sysctl returns the value of a key such as "net.ipv4.ip_forward".
func (ns *Namespace) Sysctl(key string) (string, bool) {
	if key == "net.netfilter.nf_conntrack_count" {
		return strconv.Itoa(len(ns.Conntrack())), true
	}
	return ns.sys.get(strings.ReplaceAll(key, "/", "."))
}

// SetSysctl changes a value and lets it take effect. It returns ErrNoEntry for
// an unknown key and ErrInvalid for what is not a number where one is wanted.
func (ns *Namespace) SetSysctl(key, value string) error {
	key = strings.ReplaceAll(key, "/", ".")
	old, ok := ns.sys.get(key)
	if !ok {
		return ErrNoEntry
	}
	value = strings.Join(strings.Fields(value), "\t")
	if _, err := strconv.Atoi(old); err == nil {
		if _, err := strconv.Atoi(value); err != nil {
			return ErrInvalid
		}
	}
	if first, _ := ns.sys.ofMachine(key); first != nil {
		first.put(key, value)
		return nil
	}
	ns.sys.put(key, value)
	ns.sys.effect(key, value)
	return nil
}

// effect carries a setting to where the kernel copies it.
func (s *sysctls) effect(key, value string) {
	prefix, dev, leaf, perDev := perInterface(key)
	switch {
	case key == "net.ipv4.ip_forward", key == "net.ipv4.conf.all.forwarding":
		s.put("net.ipv4.ip_forward", value)
		s.put("net.ipv4.conf.all.forwarding", value)
		s.put("net.ipv4.conf.all.accept_redirects", map[bool]string{true: "0", false: "1"}[value != "0"])
		s.everyInterface("net.ipv4.conf.", "forwarding", value)
	case key == "net.ipv6.conf.all.forwarding":
		s.everyInterface("net.ipv6.conf.", "forwarding", value)
	case key == "net.ipv4.ip_default_ttl", key == "net.ipv6.conf.all.hop_limit",
		key == "net.ipv4.ip_local_port_range", key == "net.ipv4.tcp_syn_retries", key == "net.core.somaxconn":
		s.ns.transport.Reconfigure()
	case key == "net.ipv6.conf.all.disable_ipv6":
		s.everyInterface("net.ipv6.conf.", "disable_ipv6", value)
		for _, i := range s.ns.devs.list {
			i.ndp.switched()
		}
	case perDev && prefix == "net.ipv6.conf." && leaf == "disable_ipv6":
		if i := s.ns.devs.byName[dev]; i != nil {
			i.ndp.switched()
		}
	}
}

func (s *sysctls) everyInterface(prefix, leaf, value string) {
	s.put(prefix+"default."+leaf, value)
	for _, i := range s.ns.devs.list {
		s.put(prefix+i.name+"."+leaf, value)
	}
}

// switched drops the IPv6 addresses where IPv6 is now disabled, and makes
// them again where it is enabled.
func (nd *discovery) switched() {
	if nd.i.conf.disabledIPv6() {
		nd.unready()
		return
	}
	if !nd.i.up {
		return
	}
	if nd.i.kind == KindLoopback {
		nd.i.ipAddrs.addLoopbackAddrs()
		return
	}
	if nd.i.Carrier() {
		nd.ready()
	}
}

// Sysctls returns every key, sorted.
func (ns *Namespace) Sysctls() []string {
	seen := make(map[string]bool)
	var out []string
	add := func(k string) {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	for _, k := range ns.sys.table().keys {
		prefix, dev, leaf, ok := perInterface(k)
		if !ok {
			add(k)
			continue
		}
		neigh := strings.HasSuffix(prefix, "neigh.")
		if !neigh {
			add(k)
		}
		if dev != "default" {
			continue
		}
		for _, i := range ns.devs.list {
			add(prefix + i.name + "." + leaf)
			// The second names are deprecated: sysctl of procps, which a host
			// has, does not list them; busybox does.
			if x := strings.TrimSuffix(leaf, "_ms"); neigh && x != leaf && x != "interval_probe_time" && !ns.opts.Host {
				add(prefix + i.name + "." + x)
			}
		}
	}
	slices.Sort(out)
	return out
}

// number is the value of a key as an integer, 0 if there is none.
func (s *sysctls) number(key string) int {
	v, _ := s.get(key)
	n, _ := strconv.Atoi(v)
	return n
}

func (nt *neighTable) param(v6 bool, dev, leaf string) (int, bool) {
	key := "net.ipv4.neigh." + dev + "." + leaf
	if v6 {
		key = "net.ipv6.neigh." + dev + "." + leaf
	}
	v, ok := nt.ns.sys.get(key)
	n, err := strconv.Atoi(v)
	return n, ok && err == nil
}

func confKey(v6 bool, dev, leaf string) string {
	if v6 {
		return "net.ipv6.conf." + dev + "." + leaf
	}
	return "net.ipv4.conf." + dev + "." + leaf
}

// ifSysctls is what the sysctls say of an interface.
type ifSysctls struct {
	i    *Interface
	last ifSettings // as last read
}

// flag is a conf switch that is on if "all" or the interface has it on.
func (sc *ifSysctls) flag(v6 bool, leaf string) bool { return sc.max(v6, leaf) != 0 }

// max is a conf setting of which the larger of "all" and the interface
// counts.
func (sc *ifSysctls) max(v6 bool, leaf string) int {
	return max(sc.i.ns.sys.number(confKey(v6, "all", leaf)), sc.i.ns.sys.number(confKey(v6, sc.i.name, leaf)))
}

// ifSettings are the sysctls that every packet asks for.
type ifSettings struct {
	of        *sysctls // whose they are, and how often those had changed
	changed   uint64
	forward4  bool
	forward6  bool
	noIPv6    bool
	rpFilter  int
	localnet  bool
	localSrc  bool // accept_local
	bridgeNF4 bool
	bridgeNF6 bool
}

// read reads the settings of the interface, again only after a change.
func (sc *ifSysctls) read() *ifSettings {
	s := &sc.last
	all := &sc.i.ns.sys
	if s.of == all && s.changed == all.changed {
		return s
	}
	*s = ifSettings{
		of:        all,
		changed:   all.changed,
		forward4:  sc.i.ns.sys.number("net.ipv4.conf."+sc.i.name+".forwarding") != 0,
		forward6:  sc.i.ns.sys.number("net.ipv6.conf.all.forwarding") != 0,
		noIPv6:    sc.i.ns.sys.number("net.ipv6.conf."+sc.i.name+".disable_ipv6") != 0,
		rpFilter:  sc.max(false, "rp_filter"),
		localnet:  sc.flag(false, "route_localnet"),
		localSrc:  sc.flag(false, "accept_local"),
		bridgeNF4: sc.i.ns.sys.number("net.bridge.bridge-nf-call-iptables") != 0,
		bridgeNF6: sc.i.ns.sys.number("net.bridge.bridge-nf-call-ip6tables") != 0,
	}
	return s
}

func (sc *ifSysctls) disabledIPv6() bool { return sc.read().noIPv6 }

// forwarding reports whether packets that come in on i may be forwarded.
func (s *sysctls) forwarding(i *Interface, v6 bool) bool {
	if v6 {
		return i.conf.read().forward6
	}
	return i.conf.read().forward4
}
