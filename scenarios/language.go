package scenarios

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The language is tables of keys (keys.go). What reads a file, what suggests a
// key, the JSON Schema and the reference page all go by the same tables: a key
// is declared once.

// field is a key of a mapping that is read into a T.
type field[T any] struct {
	key   string
	shape shape
	about string // a sentence: what it is, and its default
	read  func(r *reader, p pair, t *T)
	// take copies the key's value, for mappings of which only some keys are given.
	take func(into, from *T)
}

// table is the keys of one kind of mapping.
type table[T any] struct {
	name     string // "a host", as errors say it
	about    string
	fields   []field[T]
	required []string // for the schema; the reader says by itself what is missing
	// oneOf are keys of which exactly one is there, for the schema.
	oneOf []string
}

// keys are the table's keys in their order.
func (t *table[T]) keys() []string {
	out := make([]string, len(t.fields))
	for i, f := range t.fields {
		out[i] = f.key
	}
	return out
}

func (t *table[T]) field(key string) *field[T] {
	for i := range t.fields {
		if t.fields[i].key == key {
			return &t.fields[i]
		}
	}
	return nil
}

// read reads a mapping. what names it in errors, the table's name if it is
// empty. An unknown key is a problem with a suggestion.
func (t *table[T]) read(r *reader, n *yaml.Node, what string, v *T) {
	if what == "" {
		what = t.name
	}
	for _, p := range r.pairs(n, what) {
		f := t.field(p.key)
		if f == nil {
			r.add(p.keyAt, did(p.key, t.keys()), "unknown key %q in %s", p.key, what)
			continue
		}
		f.read(r, p, v)
	}
}

// part are the fields of a table whose mapping is within another: the same keys,
// read into a part of the other value.
func part[T, P any](fields []field[P], of func(*T) *P) []field[T] {
	out := make([]field[T], len(fields))
	for i, f := range fields {
		out[i] = field[T]{key: f.key, shape: f.shape, about: f.about,
			read: func(r *reader, p pair, t *T) { f.read(r, p, of(t)) }}
	}
	return out
}

// shape is the form of a value: in words for a person, and as JSON Schema.
type shape struct {
	words  string
	schema func() map[string]any
}

// is is a shape whose schema has these keywords and values in turn.
func is(words string, keywords ...any) shape {
	return shape{words, func() map[string]any {
		m := map[string]any{}
		for i := 0; i+1 < len(keywords); i += 2 {
			m[keywords[i].(string)] = keywords[i+1]
		}
		return m
	}}
}

// The shapes of single values. Everything that is written as a text may also be
// a number to YAML: 20.10, 0, 64.
var (
	aText     = is("text", "type", []any{"string", "number", "boolean"})
	aYesNo    = is("true or false", "type", "boolean")
	aDuration = aTime("a time such as 200us, 3ms or 1m30s", `^\+?`)
	aLead     = aTime("a time, with a minus for behind: 3h, -10m", `^[+-]?`)
	aShare    = shape{"a share from 0 to 1, or with a percent sign", func() map[string]any {
		return map[string]any{"oneOf": []any{
			map[string]any{"type": "number", "minimum": 0, "maximum": 1},
			map[string]any{"type": "string", "pattern": `^[+]?[0-9.eE+-]+ *%?$`},
		}}
	}}
	trueOrTime = shape{"true, or a time such as 5s", func() map[string]any {
		return map[string]any{"oneOf": append([]any{map[string]any{"const": true}}, aDuration.schema()["oneOf"].([]any)...)}
	}}
	aRate  = is("bits per second such as 100mbit or 1gbit", "type", []any{"string", "number"}, "pattern", `^[+]?[0-9.eE+-]+ *([gGmMkK]?[bB][iI][tT])?$`)
	anExit = shape{"a status from 0 to 255, or any", func() map[string]any {
		return map[string]any{"oneOf": []any{map[string]any{"type": "integer", "minimum": 0, "maximum": 255}, map[string]any{"const": "any"}}}
	}}
	aPattern = is("text; a line `...` is any lines, `~` begins a regular expression, `<any>` is any text within a line", "type", []any{"string", "number", "boolean", "null"})
	texts    = shape{"a text, or a list of texts", func() map[string]any {
		return map[string]any{"oneOf": []any{aText.schema(), map[string]any{"type": "array", "items": aText.schema()}}}
	}}
	aLine = is("`HOST$ COMMAND` or `HOST/CONTAINER$ COMMAND`", "type", "string", "pattern", `^[^\s$/#]+(/[^\s$]+)?[$#]\s+\S`)
)

// wordsOf is one word of a closed set, or a list of such.
func wordsOf(word shape) shape {
	return shape{"a list of: " + word.words, func() map[string]any {
		return map[string]any{"oneOf": []any{word.schema(), map[string]any{"type": "array", "items": word.schema()}}}
	}}
}

// aTime is a time as Go writes it. A plain number is none, but 0 is.
func aTime(words, sign string) shape {
	return shape{words, func() map[string]any {
		return map[string]any{"oneOf": []any{
			map[string]any{"type": "string", "pattern": sign + `([0-9]*(\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h))+$|^[+-]?0$`},
			map[string]any{"const": 0},
		}}
	}}
}

func aNumber(low, high int64) shape {
	return is(fmt.Sprintf("a whole number from %d to %d", low, high), "type", "integer", "minimum", low, "maximum", high)
}

func aWord(words ...string) shape {
	var list []any
	text := ""
	for i, w := range words {
		list = append(list, w)
		if n, err := strconv.ParseFloat(w, 64); err == nil {
			list = append(list, n) // what YAML makes of it without quotes
		}
		if i > 0 {
			text += ", "
		}
		text += "`" + w + "`"
	}
	return is("one of "+text, "enum", list)
}

// aMapping is a value that is a mapping of the table.
func aMapping[T any](t *table[T]) shape {
	return shape{"a mapping, see [" + t.name + "](#" + anchor(t.name) + ")", t.schema}
}

// named is a mapping from names to mappings of the table.
func named[T any](t *table[T]) shape {
	return shape{"a mapping of names, each to [" + t.name + "](#" + anchor(t.name) + ")", func() map[string]any {
		return map[string]any{"type": []any{"object", "null"}, "additionalProperties": t.schema()}
	}}
}

// listOf is a list of mappings of the table.
func listOf[T any](t *table[T]) shape {
	return shape{"a list, each [" + t.name + "](#" + anchor(t.name) + ")", func() map[string]any {
		return map[string]any{"type": "array", "items": t.schema()}
	}}
}

// schema is the JSON Schema of a mapping with exactly the table's keys.
func (t *table[T]) schema() map[string]any {
	properties := map[string]any{}
	for _, f := range t.fields {
		s := f.shape.schema()
		s["description"] = f.about
		properties[f.key] = s
	}
	m := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(t.required) == 0 && len(t.oneOf) == 0 {
		m["type"] = []any{"object", "null"}
	}
	if len(t.required) > 0 {
		m["required"] = t.required
	}
	if len(t.oneOf) > 0 {
		var each []any
		for _, k := range t.oneOf {
			each = append(each, map[string]any{"required": []any{k}})
		}
		m["oneOf"] = each
	}
	if t.about != "" {
		m["description"] = t.about
	}
	return m
}

// anchor is a title's anchor on a page.
func anchor(title string) string { return strings.ReplaceAll(title, " ", "-") }

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
