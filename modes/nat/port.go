// Package nat is the ports of containers and the ways to them from outside: how
// they are written, what is asked to be published and in which order, and which
// ports of the host are taken. It opens no socket and sets no rule. The name is
// that of docker's go-connections/nat.
package nat

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
)

// Port is a port of a container: "80/tcp".
type Port struct {
	Number uint16
	Proto  string // "tcp", "udp" or "sctp"
}

func (p Port) String() string { return fmt.Sprintf("%d/%s", p.Number, p.Proto) }

// ParsePort reads "80/tcp" or "80", which is TCP.
func ParsePort(s string) (Port, error) {
	num, proto, ok := strings.Cut(s, "/")
	if !ok {
		proto = "tcp"
	}
	n, err := strconv.ParseUint(num, 10, 16)
	if err != nil {
		return Port{}, errdefs.Invalid("Invalid containerPort: %s", num)
	}
	return Port{uint16(n), strings.ToLower(proto)}, nil
}

// PortBinding is one way to a published port: as asked for in a HostConfig
// (either field may be empty, HostPort may be a range "9100-9110"), or as bound.
type PortBinding struct {
	HostIP   string
	HostPort string
}

// Sorted are the keys of a map of ports: by number, TCP before UDP.
func Sorted[V any](m map[Port]V) []Port {
	ports := make([]Port, 0, len(m))
	for p := range m {
		ports = append(ports, p)
	}
	sort.Slice(ports, func(i, k int) bool {
		if ports[i].Number != ports[k].Number {
			return ports[i].Number < ports[k].Number
		}
		return ports[i].Proto < ports[k].Proto
	})
	return ports
}

// Request is one port that wants to be published: Lo 0 to Hi 0 is any port of
// the host.
type Request struct {
	Port   Port
	HostIP string // "" is any
	Lo, Hi int
}

// Requests are the ports of a container in the order in which Docker binds
// them: larger host ports first, then larger container ports, TCP before UDP.
// With all, exposed ports without a binding want any port.
func Requests(exposed map[Port]bool, bindings map[Port][]PortBinding, all bool) ([]Request, error) {
	var out []Request
	for _, port := range Sorted(exposed) {
		bs := bindings[port]
		for _, b := range bs {
			lo, hi, err := ParseRange(b.HostPort)
			if err != nil {
				return nil, errdefs.Invalid("Error parsing HostPort value(%s):%v", b.HostPort, err)
			}
			out = append(out, Request{port, b.HostIP, lo, hi})
		}
		if len(bs) == 0 && all {
			out = append(out, Request{Port: port})
		}
	}
	sort.SliceStable(out, func(i, k int) bool {
		a, b := out[i], out[k]
		switch {
		case a.Lo != b.Lo:
			return a.Lo > b.Lo
		case a.Port.Number != b.Port.Number:
			return a.Port.Number > b.Port.Number
		case a.Port.Proto != b.Port.Proto:
			return a.Port.Proto < b.Port.Proto
		}
		return a.HostIP < b.HostIP
	})
	return out, nil
}

// ParseRange reads the host's side of a binding: "", "8080" or "9100-9110".
func ParseRange(s string) (lo, hi int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	a, b, ranged := strings.Cut(s, "-")
	if !ranged {
		b = a
	}
	x, err := strconv.ParseUint(a, 10, 16)
	if err != nil {
		return 0, 0, errdefs.Invalid("Invalid hostPort: %s", s)
	}
	y, err := strconv.ParseUint(b, 10, 16)
	if err != nil || y < x {
		return 0, 0, errdefs.Invalid("Invalid hostPort: %s", s)
	}
	return int(x), int(y), nil
}
