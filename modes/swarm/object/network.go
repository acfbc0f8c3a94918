package object

import (
	"bytes"
	"crypto/sha256"
)

// Network is a network of the whole swarm.
type Network struct {
	ID string
	Meta
	Spec        NetworkSpec
	DriverState Driver
	IPAMOptions *IPAM `json:",omitempty"` // what was allocated; nil as long as nothing could be
}

// Key is the object's.
func (n *Network) Key() (Kind, string) { return KindNetwork, n.ID }

// Title is the network's name.
func (n *Network) Title() string { return n.Spec.Name }

// NodeLocal reports whether the driver is one of a single host: the swarm only
// carries the description.
func (n *Network) NodeLocal() bool {
	d := n.Spec.DriverConfiguration
	return d != nil && d.Name != "" && d.Name != "overlay"
}

// NetworkSpec is what was asked for.
type NetworkSpec struct {
	Annotations
	DriverConfiguration *Driver     `json:",omitempty"`
	IPv6Enabled         bool        `json:",omitempty"`
	Internal            bool        `json:",omitempty"`
	Attachable          bool        `json:",omitempty"`
	Ingress             bool        `json:",omitempty"`
	IPAMOptions         *IPAM       `json:",omitempty"`
	ConfigFrom          *ConfigFrom `json:",omitempty"`
	Scope               string      `json:",omitempty"`
}

// ConfigFrom names a network of each host that has the configuration.
type ConfigFrom struct{ Network string }

// IPAM is where addresses come from.
type IPAM struct {
	Driver  Driver       `json:",omitempty"`
	Configs []IPAMConfig `json:",omitempty"`
}

// IPAMConfig is one subnet.
type IPAMConfig struct {
	Subnet  string `json:",omitempty"`
	Range   string `json:",omitempty"`
	Gateway string `json:",omitempty"`
}

// NetworkTarget says how a service's tasks join a network.
type NetworkTarget struct {
	Target     string            `json:",omitempty"`
	Aliases    []string          `json:",omitempty"`
	DriverOpts map[string]string `json:",omitempty"`
}

// NetworkAttachment is what a task, or a node's load balancer, has in a network.
type NetworkAttachment struct {
	Network   Network
	Addresses []string `json:",omitempty"` // with the subnet's length
	Aliases   []string `json:",omitempty"`
	// DriverOpts are the endpoint's.
	DriverOpts map[string]string `json:",omitempty"`
}

// OptVXLANIDs is the option that says which VNI a network has.
const OptVXLANIDs = "com.docker.network.driver.overlay.vxlanid_list"

// PredefinedLabel marks the networks that every node has and services may use, too.
const PredefinedLabel = "com.docker.swarm.predefined"

// Predefined reports whether the network is one that every node has.
func (n *Network) Predefined() bool { return n.Spec.Labels[PredefinedLabel] == "true" }

// Predefined are the networks that every node has, as a swarm knows them, the default
// bridge and the host's own; their identifiers follow from the swarm's.
func Predefined(c *Cluster) (out []*Network) {
	for _, name := range []string{"bridge", "host"} {
		sum := sha256.Sum256([]byte(c.ID + name))
		n := &Network{ID: NewID(bytes.NewReader(sum[:]))}
		n.CreatedAt, n.UpdatedAt, n.Version = c.CreatedAt, c.CreatedAt, Version{Index: 1}
		n.Spec.Annotations = Annotations{Name: name, Labels: map[string]string{PredefinedLabel: "true"}}
		n.Spec.DriverConfiguration = &Driver{Name: name}
		n.DriverState = Driver{Name: name}
		out = append(out, n)
	}
	return out
}
