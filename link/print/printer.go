package print

import (
	"fmt"
	"time"
)

// TimeForm is how a printed line begins.
type TimeForm uint8

const (
	// TimeOfDay is the default: 15:26:42.507795.
	TimeOfDay TimeForm = iota
	// TimeNone is -t.
	TimeNone
	// TimeUnix is -tt: seconds since 1970.
	TimeUnix
	// TimeDelta is -ttt: since the line before.
	TimeDelta
	// TimeDate is -tttt: date and time of day.
	TimeDate
	// TimeSinceFirst is -ttttt: since the first line.
	TimeSinceFirst
)

// Options are tcpdump's flags that change how a frame is printed.
type Options struct {
	Ethernet bool     // -e: print the link-level header
	Verbose  int      // -v, -vv, -vvv
	Quick    bool     // -q
	Names    bool     // without -n and -nn: port names as in /etc/services
	Absolute bool     // -S: absolute TCP sequence numbers
	NoCheck  bool     // -K: do not verify checksums
	Hex      int      // -x 1, -xx 2, -X 3, -XX 4; 0 none
	ASCII    bool     // -A
	Number   bool     // -#
	Time     TimeForm // -t and its kin
}

// Packet prints one frame as tcpdump does, without a time. TCP sequence
// numbers are absolute where tcpdump would need the packets before; use a
// [Printer] for a series.
func Packet(frame []byte, opts Options) string {
	opts.Time = TimeNone
	return New(opts).Print(time.Time{}, frame)
}

// Printer prints a series of frames as tcpdump 4.99 does. It remembers TCP
// flows, to print relative sequence numbers, and times, for -ttt and -ttttt.
type Printer struct {
	opts        Options
	out         []byte
	flows       map[flowKey]*flowBase
	count       int
	first, last time.Time
	quoting     bool // within the packet that an ICMP error quotes
}

// New returns a printer that has seen no frames.
func New(opts Options) *Printer {
	return &Printer{opts: opts, flows: make(map[flowKey]*flowBase)}
}

// Print is the line or lines for a frame captured at that time, without a
// newline at the end.
func (p *Printer) Print(at time.Time, frame []byte) string {
	p.out = p.out[:0]
	p.count++
	if p.opts.Number {
		p.f("%5d  ", p.count)
	}
	p.time(at)
	p.ethernet(frame)
	p.dump(frame)
	return string(p.out)
}

// f appends formatted text.
func (p *Printer) f(format string, args ...any) {
	p.out = fmt.Appendf(p.out, format, args...)
}

// s appends text.
func (p *Printer) s(text string) { p.out = append(p.out, text...) }

func (p *Printer) time(at time.Time) {
	if p.count == 1 {
		p.first, p.last = at, at
	}
	switch p.opts.Time {
	case TimeOfDay:
		p.s(at.Format("15:04:05.000000 "))
	case TimeUnix:
		p.f("%d.%06d ", at.Unix(), at.Nanosecond()/1000)
	case TimeDelta:
		p.since(at.Sub(p.last))
	case TimeDate:
		p.s(at.Format("2006-01-02 15:04:05.000000 "))
	case TimeSinceFirst:
		p.since(at.Sub(p.first))
	}
	p.last = at
}

func (p *Printer) since(d time.Duration) {
	us := d.Microseconds()
	p.f(" %02d:%02d:%02d.%06d ", us/3600e6, us/60e6%60, us/1e6%60, us%1e6)
}

// truncated marks a packet that ends within the header of that protocol.
func (p *Printer) truncated(proto string) { p.f(" [|%s]", proto) }
