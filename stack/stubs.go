package stack

import (
	"net/netip"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack/netfilter"
)

// MAC is a link-layer address.
type MAC = link.MAC

// Options say what kind of namespace to make. The zero value is a container's.
type Options struct {
	Host         bool // sysctl defaults of a host's first namespace, IPv6 on
	LoopbackDown bool // as `ip netns add` leaves it
}

type Namespace struct{}

func New(loop *sim.Loop, name string, opts Options) *Namespace { panic("stub") }
func (ns *Namespace) Close()                                   {}
func (ns *Namespace) Name() string                             { panic("stub") }
func (ns *Namespace) Loop() *sim.Loop                          { panic("stub") }
func (ns *Namespace) Interfaces() []*Interface                 { panic("stub") } // by index
func (ns *Namespace) Interface(name string) *Interface         { panic("stub") } // nil if there is none
func (ns *Namespace) InterfaceByIndex(i int) *Interface        { panic("stub") }
func (ns *Namespace) AddPhysical(name string, mac MAC, end *link.End) (*Interface, error) {
	panic("stub")
}
func (ns *Namespace) AddBridge(name string, mac MAC) (*Interface, error) { panic("stub") }
func (ns *Namespace) AddDummy(name string, mac MAC) (*Interface, error)  { panic("stub") }
func NewVeth(a *Namespace, aName string, aMAC MAC, b *Namespace, bName string, bMAC MAC) (*Interface, *Interface, error) {
	panic("stub")
}
func (ns *Namespace) Routes(table string) []Route                             { panic("stub") }
func (ns *Namespace) AddRoute(r Route) error                                  { panic("stub") }
func (ns *Namespace) ReplaceRoute(r Route) error                              { panic("stub") }
func (ns *Namespace) DelRoute(r Route) error                                  { panic("stub") }
func (ns *Namespace) RouteGet(dst, from netip.Addr) (Route, error)            { panic("stub") }
func (ns *Namespace) Neighbours() []Neighbour                                 { panic("stub") }
func (ns *Namespace) AddNeighbour(dev string, addr netip.Addr, mac MAC) error { panic("stub") } // permanent
func (ns *Namespace) DelNeighbour(dev string, addr netip.Addr) error          { panic("stub") }
func (ns *Namespace) FlushNeighbours(dev string)                              { panic("stub") } // empty dev: all; keeps permanent ones
func (ns *Namespace) IsLocal(a netip.Addr) bool                               { panic("stub") }
func (ns *Namespace) Sysctl(key string) (string, bool)                        { panic("stub") }
func (ns *Namespace) SetSysctl(key, value string) error                       { panic("stub") }
func (ns *Namespace) Sysctls() []string                                       { panic("stub") } // sorted keys
func (ns *Namespace) Netfilter(v6 bool) *netfilter.Rules                      { panic("stub") }
func (ns *Namespace) Conntrack() []netfilter.Flow                             { panic("stub") }
func (ns *Namespace) Sockets() []SocketInfo                                   { panic("stub") }
func (ns *Namespace) DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*TCPConn, error) {
	panic("stub")
}
func (ns *Namespace) ListenTCP(local netip.AddrPort) (*TCPListener, error) { panic("stub") }
func (ns *Namespace) ListenUDP(local netip.AddrPort) (*UDPConn, error)     { panic("stub") }
func (ns *Namespace) OpenICMP(v6 bool) (*ICMPConn, error)                  { panic("stub") }

type Interface struct{}

