package traffic

import (
	"encoding/binary"
	"io"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/link/pcapfilter"
	"dnetsim/link/print"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// snapLength is tcpdump's default, in bytes.
const snapLength = 262144

// dumper is one run of tcpdump.
type dumper struct {
	p        *userland.Process
	filter   *pcapfilter.Filter
	printer  *print.Printer
	form     print.TimeForm
	device   string
	any      bool
	ethernet bool
	verbose  int
	count    int
	only     string // -Q: "in", "out" or ""
	out      io.Writer

	queue    []dumpedFrame
	arrived  sim.Cond
	captured int
	received int
}

// dumpedFrame is a frame that waits to be printed.
type dumpedFrame struct {
	at    time.Time
	dir   link.Direction
	iface *stack.Interface
	data  []byte
}

// tcpdump is tcpdump 4.99.3 on the interfaces of the process's namespace.
func tcpdump(p *userland.Process) int {
	o, err := parseOptions(p.Args[1:], "aAbB:c:C:dDeE:fF:G:hHi:IJj:KlLm:M:nNOpqQ:r:s:StT:uUvV:w:W:xXy:Yz:Z:#", map[string]longOption{
		"version": {"version", false}, "help": {"h", false}, "list-interfaces": {"D", false}, "interface": {"i", true},
		"number": {"#", false}, "no-promiscuous-mode": {"p", false}, "immediate-mode": {"im", false},
		"packet-buffered": {"U", false}, "snapshot-length": {"s", true}, "direction": {"Q", true}, "count": {"count", false},
	})
	if err != nil {
		p.Errorf("tcpdump: %v\n", err)
		return 1
	}
	if o.has("version", "h") {
		p.Errorf("tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\n")
		return 0
	}
	if o.has("D") {
		return listCaptureInterfaces(p)
	}
	d := &dumper{p: p, ethernet: o.has("e"), verbose: o.count("v")}
	d.only, _ = o.value("Q")
	if v, ok := o.value("c"); ok {
		if d.count, ok = number(v, 1, 1<<31-1); !ok {
			p.Errorf("tcpdump: invalid packet count %s\n", v)
			return 1
		}
	}
	expr := strings.Join(o.rest, " ")
	if d.filter, err = pcapfilter.Parse(expr); err != nil {
		p.Errorf("tcpdump: can't parse filter expression: %s\n", err)
		return 1
	}
	d.printer = print.New(d.describe(o))
	if v, ok := o.value("r"); ok {
		return d.read(v)
	}
	return d.live(o)
}

// describe turns the flags into how a frame is printed.
func (d *dumper) describe(o *options) print.Options {
	opts := print.Options{
		Ethernet: d.ethernet, Verbose: d.verbose, Quick: o.has("q"), Names: !o.has("n"), Absolute: o.has("S"),
		NoCheck: o.has("K"), ASCII: o.has("A"), Number: o.has("#"), Time: print.TimeForm(min(o.count("t"), 5)),
	}
	switch {
	case o.has("X"):
		opts.Hex = 2 + min(o.count("X"), 2)
	case o.has("x"):
		opts.Hex = min(o.count("x"), 2)
	}
	d.form = opts.Time
	return opts
}

// live captures until the count, or a signal.
func (d *dumper) live(o *options) int {
	p := d.p
	d.device, _ = o.value("i")
	watched, ok := d.interfaces()
	if !ok {
		return 1
	}
	name, writing := o.value("w")
	if writing {
		out, ok := d.file(name)
		if !ok {
			return 1
		}
		if c, ok := out.(io.Closer); ok && name != "-" {
			defer c.Close()
		}
		d.out = out
		d.out.Write(pcapHeader(d.linkType()))
	}
	d.banner(writing)
	p.Catch(userland.SIGINT, userland.SIGTERM, userland.SIGHUP)
	defer p.Default(userland.SIGINT, userland.SIGTERM, userland.SIGHUP)
	for _, i := range watched {
		stop := i.Observe(func(dir link.Direction, f *link.Frame) { d.see(i, dir, f) })
		defer stop()
	}
	stopped := d.drain()
	if stopped {
		p.Printf("\n")
	}
	d.summary()
	return 0
}

// interfaces are those that -i names; without it, the first that is up and not
// the loopback.
func (d *dumper) interfaces() ([]*stack.Interface, bool) {
	all := d.p.NS().Interfaces()
	if d.device == "any" {
		d.any = true
		return all, true
	}
	for _, i := range all {
		if d.device == "" && i.Up() && i.Kind() != stack.KindLoopback || d.device == i.Name() {
			d.device = i.Name()
			if !i.Up() {
				d.p.Errorf("tcpdump: %s: That device is not up\n", d.device)
				return nil, false
			}
			return []*stack.Interface{i}, true
		}
	}
	if d.device == "" {
		d.p.Errorf("tcpdump: no suitable device found\n")
		return nil, false
	}
	d.p.Errorf("tcpdump: %s: No such device exists\n(No such device exists)\n", d.device)
	return nil, false
}

func (d *dumper) file(name string) (io.Writer, bool) {
	if name == "-" {
		return d.p.Stdout, true
	}
	f, err := d.p.OpenFile(name, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o666)
	if err != nil {
		d.p.Errorf("tcpdump: %s: %s\n", name, reason(err))
		return nil, false
	}
	return f, true
}

func (d *dumper) linkType() uint32 {
	if d.any {
		return linkSLL2
	}
	return linkEthernet
}

func (d *dumper) linkName() string {
	if d.any {
		return "LINUX_SLL2 (Linux cooked v2)"
	}
	return "EN10MB (Ethernet)"
}

func (d *dumper) banner(writing bool) {
	if d.any {
		d.p.Errorf("tcpdump: data link type LINUX_SLL2\n")
	}
	prefix := "tcpdump: "
	if d.verbose == 0 && !writing {
		d.p.Errorf("tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n")
		prefix = ""
	}
	d.p.Errorf("%slistening on %s, link-type %s, snapshot length %d bytes\n", prefix, d.device, d.linkName(), snapLength)
}

// see queues a frame that the filter lets through. It runs on the loop.
func (d *dumper) see(i *stack.Interface, dir link.Direction, f *link.Frame) {
	if d.only == "in" && dir != link.In || d.only == "out" && dir != link.Out {
		return
	}
	if d.filter != nil && !d.filter.Match(f.Bytes()) {
		return
	}
	d.received++
	data := append([]byte(nil), f.Bytes()...)
	d.queue = append(d.queue, dumpedFrame{d.p.Wall(), dir, i, data})
	d.arrived.Signal()
}

// drain prints frames until enough came (false) or a signal did (true).
func (d *dumper) drain() (stopped bool) {
	for {
		for len(d.queue) > 0 {
			f := d.queue[0]
			d.queue = d.queue[1:]
			d.captured++
			if err := d.emit(f); err != nil {
				return false
			}
			if d.count > 0 && d.captured >= d.count {
				return false
			}
		}
		if d.arrived.Wait(d.p.Loop()) != nil {
			return true
		}
	}
}

// emit prints a frame, or writes it to the file.
func (d *dumper) emit(f dumpedFrame) error {
	var err error
	switch {
	case d.out != nil && d.any:
		_, err = d.out.Write(pcapRecord(f.at, cooked(f)))
	case d.out != nil:
		_, err = d.out.Write(pcapRecord(f.at, f.data))
	default:
		line := d.printer.Print(f.at, f.data)
		if d.any {
			line = d.label(line, f)
		}
		_, err = io.WriteString(d.p.Stdout, line+"\n")
	}
	return err
}

// label puts the interface and the direction after the time, as the cooked link
// type prints them.
func (d *dumper) label(line string, f dumpedFrame) string {
	words := 1
	switch d.form {
	case print.TimeNone:
		words = 0
	case print.TimeDate:
		words = 2
	}
	at := 0
	for ; words > 0; words-- {
		n := strings.IndexByte(line[at:], ' ')
		if n < 0 {
			break
		}
		at += n + 1
	}
	return line[:at] + padded(f.iface.Name(), 4) + "  " + padded(f.packetType(), 3) + " " + line[at:]
}

func padded(s string, n int) string {
	for len(s) < n {
		s += " "
	}
	return s
}

// packetType is the word of the cooked header: In, Out, B(roadcast) or
// M(ulticast), and P for what is for somebody else.
func (f dumpedFrame) packetType() string {
	if f.dir == link.Out {
		return "Out"
	}
	var dst link.MAC
	copy(dst[:], f.data)
	switch {
	case dst.IsBroadcast():
		return "B"
	case dst.IsMulticast():
		return "M"
	case dst != f.iface.MAC() && f.iface.Kind() != stack.KindLoopback:
		return "P"
	}
	return "In"
}

// cooked is a frame with a LINUX_SLL2 header in place of Ethernet's.
func cooked(f dumpedFrame) []byte {
	b := append([]byte{}, f.data[12:14]...)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(f.iface.Index()))
	b = append(b, 0, 1)
	b = append(b, map[string]byte{"In": 0, "B": 1, "M": 2, "P": 3, "Out": 4}[f.packetType()], 6)
	b = append(b, f.data[6:12]...)
	b = append(b, 0, 0)
	return append(b, f.data[14:]...)
}

