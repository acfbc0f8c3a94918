package names

import (
	"net/netip"
	"strings"
)

// Zone is a table of records that answers queries as dnsmasq answers for its
// host records: with authority, TTL 0, names that it does not know NXDOMAIN. The
// zero value is empty and ready.
type Zone struct {
	records []Record
	// Local are domains about which the zone has the last word: an unknown name
	// there does not exist, whatever an upstream says. "" means every name.
	Local []string
	// Late may add an unknown name when somebody asks for it, and says whether it
	// did. Nil adds none.
	Late func(name string) bool
}

// Add adds a record.
func (z *Zone) Add(r Record) {
	r.Name = strings.TrimSuffix(r.Name, ".")
	z.records = append(z.records, r)
}

// AddHost adds the address of a name, and the name of the address.
func (z *Zone) AddHost(name string, a netip.Addr) {
	z.Add(addressRecord(name, a, 0))
	z.Add(Record{Name: ReverseName(a), Type: "PTR", Value: name})
}

// AddAlias makes name a CNAME of target.
func (z *Zone) AddAlias(name, target string) {
	z.Add(Record{Name: name, Type: "CNAME", Value: target})
}

// Remove takes every record of a name away.
func (z *Zone) Remove(name string) {
	kept := z.records[:0:0]
	for _, r := range z.records {
		if !strings.EqualFold(r.Name, strings.TrimSuffix(name, ".")) {
			kept = append(kept, r)
		}
	}
	z.records = kept
}

// Lookup returns the records that answer a question, with the CNAME chain that
// leads to them, and whether the name exists at all.
func (z *Zone) Lookup(name, qtype string) (found []Record, exists bool) {
	if found, exists = z.lookup(name, qtype); !exists && z.Late != nil && z.Late(strings.ToLower(strings.TrimSuffix(name, "."))) {
		return z.lookup(name, qtype)
	}
	return found, exists
}

func (z *Zone) lookup(name, qtype string) (found []Record, exists bool) {
	for range 8 {
		alias := ""
		for _, r := range z.records {
			if !strings.EqualFold(r.Name, name) {
				continue
			}
			exists = true
			switch {
			case r.Type == qtype || qtype == "ANY":
				found = append(found, r)
			case r.Type == "CNAME":
				found = append(found, r)
				alias = r.Value
			}
		}
		if alias == "" {
			break
		}
		name = alias
	}
	return found, exists
}

// owns reports whether the zone has the last word about a name.
func (z *Zone) owns(name string) bool {
	name = strings.ToLower(name)
	for _, d := range z.Local {
		d = strings.ToLower(strings.Trim(d, "."))
		if d == "" || name == d || strings.HasSuffix(name, "."+d) {
			return true
		}
	}
	return false
}
