package main

import (
	"fmt"
	"os/exec"
	"time"
)

// watchers measures event streams: what each takes while nothing changes, and how soon the last of them has a change.
func watchers(b *bench) Table {
	t := Table{
		Title:   fmt.Sprintf("Event streams: %d watchers", b.scale.watchers),
		Columns: []string{"STREAMS OF", "MEMORY EACH", "CHANGE TO THE LAST OF THEM, MEDIAN", "WORST"},
		Notes:   []string{"our HTTP server in a process of its own (tests/bench/watchers.cc), 20 changes"},
	}
	for _, kind := range []struct{ what, argument string }{{"one election, …/leader", "one"}, {"all elections, /v1/watch", "many"}} {
		b.say("%d streams of %s", b.scale.watchers, kind.what)
		program := b.tool("bench_watchers")
		out, err := exec.CommandContext(b.Context(), program, fmt.Sprint(b.scale.watchers), kind.argument).Output()
		if err != nil {
			b.Fatalf("bench_watchers: %v", err)
		}
		var n, bytes int
		var middle, worst int64
		if _, err := fmt.Sscanf(string(out), "watchers %d bytes_each %d last_of_them_ms median %d worst %d", &n, &bytes, &middle, &worst); err != nil {
			b.Fatalf("bench_watchers said %q", out)
		}
		t.Add(kind.what, fmt.Sprintf("%d bytes", bytes), ms(time.Duration(middle)*time.Millisecond), ms(time.Duration(worst)*time.Millisecond))
	}
	return t
}