// summary is what tcpdump says at its end.
func (d *dumper) summary() {
	plural := func(n int) string {
		if n == 1 {
			return ""
		}
		return "s"
	}
	d.p.Errorf("%d packet%s captured\n%d packet%s received by filter\n0 packets dropped by kernel\n",
		d.captured, plural(d.captured), d.received, plural(d.received))
}

// read prints a capture file.
func (d *dumper) read(name string) int {
	var in io.Reader = d.p.Stdin
	if name != "-" {
		f, err := d.p.Open(name)
		if err != nil {
			d.p.Errorf("tcpdump: %s: %s\n", name, reason(err))
			return 1
		}
		defer f.Close()
		in = f
	}
	r, err := newPcapReader(in)
	if err != nil || r.linkType != linkEthernet {
		d.p.Errorf("tcpdump: unknown file format\n")
		return 1
	}
	d.p.Errorf("reading from file %s, link-type EN10MB (Ethernet), snapshot length %d\n", name, snapLength)
	for d.count == 0 || d.captured < d.count {
		at, frame, err := r.next()
		if err != nil {
			break
		}
		if d.filter != nil && !d.filter.Match(frame) {
			continue
		}
		d.captured++
		if d.emit(dumpedFrame{at: at, data: frame}) != nil {
			break
		}
	}
	return 0
}

// listCaptureInterfaces is tcpdump -D.
func listCaptureInterfaces(p *userland.Process) int {
	n := 0
	for _, i := range p.NS().Interfaces() {
		state := "Up, Running"
		switch {
		case !i.Up():
			state = "none"
		case i.Kind() == stack.KindLoopback:
			state = "Up, Running, Loopback"
		case !i.Carrier():
			state = "Up, Disconnected"
		default:
			state = "Up, Running, Connected"
		}
		n++
		p.Printf("%d.%s [%s]\n", n, i.Name(), state)
	}
	p.Printf("%d.any (Pseudo-device that captures on all interfaces) [Up, Running]\n", n+1)
	return 0
}
