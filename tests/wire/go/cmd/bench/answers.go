package main

import (
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bellwether.io/bellwether/tests/wire/go/program"
)

const connections = 64

// load is what wrk measured in one round.
type load struct {
	perSecond float64
	p99       time.Duration
}

// answers measures the leader's answer over HTTP beside the least that a server can do, and beside etcd's own gateway.
func answers(b *bench) Table {
	t := Table{
		Title:   fmt.Sprintf("Leader answers over HTTP: wrk -t1 -c%d", connections),
		Columns: []string{"WHO", "ANSWERS/S", "P99", "ANSWERS/S OF OURS / THIS", "P99 OF OURS / THIS"},
		Notes: []string{
			fmt.Sprintf("medians of %d rounds of %s in turns; Go's trivial handler answers the same bytes from memory; etcd's JSON gateway reads one key", b.scale.rounds, b.scale.round),
		},
	}
	c := b.etcd()
	b.fill(c, 1, 1)
	ours := b.startController(c, "{}")
	path := "/v1/elections/bench/" + electionName(0) + "/leader"
	ours.served(path)
	trivial := b.startTrivial(ours.url + path)
	script := filepath.Join(b.TempDir(), "range.lua")
	body := fmt.Sprintf(`{"key":%q}`, base64.StdEncoding.EncodeToString([]byte(electionPrefix(0))))
	if err := os.WriteFile(script, fmt.Appendf(nil, "wrk.method = 'POST'\nwrk.body = '%s'\n", body), 0o600); err != nil {
		b.Fatal(err)
	}
	var us, them, etcd []load
	for range b.scale.rounds {
		us = append(us, b.wrk(ours.url+path))
		them = append(them, b.wrk(trivial))
		etcd = append(etcd, b.wrk(c.Endpoints()[0]+"/v3/kv/range", "-s", script))
	}
	mine := median(us)
	add := func(who string, l load) {
		t.Add(who, fmt.Sprintf("%.0f", l.perSecond), ms(l.p99), fmt.Sprintf("%.2f", mine.perSecond/l.perSecond), ratio(mine.p99, l.p99))
	}
	add("bellwether", mine)
	add("Go net/http, trivial handler", median(them))
	add("etcd's JSON gateway", median(etcd))
	return t
}

func median(loads []load) load {
	var perSecond []float64
	var p99 []time.Duration
	for _, l := range loads {
		perSecond = append(perSecond, l.perSecond)
		p99 = append(p99, l.p99)
	}
	sort.Float64s(perSecond)
	return load{perSecond[len(perSecond)/2], sorted(p99).Percentile(50)}
}

var (
	rate = regexp.MustCompile(`Requests/sec: +([\d.]+)`)
	p99  = regexp.MustCompile(`(?m)^ +99% +([\d.]+)(us|ms|s)$`)
	bad  = regexp.MustCompile(`(?m)^ +(Non-2xx.*|Socket errors.*)$`)
)

func (b *bench) wrk(url string, more ...string) load {
	args := append([]string{"-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%.0fs", b.scale.round.Seconds()), "--latency"}, more...)
	out, err := exec.CommandContext(b.Context(), "wrk", append(args, url)...).CombinedOutput()
	if err != nil {
		b.Fatalf("wrk %s: %v\n%s", url, err, out)
	}
	l, err := parseWrk(string(out))
	if err != nil {
		b.Fatalf("wrk %s: %v\n%s", url, err, out)
	}
	return l
}

func parseWrk(out string) (l load, err error) {
	if trouble := bad.FindString(out); trouble != "" {
		return l, fmt.Errorf("not every request was answered well: %s", strings.TrimSpace(trouble))
	}
	perSecond, latency := rate.FindStringSubmatch(out), p99.FindStringSubmatch(out)
	if perSecond == nil || latency == nil {
		return l, fmt.Errorf("it says no rate or no p99")
	}
	if l.perSecond, err = strconv.ParseFloat(perSecond[1], 64); err != nil {
		return l, err
	}
	l.p99, err = time.ParseDuration(latency[1] + latency[2])
	return l, err
}

// startTrivial is this program as a server that answers each request with what the URL answers now; it gives its URL.
func (b *bench) startTrivial(like string) string {
	t := b.startTalking(b.self, "peer", "serve", "--like", like)
	b.Cleanup(func() { t.process.End(syscall.SIGKILL) })
	return t.line(time.Minute)
}

func serveMain(args []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	like := flags.String("like", "", "")
	_ = flags.Parse(args)
	program.Main("serve", func(p *program.Program) {
		answer, err := http.Get(*like)
		if err != nil {
			p.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			p.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			p.Fatal(err)
		}
		fmt.Printf("http://%s/\n", listener.Addr())
		go func() {
			_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(body)
			}))
		}()
		<-p.Context().Done()
	})
}
