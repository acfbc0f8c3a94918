package scenarios

import (
	"net/netip"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
)

// DefaultLimit is the virtual time after which a run counts as hung, unless
// the file says otherwise.
const DefaultLimit = time.Hour

// Scenario is a scenario file, read and checked.
type Scenario struct {
	File        string // as errors name it
	Source      []byte // the file's text, which --update rewrites
	document    int    // which of the file's YAML documents it is, from 0
	Name        string
	Description string
	Seed        uint64
	Engine      string        // the engine profile of hosts that name none
	Limit       time.Duration // virtual time for the whole run
	LANs        []LAN
	Routers     []Router
	Internet    []Site
	Hosts       []Host
	Images      []Image
	// StrictImages refuses images that nobody knows, as a registry does; otherwise
	// they are plain ones.
	StrictImages bool
	Setup        []Step
	Steps        []Step
}

// LAN is a switch and the properties of the cables that are plugged into it.
type LAN struct {
	Name    string
	Subnet  netip.Prefix
	Gateway netip.Addr // zero if the LAN has none
	Cable   link.Impairment
	at      place
}

// UseEngine gives the hosts that name no engine the profile of that name.
func (s *Scenario) UseEngine(name string) {
	s.Engine = name
	for i := range s.Hosts {
		if s.Hosts[i].follows {
			s.Hosts[i].Engine = name
		}
	}
}

// Site is a name on the internet that answers at an address.
type Site struct {
	Name    string
	Address netip.Addr
	CNAME   string        // the canonical name that Name is an alias of, or ""
	Delay   time.Duration // one way, between the router and the site
	TTL     int           // with which its packets arrive on a LAN
	at      place

	serve userland.Program // nil is a web server with a page
}

// Port is one interface of a host or a router.
type Port struct {
	Name    string // eth0
	LAN     string
	Address netip.Prefix
	MAC     link.MAC // zero: derived from the address
	Flawed  bool     // the card gets checksums within tunnels wrong when it is asked to make them
	at      place
}

// Router joins LANs. The one that holds a LAN's gateway address leads to the
// internet.
type Router struct {
	Name   string
	Ports  []Port
	NAT    bool // for routers that lead to the internet
	Routes []StaticRoute
	at     place
	natAt  place // where the file says nat: true
}

// StaticRoute is a route of a router.
type StaticRoute struct {
	To  netip.Prefix
	Via netip.Addr
	at  place
}

// Host is a machine with a Docker engine.
type Host struct {
	Name     string
	Hostname string       // as the machine calls itself; Name unless given
	Lacks    []stack.Kind // what its kernel was built without
	Without  stack.Modules
	Ports    []Port
	Gateway  netip.Addr
	Engine   string
	follows  bool              // it names no engine of its own
	Daemon   []byte            // daemon.json as JSON text, nil for none
	daemonAt place             // of one that is to be right
	Files    map[string]string // path to content, laid down before the engine starts
	filesAt  map[string]place
	imagesAt place
	Images   []string      // present without a pull; nil means the usual two
	Docker   bool          // false: a machine without an engine
	Clock    time.Duration // what its clock is ahead of the run's, below zero if behind
	at       place
}

// Image is an image that only this scenario knows.
type Image struct {
	Name     string
	Like     string // the image whose programs it has
	Cmd      []string
	Env      []string
	Listen   []string // "80/tcp": answered by a web server
	Response string
	at       place
}

// StepKind says what a step does.
type StepKind int

// The kinds of steps.
const (
	StepRun StepKind = iota
	StepWait
	StepFault
	StepRepair
	StepCheck
)

// Step is one line that somebody types, or a pause.
type Step struct {
	Kind      StepKind
	Host      string
	Container string // "" for the host's own shell
	Line      string
	At        time.Duration // do it at this virtual time; -1 if not given
	Wait      time.Duration
	Fault     Fault
	Check     Check
	Expect    Expect
	at        place
	node      *stepNode // where --update finds it
}

// Fault is a change of a cable or a machine.
type Fault struct {
	Cable  string // HOST or HOST:INTERFACE
	Change link.Impairment
	Set    []string // the keys given, in order
	Way    string   // both, in, out
	// MACFilter: the switch's port lets only the interface's own address pass,
	// as virtual switches do that refuse forged transmits.
	MACFilter bool
	// Host is the machine that loses power, or gets it back; Cable is empty then.
	Host  string
	Crash bool
}

// Expect is what a step must do to pass.
type Expect struct {
	Given   bool
	ExitAny bool
	Exit    int
	Stdout  *Pattern
	Stderr  *Pattern
}

// place is a position in the file, from 1.
type place struct{ line, column int }

// Place is a position in a file, from 1.
type Place struct{ Line, Column int }

// Place is where the file has the host.
func (h *Host) Place() Place { return Place{h.at.line, h.at.column} }

// Place is where the file has the step.
func (s *Step) Place() Place { return Place{s.at.line, s.at.column} }
