package modes

import (
	"time"
)

type runtime struct{}
type netCore struct{}
type recipe struct{}
type execRun struct{}

// Daemon is the dockerd of one host.
type Daemon struct{ x int }

func (d *Daemon) Running() bool    { panic("todo") }
func (d *Daemon) Info() Info       { panic("todo") }
func (d *Daemon) Version() Version { panic("todo") }

// containers
func (d *Daemon) Container(ref string) (*Container, error)       { panic("todo") }
func (d *Daemon) Containers(o ListOptions) ([]*Container, error) { panic("todo") }
func (d *Daemon) ContainerCreate(r CreateContainer) (c *Container, warnings []string, err error) {
	panic("todo")
}
func (d *Daemon) ContainerStart(ref string) error                                  { panic("todo") }
func (d *Daemon) ContainerStop(ref string, timeout *time.Duration) error           { panic("todo") }
func (d *Daemon) ContainerRestart(ref string, timeout *time.Duration) error        { panic("todo") }
func (d *Daemon) ContainerKill(ref, signal string) error                           { panic("todo") }
func (d *Daemon) ContainerPause(ref string) error                                  { panic("todo") }
func (d *Daemon) ContainerUnpause(ref string) error                                { panic("todo") }
func (d *Daemon) ContainerRename(ref, name string) error                           { panic("todo") }
func (d *Daemon) ContainerRemove(ref string, o RemoveOptions) error                { panic("todo") }
func (d *Daemon) ContainerUpdate(ref string, p RestartPolicy) error                { panic("todo") }
func (d *Daemon) ContainersPrune(f Filters) ([]string, error)                      { panic("todo") }
func (d *Daemon) ContainerTop(ref string, args string) (Top, error)                { panic("todo") }
func (d *Daemon) ContainerResize(ref string, rows, cols int) error                 { panic("todo") }
func (d *Daemon) ContainerAttach(ref string, o AttachOptions) (*Attachment, error) { panic("todo") }
func (d *Daemon) ContainerLogs(ref string, o LogOptions) (*LogReader, error)       { panic("todo") }

// ContainerWait registers for the end of a container; condition is "", "not-running", "next-exit" or "removed".
func (d *Daemon) ContainerWait(ref, condition string) (*Wait, error) { panic("todo") }

// LogReader gives the log lines of a container: Next blocks while following, io.EOF ends.
type LogReader struct{ Tty bool }

func (r *LogReader) Next() (LogEntry, error) { panic("todo") }
func (r *LogReader) Close()                  {}

// Wait waits for a container. Result blocks until the condition holds.
type Wait struct{}

func (w *Wait) Result() (WaitResult, error) { panic("todo") }
func (w *Wait) Close()                      {}

type WaitResult struct {
	ExitCode int
	Error    string
}

// exec
func (d *Daemon) ExecCreate(ref string, c ExecConfig) (*ExecProcess, error)  { panic("todo") }
func (d *Daemon) ExecStart(id string, detach, tty bool) (*Attachment, error) { panic("todo") }
func (d *Daemon) Exec(id string) (*ExecProcess, error)                       { panic("todo") }
func (d *Daemon) ExecResize(id string, rows, cols int) error                 { panic("todo") }

// networks
func (d *Daemon) Network(ref string) (*Network, error)    { panic("todo") }
func (d *Daemon) Networks(f Filters) ([]*Network, error)  { panic("todo") }
func (n *Network) Containers() map[string]NetworkEndpoint { panic("todo") }
func (d *Daemon) NetworkCreate(r CreateNetwork) (n *Network, warning string, err error) {
	panic("todo")
}
func (d *Daemon) NetworkRemove(ref string) error                                      { panic("todo") }
func (d *Daemon) NetworkConnect(network, container string, e *EndpointSettings) error { panic("todo") }
func (d *Daemon) NetworkDisconnect(network, container string, force bool) error       { panic("todo") }
func (d *Daemon) NetworksPrune(f Filters) ([]string, error)                           { panic("todo") }

// images
func (d *Daemon) Image(ref string) (*Image, error)                           { panic("todo") }
func (d *Daemon) Images(f Filters) ([]*Image, error)                         { panic("todo") }
func (d *Daemon) ImagePull(ref string, progress func(PullProgress)) error    { panic("todo") }
func (d *Daemon) ImageRemove(ref string, force bool) ([]RemovedImage, error) { panic("todo") }
func (d *Daemon) ImageTag(ref, newRef string) error                          { panic("todo") }

// events
func (d *Daemon) Events(o EventOptions) *EventStream { panic("todo") }

// EventStream: Next blocks; io.EOF at Until.
type EventStream struct{}

func (s *EventStream) Next() (Event, error) { panic("todo") }
func (s *EventStream) Close()               {}

// Info is what `docker info` shows.
type Info struct {
	ID, Name                                                                       string
	Containers, ContainersRunning, ContainersPaused, ContainersStopped, Images     int
	ServerVersion, KernelVersion, OperatingSystem, OSVersion, Architecture         string
	NCPU                                                                           int
	MemTotal                                                                       int64
	SystemTime                                                                     time.Time
	IPv4Forwarding, BridgeNfIptables, BridgeNfIp6tables, LiveRestore, Experimental bool
	ClusterStore, ClusterAdvertise                                                 string
	Warnings                                                                       []string
	DefaultAddressPools                                                            []AddressPool
	IndexServer                                                                    string
}

// Version is what `docker version` shows of the server.
type Version struct {
	Version, APIVersion, MinAPIVersion, GitCommit, GoVersion, Os, Arch, KernelVersion, BuildTime string
	Containerd, Runc, Init                                                                       ComponentVersion
}
type ComponentVersion struct{ Version, GitCommit string }

// AddressPool is a default-address-pools entry.
type AddressPool struct {
	Base string
	Size int
}
