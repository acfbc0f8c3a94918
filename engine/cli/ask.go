package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"dnetsim/engine"
)

// sleep lets virtual time pass; it reports whether it did.
func (s *session) sleep(ctx context.Context, d time.Duration) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return false
	}
	ok := false
	s.Do(r, &engine.Job{Kind: engine.Plain, Method: http.MethodGet, Path: "/", Run: func() {
		ok = s.loop.Current().Sleep(d) == nil
	}})
	return ok && ctx.Err() == nil
}

// now is the loop's time.
func (s *session) now() (t time.Duration) {
	s.do(func() { t = s.loop.Now() })
	return t
}

// get asks the engine for something; its error is [context.Canceled] if the context ends.
func (s *session) get(ctx context.Context, path string, out any) error {
	err := s.ask(ctx, path, out)
	if ctx.Err() != nil {
		return context.Canceled
	}
	return err
}

func (s *session) ask(ctx context.Context, path string, out any) error {
	t := &http.Transport{DialContext: s.dial}
	defer t.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/v"+s.srv.Version().APIVersion+path, nil)
	if err != nil {
		return err
	}
	res, err := t.RoundTrip(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var e struct{ Message string }
		json.NewDecoder(res.Body).Decode(&e)
		return errors.New("Error response from daemon: " + e.Message)
	}
	return json.NewDecoder(res.Body).Decode(out)
}
