// Package part holds what every program of the test's cluster has in common: how it says that it is ready, and how it ends.
//
// A program is started with its stdin as a pipe that nobody writes to. When the pipe closes, whoever held its other end is gone,
// however that came about, and the program ends, too: nothing outlives a test that was killed. SIGTERM and SIGINT do the same.
package part

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Run runs a program that puts its things away when its context is done. What fails because of that is no failure.
func Run(program func(context.Context) error) {
	ctx := untilTheEnd()
	err := program(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	Exit(err)
}

// EndAtOnce ends a program that has nothing to put away as soon as it is to end.
func EndAtOnce() {
	ctx := untilTheEnd()
	go func() {
		<-ctx.Done()
		os.Exit(0)
	}()
}

// Ready prints the one line of stdout that whoever started the program waits for.
func Ready(facts map[string]any) error {
	facts["ready"] = true
	return json.NewEncoder(os.Stdout).Encode(facts)
}

// Exit ends the program: with 0 if there is nothing to complain about, else with 1 and the complaint on stderr.
func Exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func untilTheEnd() context.Context {
	ctx, end := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	return ctx
}
