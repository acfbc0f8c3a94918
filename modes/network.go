package modes

import "time"

// IPAMConfig is one address pool of a network, as asked for or as chosen. The
// strings are kept as the user wrote them ("192.168.50.1/24" stays).
type IPAMConfig struct {
	Subnet       string
	IPRange      string
	Gateway      string // "" if neither asked for nor taken from a default pool
	AuxAddresses map[string]string
}

// IPAM is the address management of a network.
type IPAM struct {
	Driver  string
	Options map[string]string // nil for the predefined networks
	Config  []IPAMConfig
}

// CreateNetwork is the request of `docker network create`.
type CreateNetwork struct {
	Name           string
	CheckDuplicate bool
	Driver         string // "" is bridge
	Scope          string
	Internal       bool
	Attachable     bool
	Ingress        bool
	EnableIPv6     bool
	ConfigOnly     bool
	ConfigFrom     string
	IPAM           *IPAM
	Options        map[string]string
	Labels         map[string]string
}

// NetworkEndpoint is a container's entry in `docker network inspect`.
type NetworkEndpoint struct {
	Name        string // of the container
	EndpointID  string
	MacAddress  string
	IPv4Address string // with prefix length
	IPv6Address string
}

// Network is one network. Its exported fields are what inspect shows.
type Network struct {
	ID         string
	Name       string
	Created    time.Time
	Scope      string // "local", "global", "swarm"
	Driver     string // "bridge", "host", "null", …
	EnableIPv6 bool
	IPAM       IPAM
	Internal   bool
	Attachable bool
	Ingress    bool
	ConfigOnly bool
	ConfigFrom string
	Options    map[string]string
	Labels     map[string]string

	core *netCore
}

// ShortID is the first 12 digits of the id.
func (n *Network) ShortID() string { return n.ID[:12] }
