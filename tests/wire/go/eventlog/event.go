// Package eventlog holds what happened in a test, in order, as the processes themselves saw it, and a checker that says
// whether it may have happened.
//
// All times are CLOCK_BOOTTIME of one machine, in nanoseconds: led programs, fault injectors and tests share that clock, so
// their lines can be compared. Every process appends whole lines to one file.
package eventlog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"time"

	"golang.org/x/sys/unix"
)

type Kind string

const (
	// Of led programs.
	Start Kind = "start" // told to lead, before the first act
	Act   Kind = "act"   // "I act", written as the effect itself
	Stop  Kind = "stop"  // ended in an orderly way

	// Of the test.
	Cause   Kind = "cause"   // something that may change the leader of the election ("" = of every election)
	Foreign Kind = "foreign" // a cause too: somebody else deleted a live leader's key or revoked its lease
	// A cause too: etcd is put back to an older snapshot. Tokens from before mean nothing after it.
	Restored Kind = "restored"
	Expect   Kind = "expect" // a holder with a larger token than Token acts within Within of T
	Calm     Kind = "calm"   // the leader does not change within Within of T
	Note     Kind = "note"   // for people
)

type Event struct {
	T        int64  `json:"t"`
	Kind     Kind   `json:"kind"`
	Election string `json:"election,omitempty"`
	ID       string `json:"id,omitempty"`
	Token    int64  `json:"token,omitempty"`
	PID      int    `json:"pid,omitempty"`
	Text     string `json:"text,omitempty"`
	// Of Foreign and Restored: how long the holder from before may still act.
	Within time.Duration `json:"within,omitempty"`
}

// Now is CLOCK_BOOTTIME.
func Now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// Log appends to a file that other processes append to as well.
type Log struct {
	file *os.File
}

func Open(path string) (*Log, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &Log{file}, nil
}

func (l *Log) Path() string { return l.file.Name() }
func (l *Log) Close() error { return l.file.Close() }

// Add stamps the event unless it is stamped, and appends it in one write: lines of several processes never mix.
func (l *Log) Add(e Event) (Event, error) {
	if e.T == 0 {
		e.T = Now()
	}
	line, err := json.Marshal(e)
	if err != nil {
		return e, err
	}
	_, err = l.file.Write(append(line, '\n'))
	return e, err
}

// Read gives the events in order of time. A last line without its end is left out: its writer was killed.
func Read(path string) ([]Event, error) {
	reader := NewReader(path)
	if err := reader.Update(); err != nil {
		return nil, err
	}
	events := reader.Events()
	sort.SliceStable(events, func(i, j int) bool { return events[i].T < events[j].T })
	return events, nil
}

// Reader follows a log that grows.
type Reader struct {
	path   string
	offset int64
	events []Event
}

func NewReader(path string) *Reader { return &Reader{path: path} }

// Events are those read so far, in the order in which they were written.
func (r *Reader) Events() []Event { return r.events }

// Update reads what has come since, whole lines only.
func (r *Reader) Update() error {
	file, err := os.Open(r.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(r.offset, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("%s: %w in %q", r.path, err, line)
		}
		r.events = append(r.events, e)
		r.offset += int64(len(line))
	}
}

// FirstAct is the first act in a log with a token larger than this.
func FirstAct(path string, after int64) (Event, error) {
	events, err := Read(path)
	if err != nil {
		return Event{}, err
	}
	for _, e := range events {
		if e.Kind == Act && e.Token > after {
			return e, nil
		}
	}
	return Event{}, fmt.Errorf("%s: no act with a token larger than %d", path, after)
}
