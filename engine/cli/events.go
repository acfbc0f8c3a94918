package cli

import (
	"context"
	"strings"

	"github.com/docker/cli/cli/command/formatter"
	formats "github.com/docker/cli/templates"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// announced passes events on, each after its lines have been added to what is owed.
func (s *session) announced(ctx context.Context, from client.EventsResult) client.EventsResult {
	messages, failed := make(chan events.Message), make(chan error, 1)
	count := linesOf(s.plan.format)
	go func() {
		defer close(failed)
		for {
			select {
			case m := <-from.Messages:
				s.jitter()
				n := count(m)
				s.mu.Lock()
				s.passed, s.owed = s.passed+1, s.owed+n
				s.mu.Unlock()
				select {
				case messages <- m:
				case <-ctx.Done():
					failed <- ctx.Err()
					return
				}
			case err := <-from.Err:
				s.jitter()
				failed <- err
				return
			}
		}
	}()
	return client.EventsResult{Messages: messages, Err: failed}
}

// linesOf counts the newlines with which docker events prints an event in a format.
func linesOf(format string) func(m events.Message) int {
	if format == formatter.JSONFormatKey {
		format = formatter.JSONFormat
	}
	t, err := formats.Parse(format)
	if format == "" || err != nil {
		return func(m events.Message) int {
			text := []string{string(m.Type), string(m.Action), m.Actor.ID, "\n"}
			for k, v := range m.Actor.Attributes {
				text = append(text, k, v)
			}
			return strings.Count(strings.Join(text, ""), "\n")
		}
	}
	return func(m events.Message) int {
		var b strings.Builder
		if t.Execute(&b, m) == nil {
			b.WriteByte('\n') // else docker ends
		}
		return strings.Count(b.String(), "\n")
	}
}
