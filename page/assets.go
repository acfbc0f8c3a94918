package page

import (
	"embed"
	"io/fs"
)

//go:embed all:web/dist
var embedded embed.FS

// bare is the page while nobody has built one.
const bare = `<!doctype html><meta charset="utf-8"><title>dnetsim</title><p>This dnetsim was built without its page: run make page and build it again.</p>`

// assets are the files of the page.
func assets() fs.FS {
	sub, err := fs.Sub(embedded, "web/dist")
	if err != nil { // the folder is embedded
		panic(err)
	}
	return sub
}
