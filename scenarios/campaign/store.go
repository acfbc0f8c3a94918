package campaign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// leftInStore says which values of the cluster's store are of networks, which
// are all removed: the answer of consul to readStore. Directories without a
// value stay, as those that libnetwork makes do.
func leftInStore(answer string) []string {
	if strings.TrimSpace(answer) == "" {
		return nil // nobody answers: what it has cannot be asked
	}
	var all []struct {
		Key   string
		Value []byte
	}
	if err := json.Unmarshal([]byte(answer), &all); err != nil {
		return []string{"consul's answer cannot be read: " + err.Error()}
	}
	var out []string
	for _, kv := range all {
		if len(kv.Value) == 0 || !strings.HasPrefix(kv.Key, "docker/network/") || emptySpace(kv.Value) || emptySequence(kv.Value) {
			continue
		}
		out = append(out, fmt.Sprintf("%s is left in the store: %s", kv.Key, kv.Value))
	}
	return out
}

// emptySequence reports whether a value is a set of numbers without any: as many
// are free as there are.
func emptySequence(value []byte) bool {
	var v struct{ Sequence []byte }
	return json.Unmarshal(value, &v) == nil && len(v.Sequence) >= 16 && bytes.Equal(v.Sequence[:8], v.Sequence[8:16])
}

// emptySpace reports whether a value is a list of address pools without any.
func emptySpace(value []byte) bool {
	var v struct {
		Scope   string
		Subnets map[string]any
	}
	return json.Unmarshal(value, &v) == nil && v.Scope == "global" && len(v.Subnets) == 0
}
