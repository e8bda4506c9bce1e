// The program that is led in the tests: from its start to its end it writes "I act" to an event log each few milliseconds,
// with the identity and the token that its leader gave it.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"bellwether.io/bellwether/tests/wire/go/eventlog"
)

func main() {
	path := flag.String("log", "", "event log to append to")
	every := flag.Duration("every", 5*time.Millisecond, "pause between two acts")
	stubborn := flag.Bool("stubborn", false, "ignore SIGTERM")
	flag.Parse()
	token, err := strconv.ParseInt(os.Getenv("BELLWETHER_TOKEN"), 10, 64)
	if err != nil {
		fatal(fmt.Errorf("BELLWETHER_TOKEN: %w", err))
	}
	log, err := eventlog.Open(*path)
	if err != nil {
		fatal(err)
	}
	write := func(kind eventlog.Kind, text string) {
		_, err := log.Add(eventlog.Event{Kind: kind, Election: os.Getenv("BELLWETHER_ELECTION"),
			ID: os.Getenv("BELLWETHER_ID"), Token: token, PID: os.Getpid(), Text: text})
		if err != nil {
			fatal(err)
		}
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
	write(eventlog.Start, "")
	ticker := time.NewTicker(*every)
	for {
		write(eventlog.Act, "")
		select {
		case <-ticker.C:
		case s := <-signals:
			if s == syscall.SIGTERM && *stubborn {
				write(eventlog.Note, "SIGTERM ignored")
				continue
			}
			write(eventlog.Stop, s.String())
			return
		}
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "worker:", err)
	os.Exit(1)
}
