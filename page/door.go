package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// role is what somebody may do.
type role string

const (
	owner   role = "owner" // the one user of `dnetsim lab`
	learner role = "learner"
	teacher role = "teacher"
)

// visitor is who came in.
type visitor struct {
	role    role
	learner string // "" for a teacher, and for a learner who has not given a name
}

// door knows who may come in. What it hands out is signed: it keeps nothing.
type door struct {
	secret []byte
	class  bool
	names  []string
}

func newDoor(o Options) *door {
	d := &door{secret: o.Secret, class: o.Class, names: append([]string{"localhost"}, o.Names...)}
	if d.secret == nil {
		d.secret = make([]byte, 32)
		rand.Read(d.secret)
	}
	return d
}

// sign is a text's signature, for links and cookies.
func (d *door) sign(text string) string {
	m := hmac.New(sha256.New, d.secret)
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:24])
}

// pass is a visitor as a signed text.
func (d *door) pass(use string, v visitor) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(string(v.role) + " " + v.learner))
	return text + "." + d.sign(use+" "+text)
}

// read is the visitor of a pass.
func (d *door) read(use, pass string) (visitor, bool) {
	text, signature, ok := strings.Cut(pass, ".")
	if !ok || !hmac.Equal([]byte(signature), []byte(d.sign(use+" "+text))) {
		return visitor{}, false
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return visitor{}, false
	}
	as, name, _ := strings.Cut(string(b), " ")
	return visitor{role(as), name}, true
}

// token is what a visitor's link has.
func (d *door) token(v visitor) string { return d.pass("link", v) }

// admit is whom a link's token lets in.
func (d *door) admit(token string) (visitor, bool) { return d.read("link", token) }

// cookie is the name of the cookie: one for each port, since browsers send those of all.
func cookie(r *http.Request) string {
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		port = "0"
	}
	return "dnetsim" + port
}

// mark gives a visitor's browser its cookie.
func (d *door) mark(w http.ResponseWriter, r *http.Request, v visitor) {
	http.SetCookie(w, &http.Cookie{Name: cookie(r), Value: d.pass("cookie", v), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 90 * 24 * 3600})
}

// who is the visitor that asks.
func (d *door) who(r *http.Request) (visitor, bool) {
	c, err := r.Cookie(cookie(r))
	if err != nil {
		return visitor{}, false
	}
	return d.read("cookie", c.Value)
}

// knows reports whether a Host header is one of the server's own names: another's that
// leads here would be a page elsewhere that wants to pass for it.
func (d *door) knows(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return slices.ContainsFunc(d.names, func(n string) bool { return strings.EqualFold(n, name) })
}

// sameOrigin reports whether a request comes from the server's own page.
func sameOrigin(r *http.Request) bool {
	u, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}

// mostName is how long a learner's name may be, in bytes.
const mostName = 64

// join gives a learner a name. A name that somebody has already is theirs: they come
// back by their own link, or by the cookie.
func (s *Server) join(w http.ResponseWriter, r *http.Request) {
	who, ok := s.allowed(w, r, learner)
	if !ok {
		return
	}
	var ask struct {
		Learner string `json:"learner"`
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		http.Error(w, "write {\"learner\": NAME}", http.StatusBadRequest)
		return
	}
	name := strings.Join(strings.Fields(ask.Learner), " ")
	switch {
	case name == "" || len(name) > mostName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '/' || r == '\\' || r == 0x7f }):
		http.Error(w, "write a name of 1 to 64 bytes, without slashes", http.StatusBadRequest)
		return
	case who.learner == name:
	case who.learner != "":
		http.Error(w, "you are "+who.learner+" here", http.StatusConflict)
		return
	case !s.options.Class || !s.class.claim(name):
		http.Error(w, "somebody has that name already: if it is you, use your own link, which the teacher knows", http.StatusConflict)
		return
	}
	v := visitor{learner, name}
	s.door.mark(w, r, v)
	answer(w, map[string]any{"learner": name, "link": "/?token=" + s.door.token(v)})
}
