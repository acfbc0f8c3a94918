package msgpack

import "time"

// Field is one entry of a message: its key and a pointer to its value. The
// fields of a message are written in the order of their table, which is that of
// the keys, and are read in any order.
// It is an array, so that a message is written as the table that it is.
type Field [2]any

// coded is a value that is neither a number nor a string.
type coded interface {
	Encode(*Encoder)
	Decode(*Decoder)
}

// Message is a type byte and a table.
func Message(typ byte, fields []Field) []byte { return Append(make([]byte, 0, 128), typ, fields) }

// Append appends what Message returns.
func Append(b []byte, typ byte, fields []Field) []byte {
	e := Encoder{B: b}
	e.Byte(typ)
	e.Table(fields)
	return e.B
}

// Table writes a map.
func (e *Encoder) Table(fields []Field) {
	e.MapHead(len(fields))
	for _, f := range fields {
		e.Str(f[0].(string))
		switch v := f[1].(type) {
		case *bool:
			e.bool(*v)
		case *uint8:
			e.Uint(uint64(*v))
		case *uint16:
			e.Uint(uint64(*v))
		case *uint32:
			e.Uint(uint64(*v))
		case *uint64:
			e.Uint(*v)
		case *int:
			e.Uint(uint64(*v))
		case *time.Duration:
			e.Uint(uint64(*v))
		case *float64:
			e.Float(*v)
		case *string:
			e.Str(*v)
		case *[]byte:
			e.Raw(*v)
		case coded:
			v.Encode(e)
		}
	}
}

// Table reads a map into the fields it has; other keys are skipped.
func (d *Decoder) Table(fields []Field) error {
	d.Fields(func(key []byte) bool {
		for _, f := range fields {
			if f[0].(string) == string(key) {
				d.value(f[1])
				return true
			}
		}
		return false
	})
	return d.Err
}

func (d *Decoder) value(to any) {
	switch v := to.(type) {
	case *bool:
		*v = d.bool()
	case *uint8:
		*v = uint8(d.Uint())
	case *uint16:
		*v = uint16(d.Uint())
	case *uint32:
		*v = uint32(d.Uint())
	case *uint64:
		*v = d.Uint()
	case *int:
		*v = int(d.Uint())
	case *time.Duration:
		*v = time.Duration(d.Uint())
	case *float64:
		*v = d.Float()
	case *string:
		*v = d.Str()
	case *[]byte:
		*v = d.Raw()
	case coded:
		v.Decode(d)
	}
}
