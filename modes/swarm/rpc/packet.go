package rpc

import (
	"bytes"
	"encoding/json"
	"net/netip"

	"dnetsim/modes/swarm/object"
)

// packet is how a message travels: as JSON.
type packet struct {
	Method string          `json:"m,omitempty"`
	Body   json.RawMessage `json:"b,omitempty"`
	Code   Code            `json:"c,omitempty"`
	Desc   string          `json:"d,omitempty"`
	// For is whom a manager forwards a call for, From where that one is.
	For  *object.Certificate `json:"f,omitempty"`
	From netip.AddrPort      `json:"a,omitzero"`
}

// The parts of the packets that nearly all are: a call, a message and a good end.
var (
	openMethod = []byte(`{"m":"`)
	thenBody   = []byte(`","b":`)
	openBody   = []byte(`{"b":`)
	thenOK     = []byte(`,"c":"OK"}`)
	onlyOK     = []byte(`{"c":"OK"}`)
)

// append appends the packet. What it does by hand is what encoding/json writes.
func (p *packet) append(b []byte) []byte {
	if p.Desc != "" || p.For != nil || p.From.IsValid() || p.Code != "" && p.Code != OK || len(p.Body) == 0 || p.Method != "" && p.Code != "" {
		all, _ := json.Marshal(p)
		return append(b, all...)
	}
	if p.Method != "" {
		b = append(append(append(b, openMethod...), p.Method...), thenBody...)
	} else {
		b = append(b, openBody...)
	}
	b = append(b, p.Body...)
	if p.Code == OK {
		return append(b, thenOK...)
	}
	return append(b, '}')
}

// read reads a packet. The body is a copy.
func (p *packet) read(b []byte) error {
	*p = packet{}
	if bytes.Equal(b, onlyOK) {
		p.Code = OK
		return nil
	}
	if rest, ok := bytes.CutPrefix(b, openMethod); ok {
		method, body, _ := bytes.Cut(rest, thenBody)
		if body, ok := bytes.CutSuffix(body, []byte{'}'}); ok && plain(method) && isValue(body) {
			p.Method, p.Body = string(method), bytes.Clone(body)
			return nil
		}
	} else if rest, ok := bytes.CutPrefix(b, openBody); ok {
		body, good := bytes.CutSuffix(rest, thenOK)
		if !good {
			body, ok = bytes.CutSuffix(rest, []byte{'}'})
		}
		if ok && isValue(body) {
			if p.Body = bytes.Clone(body); good {
				p.Code = OK
			}
			return nil
		}
	}
	return json.Unmarshal(b, p)
}

// isValue reports whether a text is a value and nothing else.
func isValue(b []byte) bool { return len(bytes.TrimSpace(b)) == len(b) && json.Valid(b) }

// plain reports whether a text stands in JSON as it is.
func plain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}
