package netfilter

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// logTarget is "-j LOG".
type logTarget struct {
	prefix string
	level  int
	flags  int
}

var logFlags = []string{"tcp-sequence", "tcp-options", "ip-options", "uid", "macdecode"}

var logLevels = []string{"emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"}

// logFlagBits are the kernel's values of logFlags: NF_LOG_TCPSEQ and so on.
var logFlagBits = []int{1, 2, 4, 8, 32}

func parseLogLevel(arg string) (int, error) {
	if n, err := strconv.Atoi(arg); err == nil && n >= 0 && n <= 7 {
		return n, nil
	}
	for i, name := range logLevels {
		if strings.EqualFold(arg, name) {
			return i, nil
		}
	}
	switch strings.ToLower(arg) {
	case "panic":
		return 0, nil
	case "err":
		return 3, nil
	case "warn":
		return 4, nil
	}
	return 0, usagef("log-level \"%s\" unknown", arg)
}

func (t *logTarget) save(w *strings.Builder) {
	if t.prefix != "" {
		w.WriteString(" --log-prefix")
		saveString(w, t.prefix)
	}
	if t.level != 4 {
		w.WriteString(" --log-level " + strconv.Itoa(t.level))
	}
	for i, name := range logFlags {
		if t.flags&logFlagBits[i] != 0 {
			w.WriteString(" --log-" + name)
		}
	}
}

func (t *logTarget) list(w *strings.Builder, numeric bool) {
	w.WriteString(" LOG")
	if numeric {
		fmt.Fprintf(w, " flags %d level %d", t.flags, t.level)
	} else {
		w.WriteString(" level " + logLevels[t.level])
		for i, name := range logFlags {
			if t.flags&logFlagBits[i] != 0 {
				w.WriteString(" " + name)
			}
		}
	}
	if t.prefix != "" {
		w.WriteString(" prefix \"" + t.prefix + "\"")
	}
}

// traceTarget is "-j TRACE": every rule that the packet meets from here on is a
// line in the kernel's log.
type traceTarget struct{}

func (traceTarget) save(*strings.Builder)           {}
func (traceTarget) list(w *strings.Builder, _ bool) { w.WriteString(" TRACE") }

// natTarget is MASQUERADE, SNAT, DNAT and REDIRECT.
type natTarget struct {
	kind        string
	lo, hi      netip.Addr // invalid for "keep the address"
	portLo      uint16
	portHi      uint16
	hasPort     bool
	random      bool
	randomFully bool
	persistent  bool
}

func (t *natTarget) ports() string {
	s := strconv.Itoa(int(t.portLo))
	if t.portHi != t.portLo {
		s += "-" + strconv.Itoa(int(t.portHi))
	}
	return s
}

func (t *natTarget) to() string {
	var s string
	bracket := t.lo.Is6() && t.hasPort
	if bracket {
		s = "["
	}
	if t.lo.IsValid() {
		s += t.lo.String()
		if t.hi != t.lo {
			s += "-" + t.hi.String()
		}
	}
	if bracket {
		s += "]"
	}
	if t.hasPort {
		s += ":" + t.ports()
	}
	return s
}

func (t *natTarget) save(w *strings.Builder) {
	switch t.kind {
	case "SNAT":
		w.WriteString(" --to-source " + t.to())
	case "DNAT":
		w.WriteString(" --to-destination " + t.to())
	default:
		if t.hasPort {
			w.WriteString(" --to-ports " + t.ports())
		}
	}
	t.flags(w, " --")
}

func (t *natTarget) flags(w *strings.Builder, prefix string) {
	if t.random {
		w.WriteString(prefix + "random")
	}
	if t.randomFully {
		w.WriteString(prefix + "random-fully")
	}
	if t.persistent {
		w.WriteString(prefix + "persistent")
	}
}

func (t *natTarget) list(w *strings.Builder, _ bool) {
	switch t.kind {
	case "SNAT", "DNAT":
		w.WriteString(" to:" + t.to())
	case "MASQUERADE":
		if t.hasPort {
			w.WriteString(" masq ports: " + t.ports())
		}
	default:
		if t.hasPort {
			w.WriteString(" redir ports " + t.ports())
		}
	}
	t.flags(w, " ")
}

