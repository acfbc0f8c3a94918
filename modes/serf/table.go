package serf

import "time"

// field is one entry of a message: its key and a pointer to its value. The
// fields of a message are written in the order of their table, which is that of
// the keys, and are read in any order.
type field struct {
	key   string
	value any
}

// coded is a value that is neither a number nor a string.
type coded interface {
	encode(*encoder)
	decode(*decoder)
}

// message is a type byte and a table.
func message(typ byte, fields []field) []byte {
	e := encoder{b: make([]byte, 0, 128)}
	e.byte(typ)
	e.table(fields)
	return e.b
}

func (e *encoder) table(fields []field) {
	e.mapHead(len(fields))
	for _, f := range fields {
		e.str(f.key)
		switch v := f.value.(type) {
		case *bool:
			e.bool(*v)
		case *uint8:
			e.uint(uint64(*v))
		case *uint16:
			e.uint(uint64(*v))
		case *uint32:
			e.uint(uint64(*v))
		case *uint64:
			e.uint(*v)
		case *int:
			e.uint(uint64(*v))
		case *nodeState:
			e.uint(uint64(*v))
		case *time.Duration:
			e.uint(uint64(*v))
		case *float64:
			e.float(*v)
		case *string:
			e.str(*v)
		case *[]byte:
			e.raw(*v)
		case coded:
			v.encode(e)
		}
	}
}

// table reads a map into the fields it has; other keys are skipped.
func (d *decoder) table(fields []field) error {
	d.fields(func(key string) bool {
		for _, f := range fields {
			if f.key == key {
				d.value(f.value)
				return true
			}
		}
		return false
	})
	return d.err
}

func (d *decoder) value(to any) {
	switch v := to.(type) {
	case *bool:
		*v = d.bool()
	case *uint8:
		*v = uint8(d.uint())
	case *uint16:
		*v = uint16(d.uint())
	case *uint32:
		*v = uint32(d.uint())
	case *uint64:
		*v = d.uint()
	case *int:
		*v = int(d.uint())
	case *nodeState:
		*v = nodeState(d.uint())
	case *time.Duration:
		*v = time.Duration(d.uint())
	case *float64:
		*v = d.float()
	case *string:
		*v = d.str()
	case *[]byte:
		*v = d.raw()
	case coded:
		v.decode(d)
	}
}
