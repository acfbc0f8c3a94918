package netfilter

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// tunnelMatch begins one of the matches that look into what others have wrapped.
func tunnelMatch(name string) *extension {
	switch name {
	case "bpf":
		return bpfExtension()
	case "ipvs":
		return ipvsExtension()
	case "u32":
		return u32Extension()
	case "policy":
		return policyExtension()
	}
	return nil
}

// bpfMatch is "-m bpf --bytecode": a program of the classic packet filter over the
// packet from its IP header on.
type bpfMatch struct {
	text string
	code []bpfInstruction
}

type bpfInstruction struct {
	op     uint16
	jt, jf uint8
	k      uint32
}

func bpfExtension() *extension {
	m := &bpfMatch{}
	return &extension{name: "bpf", match: m, opts: []string{"bytecode="},
		set:  func(_, arg, _ string, _ bool) error { return m.parse(arg) },
		done: func() error { return required(m.text != "", "bpf", "bytecode") }}
}

// parse reads "N,op jt jf k,…".
func (m *bpfMatch) parse(arg string) error {
	f := strings.Split(arg, ",")
	n, err := strconv.Atoi(f[0])
	if err != nil {
		return usagef("bpf: error parsing program length")
	}
	if n < 1 || n > 64 {
		return usagef("bpf: number of instructions is out of range")
	}
	if len(f) != n+1 && !(len(f) == n+2 && f[n+1] == "") {
		return usagef("bpf: parsed program length differs from the length given")
	}
	for _, s := range f[1 : n+1] {
		var i bpfInstruction
		if _, err := fmt.Sscanf(s, "%d %d %d %d", &i.op, &i.jt, &i.jf, &i.k); err != nil {
			return usagef("bpf: error at instruction %d", len(m.code))
		}
		m.code = append(m.code, i)
	}
	m.text = arg
	return nil
}

func (m *bpfMatch) name() string { return "bpf" }

func (m *bpfMatch) save(w *strings.Builder) { w.WriteString(" --bytecode \"" + m.text + "\"") }

func (m *bpfMatch) list(w *strings.Builder, _ bool) { w.WriteString("match bpf " + m.text) }

// The addresses of what the kernel knows beside the packet's bytes (linux/filter.h).
const (
	bpfAncillary  = uint32(0xfffff000) // SKF_AD_OFF
	bpfPayloadOff = bpfAncillary + 52  // SKF_AD_PAY_OFFSET
)

func (m *bpfMatch) test(p *packet) bool {
	var a, x uint32
	b := p.nf.Data
	load := func(at, size uint32) (v uint32, ok bool) {
		if at == bpfPayloadOff {
			return uint32(len(p.ip) + payloadOffset(&p.headers)), true
		}
		if uint64(at)+uint64(size) > uint64(len(b)) {
			return 0, false
		}
		switch size {
		case 1:
			return uint32(b[at]), true
		case 2:
			return uint32(binary.BigEndian.Uint16(b[at:])), true
		}
		return binary.BigEndian.Uint32(b[at:]), true
	}
	size := func(op uint16) uint32 { return map[uint16]uint32{0: 4, 8: 2, 16: 1}[op&0x18] }
	for pc := 0; pc < len(m.code); pc++ {
		i := m.code[pc]
		ok := true
		switch i.op & 7 {
		case 0: // load
			switch i.op & 0xe0 {
			case 0x00:
				a = i.k
			case 0x20:
				a, ok = load(i.k, size(i.op))
			case 0x40:
				a, ok = load(x+i.k, size(i.op))
			case 0x80:
				a = uint32(len(b))
			default:
				return false
			}
		case 1: // load into X
			switch i.op & 0xe0 {
			case 0x00:
				x = i.k
			case 0x80:
				x = uint32(len(b))
			case 0xa0:
				var v uint32
				v, ok = load(i.k, 1)
				x = v & 15 * 4
			default:
				return false
			}
		case 4:
			a, ok = bpfArithmetic(i.op, a, bpfOperand(i, x))
		case 5:
			pc += bpfJump(i, a, bpfOperand(i, x))
		case 6: // return
			if i.op&0x10 != 0 {
				return a != 0
			}
			return i.k != 0
		case 7:
			if i.op&0xf8 == 0x80 {
				a = x
			} else {
				x = a
			}
		default:
			return false
		}
		if !ok {
			return false
		}
	}
	return false
}

