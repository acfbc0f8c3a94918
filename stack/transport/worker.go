package transport

import (
	"runtime"
	"sync"

	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// procs guards GOMAXPROCS while a TCP is made: runs may be made side by side.
var procs sync.Mutex

// oneWorker makes netstack's TCP with a single worker. It starts as many as
// GOMAXPROCS says and spreads its connections over them by a hash, so that the
// order in which connections answer, and whether a reset is still sent, would
// depend on the machine. Nothing but that number can be set from outside, so it
// is 1 for the moment: about 20 µs for each namespace that gets a TCP, and none
// of its workers but one, where the machine has more than one processor.
func oneWorker(s *gstack.Stack) gstack.TransportProtocol {
	procs.Lock()
	defer procs.Unlock()
	if n := runtime.GOMAXPROCS(0); n > 1 {
		runtime.GOMAXPROCS(1)
		defer runtime.GOMAXPROCS(n)
	}
	return tcp.NewProtocolCUBIC(s)
}
