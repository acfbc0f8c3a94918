package engine

import (
	"dnetsim/modes"
	"dnetsim/modes/image"
	"dnetsim/modes/profile"
)

// form writes the daemon's objects as one release of the API has them: which
// fields there are and in which order, what is null and what is absent. Each is
// made of docker's own structs of that release.
type form interface {
	network(n *modes.Network, l looks) any
	// container is the answer to GET /containers/{id}/json; img is nil if it is gone.
	container(c *modes.Container, img *image.Image, size *sizes) any
	summary(s summary) any
	image(i *image.Image, v profile.Version) any
	imageRow(i *image.Image, users []string) any
	info(i modes.Info, v profile.Version, part func(any) error) (any, error)
	// asked adds to a request to create a container what the release's clients say
	// beyond API 1.41.
	asked(c *call, m *modes.CreateContainer) error
}

// looks is how closely a network is looked at: with its endpoints and the use of its
// subnets, and with what is told of its services.
type looks struct {
	endpoints, services bool
	subnets             func(*modes.Network) []modes.Subnet
}

// form41 is API 1.41, that of 20.10.
type form41 struct{}

func (form41) asked(*call, *modes.CreateContainer) error { return nil }

// form56 is API 1.56, that of 29.
type form56 struct{}

func formOf(p *profile.Profile) form {
	if p.Version.APIVersion == "1.41" {
		return form41{}
	}
	return form56{}
}