func bpfOperand(i bpfInstruction, x uint32) uint32 {
	if i.op&8 != 0 {
		return x
	}
	return i.k
}

func bpfArithmetic(op uint16, a, v uint32) (uint32, bool) {
	switch op & 0xf0 {
	case 0x00:
		return a + v, true
	case 0x10:
		return a - v, true
	case 0x20:
		return a * v, true
	case 0x30:
		if v == 0 {
			return 0, false
		}
		return a / v, true
	case 0x40:
		return a | v, true
	case 0x50:
		return a & v, true
	case 0x60:
		return a << (v & 31), true
	case 0x70:
		return a >> (v & 31), true
	case 0x80:
		return -a, true
	}
	return 0, false
}

// bpfJump is how many instructions are left out.
func bpfJump(i bpfInstruction, a, v uint32) int {
	yes := false
	switch i.op & 0xf0 {
	case 0x00:
		return int(min(i.k, 64))
	case 0x10:
		yes = a == v
	case 0x20:
		yes = a > v
	case 0x30:
		yes = a >= v
	case 0x40:
		yes = a&v != 0
	}
	if yes {
		return int(i.jt)
	}
	return int(i.jf)
}

// payloadOffset is how long the transport header is.
func payloadOffset(h *headers) int {
	switch {
	case h.proto == 17:
		return 8
	case h.proto == 6 && len(h.transport) > 12:
		return int(h.transport[12]>>4) * 4
	case h.proto == 1 || h.proto == 58:
		return 8
	}
	return 0
}

// u32Match is "-m u32": a chain of tests, each of which walks through the packet.
type u32Match struct {
	not   bool
	seen  bool
	tests []u32Test
}

type u32Test struct {
	steps  []u32Step
	ranges [][2]uint32
}

// u32Step is an operation and its number: '@' goes on from there, '&', '<' and '>'
// change the value; the first one has none.
type u32Step struct {
	op byte
	n  uint32
}

func u32Extension() *extension {
	m := &u32Match{}
	return &extension{name: "u32", match: m, opts: []string{"u32="},
		set: func(_, arg, _ string, not bool) error {
			m.not, m.seen = not, true
			return m.parse(arg)
		},
		done: func() error { return required(m.seen, "u32", "u32") }}
}

func (m *u32Match) parse(arg string) error {
	for _, s := range strings.Split(strings.ReplaceAll(arg, " ", ""), "&&") {
		place, values, ok := strings.Cut(s, "=")
		if !ok {
			return usagef("u32: abrupt end of input after location specifier")
		}
		var t u32Test
		op := byte(0)
		for place != "" {
			i := strings.IndexAny(place, "&<>@")
			num := place
			if i >= 0 {
				num = place[:i]
			}
			n, err := strconv.ParseUint(num, 0, 32)
			if err != nil {
				return usagef("u32: at char 0: expected number")
			}
			t.steps = append(t.steps, u32Step{op, uint32(n)})
			if i < 0 {
				break
			}
			op = place[i]
			place = place[i+1:]
			if op == '<' || op == '>' {
				if !strings.HasPrefix(place, string(op)) {
					return usagef("u32: at char 0: a second '%c' was expected", op)
				}
				place = place[1:]
			}
		}
		for _, v := range strings.Split(values, ",") {
			lo, hi, is := strings.Cut(v, ":")
			if !is {
				hi = lo
			}
			a, err := strconv.ParseUint(lo, 0, 32)
			b, err2 := strconv.ParseUint(hi, 0, 32)
			if err != nil || err2 != nil {
				return usagef("u32: at char 0: expected number")
			}
			t.ranges = append(t.ranges, [2]uint32{uint32(a), uint32(b)})
		}
		m.tests = append(m.tests, t)
	}
	return nil
}

func (m *u32Match) name() string { return "u32" }

