package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// literalDocuments makes here-documents literal whose delimiter is quoted in any
// part of it (POSIX 2.7.4): the parser goes by the last part alone.
func literalDocuments(st *syntax.Stmt, text string) {
	syntax.Walk(st, func(n syntax.Node) bool {
		r, ok := n.(*syntax.Redirect)
		if !ok || r.Hdoc == nil || r.Word == nil || r.Op != syntax.Hdoc && r.Op != syntax.DashHdoc || !partlyQuoted(r.Word) {
			return true
		}
		from, to := r.Hdoc.Pos(), r.Hdoc.End()
		if !from.IsValid() || int(to.Offset()) > len(text) || from.Offset() > to.Offset() {
			return true
		}
		body := text[from.Offset():to.Offset()]
		body = body[:strings.LastIndexByte(body, '\n')+1] // without the delimiter's line
		r.Hdoc.Parts = []syntax.WordPart{&syntax.Lit{ValuePos: from, ValueEnd: to, Value: body}}
		return true
	})
}

// partlyQuoted reports whether a delimiter has a quoted part and ends in one that
// is not.
func partlyQuoted(w *syntax.Word) bool {
	if _, plain := w.Parts[len(w.Parts)-1].(*syntax.Lit); !plain || len(w.Parts) < 2 {
		return false
	}
	for _, p := range w.Parts {
		switch p.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			return true
		}
	}
	return false
}
