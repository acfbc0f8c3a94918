package modes

import "regexp"

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

var validName = regexp.MustCompile(`^/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// generateName draws a name that no container has.
func (d *Daemon) generateName() string {
	r := d.loop.Stream(d.host.Name + "/docker/names")
	for {
		n := adjectives[r.IntN(len(adjectives))] + "_" + surnames[r.IntN(len(surnames))]
		if d.byName(n) == nil {
			return n
		}
	}
}

// newID draws an identifier of 64 digits. Each thing has its own stream, so
// that one container more changes nobody else's.
func (d *Daemon) newID(kind, name string) string {
	for {
		id := d.stream(kind, name).Hex(32)
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
