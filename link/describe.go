package link

import "time"

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

// DescribeOptions are tcpdump's flags that change how a frame is printed.
type DescribeOptions struct {
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

// Describe prints one frame as tcpdump does, without a time. TCP sequence
// numbers are absolute where tcpdump would need the packets before; use a
// [Printer] for a series.
func Describe(frame []byte, opts DescribeOptions) string {
	opts.Time = TimeNone
	return NewPrinter(opts).Print(time.Time{}, frame)
}

// Printer prints a series of frames as tcpdump does. It remembers TCP flows, to
// print relative sequence numbers.
type Printer struct{ opts DescribeOptions }

// NewPrinter returns a printer that has seen no frames.
func NewPrinter(opts DescribeOptions) *Printer { return &Printer{opts: opts} }

// Print is the line or lines for a frame captured at that time, without a
// newline at the end.
func (p *Printer) Print(at time.Time, frame []byte) string { panic("not written yet") }
