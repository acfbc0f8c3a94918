package traffic

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net/netip"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// The states of iperf3's control connection, one byte each.
const (
	iperfTestStart       = 1
	iperfTestRunning     = 2
	iperfTestEnd         = 4
	iperfParamExchange   = 9
	iperfCreateStreams   = 10
	iperfExchangeResults = 13
	iperfDisplayResults  = 14
	iperfDone            = 16
	iperfCookieLen       = 37
	iperfUDPHello        = 0x36373839
	iperfUDPReply        = 0x39383736
)

// iperfBitRate is how fast, in bits per second, a processor pushes bytes through
// a socket. CPU time is free elsewhere, but a transfer over a cable of
// unlimited rate needs some limit: 10 Gbit/s is what the captured machine did
// between two containers, which all streams share.
const iperfBitRate = 10_000_000_000

// iperfParams are the options of a test as iperf3 sends them.
type iperfParams struct {
	TCP        bool   `json:"tcp,omitempty"`
	UDP        bool   `json:"udp,omitempty"`
	Omit       int    `json:"omit"`
	Time       int    `json:"time"`
	Num        int64  `json:"num"`
	BlockCount int64  `json:"blockcount"`
	Parallel   int    `json:"parallel"`
	Reverse    bool   `json:"reverse,omitempty"`
	Len        int    `json:"len"`
	Bandwidth  int64  `json:"bandwidth,omitempty"`
	Version    string `json:"client_version"`
}

// iperfResults is what each side tells the other at the end.
type iperfResults struct {
	CPU     float64              `json:"cpu_util_total"`
	Streams []iperfStreamResults `json:"streams"`
}

type iperfStreamResults struct {
	ID      int     `json:"id"`
	Bytes   int64   `json:"bytes"`
	Jitter  float64 `json:"jitter"` // seconds
	Errors  int64   `json:"errors"`
	Packets int64   `json:"packets"`
	Start   float64 `json:"start_time"`
	End     float64 `json:"end_time"`
}

// iperfStream is one data connection at one side.
type iperfStream struct {
	id     int
	tcp    *stack.TCPConn
	udp    *stack.UDPConn
	peer   netip.AddrPort
	bytes  int64
	marked int64 // bytes at the last interval report
	// UDP: datagrams sent or the highest seen, and what was lost before it.
	packets, lost, markedPackets, markedLost int64
	jitter, transit                          time.Duration
	closed                                   bool
}

func (s *iperfStream) close() {
	if s.closed {
		return
	}
	s.closed = true
	if s.tcp != nil {
		s.tcp.Close()
	}
	if s.udp != nil {
		s.udp.Close()
	}
}

// iperf3 is iperf3 3.12: the client with -c, the server with -s.
func iperf3(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "sc:p:t:n:P:uRJi:l:b:1DB:!V!f!O:!w:!M:C:!N~4~6!Z~", map[string]string{
		"server": "s", "client": "c:", "port": "p:", "time": "t:", "parallel": "P:",
		"udp": "u", "reverse": "R", "json": "J", "interval": "i:", "length": "l:",
		"bitrate": "b:", "bandwidth": "b:", "one-off": "1", "daemon": "D",
		"bytes": "n:", "version": "v", "bind": "!:", "connect-timeout": "!:",
	})
	if err != nil {
		p.Errorf("iperf3: %v\n", err)
		return 1
	}
	if o.Has("v") {
		p.Printf("iperf 3.12 (cJSON 1.7.15)\n")
		return 0
	}
	port := uint16(5201)
	if v, ok := o.Value("p"); ok {
		n, ok := number(v, 1, 65535)
		if !ok {
			p.Errorf("iperf3: parameter error - invalid port number\n")
			return 1
		}
		port = uint16(n)
	}
	if o.Has("s") {
		return (&iperfServer{p: p, port: port, once: o.Has("1"), json: o.Has("J")}).start(o.Has("D"))
	}
	host, ok := o.Value("c")
	if !ok {
		p.Errorf("iperf3: parameter error - must either be a client (-c) or server (-s)\n\nUsage: iperf3 [-s|-c host] [options]\nTry `iperf3 --help' for more information.\n")
		return 1
	}
	c := &iperfClient{p: p, host: host, port: port, interval: time.Second, json: o.Has("J")}
	if !c.options(o) {
		return 1
	}
	return c.run()
}

// sendState and readState are the control connection's one-byte messages.
func sendState(w io.Writer, state byte) error {
	_, err := w.Write([]byte{state})
	return err
}

func readState(r io.Reader) (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], err
}

// sendJSON and readJSON are its longer ones: four bytes of length, then JSON.
func sendJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

func readJSON(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > 1<<20 {
		return io.ErrUnexpectedEOF
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// push sends on a stream until stop reports true.
func (s *iperfStream) push(p *userland.Process, params iperfParams, stop func() bool) {
	block := make([]byte, params.Len)
	proc := p.Loop().Current()
	pace := time.Duration(0)
	if params.Bandwidth > 0 {
		pace = time.Duration(float64(params.Len) * 8 / float64(params.Bandwidth) * 1e9)
	}
	start := p.Loop().Now()
	for n := int64(1); !stop(); n++ {
		if s.udp != nil {
			s.packets++
			now := p.Loop().Wall() // CLOCK_MONOTONIC since 3.8: not the clock that date sets
			binary.BigEndian.PutUint32(block, uint32(now.Unix()))
			binary.BigEndian.PutUint32(block[4:], uint32(now.Nanosecond()/1000))
			binary.BigEndian.PutUint32(block[8:], uint32(s.packets))
			if s.udp.WriteTo(block, s.peer) == nil {
				s.bytes += int64(len(block))
			}
		} else {
			k, err := s.tcp.Write(block)
			s.bytes += int64(k)
			if err != nil {
				return
			}
		}
		cost := p.Compute(time.Duration(len(block)) * 8 * time.Second / iperfBitRate)
		if pace > 0 {
			cost = max(start+time.Duration(n)*pace-p.Loop().Now(), cost)
		}
		if proc.Sleep(max(cost, 1)) != nil {
			return
		}
	}
}

// pull receives on a stream until it is closed.
func (s *iperfStream) pull(p *userland.Process) {
	buf := make([]byte, 128*1024)
	for {
		var n int
		var err error
		if s.udp != nil {
			n, _, err = s.udp.ReadFrom(buf, 0)
			if err == nil {
				s.datagram(p, buf[:n])
			}
		} else {
			n, err = s.tcp.Read(buf)
		}
		s.bytes += int64(n)
		if err != nil {
			return
		}
	}
}

// datagram counts one datagram: losses by its number, jitter as RFC 1889.
func (s *iperfStream) datagram(p *userland.Process, d []byte) {
	if len(d) < 12 {
		return
	}
	sent := time.Unix(int64(binary.BigEndian.Uint32(d)), int64(binary.BigEndian.Uint32(d[4:]))*1000)
	n := int64(binary.BigEndian.Uint32(d[8:]))
	if n > s.packets {
		s.lost += n - s.packets - 1
		s.packets = n
	} else if s.lost > 0 {
		s.lost--
	}
	transit := p.Loop().Wall().Sub(sent)
	if s.transit != 0 {
		s.jitter += ((transit - s.transit).Abs() - s.jitter) / 16
	}
	s.transit = transit
}

func (s *iperfStream) results(d time.Duration) iperfStreamResults {
	return iperfStreamResults{
		ID: s.id, Bytes: s.bytes, Jitter: s.jitter.Seconds(), Errors: s.lost, Packets: s.packets, End: d.Seconds(),
	}
}
