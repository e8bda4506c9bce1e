// Package hostile does to the controller what nobody should: requests that are none, clients that drip, floods, an etcd that is
// none. After each it must say clearly what is wrong, serve others meanwhile, and keep its memory.
package hostile

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/controller"
)

const (
	leaderPath = "/v1/elections/test/led/leader"
	patience   = time.Minute // for one answer, on a busy machine
	mebibyte   = 1 << 20
)

// stage is a controller on a real etcd with the election test/led, which "a" leads.
type stage struct {
	t          *testing.T
	etcd       *cluster.Cluster
	controller *controller.Controller
}

func newStage(t *testing.T, config string) *stage {
	t.Helper()
	versions := cluster.Versions()
	s := &stage{t: t, etcd: cluster.New(t, cluster.Options{Version: versions[len(versions)-1]})}
	s.put("/bellwether/elections/test/led/1", `{"id":"a","address":"http://127.0.0.1:1/base"}`)
	s.controller = controller.Start(t, fmt.Sprintf("etcd: {endpoints: [%q]}\n%s\n", s.etcd.Endpoints()[0], config))
	s.controller.WaitReady()
	return s
}

func (s *stage) put(key, value string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := s.etcd.Client().Put(ctx, key, value); err != nil {
		s.t.Fatal(err)
	}
}

// bounded demands that the controller never had more memory than this.
func (s *stage) bounded(bytes int64) {
	s.t.Helper()
	if peak := s.controller.PeakRSS(); peak > bytes {
		s.t.Errorf("the controller had %d MiB, more than %d", peak/mebibyte, bytes/mebibyte)
	} else {
		s.t.Logf("the controller had at most %d MiB of %d", peak/mebibyte, bytes/mebibyte)
	}
}

// witness is a well-behaved client: whatever others do, it is answered, on new connections and on the one that it keeps.
type witness struct {
	t      *testing.T
	stop   context.CancelFunc
	done   chan struct{}
	asked  atomic.Int64
	failed atomic.Pointer[error]
}

// watchOver asks until the test says that it is over; each answer has to be right, and at least one has to come from then on.
func (s *stage) watchOver() *witness {
	ctx, stop := context.WithCancel(context.Background())
	w := &witness{t: s.t, stop: stop, done: make(chan struct{})}
	url := s.controller.URL(leaderPath)
	go func() {
		defer close(w.done)
		kept := &http.Client{Timeout: patience, Transport: &http.Transport{}}
		fresh := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		for ctx.Err() == nil {
			for _, client := range []*http.Client{kept, fresh} {
				if err := ask(client, url); err != nil {
					w.failed.CompareAndSwap(nil, &err)
				}
			}
			w.asked.Add(1)
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
		kept.CloseIdleConnections()
	}()
	s.t.Cleanup(func() { stop(); <-w.done })
	return w
}

func ask(client *http.Client, url string) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"id":"a"`)) {
		err = fmt.Errorf("%s: %.300s", answer.Status, body)
	}
	return err
}

// over waits for one more answer, and demands that all were right.
func (w *witness) over() {
	w.t.Helper()
	before := w.asked.Load()
	cluster.Eventually(w.t, 2*patience, "another client is answered", func() error {
		if w.asked.Load() < before+2 {
			return errors.New("not yet")
		}
		return nil
	})
	w.stop()
	<-w.done
	if err := w.failed.Load(); err != nil {
		w.t.Errorf("another client was not served: %v", *err)
	}
}

// answer is what came back for raw bytes.
type answer struct {
	status  int
	problem string // the end of its type
	header  http.Header
	closed  bool // behind it, or instead
}

func (s *stage) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.controller.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// raw sends bytes on a connection of their own and reads the first answer.
func (s *stage) raw(bytes string) answer {
	s.t.Helper()
	conn := s.dial()
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, bytes) }()
	return s.read(bufio.NewReader(conn))
}

func (s *stage) read(reader *bufio.Reader) answer {
	s.t.Helper()
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			s.t.Errorf("neither an answer nor an end of the connection within %s", patience)
		}
		return answer{closed: true}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Errorf("%s: %v", response.Status, err)
	}
	a := answer{status: response.StatusCode, header: response.Header, closed: response.Close}
	if response.Header.Get("Content-Type") == "application/problem+json" {
		var problem struct{ Type string }
		if err := json.Unmarshal(body, &problem); err != nil {
			s.t.Errorf("%v: %q", err, body)
		}
		a.problem = strings.TrimPrefix(problem.Type, "urn:bellwether:problem:")
	}
	return a
}

// metric is the value of a series.
func (s *stage) metric(series string) (float64, error) {
	response, err := http.Get(s.controller.URL("/metrics"))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, mebibyte) // ids are labels
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), series+" "); found {
			return strconv.ParseFloat(text, 64)
		}
	}
	return 0, errors.Join(fmt.Errorf("no series %s", series), lines.Err())
}

// waitList waits until so many elections of a namespace are known.
func (s *stage) waitList(ns string, count int) {
	s.t.Helper()
	cluster.Eventually(s.t, patience, fmt.Sprintf("%d elections of %s are known", count, ns), func() error {
		response, err := http.Get(s.controller.URL("/v1/elections?limit=1000&namespace=" + ns))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		var list struct{ Elections []any }
		if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
			return err
		}
		if len(list.Elections) != count {
			return fmt.Errorf("there are %d", len(list.Elections))
		}
		return nil
	})
}
