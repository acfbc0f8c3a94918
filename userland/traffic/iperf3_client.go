package traffic

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// iperfClient is one run of iperf3 -c.
type iperfClient struct {
	p        *userland.Process
	host     string
	port     uint16
	interval time.Duration
	json     bool
	params   iperfParams
	to       netip.AddrPort
	ctrl     *stack.TCPConn
	streams  []*iperfStream
	stopped  bool
}

func (c *iperfClient) options(o *options) bool {
	c.params = iperfParams{TCP: true, Time: 10, Parallel: 1, Len: 128 * 1024, Version: "3.12", Reverse: o.Has("R")}
	if o.Has("u") {
		c.params.TCP, c.params.UDP, c.params.Len, c.params.Bandwidth = false, true, 1448, 1<<20
	}
	bad := func(what string) bool {
		c.p.Errorf("iperf3: parameter error - %s\n", what)
		return false
	}
	for _, n := range []struct {
		letter string
		into   *int
		high   int
	}{{"t", &c.params.Time, 86400}, {"P", &c.params.Parallel, 128}} {
		if v, ok := o.Value(n.letter); ok {
			if *n.into, ok = number(v, 1, n.high); !ok {
				return bad("invalid value " + v)
			}
		}
	}
	for _, n := range []struct {
		letter string
		into   *int64
	}{{"n", &c.params.Num}, {"b", &c.params.Bandwidth}} {
		if v, ok := o.Value(n.letter); ok {
			base := 1000.0
			if n.letter == "n" {
				base = 1024
			}
			if *n.into, ok = iperfAmount(v, base); !ok {
				return bad("invalid value " + v)
			}
		}
	}
	if v, ok := o.Value("l"); ok {
		n, ok := iperfAmount(v, 1024)
		if !ok || n < 16 || n > 1<<20 || c.params.UDP && n > 65507 {
			return bad("block size too large (maximum = 1048576 bytes)")
		}
		c.params.Len = int(n)
	}
	if v, ok := o.Value("i"); ok {
		d, ok := seconds(v)
		if !ok {
			return bad("invalid report interval (min = 0.1, max = 60 seconds)")
		}
		c.interval = d
	}
	return true
}

