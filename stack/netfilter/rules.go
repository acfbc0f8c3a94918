package netfilter

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Options are what a rule set takes from its surroundings.
type Options struct {
	// V6 chooses ip6tables and its address family.
	V6 bool
	// NFTables says that iptables is its nf_tables variant.
	NFTables bool
	// Now is the virtual wall clock; it dates the output of iptables-save and
	// ages flows. Nil means the zero time for ever.
	Now func() time.Time
	// Rand draws for "-m statistic --mode random", uniform over 32 bits. Nil
	// means that every draw is zero.
	Rand func() uint32
	// Lookup finds the addresses of a host name given to -s, -d; nil finds none.
	Lookup func(name string) []string
	// AddrType classifies an address for "-m addrtype"; nil leaves it to what
	// the address alone tells.
	AddrType func(netip.Addr) AddrType
	// MTU is the MTU of an interface, for TCPMSS --clamp-mss-to-pmtu; nil or 0
	// means unknown.
	MTU func(dev string) int
	// OnLog hears of every packet that a LOG rule matched. It must not enter
	// the rules again.
	OnLog func(LogEntry)
	// Setting is a sysctl's value as a number; nil, and 0, leave what it governs to
	// the kernel's default.
	Setting func(key string) int
	// Charge hears how much work a packet was, in units of workRules rules that
	// were looked at; nil does not.
	Charge func(units int)
}

// Rules are all tables of one address family in one network namespace. Use
// [New]. They are not safe for concurrent use.
type Rules struct {
	opts       Options
	tables     [4]*table
	touched    []int     // tables as Linux lists them in ip_tables_names: newest first
	loaded     [4]uint64 // when each was registered at its hooks
	registered uint64
	made       []string // tables with a chain in use, in the order in which nf_tables got them
	tracker    *tracker
	prog       *program // nil when the rules have changed
	scratch    packet
	balance    Balancer // nil without IPVS
	// The base chains of nftables, and whether their rules ask for connections.
	bases      []Base
	basesTrack bool
	sight      Sight
}

// New makes a rule set with no table loaded.
func New(opts Options) *Rules {
	if opts.Now == nil {
		opts.Now = func() time.Time { return time.Time{} }
	}
	if opts.Rand == nil {
		opts.Rand = func() uint32 { return 0 }
	}
	r := &Rules{opts: opts}
	for i, name := range tableNames {
		r.tables[i] = newTable(name)
	}
	r.tracker = newTracker(opts)
	return r
}

// The tables in the order in which a packet meets them.
const (
	rawTable = iota
	mangleTable
	natTable
	filterTable
)

var tableNames = [4]string{"raw", "mangle", "nat", "filter"}

// The hooks as plain numbers, for tables.
const (
	hookPrerouting = iota
	hookInput
	hookForward
	hookOutput
	hookPostrouting
	numHooks
)

var hookNames = [numHooks]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}

var tableHooks = [4][]int{
	rawTable:    {hookPrerouting, hookOutput},
	mangleTable: {hookPrerouting, hookInput, hookForward, hookOutput, hookPostrouting},
	natTable:    {hookPrerouting, hookInput, hookOutput, hookPostrouting},
	filterTable: {hookInput, hookForward, hookOutput},
}

type table struct {
	id     int
	name   string
	chains []*chain // built-in ones in hook order, then the others by name
	count  int      // chains that were made ever
}

type chain struct {
	name    string
	builtin bool
	hook    int
	policy  policy
	counter *counter
	rules   []*Rule
	made    int // as how many-th nf_tables got it, a built-in one when it was first used; 0 before
}

// use notes that a chain is in use.
func (t *table) use(c *chain) {
	if c.made == 0 {
		t.count++
		c.made = t.count
	}
}

// counter counts packets and their IP bytes.
type counter struct{ packets, bytes uint64 }

func (c *counter) set(packets, bytes uint64) { c.packets, c.bytes = packets, bytes }

func newTable(name string) *table {
	id := slices.Index(tableNames[:], name)
	t := &table{id: id, name: name}
	for _, h := range tableHooks[id] {
		t.chains = append(t.chains, &chain{name: hookNames[h], builtin: true, hook: h, policy: policyAccept, counter: &counter{}})
	}
	return t
}

// table finds a table and loads it, as any use of it does in Linux.
func (r *Rules) table(name string) *table {
	i := slices.Index(tableNames[:], name)
	if i < 0 {
		return nil
	}
	if !slices.Contains(r.touched, i) {
		r.touched = append([]int{i}, r.touched...)
		r.loaded[i] = Register(r)
		r.prog = nil
	}
	return r.tables[i]
}

// Tables lists the loaded tables, newest first, as /proc/net/ip_tables_names
// does.
func (r *Rules) Tables() []string {
	var names []string
	for _, i := range r.touched {
		names = append(names, tableNames[i])
	}
	return names
}

