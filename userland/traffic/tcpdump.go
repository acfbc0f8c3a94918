package traffic

import (
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
	device   string
	any      bool
	ethernet bool
	verbose  int
	count    int
	only     string           // -Q: "in", "out" or ""
	file     *link.PcapWriter // -w

	queue    []dumpedFrame
	arrived  sim.Cond
	captured int
	received int
}

// dumpedFrame is a frame that waits to be printed.
type dumpedFrame struct {
	at   time.Time
	from print.Cooked
	data []byte
}

// tcpdump is tcpdump 4.99.3 on the interfaces of the process's namespace.
func tcpdump(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "a!Ab!B:~c:C:!d!DeE:!f!F:!G:!hH!i:I!J!j:!Kl~L!m:!M:!nN!O~p~qQ:r:s:StT:!u!U~vV:!w:W:!xXy:!Y!z:!Z:~#", map[string]string{
		"version": "version", "help": "h", "list-interfaces": "D", "interface": "i:",
		"number": "#", "no-promiscuous-mode": "~", "immediate-mode": "~",
		"packet-buffered": "~", "snapshot-length": "s:", "direction": "Q:", "count": "!",
	})
	if err != nil {
		p.Errorf("tcpdump: %v\n", err)
		return 1
	}
	if o.Has("version", "h") {
		p.Errorf("tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\n")
		return 0
	}
	if o.Has("D") {
		return listCaptureInterfaces(p)
	}
	d := &dumper{p: p, ethernet: o.Has("e"), verbose: o.Count("v")}
	d.only, _ = o.Value("Q")
	if v, ok := o.Value("c"); ok {
		if d.count, ok = number(v, 1, 1<<31-1); !ok {
			p.Errorf("tcpdump: invalid packet count %s\n", v)
			return 1
		}
	}
	expr := strings.Join(o.Rest, " ")
	if d.filter, err = pcapfilter.Parse(expr); err != nil {
		p.Errorf("tcpdump: can't parse filter expression: %s\n", err)
		return 1
	}
	d.printer = print.New(d.describe(o))
	if v, ok := o.Value("r"); ok {
		return d.read(v)
	}
	return d.live(o)
}

// describe turns the flags into how a frame is printed.
func (d *dumper) describe(o *options) print.Options {
	opts := print.Options{
		Ethernet: d.ethernet, Verbose: d.verbose, Quick: o.Has("q"), Names: !o.Has("n"), Absolute: o.Has("S"),
		NoCheck: o.Has("K"), ASCII: o.Has("A"), Number: o.Has("#"), Time: print.TimeForm(min(o.Count("t"), 5)),
	}
	switch {
	case o.Has("X"):
		opts.Hex = 2 + min(o.Count("X"), 2)
	case o.Has("x"):
		opts.Hex = min(o.Count("x"), 2)
	}
	return opts
}

// live captures until the count, or a signal.
func (d *dumper) live(o *options) int {
	p := d.p
	d.device, _ = o.Value("i")
	watched, ok := d.watched()
	if !ok {
		return 1
	}
	if !userland.NetRaw.HeldBy(p) {
		p.Errorf("tcpdump: %s: You don't have permission to capture on that device\n(socket: Operation not permitted)\n", d.device)
		return 1
	}
	name, writing := o.Value("w")
	if writing {
		out, ok := d.create(name)
		if !ok {
			return 1
		}
		if c, ok := out.(io.Closer); ok && name != "-" {
			defer c.Close()
		}
		var err error
		if d.file, err = link.NewPcapWriter(out, d.linkType(), snapLength); err != nil {
			p.Errorf("tcpdump: %s: %s\n", name, userland.Reason(err))
			return 1
		}
	}
	d.banner(writing)
	p.Catch(userland.SIGINT, userland.SIGTERM, userland.SIGHUP)
	defer p.Default(userland.SIGINT, userland.SIGTERM, userland.SIGHUP)
	var stop func()
	if d.any {
		stop = stack.ObserveAny(p.NS(), d.see)
	} else {
		stop = watched.Observe(func(dir link.Direction, f *link.Frame) { d.see(watched, dir, f) })
	}
	defer stop()
	stopped := d.drain()
	if stopped {
		p.Printf("\n")
	}
	d.summary()
	return 0
}

