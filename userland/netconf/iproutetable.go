package netconf

import (
	"slices"
	"strconv"

	"dnetsim/stack"
)

// tableNames are the names of the routing tables, read when first needed.
func (t *ipTool) tableNames() tableNames {
	if t.names == nil {
		n := readTableNames(t.p)
		t.names = &n
	}
	return *t.names
}

// tableShown is a table of the stack as it is printed.
func (t *ipTool) tableShown(table stack.TableID) string {
	n := t.tableNames()
	if t.numeric {
		return strconv.FormatUint(uint64(table), 10)
	}
	return n.shown(table)
}

// mainUnless is the table of a route that need not name one.
func mainUnless(table stack.TableID) stack.TableID {
	if table == 0 {
		return stack.TableMain
	}
	return table
}

// listedTable reads the table of a listing, zero for all. "cache" is what no kernel has had
// since 3.6.
func (t *ipTool) listedTable(name string) (table stack.TableID, cache bool, err error) {
	id, ok := t.tableNames().number(name)
	switch {
	case ok, name == "all":
		return id, false, nil
	case name == "cache":
		return stack.TableMain, true, nil
	}
	return 0, false, wrongArgument(name, "table id value is invalid\n")
}

// tables are the tables that a filter's table stands for, in the kernel's order.
func (t *ipTool) tables(table stack.TableID, six bool) []stack.TableID {
	if table == 0 {
		return t.ns.Tables(six)
	}
	return []stack.TableID{table}
}

// tableExists is the kernel's complaint of a table that was never written to.
func (t *ipTool) tableExists(table stack.TableID, six bool, doing string) error {
	if table == 0 || slices.Contains(t.ns.Tables(six), table) {
		return nil
	}
	family := "ipv4"
	if six {
		family = "ipv6"
	}
	return &failure{2, "Error: " + family + ": FIB table does not exist.\n" + doing + " terminated\n"}
}
