package nginx

import (
	"embed"

	"dnetsim/userland"
)

// Version is what the server calls itself.
const Version = "1.25.3"

//go:embed etc
var etc embed.FS

// Programs are the image's own.
func Programs() map[string]userland.Program { return map[string]userland.Program{"nginx": start} }

// ImageFiles are the image's files besides its programs, as the official one has
// them, with that /etc/os-release.
func ImageFiles(release string) map[string]string {
	files := map[string]string{
		"/docker-entrypoint.sh":      "#!/bin/sh\nexec \"$@\"\n",
		"/etc/os-release":            release,
		"/docker-entrypoint.d/.keep": "",
		"/var/cache/nginx/.keep":     "",
	}
	for name, file := range map[string]string{
		"/etc/nginx/nginx.conf": "nginx.conf", "/etc/nginx/conf.d/default.conf": "default.conf", "/etc/nginx/mime.types": "mime.types",
		"/usr/share/nginx/html/index.html": "index.html", "/usr/share/nginx/html/50x.html": "50x.html",
	} {
		text, _ := etc.ReadFile("etc/" + file) // embedded: it is there
		files[name] = string(text)
	}
	return files
}

// ImageLinks are the image's links: its logs go to the container's streams.
func ImageLinks() map[string]string {
	return map[string]string{"/var/log/nginx/access.log": "/dev/stdout", "/var/log/nginx/error.log": "/dev/stderr", "/var/run": "/run"}
}
