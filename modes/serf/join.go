package serf

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/sim"
)

// Join swaps states with each of the addresses ("10.0.0.12" or
// "10.0.0.12:7946") and returns how many answered. With ignoreOld, user events
// of before are not delivered. It blocks the running process; if nobody
// answered the error lists why, in several lines, as the original's does.
func (a *Agent) Join(addrs []string, ignoreOld bool) (int, error) {
	if a.status != agentAlive {
		return 0, errors.New("Serf can't Join after Leave or Shutdown")
	}
	for a.joining {
		if err := a.joinFree.Wait(a.loop); err != nil {
			return 0, err
		}
	}
	a.joining, a.ignoreOld = true, ignoreOld
	defer func() {
		a.joining, a.ignoreOld = false, false
		a.joinFree.Signal()
	}()
	n, err := a.joinNodes(addrs)
	if n > 0 && !a.down {
		a.broadcastJoin(uint64(a.clock))
	}
	return n, err
}

func (a *Agent) joinNodes(addrs []string) (int, error) {
	n := 0
	var failed []string
	for _, s := range addrs {
		to, err := netip.ParseAddrPort(s)
		if err != nil {
			ip, err := netip.ParseAddr(s)
			if err != nil {
				text := fmt.Sprintf("Failed to resolve %s: lookup %s: no such host", s, s)
				a.logf("WARN", "memberlist: %s", text)
				failed = append(failed, text)
				continue
			}
			to = netip.AddrPortFrom(ip, a.cfg.Port)
		}
		if err := a.exchange(to, "", true); err != nil {
			text := fmt.Sprintf("Failed to join %s: %v", to.Addr(), err)
			a.logf("DEBUG", "memberlist: %s", text)
			failed = append(failed, text)
			continue
		}
		n++
	}
	if n > 0 || len(failed) == 0 {
		return n, nil
	}
	head := fmt.Sprintf("%d errors", len(failed))
	if len(failed) == 1 {
		head = "1 error"
	}
	return 0, errors.New(head + " occurred:\n\t* " + strings.Join(failed, "\n\t* ") + "\n\n")
}

// Leave says goodbye to the cluster and stays running, alone; Shutdown comes
// after it. It blocks the running process for at least a second.
func (a *Agent) Leave() error {
	switch a.status {
	case agentLeft:
		return nil
	case agentLeaving:
		return errors.New("Leave already in progress")
	case agentShutdown:
		return errors.New("Leave called after Shutdown")
	}
	a.status = agentLeaving
	in := intent{ltime: uint64(a.clock), node: a.cfg.NodeName}
	a.clock++
	a.leaveIntent(&in)
	if a.othersAlive() {
		heard := false
		a.intentQueue.add(&rumour{msg: in.encode(typeLeave), done: func() { heard = true; a.leaving.Broadcast() }})
		a.wakeGossip()
		if !a.waitFor(&heard) {
			return errors.New("timeout while waiting for graceful leave")
		}
	}
	if a.down {
		return nil
	}
	a.left = true
	if me := a.byName[a.cfg.NodeName]; me != nil {
		a.dead(&accusation{me.incarnation, me.name, me.name})
		if a.anyAlive() && !a.waitFor(&a.leaveHeard) {
			return errors.New("timeout waiting for leave broadcast")
		}
	}
	if p := a.loop.Current(); p != nil {
		p.Sleep(leavePropagateDelay)
	}
	if a.status != agentShutdown {
		a.status = agentLeft
	}
	return nil
}

func (a *Agent) waitFor(what *bool) bool {
	end := a.loop.Now() + broadcastTimeout
	for !*what && !a.down {
		if a.leaving.WaitFor(a.loop, end-a.loop.Now()) != nil {
			break
		}
	}
	return *what || a.down
}

func (a *Agent) othersAlive() bool {
	for _, m := range a.members {
		if m.Name != a.cfg.NodeName && m.Status == StatusAlive {
			return true
		}
	}
	return false
}

// startReconnect tries, each 30 s, to join one of the failed members again.
func (a *Agent) startReconnect() {
	var t *sim.Timer
	t = a.timer(func() {
		to, ok := a.pickFailed()
		if !ok {
			t.Reset(reconnectInterval)
			return
		}
		a.loop.Go("serf reconnect "+a.cfg.NodeName, func(*sim.Proc) {
			a.joinNodes([]string{to.String()})
			if !a.down {
				t.Reset(reconnectInterval)
			}
		})
	})
	t.Reset(reconnectInterval)
}

func (a *Agent) pickFailed() (netip.AddrPort, bool) {
	if len(a.failed) == 0 {
		return netip.AddrPort{}, false
	}
	alive := max(len(a.members)-len(a.failed)-len(a.leftOld), 1)
	if a.rng.Float64() > float64(len(a.failed))/float64(alive) {
		a.logf("DEBUG", "serf: forgoing reconnect for random throttling")
		return netip.AddrPort{}, false
	}
	m := a.failed[a.rng.IntN(len(a.failed))]
	to := netip.AddrPortFrom(m.Addr, m.Port)
	a.logf("INFO", "serf: attempting reconnect to %s %v", m.Name, to)
	return to, true
}
