package netconf

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/stack"
	"dnetsim/stack/socket"
)

// ssFilter is a condition of ss's filter language.
type ssFilter func(t *ssTool, s stack.SocketInfo) bool

// ssStates are the words of `state`, and the states they stand for.
var ssStates = map[string][]socket.State{
	"established": {socket.Established}, "estab": {socket.Established}, "syn-sent": {socket.SynSent}, "syn-recv": {socket.SynReceived},
	"fin-wait-1": {socket.FinWait1}, "fin-wait-2": {socket.FinWait2}, "time-wait": {socket.TimeWait},
	"closed": {socket.Unconnected}, "unconnected": {socket.Unconnected}, "close-wait": {socket.CloseWait}, "last-ack": {socket.LastAck},
	"listening": {socket.Listen}, "listen": {socket.Listen}, "closing": {socket.Closing},
	"all":          {socket.Established, socket.SynSent, socket.SynReceived, socket.FinWait1, socket.FinWait2, socket.TimeWait, socket.Unconnected, socket.CloseWait, socket.LastAck, socket.Listen, socket.Closing},
	"connected":    {socket.Established, socket.SynSent, socket.SynReceived, socket.FinWait1, socket.FinWait2, socket.TimeWait, socket.CloseWait, socket.LastAck, socket.Closing},
	"synchronized": {socket.Established, socket.SynReceived, socket.FinWait1, socket.FinWait2, socket.TimeWait, socket.CloseWait, socket.LastAck, socket.Closing},
	"bucket":       {socket.SynReceived, socket.TimeWait},
	"big":          {socket.Established, socket.SynSent, socket.FinWait1, socket.FinWait2, socket.Unconnected, socket.CloseWait, socket.LastAck, socket.Listen, socket.Closing},
}

// readFilter reads `state WORD…`, `exclude WORD…` and then an expression.
func (t *ssTool) readFilter(w *words) error {
	for w.peek() == "state" || w.peek() == "exclude" {
		how, word := w.next(), w.next()
		list, ok := ssStates[word]
		if !ok {
			return exitWith(1, "ss: wrong state name: %s", word)
		}
		if t.states == nil {
			t.states = map[socket.State]bool{}
			if how == "exclude" {
				for _, s := range ssStates["all"] {
					t.states[s] = true
				}
			}
		}
		for _, s := range list {
			t.states[s] = how == "state"
		}
	}
	on := 0
	for _, yes := range t.states {
		on += b2i(yes)
	}
	t.stateShown = on != 1
	tokens := &words{list: ssTokens(strings.Join(w.rest(), " "))}
	if !tokens.more() {
		return nil
	}
	f, ok := ssOr(tokens)
	if !ok || tokens.more() {
		return exitWith(255, "Error: an inet prefix is expected rather than \"%s\".\nCannot parse dst/src address.", tokens.peek())
	}
	t.filter = f
	return nil
}

// ssTokens splits an expression; parentheses and operators stand alone.
func ssTokens(text string) []string {
	for _, op := range []string{"(", ")", "!="} {
		text = strings.ReplaceAll(text, op, " "+op+" ")
	}
	return strings.Fields(text)
}

func ssOr(w *words) (ssFilter, bool) {
	left, ok := ssAnd(w)
	for ok && slices.Contains([]string{"or", "|", "||"}, w.peek()) {
		w.next()
		var right ssFilter
		a := left
		if right, ok = ssAnd(w); ok {
			left = func(t *ssTool, s stack.SocketInfo) bool { return a(t, s) || right(t, s) }
		}
	}
	return left, ok
}

func ssAnd(w *words) (ssFilter, bool) {
	left, ok := ssTerm(w)
	for ok && w.more() && !slices.Contains([]string{"or", "|", "||", ")"}, w.peek()) {
		if slices.Contains([]string{"and", "&", "&&"}, w.peek()) {
			w.next()
		}
		var right ssFilter
		a := left
		if right, ok = ssTerm(w); ok {
			left = func(t *ssTool, s stack.SocketInfo) bool { return a(t, s) && right(t, s) }
		}
	}
	return left, ok
}

func ssTerm(w *words) (ssFilter, bool) {
	switch word := w.next(); word {
	case "not", "!":
		f, ok := ssTerm(w)
		return func(t *ssTool, s stack.SocketInfo) bool { return !f(t, s) }, ok
	case "(":
		f, ok := ssOr(w)
		return f, ok && w.next() == ")"
	case "sport", "dport", "src", "dst":
		return ssCompare(word, w)
	}
	return nil, false
}

// ssCompare is "sport = :80", "dport :80", "dst 10.0.0.0/24:80".
func ssCompare(what string, w *words) (ssFilter, bool) {
	op := "="
	switch w.peek() {
	case "=", "==", "eq", "!=", "ne", "neq", ">", "gt", "<", "lt", ">=", "ge", "geq", "<=", "le", "leq":
		op = w.next()
	}
	text := w.next()
	if text == "" {
		return nil, false
	}
	host, port := "", text
	if what == "src" || what == "dst" {
		host, port = text, ""
	}
	if k := strings.LastIndex(text, ":"); k >= 0 && !strings.Contains(text[:k], "::") {
		host, port = text[:k], text[k+1:]
	}
	var prefix netip.Prefix
	if host = strings.Trim(host, "[]*"); host != "" {
		var ok bool
		if prefix, _, ok = parsePrefix(host); !ok {
			return nil, false
		}
	}
	number := -1
	if port != "" && port != "*" {
		n, err := strconv.Atoi(port)
		if err != nil {
			n = portByName(port)
		}
		if n < 0 {
			return nil, false
		}
		number = n
	}
	return func(t *ssTool, s stack.SocketInfo) bool {
		end := s.Local
		if what[0] == 'd' {
			end = s.Remote
		}
		if prefix.IsValid() && !prefix.Contains(end.Addr().Unmap()) {
			return false
		}
		return number < 0 || compare(int(end.Port()), op, number)
	}, true
}

func compare(a int, op string, b int) bool {
	switch op {
	case "!=", "ne", "neq":
		return a != b
	case ">", "gt":
		return a > b
	case "<", "lt":
		return a < b
	case ">=", "ge", "geq":
		return a >= b
	case "<=", "le", "leq":
		return a <= b
	}
	return a == b
}

// portByName is the number of a well known service, or -1.
func portByName(name string) int {
	for _, port := range slices.Sorted(maps.Keys(wellKnown)) {
		if wellKnown[port] == name {
			return port
		}
	}
	return -1
}
