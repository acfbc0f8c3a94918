package transport

import (
	"math/rand"
	"reflect"
	"unsafe"

	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// worker processes the segments that the connections of a namespace have queued.
// netstack has goroutines for that, as many as GOMAXPROCS, and spreads connections
// over them by a hash. Here the loop does their work, in the order of one queue and by
// netstack's own functions: nothing runs beside the loop, the order does not depend on
// the machine, and a segment costs no switch of goroutines. Those functions have
// private names. A version of netstack that lacks one does not link.
type worker struct {
	queue    unsafe.Pointer // of endpoints
	segments uintptr        // where an endpoint has its queue of them
}

// newWorker takes the work from the goroutines of a stack's TCP.
func newWorker(s *gstack.Stack) worker {
	p := s.TransportProtocolInstance(tcp.ProtocolNumber)
	d := reflect.ValueOf(p).Elem().FieldByName("dispatcher")
	restart(d.Addr().UnsafePointer(), rand.New(rand.NewSource(0)), 1) // one queue has no use for a hash
	one := d.FieldByName("processors").Index(0)
	end(one.Addr().UnsafePointer())
	p.Wait()
	f, ok := reflect.TypeFor[tcp.Endpoint]().FieldByName("segmentQueue")
	if !ok {
		panic("stack: netstack's TCP endpoint has no queue of segments")
	}
	return worker{one.FieldByName("epQ").Addr().UnsafePointer(), f.Offset}
}

// run processes all that is queued, as netstack's processor.start does for one waking.
func (w worker) run() {
	for ep := dequeue(w.queue); ep != nil; ep = dequeue(w.queue) {
		if noSegments(unsafe.Add(unsafe.Pointer(ep), w.segments)) {
			continue
		}
		switch ep.EndpointState() {
		case tcp.StateConnecting, tcp.StateSynSent, tcp.StateSynRecv:
			handleConnecting(ep)
		case tcp.StateTimeWait:
			handleTimeWait(ep)
		case tcp.StateListen:
			handleListen(ep)
		case tcp.StateError, tcp.StateClose:
			ep.StopWork()
			drain(ep)
			ep.ResumeWork()
		case tcp.StateEstablished, tcp.StateFinWait1, tcp.StateFinWait2, tcp.StateCloseWait, tcp.StateLastAck, tcp.StateClosing:
			handleConnected(ep)
		default:
			panic("stack: a segment is queued for a TCP endpoint in state " + ep.EndpointState().String())
		}
		requeue(ep)
	}
}

// restart ends a dispatcher's goroutines and starts others.
//
//go:linkname restart gvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*dispatcher).init
func restart(dispatcher unsafe.Pointer, r *rand.Rand, processors int)

// end tells a processor's goroutine to return.
//
//go:linkname end gvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*processor).close
func end(processor unsafe.Pointer)

//go:linkname dequeue gvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*epQueue).dequeue
func dequeue(queue unsafe.Pointer) *tcp.Endpoint

//go:linkname noSegments gvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*segmentQueue).empty
func noSegments(queue unsafe.Pointer) bool

//go:linkname handleConnecting gvisor.dev/gvisor/pkg/tcpip/transport/tcp.handleConnecting
func handleConnecting(ep *tcp.Endpoint)

//go:linkname handleConnected gvisor.dev/gvisor/pkg/tcpip/transport/tcp.handleConnected
func handleConnected(ep *tcp.Endpoint)

//go:linkname handleTimeWait gvisor.dev/gvisor/pkg/tcpip/transport/tcp.handleTimeWait
func handleTimeWait(ep *tcp.Endpoint)

//go:linkname handleListen gvisor.dev/gvisor/pkg/tcpip/transport/tcp.handleListen
func handleListen(ep *tcp.Endpoint)

//go:linkname drain gvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*Endpoint).drainClosingSegmentQueue
func drain(ep *tcp.Endpoint)

// requeue puts an endpoint that has more segments back into the queue.
//
//go:linkname requeue gvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*Endpoint).requeueOnRestore
func requeue(ep *tcp.Endpoint)
