package transport

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
)

// device is the link endpoint of netstack's one NIC. It collects what netstack
// writes; Layer.enter sends it once segments are processed, so nothing is
// delivered from inside netstack.
type device struct {
	t       *Layer
	d       gstack.NetworkDispatcher
	sockets gstack.TransportDispatcher // d again
	mtu     uint32
	offload bool
}

var (
	_ gstack.LinkEndpoint = (*device)(nil)
	_ gstack.GSOEndpoint  = (*device)(nil)
)

// WritePackets implements stack.LinkWriter.
func (d *device) WritePackets(l gstack.PacketBufferList) (int, tcpip.Error) {
	n := 0
	for _, pb := range l.AsSlice() {
		d.t.outbox = append(d.t.outbox, pb.IncRef())
		n++
	}
	return n, nil
}

// GSOMaxSize implements stack.GSOEndpoint: the largest segment, as a veth's
// gso_max_size.
func (d *device) GSOMaxSize() uint32 { return 65535 }

// SupportedGSO implements stack.GSOEndpoint.
func (d *device) SupportedGSO() gstack.SupportedGSO {
	if d.offload {
		return gstack.HostGSOSupported
	}
	return gstack.GSONotSupported
}

// Capabilities implements stack.NetworkLinkEndpoint. Received checksums have
// been looked at before a packet gets here.
func (d *device) Capabilities() gstack.LinkEndpointCapabilities {
	c := gstack.CapabilityRXChecksumOffload
	if d.offload {
		c |= gstack.CapabilityTXChecksumOffload
	}
	return c
}

// The rest of stack.NetworkLinkEndpoint has nothing to do.

// MTU is larger than any interface's: packets are cut to fit after routing.
func (d *device) MTU() uint32 { return d.mtu }

// SetMTU changes it.
func (d *device) SetMTU(mtu uint32) { d.mtu = mtu }

// MaxHeaderLength is zero: packets have no link header here.
func (d *device) MaxHeaderLength() uint16 { return 0 }

// LinkAddress is empty.
func (d *device) LinkAddress() tcpip.LinkAddress { return "" }

// SetLinkAddress does nothing.
func (d *device) SetLinkAddress(tcpip.LinkAddress) {}

// Attach remembers whom to give packets to.
func (d *device) Attach(x gstack.NetworkDispatcher) {
	d.d = x
	d.sockets, _ = x.(gstack.TransportDispatcher)
}

// IsAttached reports whether there is anybody.
func (d *device) IsAttached() bool { return d.d != nil }

// Wait has nothing to wait for.
func (d *device) Wait() {}

// ARPHardwareType is none.
func (d *device) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }

// AddHeader adds nothing.
func (d *device) AddHeader(*gstack.PacketBuffer) {}

// ParseHeader parses nothing.
func (d *device) ParseHeader(*gstack.PacketBuffer) bool { return true }

// Close does nothing.
func (d *device) Close() {}

// SetOnCloseAction does nothing.
func (d *device) SetOnCloseAction(func()) {}