func (m *u32Match) text(w *strings.Builder) {
	for i, t := range m.tests {
		if i > 0 {
			w.WriteString("&&")
		}
		for _, s := range t.steps {
			switch s.op {
			case '<', '>':
				w.WriteByte(s.op)
				fallthrough
			case '&', '@':
				w.WriteByte(s.op)
			}
			fmt.Fprintf(w, "0x%x", s.n)
		}
		w.WriteByte('=')
		for k, r := range t.ranges {
			if k > 0 {
				w.WriteByte(',')
			}
			fmt.Fprintf(w, "0x%x", r[0])
			if r[0] != r[1] {
				fmt.Fprintf(w, ":0x%x", r[1])
			}
		}
	}
}

func (m *u32Match) save(w *strings.Builder) {
	not(w, m.not)
	w.WriteString(" --u32 \"")
	m.text(w)
	w.WriteByte('"')
}

func (m *u32Match) list(w *strings.Builder, _ bool) {
	w.WriteString(" u32")
	not(w, m.not)
	w.WriteString(" \"")
	m.text(w)
	w.WriteByte('"')
}

func (m *u32Match) test(p *packet) bool {
	for _, t := range m.tests {
		v, ok := t.value(p.nf.Data)
		if !ok {
			return false
		}
		in := false
		for _, r := range t.ranges {
			in = in || v >= r[0] && v <= r[1]
		}
		if !in {
			return m.not
		}
	}
	return !m.not
}

func (t *u32Test) value(b []byte) (v uint32, ok bool) {
	at := uint64(0)
	read := func(n uint32) bool {
		if uint64(n)+at+4 > uint64(len(b)) {
			return false
		}
		v = binary.BigEndian.Uint32(b[at+uint64(n):])
		return true
	}
	for _, s := range t.steps {
		switch s.op {
		case '&':
			v &= s.n
		case '<':
			v <<= s.n & 31
		case '>':
			v >>= s.n & 31
		case '@':
			if at += uint64(v); !read(s.n) {
				return 0, false
			}
		default:
			if !read(s.n) {
				return 0, false
			}
		}
	}
	return v, true
}

// policyMatch is "-m policy": whether IPsec was applied to a packet, or will be.
type policyMatch struct {
	out, seen bool
	want      int // 0 not said, 1 ipsec, -1 none
}

func policyExtension() *extension {
	m := &policyMatch{}
	return &extension{name: "policy", match: m, opts: []string{"dir=", "pol="},
		set: func(opt, arg, _ string, not bool) error {
			switch {
			case not:
				return usagef("policy: option \"--%s\" cannot be inverted.", opt)
			case opt == "dir" && (arg == "in" || arg == "out"):
				m.out, m.seen = arg == "out", true
			case opt == "dir":
				return usagef("policy_match: invalid dir \"%s\"", arg)
			case arg == "ipsec":
				m.want = 1
			case arg == "none":
				m.want = -1
			default:
				return usagef("policy match: invalid policy \"%s\"", arg)
			}
			return nil
		},
		done: func() error {
			switch {
			case !m.seen:
				return usagef("policy match: neither --dir in nor --dir out specified")
			case m.want == 0:
				return usagef("policy match: neither --pol none nor --pol ipsec given")
			}
			return nil
		}}
}

func (m *policyMatch) name() string { return "policy" }

func (m *policyMatch) text() string {
	dir, pol := "in", "ipsec"
	if m.out {
		dir = "out"
	}
	if m.want < 0 {
		pol = "none"
	}
	return dir + " " + pol
}

func (m *policyMatch) save(w *strings.Builder) {
	dir, pol, _ := strings.Cut(m.text(), " ")
	w.WriteString(" --dir " + dir + " --pol " + pol)
}

func (m *policyMatch) list(w *strings.Builder, _ bool) {
	dir, pol, _ := strings.Cut(m.text(), " ")
	w.WriteString(" policy match dir " + dir + " pol " + pol)
}

func (m *policyMatch) test(p *packet) bool {
	is := p.nf.Decrypted
	if m.out {
		is = p.nf.Encrypts
	}
	return is == (m.want > 0)
}
