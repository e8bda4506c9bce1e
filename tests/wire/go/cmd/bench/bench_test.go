package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// The whole bench in little: it prints its rows, and ours cost nothing. How long things take is not judged.
func TestQuickPrintsItsRowsAndOursWriteNothing(t *testing.T) {
	t.Setenv("BELLWETHER_BIN", cluster.Bellwether(t))
	cluster.Folder(t, "3.6.16")
	folder := t.TempDir()
	build := exec.Command("go", "build", "-o", folder+"/", ".", "../worker")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.Command(filepath.Join(folder, "bench"), "--quick")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("bench: %v\n%s", err, out)
	}
	text := string(out)
	t.Log(text)
	written := func(row string) int {
		t.Helper()
		cells := regexp.MustCompile(`(?m)^ +` + row + ` {2,}\d+ x 3 +\d+ +(\d+) +(\d+) +[\d.]+$`).FindStringSubmatch(text)
		if cells == nil {
			t.Fatalf("no row like %q", row)
		}
		revisions, _ := strconv.Atoi(cells[1])
		entries, _ := strconv.Atoi(cells[2])
		return revisions + entries
	}
	if n := written("bellwether"); n != 0 {
		t.Errorf("candidates of ours made %d revisions and raft entries", n)
	}
	// The same count sees those who write.
	if written("Go Mutex.TryLock each 5 s") == 0 || written("Go watch the prefix, TryLock on any event") == 0 {
		t.Error("nothing was counted of those who poll")
	}
	for _, row := range []string{
		`bellwether +10( +\d+\.\d+ ms){3}`, `Go concurrency.Election +10( +\d+\.\d+ ms){3}`, `ours / Go( +\d+\.\d+){3}`,
		`bellwether run +the led program +2( +\d+\.\d+ ms){3}`, `of which that program's start alone +2( +\d+\.\d+ ms){3}`, `bellwether run +run itself +1( +\d+\.\d+ ms){3}`,
		`Go concurrency.Election +the program +1( +\d+\.\d+ ms){3}`,
		`start +bellwether +\d+\.\d+ ms`, `Go client's Get +\d+\.\d+ ms`, `memory +bellwether +[1-9]\d* MiB`,
		`processor when idle +bellwether +\d+\.\d+ % of a core`, `scrape +bellwether +\d+\.\d+ ms .*`,
		`prometheus-cpp's registry +\d+\.\d+ ms, \d+ MiB of memory`, `memory +Go Election.Observe of 50 +[1-9]\d* MiB`,
		`bellwether +1( +\d+\.\d+ ms){3}`, `Go Election.Observe +1( +\d+\.\d+ ms){3}`, `etcd's revoke alone, nobody watches +1( +\d+\.\d+ ms){3}`,
		`bellwether +[1-9]\d* +\d+\.\d+ ms +1.00 +1.00`, `Go net/http, trivial handler +[1-9]\d* +\d+\.\d+ ms +\d+\.\d+ +\d+\.\d+`,
		`etcd's JSON gateway +[1-9]\d* +\d+\.\d+ ms +\d+\.\d+ +\d+\.\d+`,
		`one election, …/leader +[1-9]\d* bytes( +\d+\.\d+ ms){2}`, `all elections, /v1/watch +[1-9]\d* bytes( +\d+\.\d+ ms){2}`,
	} {
		if !regexp.MustCompile(`(?m)^ +` + row + `$`).MatchString(text) {
			t.Errorf("no row like %q", row)
		}
	}
}

func TestWhatWrkSaysIsReadOrRefused(t *testing.T) {
	const good = "  Latency Distribution\n     50%    1.00ms\n     99%    1.83ms\n  57175 requests in 1.00s\nRequests/sec:  57175.12\n"
	l, err := parseWrk(good)
	if err != nil || l.perSecond != 57175.12 || l.p99 != 1830*time.Microsecond {
		t.Errorf("%+v, %v", l, err)
	}
	for _, bad := range []string{"", "Requests/sec:  1.0\n", good + "  Non-2xx or 3xx responses: 7\n", good + "  Socket errors: connect 0, read 3, write 0, timeout 0\n"} {
		if l, err := parseWrk(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, l)
		}
	}
}

func TestPercentileIsASampleThatSoManyDoNotExceed(t *testing.T) {
	var s []time.Duration
	for i := 200; i > 0; i-- {
		s = append(s, time.Duration(i))
	}
	in := sorted(s)
	for p, want := range map[float64]time.Duration{50: 100, 99: 198, 100: 200, 0: 1} {
		if got := in.Percentile(p); got != want {
			t.Errorf("p%v is %d, not %d", p, got, want)
		}
	}
	if got := sorted([]time.Duration{7}).Percentile(99); got != 7 {
		t.Errorf("p99 of one sample is %d", got)
	}
}

func TestAnUnknownFigureIsRefused(t *testing.T) {
	if _, _, err := parse([]string{"--quick", "idol"}); err == nil {
		t.Error("idol is no figure")
	}
	names, s, err := parse([]string{"idle", "--quick"})
	if err != nil || len(names) != 1 || s != quick {
		t.Errorf("%v %v %v", names, s, err)
	}
}
