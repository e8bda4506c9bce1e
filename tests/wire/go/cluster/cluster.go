package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

type Options struct {
	Version string
	Members int      // 1 by default
	TLS     bool     // mutual
	Auth    bool     // password; user and password are Username and Password
	Quota   int64    // bytes; 0 = etcd's own
	Flags   []string // more of etcd
}

const (
	Username = "candidate"
	Password = "open sesame"
)

type Member struct {
	Name, ClientURL, PeerURL, Dir string

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

type Cluster struct {
	t       T
	options Options
	bin     string
	folder  string
	address string // a loopback address of its own, so that its ports are nobody else's
	certs   *Certs
	auth    bool
	members []*Member
	client  *clientv3.Client
}

// New starts a cluster and waits until every member serves.
func New(t T, options Options) *Cluster {
	t.Helper()
	if options.Members == 0 {
		options.Members = 1
	}
	c := &Cluster{t: t, options: options, bin: Folder(t, options.Version), folder: t.TempDir()}
	c.address = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(255), 1+rand.IntN(254))
	scheme := "http"
	if options.TLS {
		scheme = "https"
		c.certs = NewCerts(t, c.folder, c.address)
	}
	ports := freePorts(t, c.address, 2*options.Members)
	for i := range options.Members {
		c.members = append(c.members, &Member{
			Name:      fmt.Sprintf("m%d", i),
			ClientURL: fmt.Sprintf("%s://%s:%d", scheme, c.address, ports[2*i]),
			PeerURL:   fmt.Sprintf("http://%s:%d", c.address, ports[2*i+1]),
			Dir:       filepath.Join(c.folder, fmt.Sprintf("m%d", i)),
		})
	}
	t.Cleanup(c.close)
	for _, m := range c.members {
		c.launch(m)
	}
	c.client = c.NewClient(c.Endpoints())
	c.WaitServing()
	if options.Auth {
		c.enableAuth()
	}
	return c
}

