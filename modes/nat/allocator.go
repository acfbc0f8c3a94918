package nat

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"dnetsim/modes/errdefs"
)

// Allocator remembers which host ports are published, by address and
// protocol: 0.0.0.0 and 127.0.0.1 are different addresses to it.
type Allocator struct {
	low, high int // of ports nobody asked for
	maps      map[string]*portMap
}

type portMap struct {
	used map[int]bool
	last map[string]int // of each range, the port given out last
}

// NewAllocator gives ports that nobody asked for by number from low to high.
func NewAllocator(low, high int) *Allocator {
	return &Allocator{low: low, high: high, maps: map[string]*portMap{}}
}

// Request takes a port between start and end; 0 and 0 is the ephemeral range.
// A range goes on after the port it gave last.
func (a *Allocator) Request(ip, proto string, start, end int) (int, error) {
	m := a.maps[ip+"/"+proto]
	if m == nil {
		m = &portMap{used: map[int]bool{}, last: map[string]int{}}
		a.maps[ip+"/"+proto] = m
	}
	if start > 0 && start == end {
		if m.used[start] {
			return 0, errdefs.System("Bind for %s:%d failed: port is already allocated", ip, start)
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
	return 0, errdefs.System("all ports are allocated")
}

// RequestAll takes one port between start and end for all of these addresses. It is
// in nobody's way whose address is another one of the same family, but 0.0.0.0 and ::
// are every address.
func (a *Allocator) RequestAll(ips []string, proto string, start, end int) (int, error) {
	own, others := []string{}, map[string]bool{}
	for _, ip := range ips {
		own = append(own, ip+"/"+proto)
		any := "0.0.0.0"
		if strings.Contains(ip, ":") {
			any = "::"
		}
		others[any+"/"+proto] = true
		for key := range a.maps {
			if ip == any && strings.HasSuffix(key, "/"+proto) && strings.Contains(key, ":") == (any == "::") {
				others[key] = true
			}
		}
	}
	for _, key := range own {
		if a.maps[key] == nil {
			a.maps[key] = &portMap{used: map[int]bool{}, last: map[string]int{}}
		}
		delete(others, key)
	}
	inWay := append(slices.Clone(own), slices.Sorted(maps.Keys(others))...)
	taken := func(port int) (string, bool) {
		for _, key := range inWay {
			if m := a.maps[key]; m != nil && m.used[port] {
				ip, _, _ := strings.Cut(key, "/")
				return ip, true
			}
		}
		return "", false
	}
	take := func(port int) int {
		for _, key := range own {
			a.maps[key].used[port] = true
		}
		return port
	}
	if start > 0 && start == end {
		if ip, yes := taken(start); yes {
			return 0, errdefs.System("Bind for %s:%d failed: port is already allocated", ip, start)
		}
		return take(start), nil
	}
	if start == 0 && end == 0 {
		start, end = a.low, a.high
	}
	last := a.maps[own[0]].last
	key := fmt.Sprintf("%d-%d", start, end)
	port, ok := last[key]
	if !ok {
		port = end
	}
	for range end - start + 1 {
		if port++; port > end {
			port = start
		}
		if _, yes := taken(port); !yes {
			for _, k := range own {
				a.maps[k].last[key] = port
			}
			return take(port), nil
		}
	}
	return 0, errdefs.System("all ports are allocated")
}

// Release gives a port back.
func (a *Allocator) Release(ip, proto string, port int) {
	if m := a.maps[ip+"/"+proto]; m != nil {
		delete(m.used, port)
	}
}

// Taken is one port of the host that is taken.
type Taken struct {
	IP, Proto string
	Port      int
}

// Taken are all that are, by number.
func (a *Allocator) Taken() []Taken {
	var all []Taken
	for _, key := range slices.Sorted(maps.Keys(a.maps)) {
		ip, proto, _ := strings.Cut(key, "/")
		for port := range a.maps[key].used {
			all = append(all, Taken{ip, proto, port})
		}
	}
	sort.SliceStable(all, func(i, k int) bool { return all[i].Port < all[k].Port })
	return all
}
