package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Kill ends a member with SIGKILL.
func (c *Cluster) Kill(m *Member) {
	c.t.Helper()
	if err := m.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	<-m.done
	m.cmd = nil
}

func (c *Cluster) Stop(m *Member) { c.signal(m, syscall.SIGSTOP) }
func (c *Cluster) Cont(m *Member) { c.signal(m, syscall.SIGCONT) }

func (c *Cluster) signal(m *Member, signal syscall.Signal) {
	c.t.Helper()
	if err := m.cmd.Process.Signal(signal); err != nil {
		c.t.Fatal(err)
	}
}

// Start starts a killed member again with its data.
func (c *Cluster) Start(m *Member) { c.launch(m) }

// Leader is the member that leads the raft group.
func (c *Cluster) Leader() *Member {
	c.t.Helper()
	var leader *Member
	Eventually(c.t, 30*time.Second, "etcd has a leader", func() error {
		for _, m := range c.members {
			if m.cmd == nil {
				continue
			}
			status, err := c.status(m)
			if err == nil && status.Leader == status.Header.MemberId {
				leader = m
				return nil
			}
		}
		return fmt.Errorf("no member leads")
	})
	return leader
}

// Follower is a member that does not lead.
func (c *Cluster) Follower() *Member {
	leader := c.Leader()
	for _, m := range c.members {
		if m != leader && m.cmd != nil {
			return m
		}
	}
	c.t.Fatal("no follower")
	return nil
}

func (c *Cluster) status(m *Member) (*clientv3.StatusResponse, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	return c.client.Status(ctx, m.ClientURL)
}

// Counters are what idle elections must not move: etcd's revision, and the raft index that the leader has applied.
type Counters struct {
	Revision, Applied int64
}

func (c *Cluster) Counters() Counters {
	c.t.Helper()
	var counters Counters
	leader := c.Leader()
	Eventually(c.t, 30*time.Second, "status of the leader", func() error {
		status, err := c.status(leader)
		if err == nil {
			counters = Counters{status.Header.Revision, int64(status.RaftAppliedIndex)}
		}
		return err
	})
	return counters
}

// Fill writes until the quota is used up and the NOSPACE alarm is raised.
func (c *Cluster) Fill() {
	c.t.Helper()
	value := strings.Repeat("x", 256<<10)
	written := 0
	Eventually(c.t, 2*time.Minute, "the quota is used up", func() error {
		for {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			_, err := c.client.Put(ctx, fmt.Sprintf("/filler/%d", written), value)
			cancel()
			if err != nil && strings.Contains(err.Error(), "database space exceeded") {
				return nil
			}
			if err != nil {
				return err // a member is down, perhaps
			}
			written++
		}
	})
}

// Relieve deletes what Fill wrote, compacts, defragments and disarms.
func (c *Cluster) Relieve() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	deleted, err := c.client.Delete(ctx, "/filler/", clientv3.WithPrefix())
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.client.Compact(ctx, deleted.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		c.t.Fatal(err)
	}
	for _, m := range c.members {
		if _, err := c.client.Defragment(ctx, m.ClientURL); err != nil {
			c.t.Fatal(err)
		}
	}
	if _, err := c.client.AlarmDisarm(ctx, &clientv3.AlarmMember{}); err != nil {
		c.t.Fatal(err)
	}
}

// Compact compacts up to the present revision.
func (c *Cluster) Compact() {
	c.t.Helper()
	Eventually(c.t, time.Minute, "a compaction", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		now, err := c.client.Get(ctx, "/")
		if err != nil {
			return err
		}
		_, err = c.client.Compact(ctx, now.Header.Revision)
		if errors.Is(err, rpctypes.ErrCompacted) { // an earlier try counted
			return nil
		}
		return err
	})
}

// Write makes this many revisions.
func (c *Cluster) Write(revisions int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for range revisions {
		if _, err := c.client.Put(ctx, "/written", ""); err != nil {
			c.t.Fatal(err)
		}
	}
}

// SaveSnapshot is what `etcdctl snapshot save` makes of the first member.
func (c *Cluster) SaveSnapshot() (path string) {
	c.t.Helper()
	path = filepath.Join(c.folder, "snapshot")
	cmd := c.etcdctl(c.Endpoints()[:1], []string{"snapshot", "save", path})
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("snapshot save: %v: %s", err, out)
	}
	return path
}

// RestoreSnapshot ends every member, puts the snapshot in the place of its data and starts it again.
func (c *Cluster) RestoreSnapshot(path string) {
	c.t.Helper()
	for _, m := range c.members {
		c.Kill(m)
		if err := os.RemoveAll(m.Dir); err != nil {
			c.t.Fatal(err)
		}
	}
	// From 3.5 on etcdutl does it, from 3.6 on etcdctl does not.
	tool := filepath.Join(c.bin, "etcdutl")
	if _, err := exec.LookPath(tool); err != nil {
		tool = filepath.Join(c.bin, "etcdctl")
	}
	for _, m := range c.members {
		cmd := exec.Command(tool, append([]string{"snapshot", "restore", path}, c.identity(m)...)...)
		cmd.Env = append(os.Environ(), "ETCDCTL_API=3")
		if out, err := cmd.CombinedOutput(); err != nil {
			c.t.Fatalf("snapshot restore: %v: %s", err, out)
		}
	}
	for _, m := range c.members {
		c.Start(m)
	}
	c.WaitServing()
}
