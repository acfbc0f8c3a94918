package memberlist

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Join swaps states with each of the addresses ("10.0.0.12" or
// "10.0.0.12:7946") and returns how many answered. It blocks the running process;
// if nobody answered the error lists why, in several lines, as the original's
// does.
func (l *List) Join(addrs []string) (int, error) {
	n := 0
	var failed []string
	for _, s := range addrs {
		to, err := netip.ParseAddrPort(s)
		if err != nil {
			ip, err := netip.ParseAddr(s)
			if err != nil {
				text := fmt.Sprintf("Failed to resolve %s: lookup %s: no such host", s, s)
				l.logf("WARN", "%s", text)
				failed = append(failed, text)
				continue
			}
			to = netip.AddrPortFrom(ip, l.cfg.Port)
		}
		if err := l.exchange(to, "", true); err != nil {
			text := fmt.Sprintf("Failed to join %s: %v", to.Addr(), err)
			if l.cfg.Later {
				text = fmt.Sprintf("failed to join %s: %v", to, err)
			}
			l.logf("DEBUG", "%s", text)
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

// Leave says goodbye, and stays running, alone. It blocks the running process
// until that has been said often enough, for limit at most.
func (l *List) Leave(limit time.Duration) error {
	l.left = true
	me := l.byName[l.cfg.Name]
	if me == nil {
		return nil
	}
	l.dead(&accusation{me.incarnation, me.name, me.name})
	if !l.anyAlive() {
		return nil
	}
	for end := l.loop.Now() + limit; !l.leaveHeard && !l.down; {
		if l.leaving.WaitFor(l.loop, end-l.loop.Now()) != nil {
			break
		}
	}
	if !l.leaveHeard && !l.down {
		return errors.New("timeout waiting for leave broadcast")
	}
	return nil
}
