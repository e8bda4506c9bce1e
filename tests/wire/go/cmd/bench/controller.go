package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/program"
)

const root = "/bellwether/elections"

// controller is `bellwether controller` on an etcd, as users start it.
type controller struct {
	b       *bench
	process *program.Process
	url     string
	started time.Time
}

// startController does not wait for it. `limits` is http.limits in YAML's flow style.
func (b *bench) startController(c *cluster.Cluster, limits string) *controller {
	etcd, err := url.Parse(c.Endpoints()[0])
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", etcd.Hostname()+":0") // an address that only this etcd has
	if err != nil {
		b.Fatal(err)
	}
	listen := listener.Addr().String()
	_ = listener.Close()
	folder := b.TempDir()
	config := filepath.Join(folder, "controller.yaml")
	text := fmt.Sprintf("etcd: {endpoints: [%q]}\nelections: {root: %s}\nhttp: {listen: %q, limits: %s}\nmetrics: {maxElections: 1000000}\n",
		c.Endpoints()[0], root, listen, limits)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(b.binary, "controller", "--config", config)
	cmd.Stdout, cmd.Stderr = log, log
	started := time.Now()
	return &controller{b, b.Start(cmd), "http://" + listen, started}
}

// served waits until the path is answered with 200, and says when that was seen.
func (c *controller) served(path string) time.Time {
	end := time.Now().Add(2 * time.Minute)
	for {
		answer, err := http.Get(c.url + path)
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return time.Now()
			}
			err = fmt.Errorf("status %s", answer.Status)
		}
		select {
		case <-c.process.Done():
			c.b.Fatal("the controller has ended")
		default:
		}
		if time.Now().After(end) {
			c.b.Fatalf("the controller does not serve %s: %v", path, err)
		}
		c.b.wait(2 * time.Millisecond)
	}
}

func (c *controller) end() { c.process.End(syscall.SIGTERM) }

func (c *controller) pid() int { return c.process.Process.Pid }

// memory is a line of /proc/PID/status in bytes: VmRSS is what is resident now, VmHWM the most since forgetPeak.
func (b *bench) memory(pid int, line string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), line+":")
	kib, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib * 1024
}

func (b *bench) forgetPeak(pid int) {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o200); err != nil {
		b.Fatal(err)
	}
}

// processorTime is what a process has used, in Linux' ticks of 10 ms.
func (b *bench) processorTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	// The name, field 2, may hold spaces; user and system time are fields 14 and 15.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func mib(bytes int64) string { return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20)) }
