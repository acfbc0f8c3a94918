package object

import (
	"encoding/json"
	"time"
)

// ContainerSpec is a task's container.
type ContainerSpec struct {
	Image           string            `json:",omitempty"`
	Labels          map[string]string `json:",omitempty"`
	Command         []string          `json:",omitempty"`
	Args            []string          `json:",omitempty"`
	Hostname        string            `json:",omitempty"`
	Env             []string          `json:",omitempty"`
	Dir             string            `json:",omitempty"`
	User            string            `json:",omitempty"`
	Groups          []string          `json:",omitempty"`
	Privileges      *Privileges       `json:",omitempty"`
	Init            *bool             `json:",omitempty"`
	StopSignal      string            `json:",omitempty"`
	TTY             bool              `json:",omitempty"`
	OpenStdin       bool              `json:",omitempty"`
	ReadOnly        bool              `json:",omitempty"`
	Mounts          []Mount           `json:",omitempty"`
	StopGracePeriod *time.Duration    `json:",omitempty"`
	Healthcheck     *Healthcheck      `json:",omitempty"`
	Hosts           []string          `json:",omitempty"`
	DNSConfig       *DNSConfig        `json:",omitempty"`
	Secrets         []SecretReference `json:",omitempty"`
	Configs         []ConfigReference `json:",omitempty"`
	Isolation       string            `json:",omitempty"`
	Sysctls         map[string]string `json:",omitempty"`
	CapabilityAdd   []string          `json:",omitempty"`
	CapabilityDrop  []string          `json:",omitempty"`
	Ulimits         []Ulimit          `json:",omitempty"`
	OomScoreAdj     int64             `json:",omitempty"`
}

// Ulimit is one limit of setrlimit(2): "nofile" and the like; -1 is none.
type Ulimit struct {
	Name string
	Hard int64
	Soft int64
}

// Privileges is what a container may do beside what everyone may.
type Privileges struct {
	CredentialSpec  *CredentialSpec
	SELinuxContext  *SELinux
	Seccomp         *Confinement `json:",omitempty"`
	AppArmor        *Confinement `json:",omitempty"`
	NoNewPrivileges bool
}

// CredentialSpec is an account of Windows, from one of three places.
type CredentialSpec struct{ Config, File, Registry string }

// SELinux is a container's label.
type SELinux struct {
	Disable                 bool
	User, Role, Type, Level string
}

// Confinement is a profile of seccomp or AppArmor.
type Confinement struct {
	Mode    string `json:",omitempty"` // "default", "disabled", "unconfined" or "custom"
	Profile []byte `json:",omitempty"`
}

// Mount is a volume or a directory of the node.
type Mount struct {
	Type           string          `json:",omitempty"`
	Source         string          `json:",omitempty"`
	Target         string          `json:",omitempty"`
	ReadOnly       bool            `json:",omitempty"`
	Consistency    string          `json:",omitempty"`
	BindOptions    json.RawMessage `json:",omitempty"`
	VolumeOptions  json.RawMessage `json:",omitempty"`
	ImageOptions   json.RawMessage `json:",omitempty"`
	TmpfsOptions   json.RawMessage `json:",omitempty"`
	ClusterOptions json.RawMessage `json:",omitempty"`
}

// Healthcheck is how a container's health is asked for.
type Healthcheck struct {
	Test        []string      `json:",omitempty"`
	Interval    time.Duration `json:",omitempty"`
	Timeout     time.Duration `json:",omitempty"`
	StartPeriod time.Duration `json:",omitempty"`
	// StartInterval is that within the start period.
	StartInterval time.Duration `json:",omitempty"`
	Retries       int           `json:",omitempty"`
}

// DNSConfig is for the container's resolv.conf.
type DNSConfig struct {
	Nameservers []string `json:",omitempty"`
	Search      []string `json:",omitempty"`
	Options     []string `json:",omitempty"`
}

// FileTarget is where a secret or a config is in the container.
type FileTarget struct {
	Name string
	UID  string
	GID  string
	Mode uint32
}

// SecretReference mounts a secret at /run/secrets/Name.
type SecretReference struct {
	File       *FileTarget
	SecretID   string
	SecretName string
}

// ConfigReference mounts a config at Name.
type ConfigReference struct {
	File       *FileTarget `json:",omitempty"`
	Runtime    *struct{}   `json:",omitempty"`
	ConfigID   string
	ConfigName string
}

// DataSpec is the content of a secret or a config.
type DataSpec struct {
	Annotations
	Data       []byte  `json:",omitempty"`
	Driver     *Driver `json:",omitempty"`
	Templating *Driver `json:",omitempty"`
}

// Secret is content that only its containers see.
type Secret struct {
	ID string
	Meta
	Spec DataSpec
}

// Key is the object's.
func (s *Secret) Key() (Kind, string) { return KindSecret, s.ID }

// Title is the secret's name.
func (s *Secret) Title() string { return s.Spec.Name }

// Content is what the secret says.
func (s *Secret) Content() *DataSpec { return &s.Spec }

// Config is content for containers.
type Config struct {
	ID string
	Meta
	Spec DataSpec
}

// Key is the object's.
func (c *Config) Key() (Kind, string) { return KindConfig, c.ID }

// Title is the config's name.
func (c *Config) Title() string { return c.Spec.Name }

// Content is what the config says.
func (c *Config) Content() *DataSpec { return &c.Spec }

// Data is a secret or a config.
type Data interface {
	*Secret | *Config
	Object
	Content() *DataSpec
}