// iperfAmount reads "10M" or "1.5G".
func iperfAmount(text string, base float64) (int64, bool) {
	factor := 1.0
	for i, u := range []string{"k", "m", "g"} {
		if t, ok := strings.CutSuffix(strings.ToLower(text), u); ok {
			text = t
			for range i + 1 {
				factor *= base
			}
			break
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	return int64(f * factor), err == nil && f >= 0
}

func (c *iperfClient) fail(text string) int {
	if c.json {
		c.p.Printf("{\n\t\"error\":\t%q\n}\n", "error - "+text)
		return 1
	}
	c.p.Errorf("iperf3: error - %s\n", text)
	return 1
}

func (c *iperfClient) run() int {
	addrs, _, err := names.Resolve(c.p, c.host, names.ResolveOptions{})
	if err != nil {
		return c.fail(fmt.Sprintf("unable to connect to server - server may have stopped running or use a different port, firewall issue, etc.: %s", userland.Reason(err)))
	}
	c.to = netip.AddrPortFrom(addrs[0], c.port)
	c.ctrl, err = c.p.DialTCP(netip.AddrPort{}, c.to, 0)
	if err != nil {
		return c.fail(fmt.Sprintf("unable to connect to server - server may have stopped running or use a different port, firewall issue, etc.: %s", userland.Reason(err)))
	}
	defer c.ctrl.Close()
	defer func() {
		for _, s := range c.streams {
			s.close()
		}
	}()
	c.p.Catch(userland.SIGINT)
	defer c.p.Default(userland.SIGINT)
	if !c.json {
		c.p.Printf("Connecting to host %s, port %d\n", c.host, c.port)
	}
	if err := c.prepare(); err != nil {
		return c.fail(err.Error())
	}
	took, cut := c.test()
	if cut {
		c.p.Errorf("iperf3: interrupt - the client has terminated\n")
		return 1
	}
	if err := c.results(took); err != nil {
		return c.fail(err.Error())
	}
	return 0
}

// prepare exchanges the parameters and opens the streams.
func (c *iperfClient) prepare() error {
	lost := fmt.Errorf("control socket has closed unexpectedly")
	if _, err := c.ctrl.Write(c.cookie()); err != nil {
		return lost
	}
	if s, err := readState(c.ctrl); err != nil || s != iperfParamExchange {
		if err == nil && s == 0xff {
			return fmt.Errorf("the server is busy running a test. try again later")
		}
		return lost
	}
	if sendJSON(c.ctrl, c.params) != nil {
		return lost
	}
	if s, err := readState(c.ctrl); err != nil || s != iperfCreateStreams {
		return lost
	}
	for i := range c.params.Parallel {
		s, err := c.stream(i)
		if err != nil {
			return fmt.Errorf("unable to connect stream: %s", userland.Reason(err))
		}
		c.streams = append(c.streams, s)
	}
	for _, want := range []byte{iperfTestStart, iperfTestRunning} {
		if s, err := readState(c.ctrl); err != nil || s != want {
			return lost
		}
	}
	return nil
}

// cookie names the test: 36 characters and a zero.
func (c *iperfClient) cookie() []byte {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	r := c.p.Loop().Stream("traffic/iperf3/" + c.p.Machine.Name)
	b := make([]byte, iperfCookieLen)
	for i := range iperfCookieLen - 1 {
		b[i] = letters[r.IntN(len(letters))]
	}
	return b
}

func (c *iperfClient) stream(i int) (*iperfStream, error) {
	s := &iperfStream{id: 5 + 2*i, peer: c.to}
	if c.params.TCP {
		conn, err := c.p.DialTCP(netip.AddrPort{}, c.to, 0)
		if err != nil {
			return nil, err
		}
		s.tcp = conn
		_, err = conn.Write(make([]byte, iperfCookieLen))
		return s, err
	}
	conn, err := userland.DialUDP(c.p.In(c.p.NS()), c.to)
	if err != nil {
		return nil, err
	}
	s.udp = conn
	hello := binary.LittleEndian.AppendUint32(nil, iperfUDPHello)
	if err := conn.WriteTo(hello, c.to); err != nil {
		return s, err
	}
	_, _, err = conn.ReadFrom(make([]byte, 16), 30*time.Second)
	return s, err
}

// test moves data for the time of the test and prints the intervals.
func (c *iperfClient) test() (took time.Duration, cut bool) {
	loop := c.p.Loop()
	r := c.report()
	for _, s := range c.streams {
		r.connected(s)
	}
	r.heading()
	start := loop.Now()
	done := func() bool { return c.stopped || c.params.Num > 0 && c.moved() >= c.params.Num }
	for _, s := range c.streams {
		if c.params.Reverse {
			c.p.Go(func() { s.pull(c.p) })
		} else {
			c.p.Go(func() { s.push(c.p, c.params, done) })
		}
	}
	end := start + time.Duration(c.params.Time)*time.Second
	if c.params.Num > 0 {
		end = start + 24*time.Hour
	}
	last := start
	for now := start; now < end && !done(); now = loop.Now() {
		step := end - now
		if c.interval > 0 {
			step = min(step, last+c.interval-now)
		}
		if c.params.Num > 0 {
			step = min(step, 10*time.Millisecond)
		}
		if c.p.Sleep(step) != nil {
			cut = true
			break
		}
		if c.interval > 0 && loop.Now() >= last+c.interval {
			r.interval(c.streams, last-start, loop.Now()-start)
			last = loop.Now()
		}
	}
	if c.interval > 0 && loop.Now()-last >= c.interval/10 && loop.Now() > last {
		r.interval(c.streams, last-start, loop.Now()-start)
	}
	c.stopped = true
	sendState(c.ctrl, iperfTestEnd)
	return loop.Now() - start, cut
}

func (c *iperfClient) moved() (n int64) {
	for _, s := range c.streams {
		n += s.bytes
	}
	return n
}

func (c *iperfClient) report() *iperfReport {
	return &iperfReport{p: c.p, udp: c.params.UDP, sending: !c.params.Reverse, quiet: c.json}
}

// results exchanges what both sides counted and prints it.
func (c *iperfClient) results(took time.Duration) error {
	lost := fmt.Errorf("unable to receive results")
	if s, err := readState(c.ctrl); err != nil || s != iperfExchangeResults {
		return lost
	}
	mine := iperfResults{}
	for _, s := range c.streams {
		mine.Streams = append(mine.Streams, s.results(took))
	}
	theirs := iperfResults{}
	if sendJSON(c.ctrl, mine) != nil || readJSON(c.ctrl, &theirs) != nil {
		return lost
	}
	if s, err := readState(c.ctrl); err != nil || s != iperfDisplayResults {
		return lost
	}
	sendState(c.ctrl, iperfDone)
	if c.json {
		return c.printJSON(mine, theirs, took)
	}
	r := c.report()
	r.rule()
	sender, receiver := mine, theirs
	if c.params.Reverse {
		sender, receiver = theirs, mine
	}
	var sums [2]iperfStreamResults
	for i := range c.streams {
		for k, side := range []iperfResults{sender, receiver} {
			if i >= len(side.Streams) {
				continue
			}
			x := side.Streams[i]
			at := time.Duration(x.End * 1e9)
			if at <= 0 {
				at = took
			}
			r.total(fmt.Sprintf("%3d", c.streams[i].id), x, at, []string{"sender", "receiver"}[k])
			sums[k].Bytes += x.Bytes
			sums[k].Packets += x.Packets
			sums[k].Errors += x.Errors
			sums[k].End = x.End
		}
	}
	if len(c.streams) > 1 {
		for k, side := range []string{"sender", "receiver"} {
			r.total("SUM", sums[k], time.Duration(sums[k].End*1e9), side)
		}
	}
	c.p.Printf("\niperf Done.\n")
	return nil
}

// iperfJSON is -J with the parts that people read, in iperf3's order.
type iperfJSON struct {
	Start struct {
		Version   string `json:"version"`
		Timestamp struct {
			Time string `json:"time"`
			Secs int64  `json:"timesecs"`
		} `json:"timestamp"`
		ConnectingTo struct {
			Host string `json:"host"`
			Port uint16 `json:"port"`
		} `json:"connecting_to"`
		TestStart struct {
			Protocol string `json:"protocol"`
			Streams  int    `json:"num_streams"`
			Block    int    `json:"blksize"`
			Omit     int    `json:"omit"`
			Duration int    `json:"duration"`
			Bytes    int64  `json:"bytes"`
			Blocks   int64  `json:"blocks"`
			Reverse  int    `json:"reverse"`
		} `json:"test_start"`
	} `json:"start"`
	End struct {
		Streams  []iperfEnds `json:"streams"`
		Sent     iperfSum    `json:"sum_sent"`
		Received iperfSum    `json:"sum_received"`
	} `json:"end"`
}

// iperfEnds is what the two ends counted of a stream.
type iperfEnds struct {
	Sender   iperfSum `json:"sender"`
	Receiver iperfSum `json:"receiver"`
}

type iperfSum struct {
	Start   float64 `json:"start"`
	End     float64 `json:"end"`
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes"`
	Rate    float64 `json:"bits_per_second"`
	// UDP's.
	Jitter  *float64 `json:"jitter_ms,omitempty"`
	Lost    *int64   `json:"lost_packets,omitempty"`
	Packets *int64   `json:"packets,omitempty"`
	Sender  bool     `json:"sender"`
}

func (c *iperfClient) printJSON(mine, theirs iperfResults, took time.Duration) error {
	var r iperfJSON
	sum := func(streams []iperfStreamResults, sends bool) iperfSum {
		s := iperfSum{End: took.Seconds(), Seconds: took.Seconds(), Sender: sends}
		var jitter float64
		var lost, packets int64
		for _, x := range streams {
			s.Bytes += x.Bytes
			jitter += x.Jitter * 1000 / float64(len(streams))
			lost, packets = lost+x.Errors, packets+x.Packets
		}
		if s.Rate = float64(s.Bytes) * 8 / took.Seconds(); c.params.UDP {
			s.Jitter, s.Lost, s.Packets = &jitter, &lost, &packets
		}
		return s
	}
	if c.params.Reverse {
		mine, theirs = theirs, mine
		r.Start.TestStart.Reverse = 1
	}
	at := c.p.Wall().Add(-took).UTC()
	r.Start.Version = "iperf 3.12"
	r.Start.Timestamp.Time, r.Start.Timestamp.Secs = at.Format("Mon, 02 Jan 2006 15:04:05 GMT"), at.Unix()
	r.Start.ConnectingTo.Host, r.Start.ConnectingTo.Port = c.host, uint16(c.port)
	t := &r.Start.TestStart
	t.Protocol, t.Streams, t.Block, t.Omit, t.Duration = "TCP", c.params.Parallel, c.params.Len, c.params.Omit, c.params.Time
	t.Bytes, t.Blocks = c.params.Num, c.params.BlockCount
	if c.params.UDP {
		t.Protocol = "UDP"
	}
	for i := range min(len(mine.Streams), len(theirs.Streams)) {
		r.End.Streams = append(r.End.Streams, iperfEnds{sum(mine.Streams[i:i+1], !c.params.Reverse), sum(theirs.Streams[i:i+1], !c.params.Reverse)})
	}
	r.End.Sent, r.End.Received = sum(mine.Streams, !c.params.Reverse), sum(theirs.Streams, !c.params.Reverse)
	text, err := json.MarshalIndent(r, "", "\t")
	if err == nil {
		c.p.Printf("%s\n", text)
	}
	return err
}
