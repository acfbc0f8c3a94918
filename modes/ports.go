package modes

import "fmt"

// portAllocator remembers which host ports are published, by address and
// protocol: 0.0.0.0 and 127.0.0.1 are different addresses to it.
type portAllocator struct {
	low, high int // of ports nobody asked for
	maps      map[string]*portMap
}

type portMap struct {
	used map[int]bool
	last map[string]int // of each range, the port given out last
}

func newPortAllocator(low, high int) *portAllocator {
	return &portAllocator{low: low, high: high, maps: map[string]*portMap{}}
}

// request takes a port between start and end; 0 and 0 is the ephemeral range.
// A range goes on after the port it gave last.
func (a *portAllocator) request(ip, proto string, start, end int) (int, error) {
	m := a.maps[ip+"/"+proto]
	if m == nil {
		m = &portMap{used: map[int]bool{}, last: map[string]int{}}
		a.maps[ip+"/"+proto] = m
	}
	if start > 0 && start == end {
		if m.used[start] {
			return 0, errf(ErrSystem, "Bind for %s:%d failed: port is already allocated", ip, start)
		}
		m.used[start] = true
		return start, nil
	}
	if start == 0 && end == 0 {
		start, end = a.low, a.high
	}
	key := fmt.Sprintf("%d-%d", start, end)
	port, ok := m.last[key]
	if !ok {
		port = end
	}
	for range end - start + 1 {
		if port++; port > end {
			port = start
		}
		if !m.used[port] {
			m.used[port] = true
			m.last[key] = port
			return port, nil
		}
	}
	return 0, errf(ErrSystem, "all ports are allocated")
}

func (a *portAllocator) release(ip, proto string, port int) {
	if m := a.maps[ip+"/"+proto]; m != nil {
		delete(m.used, port)
	}
}
