package cli

import (
	"encoding/csv"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What docker's command line would reach of the real machine: files that flags
// name, most of them read when the flag is set, the working directory, and
// environment variables. TestFlagsLeaveTheMachineAlone holds the list.

// realEnvironment are variables of the real environment that docker's packages
// look at by themselves; a trailing * stands for any end. The simulated docker
// has the simulated process's.
var realEnvironment = []string{"DOCKER_*", "BUILDKIT_*", "BUILDX_*", "COMPOSE_*", "OTEL_*", "NORAW", "DEBUG"}

// forgetEnvironment takes them away from this program.
func forgetEnvironment() {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		for _, pattern := range realEnvironment {
			prefix, any := strings.CutSuffix(pattern, "*")
			if name == pattern || any && strings.HasPrefix(name, prefix) {
				os.Unsetenv(name)
			}
		}
	}
}

// inert is a flag of a command that is refused: it takes any value and does
// nothing with it, so that the refusal is all that comes of it.
type inert struct{ pflag.Value }

func (inert) Set(string) error { return nil }

// disarm makes the flags of a command inert that is refused once its flags are
// parsed. Flags that are only on or off stay.
func disarm(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() != "bool" {
			f.Value = inert{f.Value}
		}
	})
}

// adaptOutside changes the flags of a command that reach for the real machine.
func (s *session) adaptOutside(f *pflag.FlagSet) {
	s.wrap(f, "external-ca", func(spec string) (string, error) { return externalCA(s, spec) })
	for _, name := range []string{"ca-cert", "ca-key"} {
		if x := f.Lookup(name); x != nil {
			x.Value = collector{x.Value, pemFile(s, name)}
		}
	}
	s.wrap(f, "mount", s.bindHere)
	s.wrap(f, "mount-add", s.bindHere)
	s.wrapEnv(f, "env-add")
	s.wrapEnv(f, "build-arg")
	if f.Lookup("endpoint-mode") != nil { // services' options are variables as well
		s.wrapEnv(f, "log-opt")
	}
	// The defaults come from DOCKER_TLS and DOCKER_TLS_VERIFY of the real
	// environment, before anything of ours runs.
	for _, name := range []string{"tls", "tlsverify"} {
		if x := f.Lookup(name); x != nil && x.Value.Type() == "bool" {
			x.Value.Set("false")
			x.DefValue, x.Changed = "false", false
		}
	}
}

// wrapEnv makes a flag take names of variables from the simulated environment; a
// name that is none there is dropped, as docker drops it.
func (s *session) wrapEnv(f *pflag.FlagSet, name string) {
	x := f.Lookup(name)
	if x == nil {
		return
	}
	inner := x.Value
	x.Value = collector{inner, func(v string) error {
		if !strings.Contains(v, "=") {
			val, ok := s.p.LookupEnv(v)
			if !ok {
				return nil
			}
			v += "=" + val
		}
		return inner.Set(v)
	}}
}

// errLeaveOut takes a field out of a flag's value.
var errLeaveOut = errors.New("leave this field out")

// fields changes the values of a flag that is a line of key=value fields.
func fields(spec string, change func(key, value string) (string, error)) (string, error) {
	list, err := csv.NewReader(strings.NewReader(spec)).Read()
	if err != nil {
		return spec, nil // docker refuses it
	}
	var out []string
	for _, field := range list {
		key, value, ok := strings.Cut(field, "=")
		if ok {
			switch value, err = change(strings.ToLower(key), value); {
			case err == errLeaveOut:
				continue
			case err != nil:
				return "", err
			}
			field = key + "=" + value
		}
		out = append(out, field)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(out)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// externalCA reads the certificate of an external CA on the simulated host, in
// docker's words, and leaves its field out: nothing of ours looks at it.
func externalCA(s *session, spec string) (string, error) {
	return fields(spec, func(key, value string) (string, error) {
		if key != "cacert" {
			return value, nil
		}
		b, err := s.p.ReadFile(value)
		if err != nil {
			return "", fmt.Errorf("unable to read CA cert for external CA: open %s: %s", value, strings.ToLower(err.Error()))
		}
		if block, _ := pem.Decode(b); block == nil {
			return "", errors.New("CA cert for external CA must be in PEM format")
		}
		return "", errLeaveOut
	})
}

// bindHere makes a source that begins with a dot one of the simulated working
// directory.
func (s *session) bindHere(spec string) (string, error) {
	return fields(spec, func(key, value string) (string, error) {
		if (key == "source" || key == "src") && strings.HasPrefix(value, ".") {
			return s.p.Abs(value), nil
		}
		return value, nil
	})
}
