package jq

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// printer writes values as jq's options ask for.
type printer struct {
	order  *order
	indent string // "" for one line
	sorted bool
	ascii  bool
	colour bool
}

// The colours of jq 1.6.
const (
	plainColour  = "\x1b[0m"
	nullColour   = "\x1b[1;30m"
	scalarColour = "\x1b[0;39m"
	stringColour = "\x1b[0;32m"
	boxColour    = "\x1b[1;39m"
	keyColour    = "\x1b[34;1m"
)

func (p *printer) text(v any) string {
	var b strings.Builder
	p.write(&b, v, 0)
	return b.String()
}

func (p *printer) write(b *strings.Builder, v any, depth int) {
	switch v := v.(type) {
	case nil:
		p.scalar(b, nullColour, "null")
	case bool:
		p.scalar(b, scalarColour, strconv.FormatBool(v))
	case int:
		p.scalar(b, scalarColour, strconv.Itoa(v))
	case *big.Int:
		p.scalar(b, scalarColour, v.String())
	case float64:
		p.scalar(b, scalarColour, number(v))
	case string:
		p.scalar(b, stringColour, p.quote(v))
	case []any:
		p.box(b, "[", "]", len(v), depth, func(i int) { p.write(b, v[i], depth+1) })
	case map[string]any:
		keys := p.order.keys(v)
		if p.sorted {
			keys = slices.Sorted(slices.Values(keys))
		}
		p.box(b, "{", "}", len(keys), depth, func(i int) {
			colon := ":"
			if p.indent != "" {
				colon = ": "
			}
			if p.colour {
				b.WriteString(plainColour + keyColour + p.quote(keys[i]) + plainColour + boxColour + colon + plainColour)
			} else {
				b.WriteString(p.quote(keys[i]) + colon)
			}
			p.write(b, v[keys[i]], depth+1)
		})
	}
}

func (p *printer) scalar(b *strings.Builder, colour, text string) {
	if p.colour {
		text = colour + text + plainColour
	}
	b.WriteString(text)
}

// box writes an array or an object.
func (p *printer) box(b *strings.Builder, open, end string, n, depth int, each func(int)) {
	paint := func(s string) {
		if p.colour {
			s = boxColour + s
		}
		b.WriteString(s)
	}
	paint(open)
	for i := range n {
		if i > 0 {
			paint(",")
		}
		p.line(b, depth+1)
		each(i)
	}
	if n > 0 {
		if p.colour {
			b.WriteString(boxColour)
		}
		p.line(b, depth)
	}
	paint(end)
	if p.colour {
		b.WriteString(plainColour)
	}
}

func (p *printer) line(b *strings.Builder, depth int) {
	if p.indent != "" {
		b.WriteString("\n" + strings.Repeat(p.indent, depth))
	}
}

// quote is a string in JSON: what is not ASCII stays as it is, unless -a asks for it.
func (p *printer) quote(s string) string {
	var enc strings.Builder
	e := json.NewEncoder(&enc)
	e.SetEscapeHTML(false)
	e.Encode(s)
	text := strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(strings.TrimSuffix(enc.String(), "\n"))
	text = strings.ReplaceAll(text, "\x7f", `\u007f`)
	if !p.ascii {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// number is a double with seventeen digits at most; what JSON has not is null or the
// largest there is.
func number(f float64) string {
	switch {
	case math.IsNaN(f):
		return "null"
	case math.IsInf(f, 0):
		f = math.Copysign(math.MaxFloat64, f)
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e17 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	if x := math.Abs(f); x >= 1e-5 && x < 1e17 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}
