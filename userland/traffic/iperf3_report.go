package traffic

import (
	"fmt"
	"time"

	"dnetsim/userland"
)

// iperfReport prints the lines of a test as iperf3 3.12 does.
type iperfReport struct {
	p       *userland.Process
	udp     bool
	sending bool
	quiet   bool // -J
}

// iperfUnit is an amount with three significant digits: bytes by 1024, bits by
// 1000.
func iperfUnit(v float64, step float64, unit string) string {
	prefix := ""
	for _, next := range []string{"K", "M", "G", "T"} {
		if v < 999.5 && (step != 1024 || v < 1024) {
			break
		}
		v, prefix = v/step, next
	}
	switch {
	case v < 9.995:
		return fmt.Sprintf("%4.2f %s%s", v, prefix, unit)
	case v < 99.95:
		return fmt.Sprintf("%4.1f %s%s", v, prefix, unit)
	}
	return fmt.Sprintf("%4.0f %s%s", v, prefix, unit)
}

func (r *iperfReport) out(format string, args ...any) {
	if !r.quiet {
		r.p.Printf(format, args...)
	}
}

func (r *iperfReport) connected(s *iperfStream) {
	if s.tcp != nil {
		l, m := s.tcp.LocalAddr(), s.tcp.RemoteAddr()
		r.out("[%3d] local %s port %d connected to %s port %d\n", s.id, l.Addr().Unmap(), l.Port(), m.Addr().Unmap(), m.Port())
		return
	}
	l := s.udp.LocalAddr()
	r.out("[%3d] local %s port %d connected to %s port %d\n", s.id, l.Addr().Unmap(), l.Port(), s.peer.Addr().Unmap(), s.peer.Port())
}

// heading is the line above the intervals.
func (r *iperfReport) heading() {
	tail := ""
	if r.udp {
		tail = "         Jitter    Lost/Total Datagrams"
		if r.sending {
			tail = "         Total Datagrams"
		}
	}
	r.out("[ ID] Interval           Transfer     Bitrate%s\n", tail)
}

// interval prints what each stream moved since the last one.
func (r *iperfReport) interval(streams []*iperfStream, from, to time.Duration) {
	var sum int64
	for _, s := range streams {
		n := s.bytes - s.marked
		sum += n
		head := r.span(fmt.Sprintf("%3d", s.id), n, from, to)
		switch {
		case r.udp && r.sending:
			r.out("%s  %d  \n", head, s.packets-s.markedPackets)
		case r.udp:
			lost, all := s.lost-s.markedLost, s.packets-s.markedPackets
			r.out("%s  %5.3f ms  %d/%d (%s%%)  \n", head, s.jitter.Seconds()*1000, lost, all, iperfPercent(lost, all))
		default:
			r.out("%s                  \n", head)
		}
		s.marked, s.markedPackets, s.markedLost = s.bytes, s.packets, s.lost
	}
	if len(streams) > 1 {
		r.out("%s                  \n", r.span("SUM", sum, from, to))
		r.out("- - - - - - - - - - - - - - - - - - - - - - - - -\n")
	}
}

// span is the part of a line that all forms share.
func (r *iperfReport) span(id string, n int64, from, to time.Duration) string {
	secs := max((to - from).Seconds(), 1e-9)
	return fmt.Sprintf("[%s] %6.2f-%-6.2f sec  %ss  %ss/sec", id, from.Seconds(), to.Seconds(),
		iperfUnit(float64(n), 1024, "Byte"), iperfUnit(float64(n)*8/secs, 1000, "bit"))
}

func (r *iperfReport) rule() {
	r.out("- - - - - - - - - - - - - - - - - - - - - - - - -\n")
	tail := ""
	if r.udp {
		tail = "         Jitter    Lost/Total Datagrams"
	}
	r.out("[ ID] Interval           Transfer     Bitrate%s\n", tail)
}

// total prints a result with its side.
func (r *iperfReport) total(id string, t iperfStreamResults, took time.Duration, side string) {
	head := r.span(id, t.Bytes, 0, took)
	if !r.udp {
		r.out("%s                  %s\n", head, side)
		return
	}
	lost := t.Errors
	if side == "sender" {
		lost, t.Jitter = 0, 0
	}
	r.out("%s  %5.3f ms  %d/%d (%s%%)  %s\n", head, t.Jitter*1000, lost, t.Packets, iperfPercent(lost, t.Packets), side)
}

func iperfPercent(part, all int64) string {
	if all == 0 {
		return "0"
	}
	return fmt.Sprintf("%.2g", 100*float64(part)/float64(all))
}
