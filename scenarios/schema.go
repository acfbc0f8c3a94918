package scenarios

import (
	"encoding/json"
)

// object is a JSON Schema for a mapping with exactly these keys.
func object(properties map[string]any, required ...string) map[string]any {
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func named(of any) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": of}
}

func about(schema map[string]any, text string) map[string]any {
	schema["description"] = text
	return schema
}

func kind(t string) map[string]any { return map[string]any{"type": t} }

func texts() map[string]any {
	return map[string]any{"oneOf": []any{kind("string"), map[string]any{"type": "array", "items": kind("string")}}}
}

func cableSchema() map[string]any {
	duration := map[string]any{"type": "string", "pattern": `^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$`}
	share := map[string]any{"oneOf": []any{map[string]any{"type": "number", "minimum": 0, "maximum": 1}, map[string]any{"type": "string", "pattern": `^[0-9.]+ ?%$`}}}
	return map[string]any{
		"delay": duration, "jitter": duration, "loss": share, "duplicate": share, "reorder": share, "corrupt": share,
		"rate":  map[string]any{"type": "string", "pattern": `^[0-9.]+ ?([gmk]?bit)?$`},
		"queue": map[string]any{"type": "integer", "minimum": 1},
		"mtu":   map[string]any{"type": "integer", "minimum": 68, "maximum": 65535},
		"down":  kind("boolean"),
		"block": about(texts(), "what the cable loses: udp/4789, tcp/7946, icmp"),
	}
}

func with(base map[string]any, more map[string]any) map[string]any {
	for k, v := range more {
		base[k] = v
	}
	return base
}

// Schema is the JSON Schema (draft 2020-12) of a scenario file. A test keeps
// its keys equal to those that [Read] knows.
func Schema() []byte {
	port := object(map[string]any{"lan": kind("string"), "address": kind("string"), "mac": kind("string"),
		"wrong-tunnel-checksums": about(kind("boolean"), "a card that gets the checksums of TCP and UDP within tunnels wrong, while ethtool -k says tx-checksum-ip-generic: on")}, "address")
	lan := about(object(with(cableSchema(), map[string]any{"subnet": kind("string"), "gateway": kind("string")}), "subnet"),
		"a switch; delay, loss and the like are those of each cable plugged into it")
	expect := object(map[string]any{
		"exit":   map[string]any{"oneOf": []any{map[string]any{"type": "integer", "minimum": 0, "maximum": 255}, map[string]any{"const": "any"}}},
		"stdout": about(map[string]any{"type": []any{"string", "null"}}, "exact text; a line ... is any lines, ~ begins a regular expression, <any> is any text within a line"),
		"stderr": map[string]any{"type": []any{"string", "null"}},
	})
	fault := object(with(cableSchema(), map[string]any{"cable": kind("string"), "way": map[string]any{"enum": []any{"both", "in", "out"}}, macFilterKey: kind("boolean"),
		"host": kind("string"), "crash": about(kind("boolean"), "loss of power, until the host's repair")}))
	fault["oneOf"] = []any{map[string]any{"required": []any{"cable"}}, map[string]any{"required": []any{"host"}}}
	step := map[string]any{"oneOf": []any{
		about(map[string]any{"type": "string", "pattern": `^[^\s$/#]+(/[^\s$]+)?[$#]\s+`}, "HOST$ COMMAND or HOST/CONTAINER$ COMMAND"),
		object(map[string]any{"run": kind("string"), "expect": expect, "wait": about(kind("string"), "let this much virtual time pass, such as 3s"), "at": about(kind("string"), "let virtual time pass until it is this much since the start of the run; the engines take the first seconds"), "fault": fault, "repair": fault}),
	}}
	steps := map[string]any{"type": []any{"array", "null"}, "items": step}
	host := object(map[string]any{
		"address": kind("string"), "lan": kind("string"), "mac": kind("string"), "hostname": kind("string"), "gateway": kind("string"),
		"interfaces": named(port), "engine": map[string]any{"enum": Engines},
		"daemon": about(map[string]any{"type": []any{"object", "string"}}, "/etc/docker/daemon.json: a mapping, or its text"),
		"docker": kind("boolean"), "images": texts(), "files": named(kind("string")),
		"clock": about(map[string]any{"type": "string", "pattern": `^[+-]?([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$`}, "how far the host's clock is ahead of the others', or behind: 3h, -10m"),
	})
	router := object(map[string]any{"interfaces": named(port), "nat": kind("boolean"),
		"routes": map[string]any{"type": "array", "items": object(map[string]any{"to": kind("string"), "via": kind("string")}, "to", "via")}})
	image := object(map[string]any{"like": kind("string"), "cmd": texts(), "env": texts(), "listen": texts(), "response": kind("string")})
	site := object(map[string]any{"address": kind("string"), "cname": kind("string"), "delay": kind("string"),
		"ttl": map[string]any{"type": "integer", "minimum": 1, "maximum": 254}}, "address")
	root := object(map[string]any{
		"name": kind("string"), "description": kind("string"), "seed": map[string]any{"type": "integer", "minimum": 0},
		"engine": map[string]any{"enum": Engines}, "limit": about(kind("string"), "virtual time after which a run is hung, 1h by default"),
		"lan": lan, "lans": named(lan), "routers": named(router), "internet": named(site), "hosts": named(host),
		"images": named(image), "setup": steps, "steps": steps,
	}, "hosts")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "dnetsim scenario"
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // only plain values above
	}
	return append(b, '\n')
}
