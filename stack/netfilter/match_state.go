package netfilter

import (
	"strconv"
	"strings"
)

// ctState is a set of the states of "-m conntrack --ctstate".
type ctState uint8

const (
	ctInvalid ctState = 1 << iota
	ctNew
	ctRelated
	ctEstablished
	ctUntracked
	ctSNAT
	ctDNAT
)

// In the order in which iptables prints them.
var ctStateNames = []string{"INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"}

func (s ctState) String() string {
	var names []string
	for i, n := range ctStateNames {
		if s&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, ",")
}

func parseCtState(arg, ext string) (ctState, error) {
	var s ctState
next:
	for _, name := range strings.Split(arg, ",") {
		for i, n := range ctStateNames {
			if strings.EqualFold(n, name) && !(ext == "state" && i > 4) {
				s |= 1 << i
				continue next
			}
		}
		return 0, usagef("Bad ctstate \"%s\"", name)
	}
	return s, nil
}

// stateMatch is the old "-m state".
type stateMatch struct {
	not    bool
	states ctState
}

func (m *stateMatch) name() string { return "state" }

func (m *stateMatch) save(w *strings.Builder) {
	not(w, m.not)
	w.WriteString(" --state " + m.states.String())
}

func (m *stateMatch) list(w *strings.Builder, _ bool) {
	not(w, m.not)
	w.WriteString(" state " + m.states.String())
}

func (m *stateMatch) test(p *packet) bool { return (p.nf.state&m.states != 0) != m.not }

// conntrackMatch is "-m conntrack". Its parts are in the order in which
// iptables prints them.
type conntrackMatch struct {
	states ctState
	parts  [12]*ctPart
}

// The places of conntrackMatch.parts.
const (
	ctStatePart = iota
	ctProto
	ctOrigSrc
	ctOrigDst
	ctReplSrc
	ctReplDst
	ctOrigSrcPort
	ctOrigDstPort
	ctReplSrcPort
	ctReplDstPort
	ctStatus
	ctDir
)

var ctOptions = [12]string{"ctstate", "ctproto", "ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst",
	"ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport", "ctstatus", "ctdir"}

type ctPart struct {
	not   bool
	text  string
	addr  addrTest
	ports portRange
	num   uint8
}

func (m *conntrackMatch) name() string { return "conntrack" }

func (m *conntrackMatch) save(w *strings.Builder) { m.write(w, " --") }

func (m *conntrackMatch) list(w *strings.Builder, _ bool) { m.write(w, " ") }

func (m *conntrackMatch) write(w *strings.Builder, prefix string) {
	for i, part := range m.parts {
		if part == nil {
			continue
		}
		not(w, part.not)
		w.WriteString(prefix + ctOptions[i] + " " + part.text)
	}
}

func (m *conntrackMatch) test(p *packet) bool {
	for i, part := range m.parts {
		if part != nil && m.part(i, part, p) == part.not {
			return false
		}
	}
	return true
}

func (m *conntrackMatch) part(i int, part *ctPart, p *packet) bool {
	if i == ctStatePart {
		return m.state(p)
	}
	f := p.nf.conn
	if f == nil {
		return false
	}
	switch i {
	case ctProto:
		return f.orig.proto == part.num
	case ctOrigSrc:
		return part.addr.test(f.orig.src)
	case ctOrigDst:
		return part.addr.test(f.orig.dst)
	case ctReplSrc:
		return part.addr.test(f.repl.src)
	case ctReplDst:
		return part.addr.test(f.repl.dst)
	case ctOrigSrcPort:
		return part.ports.test(f.orig.sport)
	case ctOrigDstPort:
		return part.ports.test(f.orig.dport)
	case ctReplSrcPort:
		return part.ports.test(f.repl.sport)
	case ctReplDstPort:
		return part.ports.test(f.repl.dport)
	case ctStatus:
		return f.status()&part.num != 0 || part.num == 0 && f.status() == 0
	default:
		return p.nf.reply == (part.num == 1)
	}
}

func (m *conntrackMatch) state(p *packet) bool {
	s := p.nf.state
	if f := p.nf.conn; f != nil {
		if f.snat() {
			s |= ctSNAT
		}
		if f.dnat() {
			s |= ctDNAT
		}
	}
	return s&m.states != 0
}

// The bits of --ctstatus.
const (
	ctExpected = 1 << iota
	ctSeenReply
	ctAssured
	ctConfirmed
)

var ctStatusNames = []string{"EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"}

func parseCtStatus(arg string) (uint8, error) {
	var s uint8
next:
	for _, name := range strings.Split(arg, ",") {
		if strings.EqualFold(name, "NONE") {
			continue
		}
		for i, n := range ctStatusNames {
			if strings.EqualFold(n, name) {
				s |= 1 << i
				continue next
			}
		}
		return 0, usagef("Bad ctstatus \"%s\"", name)
	}
	return s, nil
}

// set reads one option of "-m conntrack".
func (m *conntrackMatch) set(ps *parser, opt, arg string, not bool) error {
	i := 0
	for ctOptions[i] != opt {
		i++
	}
	part := &ctPart{not: not, text: arg}
	var err error
	switch i {
	case ctStatePart:
		m.states, err = parseCtState(arg, "conntrack")
		part.text = m.states.String()
	case ctProto:
		n, ok := protoNumber(arg)
		if !ok {
			err = usagef("unknown protocol \"%s\" specified", arg)
		}
		part.num, part.text = n, strconv.Itoa(int(n))
	case ctOrigSrc, ctOrigDst, ctReplSrc, ctReplDst:
		var a []addrTest
		if a, err = ps.addresses(arg, false); err == nil {
			part.addr, part.text = a[0], a[0].hostString()
		}
	case ctOrigSrcPort, ctOrigDstPort, ctReplSrcPort, ctReplDstPort:
		part.ports, err = parsePortRange(arg, false)
		if err == nil {
			part.text = strconv.Itoa(int(part.ports.lo))
			if part.ports.lo != part.ports.hi {
				part.text += ":" + strconv.Itoa(int(part.ports.hi))
			}
		}
	case ctStatus:
		part.num, err = parseCtStatus(arg)
		part.text = strings.ToUpper(arg)
	case ctDir:
		switch strings.ToUpper(arg) {
		case "ORIGINAL":
		case "REPLY":
			part.num = 1
		default:
			err = usagef("Bad ctdir")
		}
		part.text = strings.ToUpper(arg)
	}
	m.parts[i] = part
	return err
}

// hostString is the address without the suffix of a full mask.
func (a addrTest) hostString() string {
	if n, ok := maskLen(a.mask); ok && n == a.addr.BitLen() {
		return a.addr.String()
	}
	return a.String()
}
