package driver

import "dnetsim/modes/nat"

// Absent stands for the driver of global networks while nobody runs their
// control plane: nothing can be done with it, and ending things costs nothing.
type Absent struct{}

var _ Driver = Absent{}

// Capability is that of a global network.
func (Absent) Capability() Capability { return Capability{Global: true, Pools: HasPools} }

// Whatever would need the control plane is gone.
func (Absent) CreateNetwork(*Network) error                   { return ErrGone }
func (Absent) ReviveNetwork(*Network) error                   { return ErrGone }
func (Absent) DeleteNetwork(string) error                     { return ErrGone }
func (Absent) CreateEndpoint(*Endpoint) error                 { return ErrGone }
func (Absent) Join(*Endpoint) error                           { return ErrGone }
func (Absent) ProgramExternal(*Endpoint, []nat.Request) error { return ErrGone }
func (Absent) DeleteEndpoint(*Endpoint)                       {}
func (Absent) Leave(*Endpoint)                                {}
func (Absent) RevokeExternal(*Endpoint)                       {}
