package stack

import (
	"time"

	"dnetsim/link"
)

// AddPhysical adds an interface at the end of a cable. A zero mac draws a
// random one. The end must not be attached to anything else.
func (ns *Namespace) AddPhysical(name string, mac MAC, end *link.End) (*Interface, error) {
	if err := ns.devs.check(name); err != nil {
		return nil, err
	}
	if mac == (MAC{}) {
		mac = ns.randomMAC()
	}
	i := ns.devs.make(name, KindPhysical, mac, 1500)
	i.txqlen = 1000
	d := &physicalDevice{device: device{i}, end: end}
	i.driver = d
	end.Attach(d)
	end.OnCarrier(func(on bool) { i.linkChanged() })
	end.SetDown(true)
	i.linkChanged()
	return i, nil
}

// physicalDevice is a network card as a driver.
type physicalDevice struct {
	device
	end *link.End

	held  []*link.Frame // since the last interrupt
	since time.Duration // when the interval began
	bytes int           // that have come in it
	bulk  bool          // much came in the one before
}

func (d *physicalDevice) send(f *link.Frame) { d.end.Send(f) }
func (d *physicalDevice) linked() bool       { return d.end.Carrier() }
func (d *physicalDevice) close()             { d.end.Attach(nil) }

// A card under load does not interrupt for every frame: it waits until the interval
// of its last interrupt is over, and what one interrupt brings is merged. The
// interval and the figure of what is load are those of Intel's igb for bulk traffic
// (igb_update_itr); below it every frame comes at once.
const (
	interruptInterval = 250 * time.Microsecond
	bulkBytes         = 25000
)

// Merges implements link.Merger: segments are merged unless somebody has switched
// that off.
func (d *physicalDevice) Merges() bool { return d.i.Feature("generic-receive-offload") }

// Receive implements link.Receiver.
func (d *physicalDevice) Receive(f *link.Frame) {
	if d.i.ns == nil { // it has been taken out: who loses the frame says so
		d.i.Receive(f)
		return
	}
	now := d.i.ns.loop.Now()
	if gone := now - d.since; gone >= interruptInterval {
		d.bulk = gone < 2*interruptInterval && d.bytes >= bulkBytes
		d.since, d.bytes = now, 0
	}
	d.bytes += f.Len()
	if len(d.held) == 0 {
		if !d.bulk || !d.Merges() {
			d.i.Receive(f)
			return
		}
		d.i.ns.loop.Schedule(d.since+interruptInterval-now, d)
		d.held = append(d.held, f)
		return
	}
	last := len(d.held) - 1
	merged, ok := link.Merge(d.held[last], f, d.i.trail, d.i.place)
	d.held[last] = merged
	if !ok {
		d.held = append(d.held, f)
	}
}

// Fire is the interrupt.
func (d *physicalDevice) Fire() {
	held := d.held
	d.held = nil
	for k, f := range held {
		held[k] = nil
		d.i.Receive(f)
	}
	if d.held == nil {
		d.held = held[:0]
	}
}

// End is the cable end behind a physical interface, or nil.
func (i *Interface) End() *link.End {
	if d, ok := i.driver.(*physicalDevice); ok {
		return d.end
	}
	return nil
}