// watched is the interface that -i names, nil for any; without it, the first that
// is up and not the loopback.
func (d *dumper) watched() (*stack.Interface, bool) {
	if d.device == "any" {
		d.any = true
		return nil, true
	}
	for _, i := range d.p.NS().Interfaces() {
		if d.device == "" && i.Up() && i.Kind() != stack.KindLoopback || d.device == i.Name() {
			d.device = i.Name()
			if !i.Up() {
				d.p.Errorf("tcpdump: %s: That device is not up\n", d.device)
				return nil, false
			}
			return i, true
		}
	}
	if d.device == "" {
		d.p.Errorf("tcpdump: no suitable device found\n")
		return nil, false
	}
	d.p.Errorf("tcpdump: %s: No such device exists\n(No such device exists)\n", d.device)
	return nil, false
}

func (d *dumper) create(name string) (io.Writer, bool) {
	if name == "-" {
		return d.p.Stdout, true
	}
	f, err := d.p.OpenFile(name, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o666)
	if err != nil {
		d.p.Errorf("tcpdump: %s: %s\n", name, userland.Reason(err))
		return nil, false
	}
	return f, true
}

func (d *dumper) linkType() link.LinkType {
	if d.any {
		return link.LinkSLL2
	}
	return link.LinkEthernet
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
	d.queue = append(d.queue, dumpedFrame{d.p.Wall(), print.Cooked{Name: i.Name(), Index: i.Index(), Type: packetType(i, dir, data)}, data})
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
	case d.file != nil && d.any:
		err = d.file.Write(f.at, f.from.Packet(f.data))
	case d.file != nil:
		err = d.file.Write(f.at, f.data)
	case d.any:
		_, err = io.WriteString(d.p.Stdout, d.printer.PrintAny(f.at, f.from, f.data)+"\n")
	default:
		_, err = io.WriteString(d.p.Stdout, d.printer.Print(f.at, f.data)+"\n")
	}
	return err
}

// packetType is what the kernel thinks of a frame at an interface.
func packetType(i *stack.Interface, dir link.Direction, frame []byte) print.PacketType {
	if dir == link.Out {
		return print.PacketOutgoing
	}
	dst := link.MACAt(frame, 0)
	switch {
	case dst.IsBroadcast():
		return print.PacketBroadcast
	case dst.IsMulticast():
		return print.PacketMulticast
	case dst != i.MAC() && i.Kind() != stack.KindLoopback:
		return print.PacketOtherHost
	}
	return print.PacketHost
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
			d.p.Errorf("tcpdump: %s: %s\n", name, userland.Reason(err))
			return 1
		}
		defer f.Close()
		in = f
	}
	r, err := link.NewPcapReader(in)
	if err != nil || r.LinkType() != link.LinkEthernet && r.LinkType() != link.LinkSLL2 {
		d.p.Errorf("tcpdump: %v\n", link.ErrPcap)
		return 1
	}
	d.any = r.LinkType() == link.LinkSLL2
	d.p.Errorf("reading from file %s, link-type %s, snapshot length %d\n", name, d.linkName(), snapLength)
	for d.count == 0 || d.captured < d.count {
		f, ok := d.next(r)
		if !ok {
			break
		}
		if d.filter != nil && !d.filter.Match(f.data) {
			continue
		}
		d.captured++
		if d.emit(f) != nil {
			break
		}
	}
	return 0
}

// next is the next frame of a capture file.
func (d *dumper) next(r *link.PcapReader) (f dumpedFrame, ok bool) {
	at, packet, err := r.Next()
	if err != nil {
		return f, false
	}
	f = dumpedFrame{at: at, data: packet}
	if !d.any {
		return f, true
	}
	if f.from, f.data, ok = print.ParseCooked(packet); !ok {
		return f, false
	}
	f.from.Name = "?"
	for _, i := range d.p.NS().Interfaces() {
		if i.Index() == f.from.Index {
			f.from.Name = i.Name()
		}
	}
	return f, true
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
