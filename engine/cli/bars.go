package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"dnetsim/userland"

	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/jsonmessage"
)

// A pull on a terminal has a row for each layer, with a bar that grows. docker would
// ask the real terminal for its width; so the rows are drawn here, and docker prints
// them as text.

// ImagePull pulls; on a terminal the answer's messages are drawn.
func (a *apiClient) ImagePull(ctx context.Context, ref string, o client.ImagePullOptions) (client.ImagePullResponse, error) {
	res, err := a.APIClient.ImagePull(ctx, ref, o)
	if err != nil {
		return nil, err
	}
	width := a.s.columns(a.s.plan.name != "pull")
	if width == 0 {
		return res, nil
	}
	return &bars{ImagePullResponse: res, in: json.NewDecoder(res), width: width, rows: map[string]int{}}, nil
}

// columns is the width of the terminal that standard output is, or standard error; 0
// without one.
func (s *session) columns(stderr bool) (width int) {
	s.do(func() {
		out := s.p.Stdout
		if stderr {
			out = s.p.Stderr
		}
		if t := s.p.TTY; t != nil && userland.IsTTY(out) {
			width = t.Size().Cols
		}
	})
	return width
}

// rows prints what goes on as docker does (jsonmessage.DisplayMessages): on a terminal each
// thing has a row that is drawn again, elsewhere a line each time.
type rows struct {
	out   io.Writer
	width int             // of the terminal, 0 without one
	lines map[string]uint // of each thing, from the first
}

func (r *rows) show(m jsonstream.Message) {
	tty, up := r.width > 0, uint(0)
	if m.ID != "" && m.Progress != nil {
		if _, ok := r.lines[m.ID]; !ok {
			r.lines[m.ID] = uint(len(r.lines))
			if tty {
				fmt.Fprintln(r.out)
			}
		}
		if up = uint(len(r.lines)) - r.lines[m.ID]; tty {
			fmt.Fprintf(r.out, "\x1b[%dA", up)
		}
	} else {
		clear(r.lines)
	}
	jsonmessage.Display(m, r.out, tty, uint16(r.width))
	if tty && up > 0 {
		fmt.Fprintf(r.out, "\x1b[%dB", up)
	}
}

// bars is a pull's answer with its progress as text.
type bars struct {
	client.ImagePullResponse
	in    *json.Decoder
	width int
	rows  map[string]int // of each layer, from the first
	left  []byte         // what was made and not yet read
}

// Read gives the next message's text, as one message of a stream.
func (b *bars) Read(p []byte) (int, error) {
	for len(b.left) == 0 {
		var m jsonstream.Message
		if err := b.in.Decode(&m); err != nil {
			return 0, err
		}
		switch {
		case m.Error != nil:
			b.left, _ = json.Marshal(m)
		default:
			b.left, _ = json.Marshal(jsonstream.Message{Stream: b.draw(&m)})
		}
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

// draw is what a message looks like: its row again, or a line below all rows.
func (b *bars) draw(m *jsonstream.Message) string {
	if m.ID == "" || m.Progress == nil || strings.HasPrefix(m.Status, "Pulling from ") {
		if m.ID != "" {
			return m.ID + ": " + m.Status + "\n"
		}
		return m.Status + "\n"
	}
	text := m.ID + ": " + m.Status + " " + b.bar(m.Progress)
	row, ok := b.rows[m.ID]
	if !ok {
		b.rows[m.ID] = len(b.rows)
		return text + "\r\n"
	}
	up := len(b.rows) - row
	return fmt.Sprintf("\x1b[%dA\x1b[2K\r%s\r\x1b[%dB", up, text, up)
}

// bar is the progress of a layer, with a bar where the terminal has room for one.
func (b *bars) bar(p *jsonstream.Progress) string {
	if p.Total <= 0 {
		return ""
	}
	text := fmt.Sprintf("%8s/%s", size(p.Current), size(p.Total))
	if b.width <= 110 {
		return text
	}
	full := int(min(p.Current*50/p.Total, 50))
	head := ">"
	if full == 50 {
		head = ""
	}
	return fmt.Sprintf("[%s%s%s] %s", strings.Repeat("=", full), head, strings.Repeat(" ", max(50-full-len(head), 0)), text)
}

// size is a number of bytes in docker's words: four digits and a decimal unit.
func size(n int64) string {
	v, units := float64(n), []string{"B", "kB", "MB", "GB"}
	for v >= 1000 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	return fmt.Sprintf("%.4g%s", v, units[0])
}
