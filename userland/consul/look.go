package consul

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"dnetsim/userland"
)

// Keys are the keys that a consul server of the image has written to its data
// directory, in order, as files of its machine tell; none if it has none there.
// Reading them passes no time and asks nobody.
func Keys(fs *userland.FS) []string {
	data, err := fs.ReadFile("/data/" + logName)
	if err != nil {
		return nil
	}
	keys := map[string]bool{}
	for line := range bytes.Lines(data) {
		var r record
		if json.Unmarshal(line, &r) != nil || r.Raw != nil {
			continue
		}
		if r.Set != nil {
			keys[r.Set.Key] = true
		}
		delete(keys, r.Delete)
	}
	return slices.Sorted(maps.Keys(keys))
}
