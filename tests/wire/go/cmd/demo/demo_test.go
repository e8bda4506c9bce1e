package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// demo is the program as a person starts it, with a folder for temporary files of its own, by which its processes are known.
type demo struct {
	t     *testing.T
	temp  string
	cmd   *exec.Cmd
	lines chan string
	talk  bytes.Buffer // what was read of its output
}

// programs are the demo and the worker, built once.
var programs = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "bellwether-demo-test-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", folder+"/", ".", "../worker").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return folder, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder, err := programs(); err == nil {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

func start(t *testing.T, bellwether string, flags ...string) *demo {
	t.Helper()
	cluster.Folder(t, "3.6.16") // skips where it is missing
	folder, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{t: t, temp: t.TempDir(), lines: make(chan string, 1000)}
	d.cmd = exec.Command(filepath.Join(folder, "demo"), flags...)
	d.cmd.Env = append(os.Environ(), "TMPDIR="+d.temp, "BELLWETHER_BIN="+bellwether)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stdout, d.cmd.Stderr = write, write
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	go func() {
		defer close(d.lines)
		for scanner := bufio.NewScanner(read); scanner.Scan(); {
			d.lines <- scanner.Text()
		}
		_, _ = io.Copy(io.Discard, read)
	}()
	return d
}

// until reads lines up to one that matches, or to the end when `pattern` is empty.
func (d *demo) until(pattern string) {
	d.t.Helper()
	within := time.After(3 * time.Minute)
	for {
		select {
		case line, more := <-d.lines:
			fmt.Fprintln(&d.talk, line)
			switch {
			case !more && pattern == "":
				return
			case !more:
				d.t.Fatalf("ended before it said %q:\n%s", pattern, d.talk.String())
			case pattern != "" && regexp.MustCompile(pattern).MatchString(line):
				return
			}
		case <-within:
			d.t.Fatalf("never said %q:\n%s", pattern, d.talk.String())
		}
	}
}

// expectEnd waits for the end, and looks for what it may have left.
func (d *demo) expectEnd(code int) {
	d.t.Helper()
	d.until("")
	_ = d.cmd.Wait()
	if got := d.cmd.ProcessState.ExitCode(); got != code {
		d.t.Errorf("exit code %d, not %d:\n%s", got, code, d.talk.String())
	}
	// A guardian needs a moment after its `run` was killed.
	cluster.Eventually(d.t, 10*time.Second, "nothing survives", func() error {
		if left := d.processes(); len(left) > 0 {
			return fmt.Errorf("%v", left)
		}
		return nil
	})
	files, err := os.ReadDir(d.temp)
	if err != nil || len(files) > 0 {
		d.t.Errorf("left in its temporary folder: %v %v", files, err)
	}
}

// processes are those with this demo's temporary folder in their environment, dead ones left out.
func (d *demo) processes() []string {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	var found []string
	for _, path := range environments {
		environment, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(environment, []byte("TMPDIR="+d.temp+"\x00")) {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		found = append(found, strings.ReplaceAll(string(command), "\x00", " "))
	}
	return found
}

func TestOnceShowsEverythingAndLeavesNothing(t *testing.T) {
	t.Parallel()
	d := start(t, cluster.Bellwether(t), "--once")
	d.until("Who leads")
	if n := len(d.processes()); n < 15 {
		t.Errorf("the search for survivors sees %d processes only: %v", n, d.processes())
	}
	d.expectEnd(0)
	for _, pattern := range []string{
		`\$ curl -s http://127\.\d+\.\d+\.\d+:\d+/v1/elections/demo/report/leader\n.*"id": ?"report-1"`,
		`\nbellwether_election_leader\{.*id="report-1".*\} 1\n|\n  bellwether_election_leader\{.*id="report-1".*\} 1\n`,
		`=> report-1 leads demo/report with fencing token \d+`,
		`=> report-2 acts \d+\.\d ms later, with fencing token \d+ instead of \d+; HTTP shows it after \d+\.\d ms`,
		`"go-program"`,
		`=> billing-2 acts \d+\.\d ms later`,
		`TryLock, sleep 5 s, again +2 +\d+ in 15 s +\d+\n`,
		`watch the prefix, TryLock on any event +\d+ +\d+ in \d+ s +\d+\n`,
		`bellwether, demo/billing +2 +0 in 15 s +0\n`,
		`bellwether, demo/report +3 +0 in 15 s +0\n`,
		`Everything was shown`,
	} {
		if !regexp.MustCompile(pattern).MatchString(d.talk.String()) {
			t.Errorf("did not print %q:\n%s", pattern, d.talk.String())
		}
	}
	if strings.Contains(d.talk.String(), "\x1b") {
		t.Error("colours where there is no terminal")
	}
}

func TestASignalAtAnyMomentCleansUp(t *testing.T) {
	t.Parallel()
	for _, moment := range []struct {
		until  string
		signal syscall.Signal
	}{
		{"Bellwether:", syscall.SIGINT}, // etcd is being started
		{"etcd .* on http", syscall.SIGTERM},
		{"the controller on", syscall.SIGINT},
		{"election demo/report", syscall.SIGTERM},
		{"TryLock on /TEST/LOCKER", syscall.SIGINT},
		{"the program that report-1 runs", syscall.SIGINT},
		{"its lease has to run out", syscall.SIGTERM},
		{"counting the revisions", syscall.SIGINT},
		{"the usual mend", syscall.SIGHUP},
	} {
		t.Run(moment.until, func(t *testing.T) {
			t.Parallel()
			d := start(t, cluster.Bellwether(t))
			d.until(moment.until)
			_ = d.cmd.Process.Signal(moment.signal)
			d.expectEnd(128 + int(moment.signal))
		})
	}
}

// Ctrl-C is how it ends when all was shown; until then, what it tells to try works as it stands.
func TestItRunsOnAndWhatItTellsToTryWorks(t *testing.T) {
	t.Parallel()
	d := start(t, cluster.Bellwether(t))
	d.until("pgrep")
	_, tries, _ := strings.Cut(d.talk.String(), "Try:")
	n := 0
	for line := range strings.Lines(tries) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		n++
		out, err := exec.Command("bash", "-c", line).CombinedOutput()
		if err != nil || (len(out) == 0 && !strings.Contains(line, "kill")) {
			t.Errorf("%s: %v: %q", line, err, out)
		}
	}
	if n < 6 {
		t.Errorf("%d lines to try in %q", n, tries)
	}
	_ = d.cmd.Process.Signal(syscall.SIGINT)
	d.expectEnd(0)
}

func TestAFailureCleansUpAndSaysWhy(t *testing.T) {
	t.Parallel()
	d := start(t, "/bin/false", "--once") // its controller ends at once
	d.expectEnd(1)
	if !strings.Contains(d.talk.String(), "the controller has ended") {
		t.Errorf("does not say why:\n%s", d.talk.String())
	}
}
