package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/link"
	"dnetsim/scenarios"
	"dnetsim/stack/tap"
)

// tapPlace is where a TAP interface of this machine is to be plugged in: into a LAN,
// or a host's bridge.
type tapPlace struct{ name, lan, host, bridge string }

const tapUsage = "write NAME=LAN or NAME=HOST:BRIDGE"

// readTaps reads --tap.
func readTaps(s *scenarios.Scenario, texts []string) (list []tapPlace, err error) {
	for _, text := range texts {
		p, err := readTap(s, text)
		if err != nil {
			return nil, fmt.Errorf("--tap %s: %w", text, err)
		}
		list = append(list, p)
	}
	return list, nil
}

func readTap(s *scenarios.Scenario, text string) (p tapPlace, err error) {
	name, where, ok := strings.Cut(text, "=")
	if !ok || name == "" || where == "" {
		return p, errors.New(tapUsage)
	}
	p.name = name
	host, bridge, onHost := strings.Cut(where, ":")
	if onHost {
		if !hasHost(s, host) || bridge == "" {
			return p, fmt.Errorf("there is no host %q in %s: %s", host, s.File, tapUsage)
		}
		p.host, p.bridge = host, bridge
		return p, nil
	}
	var names []string
	for _, lan := range s.LANs {
		if names = append(names, lan.Name); lan.Name == where {
			p.lan = where
		}
	}
	if p.lan == "" && where == "LAN" && len(names) == 1 {
		p.lan = names[0]
	}
	if p.lan == "" {
		return p, fmt.Errorf("there is no lan %q in %s: there are %s (LAN, if it is the only one); %s", where, s.File, strings.Join(names, ", "), tapUsage)
	}
	return p, nil
}

func hasHost(s *scenarios.Scenario, name string) bool {
	for _, h := range s.Hosts {
		if h.Name == name {
			return true
		}
	}
	return false
}

// plug lays the cable and finds an address for the machine at its other end.
func (u *upLab) plug(p tapPlace) (place string, at netip.Prefix, end *link.End, err error) {
	if p.lan != "" {
		if at, err = u.FreeAddress(p.lan); err == nil {
			end, err = u.PlugLAN(p.name, p.lan)
		}
		place = "the LAN"
		if len(u.Scenario.LANs) > 1 {
			place += " " + p.lan
		}
		return place, at, end, err
	}
	if at, err = u.FreeOnBridge(p.host, p.bridge); err == nil {
		end, err = u.PlugBridge(p.name, p.host, p.bridge)
	}
	return p.host + "'s bridge " + p.bridge, at, end, err
}

// tap makes a TAP interface of this machine and says what to do with it. It is called
// before the loop runs.
func (u *upLab) tap(p tapPlace) error {
	place, at, end, err := u.plug(p)
	if err != nil {
		return err
	}
	x, err := tap.Open(p.name, u.Loop, end)
	if err != nil {
		return err
	}
	u.taps = append(u.taps, x)
	u.announce(fmt.Sprintf("REAL INTERFACE %s of this machine is on %s; with an address it is one of the machines there:", x.Name(), place))
	u.announce(fmt.Sprintf("    ip addr add %s dev %s && ip link set %s up", at, x.Name(), x.Name()))
	return nil
}