func (i *Interface) Namespace() *Namespace                          { panic("stub") }
func (i *Interface) Name() string                                   { panic("stub") }
func (i *Interface) Index() int                                     { panic("stub") }
func (i *Interface) Kind() Kind                                     { panic("stub") }
func (i *Interface) MAC() MAC                                       { panic("stub") }
func (i *Interface) MTU() int                                       { panic("stub") }
func (i *Interface) Up() bool                                       { panic("stub") }
func (i *Interface) Carrier() bool                                  { panic("stub") }
func (i *Interface) OperState() string                              { panic("stub") } // "UP", "DOWN", "UNKNOWN", "LOWERLAYERDOWN"
func (i *Interface) PeerIndex() int                                 { panic("stub") } // 0 if not a veth
func (i *Interface) PeerNamespace() *Namespace                      { panic("stub") } // nil if not a veth
func (i *Interface) Peer() *Interface                               { panic("stub") }
func (i *Interface) Master() *Interface                             { panic("stub") }
func (i *Interface) Flags() Flags                                   { panic("stub") }
func (i *Interface) TxQueueLen() int                                { panic("stub") }
func (i *Interface) Counters() Counters                             { panic("stub") }
func (i *Interface) SetUp(up bool) error                            { panic("stub") }
func (i *Interface) SetMTU(mtu int) error                           { panic("stub") }
func (i *Interface) SetMAC(mac MAC) error                           { panic("stub") }
func (i *Interface) SetTxQueueLen(n int)                            { panic("stub") }
func (i *Interface) SetPromisc(on bool)                             { panic("stub") }
func (i *Interface) Rename(name string) error                       { panic("stub") }
func (i *Interface) SetMaster(bridge *Interface) error              { panic("stub") } // nil: release
func (i *Interface) MoveTo(ns *Namespace, newName string) error     { panic("stub") }
func (i *Interface) Delete() error                                  { panic("stub") }
func (i *Interface) AddAddr(p netip.Prefix, opts AddrOptions) error { panic("stub") }
func (i *Interface) DelAddr(p netip.Prefix) error                   { panic("stub") }
func (i *Interface) FlushAddrs(v6 bool)                             { panic("stub") }
func (i *Interface) Addrs() []Address                               { panic("stub") }
func (i *Interface) Bridge() *link.Bridge                           { panic("stub") } // nil if not a bridge
func (i *Interface) Port() *link.Port                               { panic("stub") } // nil if not enslaved
func (i *Interface) Ports() []*Interface                            { panic("stub") } // of a bridge
func (i *Interface) Observe(o link.Observer) (stop func())          { panic("stub") }

type TCPConn struct{}

func (c *TCPConn) Read(b []byte) (int, error)       { panic("stub") }
func (c *TCPConn) Write(b []byte) (int, error)      { panic("stub") }
func (c *TCPConn) Close() error                     { panic("stub") }
func (c *TCPConn) CloseWrite() error                { panic("stub") }
func (c *TCPConn) Abort()                           { panic("stub") } // RST
func (c *TCPConn) LocalAddr() netip.AddrPort        { panic("stub") }
func (c *TCPConn) RemoteAddr() netip.AddrPort       { panic("stub") }
func (c *TCPConn) SetReadTimeout(d time.Duration)   { panic("stub") } // below or equal zero: none
func (c *TCPConn) SetOwner(program string, pid int) { panic("stub") }

type TCPListener struct{}

func (l *TCPListener) Accept() (*TCPConn, error)                   { panic("stub") }
func (l *TCPListener) AcceptFor(d time.Duration) (*TCPConn, error) { panic("stub") }
func (l *TCPListener) Close() error                                { panic("stub") }
func (l *TCPListener) Addr() netip.AddrPort                        { panic("stub") }
func (l *TCPListener) SetOwner(program string, pid int)            { panic("stub") }

type UDPConn struct{}

func (c *UDPConn) ReadFrom(b []byte, timeout time.Duration) (int, netip.AddrPort, error) {
	panic("stub")
}                                                            // timeout <= 0: none
func (c *UDPConn) WriteTo(b []byte, to netip.AddrPort) error { panic("stub") }
func (c *UDPConn) Connect(to netip.AddrPort) error           { panic("stub") }
func (c *UDPConn) Write(b []byte) (int, error)               { panic("stub") }
func (c *UDPConn) Close() error                              { panic("stub") }
func (c *UDPConn) LocalAddr() netip.AddrPort                 { panic("stub") }
func (c *UDPConn) RemoteAddr() netip.AddrPort                { panic("stub") }
func (c *UDPConn) SetTTL(ttl int)                            { panic("stub") }
func (c *UDPConn) SetDF(on bool)                             { panic("stub") }
func (c *UDPConn) SetOwner(program string, pid int)          { panic("stub") }

type ICMPConn struct{}

func (c *ICMPConn) SetTTL(ttl int)                                 { panic("stub") }
func (c *ICMPConn) SetSource(a netip.Addr) error                   { panic("stub") }
func (c *ICMPConn) SetDF(on bool)                                  { panic("stub") }
func (c *ICMPConn) SetBroadcast(on bool)                           { panic("stub") }
func (c *ICMPConn) BindDevice(dev string) error                    { panic("stub") }
func (c *ICMPConn) Send(dst netip.Addr, msg []byte) error          { panic("stub") }
func (c *ICMPConn) Recv(timeout time.Duration) (ICMPPacket, error) { panic("stub") }
func (c *ICMPConn) Close() error                                   { panic("stub") }
func (c *ICMPConn) SetOwner(program string, pid int)               { panic("stub") }
