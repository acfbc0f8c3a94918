package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// heedSignals makes the first SIGINT or SIGTERM end what runs in an orderly way
// (files are closed, status 3), and the second end the command at once.
func heedSignals(t *terminal, cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	cancel(errors.New("interrupted"))
	<-signals
	if restore := t.cooked.Load(); restore != nil {
		(*restore)()
	}
	fmt.Fprintln(t.err, "dnetsim: interrupted twice: ended at once, files may be incomplete")
	os.Exit(exitBroken)
}

// outlivePipes makes a reader of ours that goes away an error, and no end.
func outlivePipes() { signal.Ignore(syscall.SIGPIPE) }
