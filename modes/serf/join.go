package serf

import (
	"errors"
	"net/netip"

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
	n, err := a.list.Join(addrs)
	if n > 0 && !a.list.Down() {
		a.broadcastJoin(uint64(a.clock))
	}
	return n, err
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
		a.intentQueue.Add(in.encode(typeLeave), "", func() { heard = true; a.leaving.Broadcast() })
		a.list.Wake()
		if !a.waitFor(&heard) {
			return errors.New("timeout while waiting for graceful leave")
		}
	}
	if a.list.Down() {
		return nil
	}
	if err := a.list.Leave(broadcastTimeout); err != nil {
		return err
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
	for !*what && !a.list.Down() {
		if a.leaving.WaitFor(a.loop, end-a.loop.Now()) != nil {
			break
		}
	}
	return *what || a.list.Down()
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
	t = a.list.Timer(func() {
		to, ok := a.pickFailed()
		if !ok {
			t.Reset(reconnectInterval)
			return
		}
		a.loop.Go("serf reconnect "+a.cfg.NodeName, func(*sim.Proc) {
			a.list.Join([]string{to.String()})
			if !a.list.Down() {
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
