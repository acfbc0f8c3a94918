package engine

import (
	"encoding/json"

	"github.com/docker/docker/api/types"
)

// The values on which docker inspect executes a template: a client of the
// engine's release decodes the JSON into structs with these fields and prints
// what the structs hold, so that names (.ID, .HostConfig.NanoCPUs), types and
// the order of {{json}} are theirs, not those of a newer client.

// ContainerValue decodes GET /containers/{id}/json.
func ContainerValue(raw []byte) (any, error) { return value[types.ContainerJSON](raw) }

// NetworkValue decodes GET /networks/{id}.
func NetworkValue(raw []byte) (any, error) { return value[types.NetworkResource](raw) }

// ImageValue decodes GET /images/{name}/json.
func ImageValue(raw []byte) (any, error) { return value[types.ImageInspect](raw) }

func value[T any](raw []byte) (any, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	return v, nil
}