// Chains lists the chains of a table: the built-in ones in the order of the
// hooks, then the others by name. It does not load the table.
func (r *Rules) Chains(table string) []string {
	var names []string
	i := slices.Index(tableNames[:], table)
	if i < 0 {
		return nil
	}
	for _, c := range r.tables[i].chains {
		names = append(names, c.name)
	}
	return names
}

// HasChain reports whether a table has a chain.
func (r *Rules) HasChain(table, name string) bool {
	return slices.Contains(r.Chains(table), name)
}

func (t *table) chain(name string) *chain {
	for _, c := range t.chains {
		if c.name == name {
			return c
		}
	}
	return nil
}

// addChain keeps the users' chains sorted by name, as libiptc does.
func (t *table) addChain(name string) *chain {
	c := &chain{name: name, hook: -1, counter: &counter{}}
	t.use(c)
	i := len(tableHooks[t.id])
	for i < len(t.chains) && t.chains[i].name < name {
		i++
	}
	t.chains = slices.Insert(t.chains, i, c)
	return c
}

func (t *table) references(name string) int {
	n := 0
	for _, c := range t.chains {
		for _, rule := range c.rules {
			if rule.jump == name {
				n++
			}
		}
	}
	return n
}

// clone copies the table deeply enough that a failed change can be undone: the
// rules of one chain, or those of all if it is ""; rules themselves are shared, for they
// never change once they are in a chain.
func (t *table) clone(changed string) *table {
	c := &table{id: t.id, name: t.name, count: t.count, chains: make([]*chain, 0, len(t.chains)+1)}
	for _, ch := range t.chains {
		k := *ch
		if changed == "" || changed == k.name {
			k.rules = append(make([]*Rule, 0, len(ch.rules)+2), ch.rules...)
		}
		c.chains = append(c.chains, &k)
	}
	return c
}

// commit puts a changed copy of a table in force.
func (r *Rules) commit(t *table) {
	r.tables[t.id] = t
	r.prog = nil
	if t.count > 0 && !slices.Contains(r.made, t.name) {
		r.made = append(r.made, t.name)
	}
}

// Exec runs an iptables command line without the program's name, and returns
// what it would have printed on standard error, as an error.
func (r *Rules) Exec(args ...string) error {
	_, err := r.Run(args)
	if err != nil {
		return err
	}
	return nil
}

// Ensure appends a rule unless the chain already has it.
func (r *Rules) Ensure(table, chain string, rule ...string) error {
	if r.Has(table, chain, rule...) {
		return nil
	}
	return r.Exec(append([]string{"-t", table, "-A", chain}, rule...)...)
}

// EnsureFirst inserts a rule at the head of the chain unless the chain already
// has it, wherever.
func (r *Rules) EnsureFirst(table, chain string, rule ...string) error {
	if r.Has(table, chain, rule...) {
		return nil
	}
	return r.Exec(append([]string{"-t", table, "-I", chain}, rule...)...)
}

// EnsureChain makes a user's chain unless it exists.
func (r *Rules) EnsureChain(table, chain string) error {
	if r.HasChain(table, chain) {
		return nil
	}
	return r.Exec("-t", table, "-N", chain)
}

// Remove deletes a rule if the chain has it.
func (r *Rules) Remove(table, chain string, rule ...string) error {
	if !r.Has(table, chain, rule...) {
		return nil
	}
	return r.Exec(append([]string{"-t", table, "-D", chain}, rule...)...)
}

// Has reports whether the chain has the rule (iptables -C).
func (r *Rules) Has(table, chain string, rule ...string) bool {
	return r.Exec(append([]string{"-t", table, "-C", chain}, rule...)...) == nil
}

// SetPolicy sets the policy of a built-in chain.
func (r *Rules) SetPolicy(table, chain, policy string) error {
	return r.Exec("-t", table, "-P", chain, policy)
}

// ExitError is how an iptables command failed.
type ExitError struct {
	// Code is the exit status: 1 for a refused change, 2 for a wrong command
	// line, 3 for a table that does not exist.
	Code int
	// Text is what the program prints on standard error, with its newline.
	Text string
}

func (e *ExitError) Error() string { return strings.TrimSuffix(e.Text, "\n") }

func (r *Rules) program() string {
	if r.opts.V6 {
		return "ip6tables"
	}
	return "iptables"
}

// refused is the message of a change that the kernel or libiptc turned down.
func (r *Rules) refused(format string, a ...any) *ExitError {
	return &ExitError{1, r.program() + ": " + fmt.Sprintf(format, a...) + "\n"}
}

const (
	noChain     = "No chain/target/match by that name."
	badRule     = "Bad rule (does a matching rule exist in that chain?)."
	invalidRule = "Invalid argument. Run `dmesg' for more information."
)
