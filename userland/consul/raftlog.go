package consul

import (
	"bufio"
	"bytes"
	"encoding/json"
	"path"

	"dnetsim/userland"
)

// record is one line of the log in the data directory: what changed.
type record struct {
	Set        *entry   `json:",omitempty"`
	Delete     string   `json:",omitempty"`
	Session    *session `json:",omitempty"`
	EndSession string   `json:",omitempty"`
	Index      uint64   `json:",omitempty"`
}

// logName is the log's place in the data directory.
const logName = "raft/raft.db"

// open reads the log of the data directory, writes it anew without what is over,
// and goes on writing to it. Sessions of a former run get their whole time to
// live again, as a new leader gives it.
func (st *state) open(p *userland.Process, dir string) error {
	name := path.Join(p.Abs(dir), logName)
	if err := p.Machine.FS().MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if data, err := p.ReadFile(name); err == nil {
		st.replay(data)
	}
	f, err := p.OpenFile(name, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	write := func(r record) {
		line, _ := json.Marshal(r)
		f.Write(append(line, '\n'))
	}
	write(record{Index: st.index})
	for _, k := range st.keys {
		write(record{Set: st.entries[k]})
	}
	for _, s := range st.sessions {
		write(record{Session: s})
	}
	st.changed = write
	return nil
}

// replay applies the lines of a log; it ends at the first that is none.
func (st *state) replay(data []byte) {
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, len(data)+1)
	for lines.Scan() {
		var r record
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			return
		}
		st.index = max(st.index, r.Index)
		switch {
		case r.Set != nil:
			st.place(r.Set)
			st.index = max(st.index, r.Set.ModifyIndex)
		case r.Delete != "":
			st.take(r.Delete, r.Index)
		case r.Session != nil && r.Session.check() == nil:
			st.addSession(r.Session)
			st.index = max(st.index, r.Session.ModifyIndex)
		case r.EndSession != "":
			st.dropSession(r.EndSession)
			st.sesIndex = r.Index
		}
	}
	st.kvIndex = 0
	for _, e := range st.entries {
		st.kvIndex = max(st.kvIndex, e.ModifyIndex)
	}
	st.graves = nil
}
