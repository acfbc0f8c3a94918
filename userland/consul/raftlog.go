package consul

import (
	"bufio"
	"bytes"
	"encoding/json"
	"path"
	"unicode/utf8"

	"dnetsim/userland"
)

// record is one line of the log in the data directory: what changed.
type record struct {
	Set        *entry   `json:",omitempty"`
	Delete     string   `json:",omitempty"`
	Session    *session `json:",omitempty"`
	EndSession string   `json:",omitempty"`
	Index      uint64   `json:",omitempty"`
	// Raw is the key of Set or Delete where it is no UTF-8, which JSON cannot say.
	Raw []byte `json:",omitempty"`
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
	log := &raftLog{p: p, name: name, st: st}
	if err := log.rewrite(); err != nil {
		return err
	}
	st.changed = log.add
	return nil
}

// snapshotAfter is how many records the log takes before it is written anew
// without what is over. (hashicorp/raft's SnapshotThreshold is 8,192; its
// entries lie on a disk, these in memory.)
const snapshotAfter = 512

// raftLog is the open file that the state's changes are written to.
type raftLog struct {
	p    *userland.Process
	name string
	st   *state
	f    *userland.File
	left int // records until it is written anew
}

func (l *raftLog) rewrite() error {
	f, err := l.p.OpenFile(l.name, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if l.f != nil {
		l.f.Close()
	}
	l.f = f
	l.write(record{Index: l.st.index})
	for _, k := range l.st.keys {
		l.write(record{Set: l.st.entries[k]})
	}
	for _, s := range l.st.sessions {
		l.write(record{Session: s})
	}
	l.left = max(snapshotAfter, len(l.st.keys))
	return nil
}

func (l *raftLog) write(r record) {
	key := r.Delete
	if r.Set != nil {
		key = r.Set.Key
	}
	if !utf8.ValidString(key) {
		r.Raw = []byte(key)
	}
	line, _ := json.Marshal(r)
	l.f.Write(append(line, '\n'))
}

// add writes a record. Its change is in the state already.
func (l *raftLog) add(r record) {
	if l.left--; l.left < 0 && l.rewrite() == nil {
		return
	}
	l.write(r)
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
		if r.Raw != nil && r.Set != nil {
			r.Set.Key = string(r.Raw)
		} else if r.Raw != nil {
			r.Delete = string(r.Raw)
		}
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
