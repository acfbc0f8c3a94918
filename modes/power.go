package modes

import (
	"io"

	"dnetsim/stack"
	"dnetsim/stack/nftables"
	"dnetsim/userland"
)

// Crash is a loss of power: the engine and all containers end at once, nobody
// is told anything, and what was only in the kernel is gone: Docker's
// interfaces, rules and namespaces. The cables are dead until PowerOn. Files
// stay, and so does what the cluster store has of the host. Other processes of
// the machine are the caller's.
func (h *Host) Crash() {
	d, ns := h.Daemon, h.NS()
	if h.off {
		return
	}
	h.off = true
	h.wasRunning = d.running || d.starting != nil
	d.abortStart(false)
	d.calls.End()
	d.Swarm.node.Kill()
	d.net.Global.Leave()
	for _, c := range d.Containers.all {
		c.cancelRestart()
		if c.run.pid1 == nil {
			continue
		}
		c.run.shutdown, c.run.powerLost = true, true
		if sb := c.run.sandbox; sb != nil && c.run.base == nil && sb.Global() {
			d.Networks.setAside(c)
		}
		c.run.pid1.Signal(userland.SIGKILL)
	}
	for _, c := range append(append([]*Container(nil), d.Containers.all...), d.Containers.strays...) {
		if sb := c.run.leftover; sb != nil {
			sb.Vanish()
		}
	}
	d.net.Crash()
	d.endSelf()
	h.routes = ns.Routes(stack.TableMain)
	for _, i := range ns.Interfaces() {
		switch i.Kind() {
		case stack.KindBridge, stack.KindVeth:
			i.Delete()
		case stack.KindPhysical:
			h.cables = append(h.cables, i)
			i.SetUp(false)
		}
	}
	d.api.close() // with dead cables: nobody hears of it
	for _, t := range []string{"filter", "nat"} {
		f := ns.Netfilter(false)
		f.Exec("-t", t, "-F")
		f.Exec("-t", t, "-X")
	}
	ns.Netfilter(false).SetPolicy("filter", "FORWARD", "ACCEPT")
	if stack.HasNftables(ns) {
		ns.Nftables().Run("flush ruleset", nftables.Options{})
	}
	ns.ForgetPolicy()
	ns.SetSysctl("net.ipv4.ip_forward", "0")
}

// PowerOn brings a crashed host back: its cables and routes, the clock as its
// battery kept it, and the engine if it ran. It must be called from a process.
func (h *Host) PowerOn() error {
	if !h.off {
		return nil
	}
	h.off = false
	h.Daemon.face.Collect() // /run was in memory
	h.Daemon.face.Abandon()
	for _, i := range h.cables {
		i.SetUp(true)
	}
	for _, r := range h.routes {
		if r.Proto != stack.ProtoKernel {
			h.NS().AddRoute(r)
		}
	}
	h.cables, h.routes = nil, nil
	h.Boot()
	h.ApplySettings()
	if !h.wasRunning {
		return nil
	}
	return h.Daemon.Start()
}

// ApplySettings is systemd-sysctl at a boot: what /etc/sysctl.d and /etc/sysctl.conf
// say holds before the engine starts. A host without such files has nothing to do. It
// must be called from a process.
func (h *Host) ApplySettings() {
	list, _ := h.FS().ReadDir("/etc/sysctl.d")
	_, err := h.FS().Stat("/etc/sysctl.conf")
	program := h.Machine.Programs["sysctl"]
	if program == nil || err != nil && len(list) == 0 {
		return
	}
	h.Machine.Start(userland.ProcSpec{Args: []string{"sysctl", "--system"}, Program: program, Stdout: io.Discard, Stderr: io.Discard, NS: h.NS(), NewGroup: true}).Wait()
}