func freePorts(t T, address string, n int) []int {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", address+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// identity is what a member is called and where it keeps its data, for etcd and for the restore of a snapshot.
func (c *Cluster) identity(m *Member) []string {
	var initial []string
	for _, other := range c.members {
		initial = append(initial, other.Name+"="+other.PeerURL)
	}
	return []string{"--name", m.Name, "--data-dir", m.Dir, "--initial-advertise-peer-urls", m.PeerURL,
		"--initial-cluster", strings.Join(initial, ","), "--initial-cluster-token", c.address}
}

func (c *Cluster) launch(m *Member) {
	c.t.Helper()
	args := append(c.identity(m), "--logger", "zap", "--listen-client-urls", m.ClientURL,
		"--advertise-client-urls", m.ClientURL, "--listen-peer-urls", m.PeerURL)
	if c.certs != nil {
		args = append(args, "--client-cert-auth", "--trusted-ca-file", c.certs.CA, "--cert-file", c.certs.ServerCert,
			"--key-file", c.certs.ServerKey)
	}
	if c.options.Quota != 0 {
		args = append(args, "--quota-backend-bytes", fmt.Sprint(c.options.Quota))
	}
	args = append(args, c.options.Flags...)
	log, err := os.OpenFile(m.Dir+".log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(c.bin, "etcd"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own: Ctrl-C ends the test, and the test ends etcd.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	m.cmd, m.done = cmd, done
}

func (c *Cluster) close() {
	if c.client != nil {
		_ = c.client.Close()
	}
	for _, m := range c.members {
		if m.cmd != nil {
			_ = m.cmd.Process.Kill()
			<-m.done
		}
		if c.t.Failed() {
			c.t.Logf("end of the log of etcd %s:\n%s", m.Name, tail(m.Dir+".log", 4000))
		}
	}
}

func tail(path string, bytes int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(text) > bytes {
		text = text[len(text)-bytes:]
	}
	return string(text)
}

func (c *Cluster) Version() string          { return c.options.Version }
func (c *Cluster) Certs() *Certs            { return c.certs }
func (c *Cluster) Client() *clientv3.Client { return c.client }
func (c *Cluster) Members() []*Member       { return c.members }

func (c *Cluster) Endpoints() []string {
	var urls []string
	for _, m := range c.members {
		urls = append(urls, m.ClientURL)
	}
	return urls
}

// NewClient connects a Go client to these endpoints; it closes with the test.
func (c *Cluster) NewClient(endpoints []string) *clientv3.Client {
	c.t.Helper()
	config := clientv3.Config{Endpoints: endpoints, DialTimeout: 5 * time.Second, Logger: zap.NewNop(),
		DialKeepAliveTime: 5 * time.Second, DialKeepAliveTimeout: 2 * time.Second}
	if c.certs != nil {
		config.TLS = c.certs.ClientConfig(c.t)
	}
	if c.auth {
		config.Username, config.Password = Username, Password
	}
	client, err := clientv3.New(config)
	if err != nil {
		c.t.Fatalf("client of %v: %v", endpoints, err)
	}
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}

// WaitServing waits until every member answers a linearizable read.
func (c *Cluster) WaitServing() {
	c.t.Helper()
	for _, m := range c.members {
		probe := c.NewClient([]string{m.ClientURL})
		Eventually(c.t, time.Minute, m.Name+" serves", func() error {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			_, err := probe.Get(ctx, "/")
			return err
		})
		_ = probe.Close()
	}
}

func (c *Cluster) enableAuth() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	check := func(_ any, err error) {
		c.t.Helper()
		if err != nil {
			c.t.Fatal(err)
		}
	}
	check(c.client.UserAdd(ctx, "root", "root password"))
	check(c.client.RoleAdd(ctx, "root"))
	check(c.client.UserGrantRole(ctx, "root", "root"))
	check(c.client.UserAdd(ctx, Username, Password))
	check(c.client.RoleAdd(ctx, "elections"))
	check(c.client.RoleGrantPermission(ctx, "elections", "/", "0", clientv3.PermissionType(clientv3.PermReadWrite)))
	check(c.client.UserGrantRole(ctx, Username, "elections"))
	check(c.client.AuthEnable(ctx))
	_ = c.client.Close()
	c.auth = true
	c.client = c.NewClient(c.Endpoints())
}

// RunFlags are the connection flags of the bellwether binary for these endpoints.
func (c *Cluster) RunFlags(endpoints []string) []string {
	flags := []string{"--endpoints", strings.Join(endpoints, ",")}
	if c.certs != nil {
		flags = append(flags, "--cacert", c.certs.CA, "--cert", c.certs.Cert, "--key", c.certs.Key)
	}
	if c.auth {
		path := filepath.Join(c.folder, "password")
		if err := os.WriteFile(path, []byte(Password), 0o600); err != nil {
			c.t.Fatal(err)
		}
		flags = append(flags, "--user", Username, "--password-file", path)
	}
	return flags
}

// Etcdctl is a command of this version's etcdctl.
func (c *Cluster) Etcdctl(args ...string) *exec.Cmd { return c.etcdctl(c.Endpoints(), args) }

func (c *Cluster) etcdctl(endpoints, args []string) *exec.Cmd {
	flags := []string{"--endpoints", strings.Join(endpoints, ",")}
	if c.certs != nil {
		flags = append(flags, "--cacert", c.certs.CA, "--cert", c.certs.Cert, "--key", c.certs.Key)
	}
	if c.auth {
		flags = append(flags, "--user", Username+":"+Password)
	}
	cmd := exec.Command(filepath.Join(c.bin, "etcdctl"), append(flags, args...)...)
	cmd.Env = append(os.Environ(), "ETCDCTL_API=3")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Eventually tries until it succeeds; the last error is told when it never does, or when the context of t ends meanwhile.
func Eventually(t T, within time.Duration, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	ended := t.Context().Done()
	if t.Context().Err() != nil {
		ended = nil // the clean-up of a test waits too
	}
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s: %v", within, what, err)
		}
		select {
		case <-ended:
			t.Fatalf("interrupted: %s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
