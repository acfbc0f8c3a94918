package netconf

import "embed"

// usageFiles are the help texts of the tools, word for word.
//
//go:embed usage/*.txt
var usageFiles embed.FS

// usage is the help text with that name; one that is missing is our bug.
func usage(name string) string {
	text, err := usageFiles.ReadFile("usage/" + name + ".txt")
	if err != nil {
		panic(err)
	}
	return string(text)
}
