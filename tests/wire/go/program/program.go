// Package program lets a command use what tests use, things that clean up after themselves, and keeps the promise however
// the command ends: by itself, by a failure, by Ctrl-C or SIGTERM at any moment.
package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// Program stands where a test would: it is a cluster.T.
type Program struct {
	name string
	ctx  context.Context

	mutex    sync.Mutex // guards what follows
	failed   bool
	cleanups []func()
}

// Main runs the body in a goroutine and ends the process when it is over and everything is cleaned up: with 0, with 1 after a
// failure, with 128 + N when signal N cut it short. A body that returns by itself after its context has ended was not cut.
func Main(name string, body func(p *Program)) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &Program{name: name, ctx: ctx}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	ended := make(chan struct{})
	returned := false
	go func() {
		defer close(ended)
		defer func() {
			if why := recover(); why != nil {
				p.fail(fmt.Sprintf("panic: %v\n%s", why, debug.Stack()))
			}
		}()
		body(p)
		returned = true
	}()
	var caught syscall.Signal
	for running := true; running; {
		select {
		case s := <-signals:
			caught = s.(syscall.Signal)
			cancel()
		case <-ended:
			running = false
		}
	}
	cancel()
	p.cleanUp()
	switch {
	case p.Failed():
		os.Exit(1)
	case !returned:
		os.Exit(128 + int(caught))
	}
	os.Exit(0)
}

func (p *Program) cleanUp() {
	for {
		p.mutex.Lock()
		last := len(p.cleanups) - 1
		if last < 0 {
			p.mutex.Unlock()
			return
		}
		next := p.cleanups[last]
		p.cleanups = p.cleanups[:last]
		p.mutex.Unlock()
		next()
	}
}

func (p *Program) Helper() {}

// Context ends with a signal: whoever waits gives up then, by Fatal or by returning.
func (p *Program) Context() context.Context { return p.ctx }

// Cleanup is called at the end, the last one first.
func (p *Program) Cleanup(f func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.cleanups = append(p.cleanups, f)
}

func (p *Program) TempDir() string {
	folder, err := os.MkdirTemp("", "bellwether-"+p.name+"-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func (p *Program) Failed() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.failed
}

func (p *Program) Logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, p.name+": "+format+"\n", args...)
}

// Skip is a failure: what a program needs is there, or it cannot run.
func (p *Program) Skip(args ...any) { p.Fatal(args...) }

// Fatal ends the body. Once the context has ended it is no failure: waiting was given up, as it should be. To be called from
// the body's goroutine.
func (p *Program) Fatal(args ...any) {
	if p.ctx.Err() == nil {
		p.fail(fmt.Sprint(args...))
	}
	runtime.Goexit()
}

func (p *Program) Fatalf(format string, args ...any) { p.Fatal(fmt.Sprintf(format, args...)) }

func (p *Program) fail(why string) {
	p.Logf("%s", why)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.failed = true
}

// Process was started by a program and ends with it.
type Process struct {
	*exec.Cmd
	done chan struct{}
}

// Start starts a process in a group of its own, so that Ctrl-C reaches it only through us. The clean-up asks it to end by
// SIGTERM, and kills it when that takes more than 3 s.
func (p *Program) Start(cmd *exec.Cmd) *Process {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		p.Fatalf("%s: %v", cmd.Path, err)
	}
	process := &Process{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(process.done)
	}()
	p.Cleanup(func() { process.End(syscall.SIGTERM) })
	return process
}

// Done is closed when the process has ended and was waited for.
func (q *Process) Done() <-chan struct{} { return q.done }

// End sends the signal, and SIGKILL after 3 s; it waits for the end. Nothing is sent to a process that has ended.
func (q *Process) End(by syscall.Signal) {
	_ = q.Process.Signal(by)
	select {
	case <-q.done:
	case <-time.After(3 * time.Second):
		_ = q.Process.Kill()
		<-q.done
	}
}
