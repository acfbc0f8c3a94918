package labs

import (
	"bytes"
	"slices"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// English is the language that every text has; Chinese is the other one of the
// ready labs.
const (
	English = "en"
	Chinese = "zh"
)

// Text is one text in several languages.
type Text map[string]string

// In is the text in a language, or in English if it has none there.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	return t[English]
}

// markdown has tables beside CommonMark. Raw HTML and links that are script are
// left out, which is goldmark's default.
var markdown = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(goldmark.WithExtensions(extension.Table))
})

// html is a Markdown text as safe HTML.
func html(text string) string {
	var b bytes.Buffer
	if err := markdown().Convert([]byte(text), &b); err != nil {
		return "" // a bytes.Buffer takes everything
	}
	return b.String()
}

// languages are those that a set of texts has in common, English first.
func languages(all []Text) []string {
	count := map[string]int{}
	for _, t := range all {
		for lang := range t {
			count[lang]++
		}
	}
	out := []string{English}
	for lang, n := range count {
		if lang != English && n == len(all) {
			out = append(out, lang)
		}
	}
	slices.Sort(out[1:])
	return out
}
