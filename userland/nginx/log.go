package nginx

import (
	"io"
	"slices"

	"dnetsim/userland"
)

// errorLog writes a line of the error log, unless it is below the log's level.
func errorLog(p *userland.Process, s *settings, level, text string) {
	if slices.Index(levels, level) > slices.Index(levels, s.errorLevel) {
		return
	}
	line := p.Wall().Format("2006/01/02 15:04:05") + " [" + level + "] " + pidText(p) + ": " + text + "\n"
	writeLog(p, s.errorLog, line)
}

// writeLog appends to a log file; the image's two are links to the container's
// standard streams.
func writeLog(p *userland.Process, name, line string) {
	if name == "stderr" {
		io.WriteString(p.Stderr, line)
		return
	}
	if to, err := p.Machine.FS().Readlink(name); err == nil {
		name = to
	}
	switch name {
	case "/dev/stdout":
		io.WriteString(p.Stdout, line)
	case "/dev/stderr":
		io.WriteString(p.Stderr, line)
	case "/dev/null":
	default:
		f, err := p.OpenFile(name, userland.O_WRONLY|userland.O_CREAT|userland.O_APPEND, 0o644)
		if err == nil {
			io.WriteString(f, line)
			f.Close()
		}
	}
}

// combined is the access log's format that needs no log_format.
const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`

// log writes the access log's line of a request.
func (w *worker) log(q *request) {
	for _, l := range q.settings().accessLogs {
		line := variable().ReplaceAllStringFunc(w.conf.formats[l.format], func(m string) string {
			if v := q.expand(m); v != "" {
				return v
			}
			return "-"
		})
		writeLog(q.p, q.expand(l.file), line+"\n")
	}
}
