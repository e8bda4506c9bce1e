package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"bellwether.io/bellwether/tests/wire/go/program"
)

// talker is a process with which the bench talks by lines: it says "ready", and what it measured.
type talker struct {
	b       *bench
	process *program.Process
	in      io.WriteCloser
	lines   chan string
}

// startFlock starts bench_flock (tests/bench/flock.h).
func (b *bench) startFlock(args ...string) *talker {
	return b.startTalking(b.tool("bench_flock"), args...)
}

func (b *bench) startTalking(path string, args ...string) *talker {
	cmd := exec.Command(path, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	// A pipe of our own: exec's would be closed as soon as the process has ended, read or not.
	out, write, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, os.Stderr
	t := &talker{b, b.Start(cmd), in, make(chan string, 1024)}
	_ = write.Close()
	go func() {
		defer close(t.lines)
		defer out.Close()
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			t.lines <- scanner.Text()
		}
	}()
	return t
}

// line is the next one; the bench fails when there is none.
func (t *talker) line(within time.Duration) string {
	select {
	case line, more := <-t.lines:
		if more {
			return line
		}
		t.b.Fatal(filepath.Base(t.process.Path) + " has ended")
	case <-t.b.Context().Done():
		t.b.Fatal("interrupted")
	case <-time.After(within):
		t.b.Fatalf("%s said nothing for %s", filepath.Base(t.process.Path), within)
	}
	return ""
}

func (t *talker) expect(want string, within time.Duration) {
	if got := t.line(within); got != want {
		t.b.Fatalf("%s said %q, not %q", filepath.Base(t.process.Path), got, want)
	}
}

// end closes its input; its last line.
func (t *talker) end() string {
	_ = t.in.Close()
	last := t.line(time.Minute)
	t.process.End(syscall.SIGTERM)
	return last
}
