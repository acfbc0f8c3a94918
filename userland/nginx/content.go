package nginx

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/web"
)

// content is the phase in which a request gets its answer from its location.
func (q *request) content() {
	if !q.allowed() {
		q.complain("error", "access forbidden by rule")
		q.answer(403, "")
		return
	}
	if q.loc != nil && q.loc.try != nil && q.tryFiles() {
		return
	}
	if q.loc != nil && q.loc.pass != nil {
		q.proxy()
		return
	}
	if q.r.Method != "GET" && q.r.Method != "HEAD" {
		q.answer(405, "")
		return
	}
	if strings.HasSuffix(q.uri, "/") {
		q.directory()
		return
	}
	q.static()
}

// allowed obeys allow and deny: the first that fits decides.
func (q *request) allowed() bool {
	for _, a := range q.settings().access {
		if a.matches(q.peer().Addr()) {
			return a.allow
		}
	}
	return true
}

// tryFiles looks for the files of try_files; true when the request went on
// elsewhere.
func (q *request) tryFiles() bool {
	last := len(q.loc.try) - 1
	for _, name := range q.loc.try[:last] {
		uri := q.expand(name)
		info, err := q.p.Stat(strings.TrimSuffix(q.file(uri), "/"))
		if err == nil && info.IsDir() == strings.HasSuffix(uri, "/") {
			q.uri = uri
			return false
		}
	}
	to := q.expand(q.loc.try[last])
	if code, ok := strings.CutPrefix(to, "="); ok {
		n, _ := strconv.Atoi(code)
		q.answer(n, "")
		return true
	}
	q.redirectWithin(to)
	return true
}

// directory answers for a URI that ends with a slash: its index file, a listing,
// or a refusal.
func (q *request) directory() {
	s := q.settings()
	for _, name := range s.index {
		name = q.expand(name)
		if info, err := q.p.Stat(q.file(q.uri) + name); err == nil && !info.IsDir() {
			q.redirectWithin(q.uri + name)
			return
		}
	}
	at := strings.TrimSuffix(q.file(q.uri), "/")
	info, err := q.p.Stat(at)
	switch {
	case err != nil && len(s.index) > 0:
		q.complain("error", "%q is not found (%s)", at+"/"+s.index[0], errnoText(err))
		q.answer(404, "")
	case err != nil || !info.IsDir():
		q.answer(404, "")
	case *s.autoindex:
		q.list(at)
	default:
		q.complain("error", "directory index of %q is forbidden", at+"/")
		q.answer(403, "")
	}
}

// static sends a file.
func (q *request) static() {
	name := q.file(q.uri)
	info, err := q.p.Stat(name)
	if err != nil {
		q.complain("error", "open() %q failed (%s)", name, errnoText(err))
		q.answer(404, "")
		return
	}
	if info.IsDir() {
		q.redirect(301, escapePath(q.uri)+"/"+query(q.args))
		return
	}
	data, err := q.p.ReadFile(name)
	if err != nil {
		q.complain("error", "open() %q failed (%s)", name, errnoText(err))
		q.answer(403, "")
		return
	}
	tag := fmt.Sprintf("\"%x-%x\"", info.ModTime.Unix(), len(data))
	r := &reply{status: 200, kind: q.contentType(name), modified: web.Date(info.ModTime), body: data, headers: []field{{name: "ETag", value: tag}}}
	if q.as == 0 && (q.r.Header("If-None-Match") == tag || q.r.Header("If-None-Match") == "" && q.r.Header("If-Modified-Since") == r.modified) {
		r.status, r.body = 304, nil
		q.send(r)
		return
	}
	r.headers = append(r.headers, field{name: "Accept-Ranges", value: "bytes"})
	if q.as != 0 {
		r.headers = r.headers[:1]
	}
	q.send(r)
}

// contentType is by the name's ending.
func (q *request) contentType(name string) string {
	types := q.conn.w.conf.types
	if types == nil {
		types = map[string]string{"html": "text/html", "gif": "image/gif", "jpg": "image/jpeg"}
	}
	if t, ok := types[strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))]; ok {
		return t
	}
	return q.settings().defaultType
}

// list is autoindex's page of a directory.
func (q *request) list(dir string) {
	var b strings.Builder
	fmt.Fprintf(&b, "<html>\r\n<head><title>Index of %[1]s</title></head>\r\n<body>\r\n<h1>Index of %[1]s</h1><hr><pre><a href=\"../\">../</a>\r\n", q.uri)
	infos, _ := q.p.ReadDir(dir)
	line := func(i userland.Info, name, size string) {
		fmt.Fprintf(&b, "<a href=\"%s\">%s</a>%*s %s %19s\r\n", name, name, max(0, 50-len(name)), "", i.ModTime.UTC().Format("02-Jan-2006 15:04"), size)
	}
	for _, i := range infos {
		if i.IsDir() && !strings.HasPrefix(i.Name, ".") {
			line(i, i.Name+"/", "-")
		}
	}
	for _, i := range infos {
		if !i.IsDir() && !strings.HasPrefix(i.Name, ".") {
			line(i, i.Name, strconv.FormatInt(i.Size, 10))
		}
	}
	b.WriteString("</pre><hr></body>\r\n</html>\r\n")
	q.send(&reply{status: 200, kind: "text/html", body: []byte(b.String())})
}
