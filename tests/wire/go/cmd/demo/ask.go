package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// get is the body of a 200 answer of the controller.
func (s *stage) get(path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, answer.Status, body)
	}
	return body, err
}

// leader is the controller's answer to who leads.
type leader struct {
	ID    string
	Token int64
}

func (s *stage) leader(election string) (leader, error) {
	body, err := s.get("/v1/elections/" + election + "/leader")
	if err != nil {
		return leader{}, err
	}
	return parseLeader(body)
}

func parseLeader(body []byte) (leader, error) {
	var answer struct {
		Leader       *struct{ ID string }
		FencingToken int64
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return leader{}, fmt.Errorf("%w in %q", err, body)
	}
	if answer.Leader == nil {
		return leader{}, nil
	}
	return leader{answer.Leader.ID, answer.FencingToken}, nil
}

// curl shows a command line and what it prints, which it returns.
func (s *stage) curl(line string) string {
	out, err := exec.CommandContext(s.Context(), "sh", "-c", line).CombinedOutput()
	s.screen.command(line, string(out))
	if err != nil {
		s.Fatalf("%s: %v", line, err)
	}
	return string(out)
}

func (s *stage) askWhoLeads() {
	act := s.firstAct(report, 0)
	cluster.Eventually(s, 30*time.Second, "the controller shows the leader", func() error {
		if led, err := s.leader(report); err != nil || led.ID == "" {
			return fmt.Errorf("it shows %+v, %v", led, err)
		}
		return nil
	})
	s.screen.question("Who leads?")
	answer := s.curl("curl -s " + s.url + "/v1/elections/" + report + "/leader")
	led, err := parseLeader([]byte(answer))
	if err != nil {
		s.Fatal(err)
	}
	series := s.curl("curl -s " + s.url + "/metrics | grep '^bellwether_election_leader{'")
	if led.ID != act.ID || led.Token != act.Token {
		s.Fatalf("HTTP says that %+v leads %s, and %s acts with token %d", led, report, act.ID, act.Token)
	}
	if !strings.Contains(series, `id="`+act.ID+`"`) {
		s.Fatalf("/metrics does not show that %s leads %s", act.ID, report)
	}
	s.screen.seen("%s leads %s with fencing token %d; HTTP, /metrics and what it does agree", act.ID, report, act.Token)
}
