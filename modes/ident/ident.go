// Package ident draws what Docker draws by chance: identifiers, and names for
// containers that were given none. Each thing has a random stream of its own.
package ident

import (
	"regexp"
	"strings"

	"dnetsim/sim"
)

// adjectives and surnames make the names of containers that were given none.
var adjectives = []string{
	"admiring", "affectionate", "agitated", "amazing", "angry", "blissful", "bold", "brave",
	"charming", "clever", "compassionate", "confident", "cool", "dazzling", "determined",
	"dreamy", "eager", "ecstatic", "elastic", "elegant", "epic", "fervent", "festive", "focused",
	"friendly", "frosty", "gallant", "gifted", "gracious", "happy", "hopeful", "hungry",
	"infallible", "inspiring", "intelligent", "jolly", "jovial", "keen", "kind", "laughing",
	"loving", "lucid", "magical", "modest", "musing", "mystifying", "naughty", "nervous",
	"nice", "nostalgic", "objective", "optimistic", "peaceful", "pensive", "practical",
	"priceless", "quirky", "quizzical", "relaxed", "reverent", "romantic", "serene", "sharp",
	"silly", "sleepy", "stoic", "strange", "suspicious", "sweet", "tender", "thirsty",
	"trusting", "unruffled", "upbeat", "vibrant", "vigilant", "vigorous", "wizardly",
	"wonderful", "xenodochial", "youthful", "zealous", "zen",
}

var surnames = []string{
	"agnesi", "archimedes", "babbage", "banach", "bartik", "bell", "bohr", "boyd", "brahmagupta",
	"carson", "cerf", "cohen", "curie", "darwin", "davinci", "dijkstra", "easley", "einstein",
	"engelbart", "euclid", "euler", "faraday", "fermat", "fermi", "feynman", "franklin",
	"galileo", "gauss", "goldberg", "goodall", "hamilton", "hawking", "heisenberg", "hermann",
	"hodgkin", "hopper", "hypatia", "jang", "jennings", "johnson", "kalam", "keller", "kepler",
	"kilby", "knuth", "lalande", "lamarr", "leavitt", "lovelace", "lumiere", "mayer",
	"mccarthy", "meitner", "mendel", "mirzakhani", "moser", "newton", "nobel", "noether",
	"pasteur", "payne", "perlman", "pike", "poincare", "ptolemy", "raman", "ritchie", "saha",
	"sammet", "shannon", "shaw", "sinoussi", "stallman", "swartz", "swirles", "tesla",
	"thompson", "torvalds", "turing", "varahamihira", "villani", "wescoff", "wiles", "wilson",
	"wozniak", "wright", "yalow", "zhukovsky",
}

// ValidName is what the name of a container may be.
var ValidName = regexp.MustCompile(`^/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// Source draws the names and identifiers of one host.
type Source struct {
	loop *sim.Loop
	host string // its stable name
}

// New is of the host with that stable name.
func New(l *sim.Loop, host string) Source { return Source{loop: l, host: host} }

// Name draws a name for a container, one that is not taken.
func (s *Source) Name(taken func(string) bool) string {
	r := s.loop.Stream(s.host + "/docker/names")
	for {
		n := adjectives[r.IntN(len(adjectives))] + "_" + surnames[r.IntN(len(surnames))]
		if !taken(n) {
			return n
		}
	}
}

// ID draws an identifier of 64 digits. Each thing has its own stream, so
// that one container more changes nobody else's.
func (s *Source) ID(kind, name string) string {
	for {
		id := s.Stream(kind, name).Hex(32)
		// An id whose first 12 digits are all decimal reads like a number, and
		// Docker draws again.
		if !allDecimal(id[:12]) {
			return id
		}
	}
}

func allDecimal(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Stream is the random stream of one thing of a kind.
func (s *Source) Stream(kind, name string) *sim.Rand {
	return s.loop.Stream(s.host + "/docker/" + kind + "/" + name)
}

// ServerID turns random digits into the form of `docker info`: 12 groups.
func ServerID(hex string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var b strings.Builder
	for i := range 48 {
		if i > 0 && i%4 == 0 {
			b.WriteByte(':')
		}
		b.WriteByte(letters[(int(hex[i%len(hex)])*7+i*13)%32])
	}
	return b.String()
}

// UUID is an id in the form of a random UUID, made of 30 hexadecimal digits or more.
func UUID(hex string) string {
	return hex[:8] + "-" + hex[8:12] + "-4" + hex[12:15] + "-" + "89ab"[int(hex[15])%4:][:1] + hex[16:19] + "-" + hex[18:30]
}
