package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/controller"
)

const root = "/bellwether/elections/"

// stage is an etcd and a controller that serves the page.
type stage struct {
	*controller.Controller
	t       *testing.T
	cluster *cluster.Cluster
	keys    int // written, for their names
}

// newStage has more lines of the controller's configuration.
func newStage(t *testing.T, config ...string) *stage {
	t.Helper()
	version := "3.6.16"
	if os.Getenv("BELLWETHER_ETCD_VERSIONS") != "" {
		version = cluster.Versions()[0]
	}
	c := cluster.New(t, cluster.Options{Version: version})
	config = append(config, fmt.Sprintf("etcd: {endpoints: [%q]}\n", c.Endpoints()[0]))
	s := &stage{Controller: controller.Start(t, strings.Join(config, "\n")), t: t, cluster: c}
	s.WaitReady()
	return s
}

// candidate is the value of a key, as candidates of ours write it.
type candidate struct {
	ID      string `json:"id"`
	Address string `json:"address,omitempty"`
	Value   string `json:"value,omitempty"`
}

func (c candidate) text() string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(c); err != nil {
		panic(err)
	}
	return text.String()
}

// join puts a candidate at the end of a queue, and returns its key.
func (s *stage) join(election string, c candidate) string {
	s.t.Helper()
	return s.put(election, c.text())
}

// put is join with any value.
func (s *stage) put(election, value string) string {
	s.t.Helper()
	s.keys++
	key := fmt.Sprintf("%s%s/%x", root, election, 0x694d0000+s.keys)
	if _, err := s.cluster.Client().Put(s.context(), key, value); err != nil {
		s.t.Fatal(err)
	}
	return key
}

func (s *stage) leave(key string) {
	s.t.Helper()
	if _, err := s.cluster.Client().Delete(s.context(), key); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) leaveAll(election string) {
	s.t.Helper()
	if _, err := s.cluster.Client().Delete(s.context(), root+election+"/", clientv3.WithPrefix()); err != nil {
		s.t.Fatal(err)
	}
}

// revision is etcd's newest.
func (s *stage) revision() int64 {
	s.t.Helper()
	answer, err := s.cluster.Client().Get(s.context(), "none")
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.Header.Revision
}

// joinMany makes elections with one candidate each, many in a revision.
func (s *stage) joinMany(elections []string, of func(i int) candidate) {
	s.t.Helper()
	const most = 100 // etcd takes 128 in one transaction
	for from := 0; from < len(elections); from += most {
		var puts []clientv3.Op
		for i := from; i < min(from+most, len(elections)); i++ {
			puts = append(puts, clientv3.OpPut(root+elections[i]+"/1", of(i).text()))
		}
		if _, err := s.cluster.Client().Txn(s.context()).Then(puts...).Commit(); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stage) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	s.t.Cleanup(cancel)
	return ctx
}

// metric is the value of a series without labels.
func (s *stage) metric(name string) string {
	s.t.Helper()
	answer, err := http.Get(s.URL("/metrics"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	s.t.Fatalf("no metric %s", name)
	return ""
}