// parseTo reads "addr", "addr-addr", "addr:port", ":port-port", "[v6]:port".
func (t *natTarget) parseTo(arg string, v6 bool) error {
	host, ports := arg, ""
	switch {
	case v6 && strings.HasPrefix(arg, "["):
		end := strings.Index(arg, "]")
		if end < 0 {
			return usagef("Invalid address format")
		}
		host, ports = arg[1:end], strings.TrimPrefix(arg[end+1:], ":")
	case !v6:
		if i := strings.IndexByte(arg, ':'); i >= 0 {
			host, ports = arg[:i], arg[i+1:]
			if ports == "" {
				return usagef("Port `' not valid")
			}
		}
	}
	if ports != "" {
		if err := t.parsePorts(ports); err != nil {
			return err
		}
	}
	if host == "" {
		return nil
	}
	lo, hi, isRange := strings.Cut(host, "-")
	var err error
	if t.lo, err = parseHost(lo, v6); err != nil {
		return err
	}
	t.hi = t.lo
	if isRange {
		if t.hi, err = parseHost(hi, v6); err != nil {
			return err
		}
	}
	return nil
}

func parseHost(s string, v6 bool) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Is6() != v6 || a.Zone() != "" {
		return a, usagef("Bad IP address \"%s\"", s)
	}
	return a, nil
}

func (t *natTarget) parsePorts(arg string) error {
	lo, hi, isRange := strings.Cut(arg, "-")
	if !isRange {
		hi = lo
	}
	a, okA := serviceNumber(lo)
	b, okB := serviceNumber(hi)
	if !okA || a == 0 {
		return usagef("Port `%s' not valid", lo)
	}
	if !okB || b < a {
		return usagef("Port range `%s' funky", arg)
	}
	t.hasPort, t.portLo, t.portHi = true, a, b
	return nil
}

// markTarget is "-j MARK": mark = (mark &^ mask) ^ value.
type markTarget struct{ value, mask uint32 }

func (t *markTarget) save(w *strings.Builder) {
	fmt.Fprintf(w, " --set-xmark 0x%x/0x%x", t.value, t.mask)
}

func (t *markTarget) list(w *strings.Builder, _ bool) {
	switch {
	case t.value == 0:
		fmt.Fprintf(w, " MARK and 0x%x", ^t.mask)
	case t.value == t.mask:
		fmt.Fprintf(w, " MARK or 0x%x", t.value)
	case t.mask == 0:
		fmt.Fprintf(w, " MARK xor 0x%x", t.value)
	case t.mask == 0xffffffff:
		fmt.Fprintf(w, " MARK set 0x%x", t.value)
	default:
		fmt.Fprintf(w, " MARK xset 0x%x/0x%x", t.value, t.mask)
	}
}

// checksumTarget is "-j CHECKSUM": it is accepted and does nothing, for our
// packets are always finished when they leave.
type checksumTarget struct{}

func (checksumTarget) save(w *strings.Builder) { w.WriteString(" --checksum-fill") }

func (checksumTarget) list(w *strings.Builder, _ bool) { w.WriteString(" CHECKSUM fill") }

// tcpmssTarget is "-j TCPMSS".
type tcpmssTarget struct {
	mss   int // bytes of TCP payload, when not clamp
	clamp bool
}

func (t *tcpmssTarget) save(w *strings.Builder) {
	if t.clamp {
		w.WriteString(" --clamp-mss-to-pmtu")
		return
	}
	w.WriteString(" --set-mss " + strconv.Itoa(t.mss))
}

func (t *tcpmssTarget) list(w *strings.Builder, _ bool) {
	w.WriteString(" TCPMSS ")
	if t.clamp {
		w.WriteString("clamp to PMTU")
		return
	}
	w.WriteString("set " + strconv.Itoa(t.mss))
}
