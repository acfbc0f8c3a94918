package scenarios

import "encoding/json"

// Schema is the JSON Schema (draft 2020-12) of a scenario file. A test holds it
// against what [Read] accepts and refuses.
func Schema() []byte {
	root := rootTable.schema()
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "dnetsim scenario"
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // only plain values in the tables
	}
	return append(b, '\n')
}
