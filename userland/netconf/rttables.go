package netconf

import (
	"strconv"
	"strings"

	"dnetsim/userland"
)

// TablesPath is where iproute2 and busybox look for the names of routing
// tables.
const TablesPath = "/etc/iproute2/rt_tables"

// TablesFile is the file as iproute2's package has it.
const TablesFile = `#
# reserved values
#
255	local
254	main
253	default
0	unspec
#
# local
#
#1	inr.ruhep
`

// tableNames are the names of routing tables: three that are compiled in, and
// those of the file.
type tableNames struct {
	byName   map[string]uint32
	byNumber map[uint32]string
}

func readTableNames(p *userland.Process) tableNames {
	n := tableNames{make(map[string]uint32), make(map[uint32]string)}
	n.add(253, "default")
	n.add(254, "main")
	n.add(255, "local")
	data, err := p.ReadFile(TablesPath)
	if err != nil {
		return n
	}
	for _, line := range strings.Split(string(data), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		id, err := strconv.ParseUint(f[0], 0, 32)
		if err != nil || len(f) < 2 {
			p.Errorf("Database %s is corrupted at %s\n", TablesPath, line)
			break
		}
		n.add(uint32(id), f[1])
	}
	return n
}

func (n tableNames) add(id uint32, name string) {
	n.byName[name], n.byNumber[id] = id, name
}

// number reads a table: a name, or a number from 0 to 2^32-1 in any base.
func (n tableNames) number(text string) (id uint32, ok bool) {
	if id, ok := n.byName[text]; ok {
		return id, true
	}
	v, err := strconv.ParseUint(text, 0, 32)
	return uint32(v), err == nil
}

// shown is how a table of the stack is printed: by its name if it has one.
func (n tableNames) shown(table string) string {
	if id, err := strconv.ParseUint(table, 10, 32); err == nil {
		if name, ok := n.byNumber[uint32(id)]; ok {
			return name
		}
	}
	return table
}

// stackTable is a number as the stack's routes and rules have it. 0, which is
// no table, is "".
func stackTable(id uint32) string {
	switch id {
	case 0:
		return ""
	case 253:
		return "default"
	case 254:
		return "main"
	case 255:
		return "local"
	}
	return strconv.FormatUint(uint64(id), 10)
}
