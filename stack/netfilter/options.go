package netfilter

// command is what a command line asks for.
type command struct {
	op      byte // the short option of the command, 0 for none
	table   string
	chain   string
	arg     string // new name or policy
	number  int    // of a rule, from 1; 0 for none
	hasSpec bool   // an option of a rule was given
	zero    bool   // -Z beside -L
	verbose int
	numeric bool
	exact   bool
	lines   bool
	packets uint64 // -c
	bytes   uint64
	counted bool
}

type longOption struct {
	name  string
	short byte
}

var longOptions = []longOption{
	{"append", 'A'}, {"delete", 'D'}, {"check", 'C'}, {"insert", 'I'}, {"replace", 'R'}, {"list", 'L'},
	{"list-rules", 'S'}, {"flush", 'F'}, {"zero", 'Z'}, {"new-chain", 'N'}, {"delete-chain", 'X'},
	{"rename-chain", 'E'}, {"policy", 'P'}, {"source", 's'}, {"src", 's'}, {"destination", 'd'}, {"dst", 'd'},
	{"protocol", 'p'}, {"in-interface", 'i'}, {"out-interface", 'o'}, {"jump", 'j'}, {"goto", 'g'}, {"match", 'm'},
	{"fragments", 'f'}, {"numeric", 'n'}, {"verbose", 'v'}, {"wait", 'w'}, {"wait-interval", 'W'}, {"exact", 'x'},
	{"version", 'V'}, {"help", 'h'}, {"line-numbers", '0'}, {"modprobe", 'M'}, {"set-counters", 'c'},
	{"ipv4", '4'}, {"ipv6", '6'}, {"table", 't'}, {"proto", 'p'},
}

const (
	shortWithArg    = "ACDRINEPosdjigpmtMcW"
	shortOptional   = "LSFZXwh"
	shortWithoutArg = "Vvnfxb046"
)
