package explain

import (
	"net/url"
	"strconv"
	"strings"
)

// Asked is the flow that a typed line is about, if it is one that reaches for
// somebody: ping, curl, wget, nc, telnet, traceroute, nslookup and the like, also
// within docker exec. Place is where it was typed, "HOST" or "HOST/CONTAINER".
func Asked(place, line string) (Flow, bool) {
	if strings.Contains(line, "docker run ") && strings.Contains(line, " -c ") {
		return Flow{}, false // what a container's own shell does, which is gone after that
	}
	for _, command := range commands(line) {
		if f, ok := askedBy(place, command); ok {
			return f, true
		}
	}
	return Flow{}, false
}

// commands are the simple commands of a line, without their redirections, as far
// as its words tell: quotes are taken away, and what is in them is taken apart.
func commands(line string) [][]string {
	var out [][]string
	var words []string
	skip := false
	for _, w := range strings.Fields(strings.NewReplacer("'", "", `"`, "", ";", " ; ").Replace(line)) {
		switch {
		case strings.Trim(w, "|&;") == "":
			out, words, skip = append(out, words), nil, false
		case strings.Contains(w, ">"):
			skip = strings.HasSuffix(w, ">") // its file is the next word
		case !skip:
			words = append(words, w)
		default:
			skip = false
		}
	}
	return append(out, words)
}

// askedBy is Asked for the words of one command.
func askedBy(place string, words []string) (Flow, bool) {
	for len(words) > 0 && (words[0] == "!" || words[0] == "exec" || words[0] == "do" || words[0] == "then" || words[0] == "if" || words[0] == "while") {
		words = words[1:]
	}
	if len(words) > 3 && words[0] == "docker" && (words[1] == "exec" || words[1] == "container" && words[2] == "exec") {
		rest := operands(words[2:], "-e", "-u", "-w", "--env", "--user", "--workdir", "--detach-keys", "--env-file")
		if len(rest) < 2 || strings.Contains(place, "/") {
			return Flow{}, false
		}
		inner := rest[1:]
		if len(inner) > 2 && (inner[0] == "sh" || inner[0] == "bash") && inner[1] == "-c" {
			inner = inner[2:]
		}
		return Asked(place+"/"+rest[0], strings.Join(inner, " "))
	}
	if len(words) > 1 && (words[0] == "timeout" || words[0] == "time") {
		skip := 1
		if words[0] == "timeout" {
			skip = 2
		}
		return Asked(place, strings.Join(words[min(skip, len(words)):], " "))
	}
	if len(words) < 2 {
		return Flow{}, false
	}
	return asks(place, words)
}

// operands are the words that are no options; those in valued take the next
// word along.
func operands(words []string, valued ...string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		w := words[i]
		if strings.HasPrefix(w, "-") && len(w) > 1 {
			for _, v := range valued {
				if w == v {
					i++
				}
			}
			continue
		}
		return append(out, words[i:]...)
	}
	return out
}

// all are the words that are no options, wherever they stand.
func all(words []string, valued ...string) []string {
	var out []string
	for rest := operands(words, valued...); len(rest) > 0; rest = operands(rest[1:], valued...) {
		out = append(out, rest[0])
	}
	return out
}

func asks(place string, words []string) (Flow, bool) {
	f := Flow{From: place}
	switch words[0] {
	case "ping", "ping6", "traceroute", "tracepath", "arping":
		valued := []string{"-c", "-W", "-w", "-i", "-s", "-I", "-t", "-M", "-Q", "-m", "-p", "-l"}
		if words[0] == "traceroute" {
			valued = append(valued, "-q", "-f") // to ping they are quiet and flood
		}
		rest := all(words[1:], valued...)
		for i, w := range words {
			if w == "-s" && i+1 < len(words) {
				n, _ := strconv.Atoi(words[i+1])
				f.Large = n > 1300
			}
		}
		if len(rest) == 0 {
			rest = all(words[1:])
		}
		return named(f, rest, 0)
	case "curl", "wget", "links", "lynx":
		for _, w := range all(words[1:], "-o", "-O", "-m", "-T", "-H", "-X", "-d", "-u", "-A", "-w", "--max-time", "--connect-timeout", "--resolve", "-t") {
			if flow, ok := ofURL(f, w); ok {
				return flow, true
			}
		}
		return Flow{}, false
	case "nc", "ncat", "netcat", "telnet", "redis-cli", "nmap":
		return connected(f, words)
	case "iperf3", "iperf":
		for i, w := range words {
			if w == "-c" && i+1 < len(words) {
				f.To, f.Proto, f.Port = words[i+1], TCP, 5201
				return f, true
			}
		}
		return Flow{}, false
	case "nslookup", "dig", "host", "getent":
		rest := all(words[1:], "-p", "-t", "-b", "-q", "-c")
		if words[0] == "getent" && len(rest) > 1 {
			rest = rest[1:]
		}
		for len(rest) > 0 && (strings.HasPrefix(rest[0], "@") || strings.HasPrefix(rest[0], "+")) {
			rest = rest[1:]
		}
		return named(f, rest, 0)
	}
	return Flow{}, false
}

func named(f Flow, rest []string, k int) (Flow, bool) {
	if len(rest) <= k {
		return Flow{}, false
	}
	f.To = rest[k]
	return f, true
}

// connected is nc's and telnet's: a name and a port.
func connected(f Flow, words []string) (Flow, bool) {
	f.Proto = TCP
	for _, w := range words[1:] {
		if w == "-l" || strings.HasPrefix(w, "-l") {
			return Flow{}, false
		}
		if strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.Contains(w, "u") {
			f.Proto = UDP
		}
	}
	rest := all(words[1:], "-w", "-p", "-s", "-i", "-q")
	if len(rest) < 2 {
		return Flow{}, false
	}
	port, err := strconv.ParseUint(rest[1], 10, 16)
	f.To, f.Port = rest[0], uint16(port)
	return f, err == nil
}

func ofURL(f Flow, text string) (Flow, bool) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return Flow{}, false
	}
	f.To, f.Proto, f.Port = u.Hostname(), TCP, 80
	if u.Scheme == "https" {
		f.Port = 443
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return Flow{}, false
		}
		f.Port = uint16(n)
	}
	return f, true
}
