package object

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind is the noun of an object.
type Kind string

// The kinds, in the order in which a snapshot has them.
const (
	KindCluster Kind = "cluster"
	KindNode    Kind = "node"
	KindNetwork Kind = "network"
	KindService Kind = "service"
	KindTask    Kind = "task"
	KindSecret  Kind = "secret"
	KindConfig  Kind = "config"
)

// Kinds are all of them.
var Kinds = []Kind{KindCluster, KindNode, KindNetwork, KindService, KindTask, KindSecret, KindConfig}

// Object is one thing that the managers agree on.
type Object interface {
	// Key is its kind and its identifier.
	Key() (Kind, string)
	// Head is its version and its times.
	Head() *Meta
	// Title is the name that users call it by, "" if it has none.
	Title() string
}

// Version counts the changes of the log: an update names the version that it
// was made from.
type Version struct {
	Index uint64 `json:",omitempty"`
}

// Meta is what every object has besides its identifier.
type Meta struct {
	Version              Version
	CreatedAt, UpdatedAt time.Time
}

// Head is the object's own.
func (m *Meta) Head() *Meta { return m }

// Annotations are the name and the labels that a user gives.
type Annotations struct {
	Name   string `json:",omitempty"`
	Labels map[string]string
}

// Driver is the name of a driver, with its options.
type Driver struct {
	Name    string            `json:",omitempty"`
	Options map[string]string `json:",omitempty"`
}

// fresh is an empty object of a kind, nil if there is no such kind.
func fresh(k Kind) Object {
	switch k {
	case KindCluster:
		return &Cluster{}
	case KindNode:
		return &Node{}
	case KindNetwork:
		return &Network{}
	case KindService:
		return &Service{}
	case KindTask:
		return &Task{}
	case KindSecret:
		return &Secret{}
	case KindConfig:
		return &Config{}
	}
	return nil
}

// Decode reads an object of a kind.
func Decode(k Kind, b []byte) (Object, error) {
	o := fresh(k)
	if o == nil {
		return nil, fmt.Errorf("no kind of object is called %q", string(k))
	}
	if err := json.Unmarshal(b, o); err != nil {
		return nil, err
	}
	if _, id := o.Key(); id == "" {
		return nil, fmt.Errorf("a %s without an identifier", k)
	}
	return o, nil
}

// Clone is a copy that shares nothing with o.
func Clone[T Object](o T) T {
	k, _ := o.Key()
	b, err := json.Marshal(o)
	if err != nil {
		return o
	}
	c, err := Decode(k, b)
	if err != nil {
		return o
	}
	return c.(T)
}

// Encode is the JSON of an object.
func Encode(o Object) []byte {
	b, err := json.Marshal(o)
	if err != nil {
		return nil
	}
	return b
}
