package scenarios

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// span is where a node of a block ends in the file, and the comments on the way:
// what replaces the node keeps them.
type span struct {
	end      int      // the line after its last, counted from 1
	comment  string   // behind it, from # on, or ""
	comments []string // within it
}

// spanOf finds the end of a value whose key is indented by so many blanks. The
// YAML reader tells where nodes begin and not where they end. line is where the
// key is, for a value that is nothing.
func spanOf(lines []string, n *yaml.Node, line, indentation int) span {
	switch {
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return blockSpan(lines, n.Line, indentation)
	case n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0:
		_, comment := cutComment(lines[line-1])
		return span{end: line + 1, comment: comment}
	case n.Style&(yaml.FlowStyle|yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		return closedSpan(lines, n)
	case n.Kind == yaml.AliasNode:
		_, comment := cutComment(lines[n.Line-1])
		return span{end: n.Line + 1, comment: comment}
	case n.Kind == yaml.ScalarNode:
		return plainSpan(lines, n, indentation)
	}
	return span{end: blockEnd(lines, line, indentation)}
}

// cutComment cuts the comment off a line that has no quotes.
func cutComment(line string) (rest, comment string) {
	for i := range line {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return strings.TrimRight(line[:i], " \t"), line[i:]
		}
	}
	return line, ""
}

// indentationOf is how many blanks a line begins with, and whether it has more.
func indentationOf(line string) (n int, more bool) {
	rest := strings.TrimLeft(line, " ")
	return len(line) - len(rest), strings.TrimSpace(rest) != ""
}

// blockEnd is the line after a block: the next one that is not indented deeper,
// or the end of the file; blank lines before it belong to nobody.
func blockEnd(lines []string, line, indentation int) int {
	end := line + 1
	for i := line; i < len(lines); i++ {
		n, more := indentationOf(lines[i])
		if !more {
			continue
		}
		if n <= indentation {
			break
		}
		end = i + 2
	}
	return end
}

// blockSpan is the span of a text after | or >: comments that are indented less
// than the text are not its.
func blockSpan(lines []string, line, indentation int) span {
	_, comment := cutComment(lines[line-1])
	s := span{end: line + 1, comment: comment}
	text := -1
	for i := line; i < len(lines); i++ {
		n, more := indentationOf(lines[i])
		if !more {
			continue
		}
		if n <= indentation || text >= 0 && n < text && strings.HasPrefix(lines[i][n:], "#") {
			break
		}
		if text < 0 {
			text = n
		}
		s.end = i + 2
	}
	return s
}

// plainSpan is the span of a text without quotes, which a comment ends.
func plainSpan(lines []string, n *yaml.Node, indentation int) span {
	s := span{end: n.Line + 1}
	if _, s.comment = cutComment(lines[n.Line-1]); s.comment != "" {
		return s
	}
	for i := n.Line; i < len(lines); i++ {
		k, more := indentationOf(lines[i])
		if !more {
			continue
		}
		if k <= indentation || strings.HasPrefix(lines[i][k:], "#") {
			break
		}
		s.end = i + 2
		if _, s.comment = cutComment(lines[i]); s.comment != "" {
			break
		}
	}
	return s
}

// closedSpan is the span of what has a mark at its end: quotes or brackets.
func closedSpan(lines []string, n *yaml.Node) span {
	var s span
	line, column := endOf(lines, n, &s.comments)
	s.end = line + 1
	if line <= len(lines) && column < len(lines[line-1]) {
		_, s.comment = cutComment(" " + lines[line-1][column:])
	}
	return s
}

// endOf is the line, from 1, and the byte behind a node with a mark at its end. A
// node's column counts characters.
func endOf(lines []string, n *yaml.Node, comments *[]string) (line, column int) {
	depth, quote := 0, byte(0)
	start := byteOf(lines[n.Line-1], n.Column)
	for i := n.Line - 1; i < len(lines); i++ {
		l := lines[i]
		for j := start; j < len(l); j++ {
			c := l[j]
			switch {
			case quote == '"' && c == '\\':
				j++
			case quote == '\'' && c == '\'' && j+1 < len(l) && l[j+1] == '\'':
				j++
			case quote != 0:
				if c == quote {
					if quote = 0; depth == 0 {
						return i + 1, j + 1
					}
				}
			case (c == '"' || c == '\'') && opens(l, j):
				quote = c
			case c == '#' && (j == 0 || l[j-1] == ' ' || l[j-1] == '\t'):
				*comments = append(*comments, l[j:])
				j = len(l)
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth == 0 {
					return i + 1, j + 1
				}
			}
		}
		start = 0
	}
	return len(lines), len(lines[len(lines)-1])
}

// opens reports whether a quote at l[j] begins a text: not within one.
func opens(l string, j int) bool {
	before := strings.TrimRight(l[:j], " \t")
	return before == "" || len(before) < j || strings.ContainsRune("{[,:", rune(before[len(before)-1]))
}

// byteOf is the byte of a line at which a column stands, from 1.
func byteOf(line string, column int) int {
	for i := range line {
		if column--; column == 0 {
			return i
		}
	}
	return len(line)
}
