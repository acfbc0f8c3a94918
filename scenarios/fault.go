package scenarios

import (
	"fmt"
	"strings"

	"dnetsim/link"
	"dnetsim/sim"
)

// fault changes the cable that a step names, or puts it back as the file
// declared it; or it takes a host's power, or gives it back.
func (l *Lab) fault(st *Step) error {
	if st.Fault.Host != "" {
		return l.power(st)
	}
	name, _, explicit := strings.Cut(st.Fault.Cable, ":")
	key := st.Fault.Cable
	if !explicit {
		key = name + ":eth0"
	}
	w := l.cables[key]
	if w == nil {
		return fmt.Errorf("there is no cable %s: write HOST or HOST:INTERFACE", st.Fault.Cable)
	}
	at := l.sockets[key]
	switch {
	case st.Kind == StepFault && st.Fault.MACFilter:
		at.port.SetMACFilter(at.mac)
	case st.Kind == StepRepair && (st.Fault.MACFilter || len(st.Fault.Set) == 0):
		at.port.SetMACFilter()
	}
	if st.Kind == StepRepair && st.Fault.MACFilter && len(st.Fault.Set) == 0 {
		return nil // the filter alone
	}
	base := l.declared(key)
	for _, end := range []struct {
		way string
		end *link.End
	}{{"out", w.A()}, {"in", w.B()}} {
		if st.Fault.Way != "both" && st.Fault.Way != end.way {
			continue
		}
		if st.Kind == StepRepair && len(st.Fault.Set) == 0 {
			end.end.Impair(base)
			continue
		}
		from := st.Fault.Change
		if st.Kind == StepRepair {
			from = base
		}
		end.end.Impair(merge(end.end.Impairment(), from, st.Fault.Set))
	}
	return nil
}

// declared is what the file says about a cable.
func (l *Lab) declared(key string) link.Impairment {
	host, port, _ := strings.Cut(key, ":")
	for _, h := range l.Scenario.Hosts {
		for _, p := range h.Ports {
			if h.Name == host && p.Name == port {
				return l.lans[p.LAN].lan.Cable
			}
		}
	}
	for _, r := range l.Scenario.Routers {
		for _, p := range r.Ports {
			if r.Name == host && p.Name == port {
				return l.lans[p.LAN].lan.Cable
			}
		}
	}
	if len(l.Scenario.LANs) > 0 {
		return l.Scenario.LANs[0].Cable
	}
	return link.Impairment{}
}

// merge takes over the named properties.
func merge(into, from link.Impairment, keys []string) link.Impairment {
	for _, k := range keys {
		cableTable.field(k).take(&into, &from)
	}
	return into
}

// String is what is changed, as the transcript names it.
func (f *Fault) String() string {
	switch {
	case f.Crash:
		return f.Host + " loses power"
	case f.Host != "":
		return f.Host + " has power again"
	}
	return f.Cable
}

// power takes a host's power or gives it back. Whoever is logged in there is
// thrown out: variables and background jobs of its shell are gone.
func (l *Lab) power(st *Step) error {
	name := st.Fault.Host
	host, m := l.hosts[name], l.machines[name]
	if host == nil {
		return fmt.Errorf("%s is no host with an engine", name)
	}
	if st.Kind == StepFault {
		host.Crash()
		m.KillAll()
		delete(l.shells, name)
		l.Loop.RunFor(0)
		return nil
	}
	var err error
	p := l.Loop.Go("boot "+name, func(*sim.Proc) { err = host.PowerOn() })
	if e := l.Loop.Run(p.Done, l.Scenario.Limit); e != nil {
		return fmt.Errorf("the engine of %s does not come up: %w", name, e)
	}
	return err
}
