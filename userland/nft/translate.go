package nft

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/stack/netfilter"
)

// rule is a rule of iptables on its way into the words of nft.
type rule struct {
	family           string
	words            []string
	in, out          string
	proto            string
	source, dest     string
	tests            []string
	ports            bool // a test is about the protocol, which need not be said then
	verdict, comment string
	compat           bool // something in it is no expression of nf_tables but an extension of iptables
}

// translate is a rule as nft writes it, and whether nft warns of its table: it does where an
// extension of iptables is in it.
func translate(r netfilter.MadeRule, family string) (string, bool) {
	x := rule{family: family, words: fields(r.Text)}
	for len(x.words) > 0 {
		x.read()
	}
	parts := []string{x.in, x.out}
	if x.proto != "" && !x.ports {
		parts = append(parts, "meta l4proto "+x.proto)
	}
	parts = append(parts, x.source, x.dest)
	parts = append(append(parts, x.tests...), fmt.Sprintf("counter packets %d bytes %d", r.Packets, r.Bytes), x.verdict, x.comment)
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " "), x.compat
}

// fields splits words that may be quoted.
func fields(s string) (out []string) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if s[0] == '"' {
			if i := strings.IndexByte(s[1:], '"'); i >= 0 {
				out, s = append(out, s[1:1+i]), s[i+2:]
				continue
			}
		}
		word, rest, _ := strings.Cut(s, " ")
		out, s = append(out, word), rest
	}
	return out
}

func (x *rule) next() string {
	if len(x.words) == 0 {
		return ""
	}
	w := x.words[0]
	x.words = x.words[1:]
	return w
}

// read takes one option and what belongs to it.
func (x *rule) read() {
	not := ""
	w := x.next()
	if w == "!" {
		not, w = "!= ", x.next()
	}
	switch w {
	case "-i":
		x.in = "iifname " + not + device(x.next())
	case "-o":
		x.out = "oifname " + not + device(x.next())
	case "-p":
		x.proto = not + x.next()
	case "-s":
		x.source = x.family + " saddr " + not + x.prefix()
	case "-d":
		x.dest = x.family + " daddr " + not + x.prefix()
	case "--dport", "--sport", "--dports", "--sports":
		x.ports = true
		x.tests = append(x.tests, x.proto+" "+strings.TrimSuffix(strings.TrimPrefix(w, "--"), "s")+" "+not+ports(x.next()))
	case "--ctstate":
		x.tests = append(x.tests, "ct state "+not+states(x.next()))
	case "--dst-type", "--src-type":
		x.tests = append(x.tests, "fib "+map[byte]string{'d': "daddr", 's': "saddr"}[w[2]]+" type "+not+strings.ToLower(x.next()))
	case "--mark":
		x.tests = append(x.tests, "meta mark "+not+mark(x.next()))
	case "--comment":
		x.comment = `comment "` + x.next() + `"`
	case "-m":
		x.match(x.next())
	case "-j", "-g":
		x.jump(w, x.next())
	default:
		x.compat = true // what is left of an extension
	}
}

// match begins an extension: those that nft has no words for it names only.
func (x *rule) match(name string) {
	switch name {
	case "tcp", "udp", "comment", "mark", "multiport":
	case "conntrack", "addrtype":
		x.compat = true
	default:
		x.compat = true
		x.tests = append(x.tests, `xt match "`+name+`"`)
		for len(x.words) > 0 && x.words[0] != "-m" && x.words[0] != "-j" && x.words[0] != "-g" {
			x.next()
		}
	}
}

func (x *rule) jump(how, target string) {
	options := map[string]string{}
	for len(x.words) > 0 {
		k := x.next()
		if len(x.words) > 0 && !strings.HasPrefix(x.words[0], "--") {
			options[k] = x.next()
		} else {
			options[k] = ""
		}
	}
	switch target {
	case "ACCEPT", "DROP", "RETURN":
		x.verdict = strings.ToLower(target)
	case "MASQUERADE":
		x.compat, x.verdict = true, "masquerade"
	case "DNAT":
		x.compat, x.verdict = true, "dnat to "+options["--to-destination"]
	case "SNAT":
		x.compat, x.verdict = true, "snat to "+options["--to-source"]
	case "REDIRECT":
		x.compat, x.verdict = true, strings.TrimSuffix("redirect to :"+options["--to-ports"], " to :")
	case "REJECT":
		x.compat, x.verdict = true, "reject"
	case "LOG":
		x.compat, x.verdict = true, "log"
		if prefix := options["--log-prefix"]; prefix != "" {
			x.verdict += ` prefix "` + prefix + `"`
		}
	default:
		switch {
		case strings.ToUpper(target) == target && len(options) > 0:
			x.compat, x.verdict = true, `xt target "`+target+`"`
		case how == "-g":
			x.verdict = "goto " + target
		default:
			x.verdict = "jump " + target
		}
	}
}

// device is an interface's name; iptables' "+" is nft's "*".
func device(name string) string {
	if strings.HasSuffix(name, "+") {
		name = strings.TrimSuffix(name, "+") + "*"
	}
	return `"` + name + `"`
}

// prefix is an address, without the length of a single one.
func (x *rule) prefix() string {
	return strings.TrimSuffix(strings.TrimSuffix(x.next(), "/128"), "/32")
}

func ports(s string) string {
	s = strings.ReplaceAll(s, ":", "-")
	if strings.Contains(s, ",") {
		return "{ " + strings.ReplaceAll(s, ",", ", ") + " }"
	}
	return s
}

// states are in the order in which the extension says them.
func states(s string) string {
	var out []string
	for _, w := range []string{"INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"} {
		if slices.Contains(strings.Split(s, ","), w) {
			out = append(out, strings.ToLower(w))
		}
	}
	return strings.Join(out, ",")
}

func mark(s string) string {
	value, mask, ok := strings.Cut(s, "/")
	if !ok {
		return value
	}
	return "& " + mask + " == " + value
}
