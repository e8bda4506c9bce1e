// Package controller runs `bellwether controller` as a process for tests, and looks at what it takes of the machine.
package controller

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// Controller is one process; it ends with its test.
type Controller struct {
	Address string // HOST:PORT, which it listens on

	t      cluster.T
	cmd    *exec.Cmd
	done   chan struct{} // closed when it has ended
	config string
	log    string
}

var serving = regexp.MustCompile(`"serving","address":"([^"]+)"`)

// Start runs it with this configuration (YAML without `http.listen`, which is a free port of loopback) and waits until it
// listens, which it does whatever etcd does.
func Start(t cluster.T, config string) *Controller {
	t.Helper()
	folder := t.TempDir()
	c := &Controller{t: t, config: filepath.Join(folder, "config.yaml"), log: filepath.Join(folder, "log")}
	c.write(config)
	t.Cleanup(c.end)
	c.launch("127.0.0.1:0")
	return c
}

func (c *Controller) launch(listen string) {
	c.t.Helper()
	log, err := os.Create(c.log)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	cmd, done := exec.Command(cluster.Bellwether(c.t), "controller", "--config", c.config, "--set", "http.listen="+listen), make(chan struct{})
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	c.cmd, c.done = cmd, done
	cluster.Eventually(c.t, time.Minute, "the controller listens", func() error {
		c.MustLive()
		found := serving.FindStringSubmatch(c.Log())
		if found == nil {
			return fmt.Errorf("it said:\n%s", c.Log())
		}
		c.Address = found[1]
		return nil
	})
}

func (c *Controller) write(config string) {
	c.t.Helper()
	if err := os.WriteFile(c.config, []byte(config), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// Stop ends it as a service manager does.
func (c *Controller) Stop() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(20 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.done
	}
}

// StartAgain runs it after Stop, on the same address and with the same configuration.
func (c *Controller) StartAgain() { c.t.Helper(); c.launch(c.Address) }

func (c *Controller) end() {
	c.Stop()
	if c.t.Failed() {
		log := c.Log()
		c.t.Logf("the controller said:\n%s", log[max(0, len(log)-4000):])
	}
}

// Log is what it has said so far.
func (c *Controller) Log() string {
	text, err := os.ReadFile(c.log)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// MustLive fails the test when the process has ended.
func (c *Controller) MustLive() {
	c.t.Helper()
	select {
	case <-c.done:
		c.t.Fatalf("the controller has ended, %s; it said:\n%s", c.cmd.ProcessState, c.Log())
	default:
	}
}

// Reload has it read another configuration, and waits until it has.
func (c *Controller) Reload(config string) {
	c.t.Helper()
	before := strings.Count(c.Log(), "configuration read again")
	c.write(config)
	if err := c.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		c.t.Fatal(err)
	}
	cluster.Eventually(c.t, time.Minute, "the configuration is read again", func() error {
		if strings.Count(c.Log(), "configuration read again") == before {
			return fmt.Errorf("it said:\n%s", c.Log())
		}
		return nil
	})
}

// URL of a path.
func (c *Controller) URL(path string) string { return "http://" + c.Address + path }

// WaitReady waits until it has read the elections.
func (c *Controller) WaitReady() {
	c.t.Helper()
	cluster.Eventually(c.t, time.Minute, "the controller is ready", func() error {
		c.MustLive()
		answer, err := http.Get(c.URL("/readyz"))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s; it said:\n%s", answer.Status, c.Log())
		}
		return nil
	})
}

// RSS is the memory that it has now, in bytes.
func (c *Controller) RSS() int64 { return c.status("VmRSS:") }

// PeakRSS is the most that it has had, in bytes.
func (c *Controller) PeakRSS() int64 { return c.status("VmHWM:") }

func (c *Controller) status(field string) int64 {
	c.t.Helper()
	c.MustLive()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) >= 2 && words[0] == field {
			kilobytes, err := strconv.ParseInt(words[1], 10, 64)
			if err != nil {
				c.t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	c.t.Fatalf("no %s of the controller", field)
	return 0
}
