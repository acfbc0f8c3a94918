package trail

// Tag is a packet's identity, carried in its frame. The zero Tag is that of a
// packet that nobody has told of yet. A tag is copied when bytes are (a clone,
// another buffer, a packet within the network layer); [Trail.Another] and
// [Trail.Within] make the tag of a packet that comes out of another.
type Tag struct {
	ID, Parent ID
	// whole is the tag of Parent, for the packet that comes out again: the one
	// within an encapsulation, the one that fragments make.
	whole *Tag
}

// Identify returns the tag with an ID: its own, or the next one.
func (t *Trail) Identify(tag *Tag) Tag {
	if tag.ID == 0 {
		t.last++
		tag.ID = t.last
	}
	return *tag
}

// Another is the tag of a copy of a packet: a flooded or duplicated one. What a
// copied packet carries is a copy, too.
func (t *Trail) Another(of *Tag) Tag {
	from := t.Identify(of)
	tag := Tag{Parent: from.ID}
	t.Identify(&tag)
	if from.whole != nil {
		inner := t.Another(from.whole)
		tag.whole = &inner
	}
	return tag
}

// Within is the tag of a packet that carries another, or is a piece of it: an
// encapsulation, a segment, a fragment.
func (t *Trail) Within(of *Tag) Tag {
	from := t.Identify(of)
	tag := Tag{Parent: from.ID, whole: &from}
	t.Identify(&tag)
	return tag
}

// Whole is the tag of the packet that comes out of one with this tag: what it
// carried, what it was a piece of. It is a new packet's if it never was in one.
func (g *Tag) Whole() Tag {
	if g.whole == nil {
		return Tag{Parent: g.ID}
	}
	return *g.whole
}
