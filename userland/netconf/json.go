package netconf

import (
	"encoding/json"
	"fmt"
	"strings"
)

// jfield is a key and its value: a string, number, bool, []string, jmap or
// []jmap.
type jfield struct {
	key   string
	value any
}

// jmap is a JSON object whose keys stay in order, as iproute2's -j prints it.
type jmap []jfield

// encodeJSON is a list in the form of -j, or of -j -p.
func encodeJSON(list []jmap, pretty bool) string {
	var b strings.Builder
	writeJSON(&b, list, pretty, 0)
	b.WriteString("\n")
	return b.String()
}

func writeJSON(b *strings.Builder, v any, pretty bool, depth int) {
	switch v := v.(type) {
	case []jmap:
		b.WriteString("[")
		if pretty {
			b.WriteString(" ")
		}
		for n, m := range v {
			if n > 0 {
				b.WriteString(",")
			}
			writeJSONObject(b, m, pretty, depth+1)
		}
		if pretty && len(v) > 0 {
			b.WriteString(" ")
		}
		b.WriteString("]")
	case jmap:
		writeJSONObject(b, v, pretty, depth)
	case []string:
		quoted := make([]string, len(v))
		for n, s := range v {
			quoted[n] = quoteJSON(s)
		}
		text := strings.Join(quoted, ",")
		if pretty && text != "" {
			text = " " + text + " "
		} else if pretty {
			text = " "
		}
		b.WriteString("[" + text + "]")
	case rawJSON:
		b.WriteString(string(v))
	case string:
		b.WriteString(quoteJSON(v))
	default:
		fmt.Fprint(b, v)
	}
}

func writeJSONObject(b *strings.Builder, m jmap, pretty bool, depth int) {
	b.WriteString("{")
	for n, f := range m {
		if n > 0 {
			b.WriteString(",")
		}
		if pretty {
			b.WriteString("\n" + strings.Repeat("    ", depth+1))
		}
		b.WriteString(quoteJSON(f.key) + ":")
		if pretty {
			b.WriteString(" ")
		}
		writeJSON(b, f.value, pretty, depth+1)
	}
	if pretty {
		b.WriteString("\n" + strings.Repeat("    ", depth))
	}
	b.WriteString("}")
}

func quoteJSON(s string) string {
	q, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(q)
}

// rawJSON is written as it is.
type rawJSON string
