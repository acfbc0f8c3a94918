package netconf

import (
	"strconv"
	"strings"

	"dnetsim/stack"
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
	byName   map[string]stack.TableID
	byNumber map[stack.TableID]string
}

func readTableNames(p *userland.Process) tableNames {
	n := tableNames{make(map[string]stack.TableID), make(map[stack.TableID]string)}
	n.add(stack.TableDefault, "default")
	n.add(stack.TableMain, "main")
	n.add(stack.TableLocal, "local")
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
		n.add(stack.TableID(id), f[1])
	}
	return n
}

func (n tableNames) add(id stack.TableID, name string) {
	n.byName[name], n.byNumber[id] = id, name
}

// number reads a table: a name, or a number from 0 to 2^32-1 in any base.
func (n tableNames) number(text string) (id stack.TableID, ok bool) {
	if id, ok := n.byName[text]; ok {
		return id, true
	}
	v, err := strconv.ParseUint(text, 0, 32)
	return stack.TableID(v), err == nil
}

// shown is how a table of the stack is printed: by its name if it has one.
func (n tableNames) shown(id stack.TableID) string {
	if name, ok := n.byNumber[id]; ok {
		return name
	}
	return id.String()
}
