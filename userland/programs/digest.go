package programs

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
)

var digestTable = map[string]applet{
	"md5sum": sum(md5.New), "sha1sum": sum(sha1.New), "sha256sum": sum(sha256.New),
	"base64": base64_, "od": od, "hexdump": hexdump, "xxd": hexdump,
}

func sum(make func() hash.Hash) applet {
	return func(c *invocation) int {
		o := c.parse("cbts|check=c,binary=b,text=t,status=s")
		if o.has("c") {
			return checkSums(c, o, make)
		}
		return c.inputs(o.args, func(name string, r io.Reader) int {
			h := make()
			io.Copy(h, struct{ io.Reader }{r})
			c.Printf("%x  %s\n", h.Sum(nil), name)
			return 0
		})
	}
}

func checkSums(c *invocation, o options, make func() hash.Hash) int {
	bad := 0
	status := c.inputs(o.args, func(_ string, r io.Reader) int {
		for _, l := range textLines(c.slurp(r)) {
			want, name, ok := strings.Cut(l, "  ")
			if !ok {
				continue
			}
			data, err := c.ReadFile(name)
			h := make()
			h.Write(data)
			if err != nil || fmt.Sprintf("%x", h.Sum(nil)) != want {
				bad++
				c.Printf("%s: FAILED\n", name)
				continue
			}
			c.Printf("%s: OK\n", name)
		}
		return 0
	})
	if bad > 0 {
		c.Errorf("%s: WARNING: %d computed checksum did NOT match\n", c.name(), bad)
		return 1
	}
	return status
}

func base64_(c *invocation) int {
	o := c.parse("dw:i|decode=d,wrap=w")
	wrap, err := strconv.Atoi(o.value("w", "76"))
	if err != nil || wrap < 0 {
		c.misuse(1, "invalid wrap size: '%s'", o.value("w", ""))
	}
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		data := c.slurp(r)
		if o.has("d") {
			text := strings.Join(strings.Fields(string(data)), "")
			out, err := base64.StdEncoding.DecodeString(text)
			c.Stdout.Write(out)
			if err != nil {
				return c.fail("invalid input")
			}
			return 0
		}
		text := base64.StdEncoding.EncodeToString(data)
		for wrap > 0 && len(text) > wrap {
			c.Printf("%s\n", text[:wrap])
			text = text[wrap:]
		}
		c.Printf("%s", text)
		if wrap > 0 && text != "" {
			c.Printf("\n")
		}
		return 0
	})
}

// dumpInput is the concatenated input, shortened to a -n or -N limit.
func dumpInput(c *invocation, files []string, limit string) ([]byte, int) {
	var all []byte
	status := c.inputs(files, func(_ string, r io.Reader) int {
		n := int64(16 << 20)
		if k, err := strconv.ParseInt(limit, 0, 64); err == nil && k >= 0 {
			n = k - int64(len(all))
		}
		b, _ := io.ReadAll(io.LimitReader(r, n))
		all = append(all, b...)
		return 0
	})
	return all, status
}

func od(c *invocation) int {
	o := c.parse("bcdoxA:t:N:j:vw:|format=t,address-radix=A,read-bytes=N")
	data, status := dumpInput(c, o.args, o.value("N", ""))
	form := o.value("t", "o2")
	switch {
	case o.has("c"):
		form = "c"
	case o.has("x"):
		form = "x2"
	case o.has("b"):
		form = "o1"
	case o.has("d"):
		form = "u2"
	}
	address := func(n int) string {
		switch o.value("A", "o") {
		case "n":
			return ""
		case "d":
			return fmt.Sprintf("%07d", n)
		case "x":
			return fmt.Sprintf("%06x", n)
		}
		return fmt.Sprintf("%07o", n)
	}
	for at := 0; at < len(data); at += 16 {
		c.Printf("%s%s\n", address(at), odLine(data[at:min(len(data), at+16)], form))
	}
	if end := address(len(data)); end != "" {
		c.Printf("%s\n", end)
	}
	return status
}

func odLine(b []byte, form string) string {
	line := ""
	if form == "c" {
		for _, ch := range b {
			text := string(rune(ch))
			if k := strings.IndexByte("\x00\a\b\f\n\r\t\v", ch); k >= 0 {
				text = `\` + string("0abfnrtv"[k])
			} else if ch < 32 || ch > 126 {
				text = fmt.Sprintf("%03o", ch)
			}
			line += fmt.Sprintf("%4s", text)
		}
		return line
	}
	size := 2
	if n, err := strconv.Atoi(strings.TrimLeft(form, "xoudac")); err == nil && (n == 1 || n == 2 || n == 4) {
		size = n
	}
	for i := 0; i < len(b); i += size {
		v := 0
		for k := size - 1; k >= 0; k-- {
			v <<= 8
			if i+k < len(b) {
				v |= int(b[i+k])
			}
		}
		switch form[0] {
		case 'x':
			line += fmt.Sprintf(" %0*x", size*2, v)
		case 'u', 'd':
			line += fmt.Sprintf(" %*d", []int{0, 3, 5, 0, 10}[size], v)
		default:
			line += fmt.Sprintf(" %0*o", []int{0, 3, 6, 0, 11}[size], v)
		}
	}
	return line
}

func hexdump(c *invocation) int {
	o := c.parse("Cn:vs:pl:|canonical=C,length=n")
	canonical := o.has("C") || c.name() == "xxd"
	data, status := dumpInput(c, o.args, o.value("n", o.value("l", "")))
	for at := 0; at < len(data); at += 16 {
		row := data[at:min(len(data), at+16)]
		if !canonical {
			c.Printf("%07x%s\n", at, odLine(row, "x2"))
			continue
		}
		hex, text := "", ""
		for i := range 16 {
			if i == 8 {
				hex += " "
			}
			if i >= len(row) {
				hex += "   "
				continue
			}
			hex += fmt.Sprintf(" %02x", row[i])
			if row[i] >= 32 && row[i] < 127 {
				text += string(rune(row[i]))
			} else {
				text += "."
			}
		}
		c.Printf("%08x %s  |%s|\n", at, hex, text)
	}
	if len(data) > 0 {
		c.Printf("%0*x\n", map[bool]int{true: 8, false: 7}[canonical], len(data))
	}
	return status
}
