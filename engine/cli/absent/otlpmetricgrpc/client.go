// Package otlpmetricgrpc stands for OpenTelemetry's exporter of that name: it refuses, for nothing
// of a simulation goes out into the real network.
package otlpmetricgrpc

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/sdk/metric"
)

// Option would configure the exporter.
type Option struct{}

// WithEndpoint would say where to export to.
func WithEndpoint(string) Option { return Option{} }

// WithInsecure would export without TLS.
func WithInsecure() Option { return Option{} }

// New makes no exporter: the error says that there is none.
func New(context.Context, ...Option) (metric.Exporter, error) {
	return nil, errors.New("this docker command line runs in a simulation and exports no metrics")
}
