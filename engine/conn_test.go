package engine

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func TestHalfClosedConnectionStillCarriesTheOtherDirection(t *testing.T) {
	c, s := pipe("x", nil)
	io.WriteString(c, "question")
	c.CloseWrite()
	got, err := io.ReadAll(s)
	if err != nil || string(got) != "question" {
		t.Fatalf("server read %q, %v", got, err)
	}
	if _, err := io.WriteString(c, "more"); err == nil {
		t.Error("a write after CloseWrite succeeds")
	}
	io.WriteString(s, "answer")
	s.Close()
	got, err = io.ReadAll(c)
	if err != nil || string(got) != "answer" {
		t.Fatalf("client read %q, %v", got, err)
	}
}

func TestConnectionIsIdleOnlyWhenItsReaderHasComeBack(t *testing.T) {
	changed := make(chan struct{}, 100)
	c, s := pipe("x", func() { changed <- struct{}{} })
	if c.Idle() {
		t.Error("idle without a reader")
	}
	release := make(chan struct{})
	go func() {
		b := make([]byte, 10)
		c.Read(b)
		<-release // works on what it has read
		c.Read(b)
		c.Read(b)
	}()
	<-changed
	if !c.Idle() {
		t.Error("not idle while the reader blocks")
	}
	io.WriteString(s, "1")
	if c.Idle() {
		t.Error("idle with a byte on the way")
	}
	close(release)
	<-changed
	if !c.Idle() {
		t.Error("not idle after the reader came back")
	}
	s.Close()
	<-changed
	if !c.Idle() {
		t.Error("not idle after end of file was read")
	}
}

func TestReadDeadlineEndsABlockedRead(t *testing.T) {
	c, _ := pipe("x", nil)
	go func() { time.Sleep(time.Millisecond); c.SetReadDeadline(time.Unix(1, 0)) }()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read gave %v", err)
	}
	c.SetReadDeadline(time.Time{})
	io.WriteString(c.Other(), "x")
	if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatalf("after the deadline was lifted: %d, %v", n, err)
	}
}

func TestSinkGetsWhatWasThereAndWhatComes(t *testing.T) {
	c, s := pipe("x", nil)
	io.WriteString(c, "a")
	var got []byte
	ended := false
	s.Sink(func(b []byte, eof bool) { got = append(got, b...); ended = ended || eof })
	io.WriteString(c, "b")
	c.CloseWrite()
	if string(got) != "ab" || !ended {
		t.Fatalf("sink got %q, ended %v", got, ended)
	}
}
