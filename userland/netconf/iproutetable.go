package netconf

import (
	"slices"
	"strconv"
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
func (t *ipTool) tableShown(table string) string {
	n := t.tableNames()
	if t.numeric {
		id, _ := n.number(table)
		return strconv.FormatUint(uint64(id), 10)
	}
	return n.shown(table)
}

// mainUnless is the table of a route that need not name one.
func mainUnless(table string) string {
	if table == "" {
		return "main"
	}
	return table
}

// listedTable reads the table of a listing. "cache" is what no kernel has had
// since 3.6.
func (t *ipTool) listedTable(name string) (table string, cache bool, err error) {
	id, ok := t.tableNames().number(name)
	switch {
	case ok && id != 0:
		return stackTable(id), false, nil
	case ok, name == "all":
		return "all", false, nil
	case name == "cache":
		return "main", true, nil
	}
	return "", false, wrongArgument(name, "table id value is invalid\n")
}

// tables are the tables that a filter's table names, in the kernel's order.
func (t *ipTool) tables(name string, six bool) []string {
	if name == "all" {
		return t.ns.Tables(six)
	}
	return []string{name}
}

// tableExists is the kernel's complaint of a table that was never written to.
func (t *ipTool) tableExists(table string, six bool, doing string) error {
	if table == "all" || slices.Contains(t.ns.Tables(six), table) {
		return nil
	}
	family := "ipv4"
	if six {
		family = "ipv6"
	}
	return &failure{2, "Error: " + family + ": FIB table does not exist.\n" + doing + " terminated\n"}
}
