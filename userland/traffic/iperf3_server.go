package traffic

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// iperfServer is iperf3 -s: one test after the other.
type iperfServer struct {
	p    *userland.Process
	port uint16
	once bool
	json bool
	l    *stack.TCPListener
	test int
}

// start binds the port; with -D a process of its own goes on.
func (s *iperfServer) start(daemon bool) int {
	p := s.p
	l, err := p.ListenTCP(netip.AddrPortFrom(netip.IPv6Unspecified(), s.port))
	if err != nil {
		p.Errorf("iperf3: error - unable to start listener for connections: %s\niperf3: exiting\n", userland.Reason(err))
		return 1
	}
	s.l = l
	if !daemon {
		return s.serve()
	}
	d := p.Machine.Start(userland.ProcSpec{
		Program: func(d *userland.Process) int { s.p = d; return s.serve() },
		Args:    p.Args, Env: p.Environ(), Parent: p, NS: p.NS(), NewGroup: true,
	})
	d.Adopt(l)
	return 0
}

func (s *iperfServer) serve() int {
	defer s.l.Close()
	s.p.Catch(userland.SIGINT)
	for {
		s.test++
		s.p.Printf("-----------------------------------------------------------\nServer listening on %d (test #%d)\n-----------------------------------------------------------\n", s.port, s.test)
		ctrl, err := s.l.Accept()
		if err != nil {
			s.p.Errorf("iperf3: interrupt - the server has terminated\n")
			return 1
		}
		err = s.run(ctrl)
		ctrl.Close()
		if userland.Interrupted(err) {
			s.p.Errorf("iperf3: interrupt - the server has terminated\n")
			return 1
		}
		if err != nil {
			s.p.Errorf("iperf3: error - %s\n", err)
		}
		if s.once {
			return boolStatus(err != nil)
		}
	}
}

// run is one test over its control connection.
func (s *iperfServer) run(ctrl *stack.TCPConn) error {
	if _, err := io.ReadFull(ctrl, make([]byte, iperfCookieLen)); err != nil {
		return fmt.Errorf("unable to receive cookie at server: %s", userland.Reason(err))
	}
	from := ctrl.RemoteAddr()
	s.p.Printf("Accepted connection from %s, port %d\n", from.Addr().Unmap(), from.Port())
	var params iperfParams
	if sendState(ctrl, iperfParamExchange) != nil || readJSON(ctrl, &params) != nil {
		return fmt.Errorf("unable to receive parameters from client")
	}
	params.Len = min(max(params.Len, 16), 1<<20)
	params.Parallel = min(max(params.Parallel, 1), 128)
	streams, udp, err := s.streams(ctrl, params)
	defer func() {
		for _, x := range streams {
			x.close()
		}
		if udp != nil {
			udp.Close()
		}
	}()
	if err != nil {
		return err
	}
	return s.measure(ctrl, params, streams)
}

// streams accepts the data connections.
func (s *iperfServer) streams(ctrl *stack.TCPConn, params iperfParams) (streams []*iperfStream, udp *stack.UDPConn, err error) {
	if params.UDP {
		if udp, err = s.p.ListenUDP(netip.AddrPortFrom(netip.IPv6Unspecified(), s.port)); err != nil {
			return nil, nil, err
		}
	}
	if err := sendState(ctrl, iperfCreateStreams); err != nil {
		return nil, udp, err
	}
	for i := range params.Parallel {
		x := &iperfStream{id: 5 + 2*i}
		if params.UDP {
			buf := make([]byte, 16)
			_, from, err := udp.ReadFrom(buf, 30*time.Second)
			if err != nil {
				return streams, udp, err
			}
			x.udp, x.peer = udp, from
			udp.WriteTo(binary.LittleEndian.AppendUint32(nil, iperfUDPReply), from)
		} else {
			conn, err := s.l.AcceptFor(30 * time.Second)
			if err != nil {
				return streams, udp, err
			}
			if _, err := io.ReadFull(conn, make([]byte, iperfCookieLen)); err != nil {
				conn.Close()
				return streams, udp, err
			}
			x.tcp = conn
		}
		streams = append(streams, x)
	}
	for _, state := range []byte{iperfTestStart, iperfTestRunning} {
		if err := sendState(ctrl, state); err != nil {
			return streams, udp, err
		}
	}
	return streams, udp, nil
}

// measure moves data until the client says that the test is over.
func (s *iperfServer) measure(ctrl *stack.TCPConn, params iperfParams, streams []*iperfStream) error {
	loop := s.p.Loop()
	r := &iperfReport{p: s.p, udp: params.UDP, sending: params.Reverse, quiet: s.json}
	for _, x := range streams {
		r.connected(x)
	}
	r.heading()
	start, stopped := loop.Now(), false
	s.data(params, streams, func() bool { return stopped })
	last := start
	for {
		ctrl.SetReadTimeout(max(last+time.Second-loop.Now(), 1))
		state, err := readState(ctrl)
		if userland.TimedOut(err) {
			r.interval(streams, last-start, loop.Now()-start)
			last = loop.Now()
			continue
		}
		if err != nil {
			stopped = true
			if userland.Interrupted(err) {
				return err
			}
			return fmt.Errorf("the client has unexpectedly closed the connection")
		}
		if state == iperfTestEnd {
			break
		}
	}
	stopped = true
	took := loop.Now() - start
	if loop.Now()-last >= time.Second/10 {
		r.interval(streams, last-start, took)
	}
	ctrl.SetReadTimeout(30 * time.Second)
	return s.results(ctrl, r, streams, params, took)
}

// data starts the threads that send or receive. Over UDP one thread receives for
// all the streams of the socket.
func (s *iperfServer) data(params iperfParams, streams []*iperfStream, stop func() bool) {
	for i, x := range streams {
		switch {
		case params.Reverse:
			s.p.Go(func() { x.push(s.p, params, stop) })
		case !params.UDP:
			s.p.Go(func() { x.pull(s.p) })
		case i == 0:
			s.p.Go(func() { s.pullUDP(x.udp, streams) })
		}
	}
}

func (s *iperfServer) pullUDP(conn *stack.UDPConn, streams []*iperfStream) {
	buf := make([]byte, 65535)
	for {
		n, from, err := conn.ReadFrom(buf, 0)
		if err != nil {
			return
		}
		for _, x := range streams {
			if x.peer == from {
				x.bytes += int64(n)
				x.datagram(s.p, buf[:n])
			}
		}
	}
}

func (s *iperfServer) results(ctrl *stack.TCPConn, r *iperfReport, streams []*iperfStream, params iperfParams, took time.Duration) error {
	mine := iperfResults{}
	for _, x := range streams {
		mine.Streams = append(mine.Streams, x.results(took))
	}
	var theirs iperfResults
	if sendState(ctrl, iperfExchangeResults) != nil || readJSON(ctrl, &theirs) != nil || sendJSON(ctrl, mine) != nil {
		return fmt.Errorf("unable to receive results")
	}
	sendState(ctrl, iperfDisplayResults)
	readState(ctrl)
	side := "receiver"
	if params.Reverse {
		side = "sender"
	}
	r.rule()
	var sum iperfStreamResults
	for _, x := range mine.Streams {
		r.total(fmt.Sprintf("%3d", x.ID), x, took, side)
		sum.Bytes += x.Bytes
		sum.Packets += x.Packets
		sum.Errors += x.Errors
	}
	if len(streams) > 1 {
		r.total("SUM", sum, took, side)
	}
	return nil
}
